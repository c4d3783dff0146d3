/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast captures are written, read and filtered, and how long they get. The load: pairs of entry
 *and return of eight functions on two processors, three arguments of which two are pointers, 290
 * stacks of 20 frames each, some of them frequent.
 *
 *	bench_capture FILE		FILE is written, read and left for a closer look
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/reader.h"
#include "capture/writer.h"
#include "capture_sample.h"
#include "filter/filter.h"
#include "session/filtered_source.h"
#include "source/capture_source.h"

#define EVENTS 1000000u
#define BATCH 1000
#define STACKS 290
#define PROCESSORS 2
#define FILTER "ret < 0 and pid != 1000"

static double cpu_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t stack_hash(uint64_t number)
{
	return (number + 1) * 0x9e3779b97f4a7c15ull;
}

static void add_stacks(struct catalog *catalog)
{
	uint64_t frames[20];
	struct stack stack = {.modules = 1, .n_frames = 20, .frames = frames};
	bool added;

	for (uint64_t i = 0; i < STACKS; i++) {
		for (int j = 0; j < 20; j++)
			frames[j] = 0xffffffff81000000ull + next_random() % 4000 * 16;
		stack.hash = stack_hash(i);
		stack_table_add(catalog->stacks, &stack, &added, NULL);
	}
}

static void *add_part(struct kmn_header *record, size_t bytes)
{
	void *part = (char *)record + record->length;

	record->length = (uint16_t)(record->length + bytes);
	return part;
}

static uint64_t make_entry(struct kmn_header *record)
{
	/* A product of two: small numbers are frequent. */
	uint64_t hash = stack_hash(next_random() % 17 * (next_random() % 17));
	struct kmn_stack *stack;
	uint64_t *args;

	record->kind = KMN_ENTRY;
	record->hook = (uint32_t)(next_random() % 8);
	record->pid = record->tid = 1000 + (uint32_t)(next_random() % 4);
	snprintf(record->comm, sizeof(record->comm), "process%u", record->pid);
	stack = add_part(record, sizeof(*stack));
	*stack = (struct kmn_stack){hash, 1};
	args = add_part(record, 3 * sizeof(*args));
	args[0] = 0xffff888100000000ull + next_random() % 5000 * 192;
	args[1] = 0xffff888200000000ull + next_random() % 3000 * 64;
	args[2] = next_random() % 4096;
	record->n_args = 3;
	return hash;
}

static void make_return(struct kmn_header *record, const struct kmn_header *entry, uint64_t hash)
{
	struct kmn_return *ret = add_part(record, sizeof(*ret));
	struct kmn_stack *stack = add_part(record, sizeof(*stack));

	record->kind = KMN_RETURN;
	record->hook = entry->hook;
	record->pid = record->tid = entry->pid;
	memcpy(record->comm, entry->comm, sizeof(record->comm));
	ret->value = next_random() % 8 ? 0 : (uint64_t)-2;
	ret->duration = record->time - entry->time;
	ret->entry_sequence = entry->sequence;
	ret->entry_cpu = entry->cpu;
	*stack = (struct kmn_stack){hash, 1};
}

/* Returns the bytes of all records. */
static size_t make_records(unsigned char *bytes, const struct kmn_header **records)
{
	uint64_t sequence[PROCESSORS] = {0};
	uint64_t time = 5000000000ull;
	uint64_t hash = 0;
	size_t used = 0;

	for (size_t i = 0; i < EVENTS; i++) {
		struct kmn_header *record = (struct kmn_header *)(bytes + used);
		uint16_t cpu = (uint16_t)(i / 2 % PROCESSORS);

		memset(record, 0, sizeof(*record));
		record->length = sizeof(*record);
		record->flags = KMN_HAS_STACK;
		record->cpu = cpu;
		record->time = time += 200 + next_random() % 3000;
		record->sequence = sequence[cpu]++;
		if (i % 2)
			make_return(record, records[i - 1], hash);
		else
			hash = make_entry(record);
		records[i] = record;
		used += record->length;
	}
	return used;
}

static int write_capture(const char *path, const struct catalog *catalog,
			 const struct kmn_header **records, struct error *err)
{
	struct capture_writer *writer = capture_writer_create(path, false, err);
	struct ledger ledger;
	int status;

	if (!writer)
		return -1;
	status = capture_writer_begin(writer, catalog, err);
	for (size_t i = 0; i < EVENTS && !status; i += BATCH)
		status = capture_writer_add(writer, records + i, BATCH, err);
	ledger_init(&ledger);
	if (!status)
		status = capture_writer_end(writer, &ledger, err);
	capture_writer_destroy(writer);
	return status;
}

static int read_capture(const char *path, struct error *err)
{
	struct capture_reader *reader = capture_open(path, err);
	const struct kmn_header *const *records;
	size_t n, total = 0;
	int status;

	if (!reader)
		return -1;
	while ((status = capture_next(reader, -1, &records, &n, err)) == 1)
		total += n;
	capture_close(reader);
	if (!status && total != EVENTS)
		return error_set(err, "%zu events came back of %u", total, EVENTS);
	return status;
}

/* What "kapimon show --count --filter" does, with a filter that needs both records of a call. */
static int filter_capture(const char *path, struct error *err)
{
	struct source *source = capture_source_open(path, err);
	struct filter *filter = filter_create();
	const struct kmn_header *const *records;
	size_t n, total = 0;
	int status = -1;

	if (source && filter && !filter_add(filter, FILTER, err))
		source = filtered_source_create(source, filter, err);
	else
		return -1;
	if (!source)
		return -1;
	while ((status = source->ops->next(source, -1, &records, &n, err)) == 1)
		total += n;
	source->ops->close(source);
	if (!status && (!total || total > EVENTS / 4))
		return error_set(err, "%zu of %u events came through the filter", total, EVENTS);
	return status;
}

int main(int argc, char **argv)
{
	unsigned char *bytes = malloc((size_t)EVENTS * 128);
	const struct kmn_header **records = malloc(EVENTS * sizeof(*records));
	struct error err = {0};
	struct catalog catalog;
	double start, written, read, filtered;
	size_t used;
	FILE *file;

	if (argc != 2 || !bytes || !records) {
		fputs("usage: bench_capture FILE\n", stderr);
		return 2;
	}
	sample_catalog_init(&catalog);
	add_stacks(&catalog);
	used = make_records(bytes, records);
	start = cpu_seconds();
	if (write_capture(argv[1], &catalog, records, &err))
		goto fail;
	written = cpu_seconds();
	if (read_capture(argv[1], &err))
		goto fail;
	read = cpu_seconds();
	if (filter_capture(argv[1], &err))
		goto fail;
	filtered = cpu_seconds();
	file = fopen(argv[1], "rb");
	if (!file || fseek(file, 0, SEEK_END)) {
		error_set(&err, "can't measure %s", argv[1]);
		goto fail;
	}
	printf("written: %.2f million events/s\n", EVENTS / (written - start) / 1e6);
	printf("read:    %.2f million events/s\n", EVENTS / (read - written) / 1e6);
	printf("filtered: %.2f million events/s, by '%s'\n", EVENTS / (filtered - read) / 1e6,
	       FILTER);
	printf("bytes per event: %.1f, %.1f in the capture\n", (double)used / EVENTS,
	       (double)ftell(file) / EVENTS);
	fclose(file);
	catalog_fini(&catalog);
	free(bytes);
	free(records);
	return 0;
fail:
	fprintf(stderr, "bench_capture: %s\n", err.message);
	return 1;
}
