/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast captures are written, read and filtered, and how long they get, with the load of load.h.
 * Rows as bench/guest.sh describes them: million events a second of processor time, and bytes.
 *
 *	bench_capture FILE		FILE is written, read and left for a closer look
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/reader.h"
#include "capture/writer.h"
#include "capture_sample.h"
#include "filter/filter.h"
#include "load.h"
#include "timer.h"
#include "session/filtered_source.h"
#include "source/capture_source.h"

#define BATCH 1000
#define FILTER "ret < 0 and pid != 1000"

static int write_capture(const char *path, const struct catalog *catalog,
			 const struct kmn_header **records, struct error *err)
{
	struct capture_writer *writer = capture_writer_create(path, false, err);
	struct ledger ledger;
	int status;

	if (!writer)
		return -1;
	status = capture_writer_begin(writer, catalog, err);
	for (size_t i = 0; i < LOAD_EVENTS && !status; i += BATCH)
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
	if (!status && total != LOAD_EVENTS)
		return error_set(err, "%zu events came back of %u", total, LOAD_EVENTS);
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
	if (!status && (!total || total > LOAD_EVENTS / 4))
		return error_set(err, "%zu of %u events came through the filter", total,
				 LOAD_EVENTS);
	return status;
}

int main(int argc, char **argv)
{
	unsigned char *bytes = malloc((size_t)LOAD_EVENTS * LOAD_RECORD_MAX);
	const struct kmn_header **records = malloc(LOAD_EVENTS * sizeof(*records));
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
	load_add_stacks(&catalog);
	used = load_make(bytes, records, NULL, NULL);
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
	printf("a capture\twritten\t%.2f\n", LOAD_EVENTS / (written - start) / 1e6);
	printf("a capture\tread\t%.2f\n", LOAD_EVENTS / (read - written) / 1e6);
	printf("a capture, %s\tfiltered\t%.2f\n", FILTER, LOAD_EVENTS / (filtered - read) / 1e6);
	printf("a capture\tbytes per record\t%.1f\n", (double)used / LOAD_EVENTS);
	printf("a capture\tbytes per event\t%.1f\n", (double)ftell(file) / LOAD_EVENTS);
	fclose(file);
	catalog_fini(&catalog);
	free(bytes);
	free(records);
	return 0;
fail:
	fprintf(stderr, "bench_capture: %s\n", err.message);
	return 1;
}
