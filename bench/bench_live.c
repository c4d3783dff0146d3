/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading live records costs in user space: the load of load.h as it would lie in the buffers
 * of two processors is read, checked, its stacks interned where a record brings one and looked up
 * where it names one, put in order of time and handed out, as the Linux source does it
 * (linux_buffers.c), then the same with a capture written of it. Only the kernel's ring buffer is
 * missing. Rows as bench/guest.sh describes them: million records a second of processor time, of
 * one thread, the best of some turns.
 *
 *	bench_live FILE		where the capture goes
 */
#include <stdio.h>
#include <stdlib.h>

#include "capture/writer.h"
#include "capture_sample.h"
#include "load.h"
#include "timer.h"
#include "model/record.h"
#include "source/merge.h"

#define WINDOW_NS 20000000 /* that of linux_buffers.c */
/* A buffer of 8 MiB wakes its reader long before it is full; so many records lie in it then. */
#define ROUND 8192
#define TURNS 5

static int take(struct stack_table *stacks, struct merge *merge, const struct kmn_header *record,
		struct error *err)
{
	struct record_view view;

	if (record_parse(record, record->length, &view, err) < 0)
		return -1;
	if (view.frames) {
		struct stack stack = {.hash = view.stack->hash,
				      .modules = view.stack->modules,
				      .n_frames = view.header->n_frames,
				      .frames = view.frames};
		bool added;

		if (stack_table_add(stacks, &stack, &added, err))
			return -1;
	} else if (view.stack) {
		/* One that the other processor's buffer brings may not be there yet. */
		stack_table_find(stacks, view.stack->hash);
	}
	return merge_add(merge, view.header, err);
}

/* One processor's buffer after the other. */
static int read_round(struct stack_table *stacks, struct merge *merge,
		      const struct kmn_header **records, size_t n, struct error *err)
{
	for (unsigned cpu = 0; cpu < LOAD_PROCESSORS; cpu++) {
		for (size_t i = 0; i < n; i++) {
			if (records[i]->cpu == cpu && take(stacks, merge, records[i], err))
				return -1;
		}
	}
	return 0;
}

/* writer: or NULL. */
static int read_all(const struct catalog *catalog, const struct kmn_header **records,
		    struct capture_writer *writer, struct error *err)
{
	struct merge *merge = merge_create(LOAD_PROCESSORS, WINDOW_NS);
	const struct kmn_header *const *out;
	size_t n, total = 0;
	int status = merge ? 0 : error_no_memory(err);

	for (size_t i = 0; i < LOAD_EVENTS && !status; i += ROUND) {
		size_t round = LOAD_EVENTS - i < ROUND ? LOAD_EVENTS - i : ROUND;

		status = read_round(catalog->stacks, merge, records + i, round, err);
		if (!status)
			status = merge_release(merge, records[i + round - 1]->time,
					       i + round == LOAD_EVENTS, &out, &n, err);
		if (!status && writer)
			status = capture_writer_add(writer, out, n, err);
		total += status ? 0 : n;
	}
	merge_destroy(merge);
	if (!status && total != LOAD_EVENTS)
		return error_set(err, "%zu records came out of %u", total, LOAD_EVENTS);
	return status;
}

static int read_and_write(const struct catalog *catalog, const struct kmn_header **records,
			  const char *path, struct error *err)
{
	struct capture_writer *writer = capture_writer_create(path, true, err);
	struct ledger ledger;
	int status;

	if (!writer)
		return -1;
	ledger_init(&ledger);
	status = capture_writer_begin(writer, catalog, err);
	if (!status)
		status = read_all(catalog, records, writer, err);
	if (!status)
		status = capture_writer_end(writer, &ledger, err);
	capture_writer_destroy(writer);
	return status;
}

/* path: of the capture, or NULL for none. */
static int measure(const char *name, struct catalog *catalog, size_t n_stacks,
		   const struct kmn_header **records, const char *path, struct error *err)
{
	double best = 0;

	for (int turn = 0; turn < TURNS; turn++) {
		double start, speed;
		int status;

		stack_table_destroy(catalog->stacks);
		catalog->stacks = stack_table_create();
		if (!catalog->stacks)
			return error_no_memory(err);
		start = cpu_seconds();
		status = path ? read_and_write(catalog, records, path, err)
			      : read_all(catalog, records, NULL, err);
		if (status)
			return -1;
		speed = LOAD_EVENTS / (cpu_seconds() - start) / 1e6;
		if (stack_table_count(catalog->stacks) != n_stacks)
			return error_set(err, "%zu stacks came out of %zu",
					 stack_table_count(catalog->stacks), n_stacks);
		if (speed > best)
			best = speed;
	}
	printf("live records\t%s\t%.2f\n", name, best);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned char *bytes = malloc((size_t)LOAD_EVENTS * LOAD_RECORD_MAX);
	const struct kmn_header **records = malloc(LOAD_EVENTS * sizeof(*records));
	struct error err = {0};
	struct catalog catalog;
	size_t n_stacks;
	int status;

	if (argc != 2 || !bytes || !records) {
		fputs("usage: bench_live FILE\n", stderr);
		return 2;
	}
	sample_catalog_init(&catalog);
	load_add_stacks(&catalog);
	load_make(bytes, records, catalog.stacks, &n_stacks);
	status = measure("read", &catalog, n_stacks, records, NULL, &err);
	if (!status)
		status = measure("read and written", &catalog, n_stacks, records, argv[1], &err);
	if (status)
		fprintf(stderr, "bench_live: %s\n", err.message);
	catalog_fini(&catalog);
	free(bytes);
	free(records);
	return status ? 1 : 0;
}
