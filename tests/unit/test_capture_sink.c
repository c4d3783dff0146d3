/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings in parts, and what becomes of one when the disk is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/reader.h"
#include "capture_sample.h"
#include "model/verdict.h"
#include "session/capture_sink.h"

#define RECORDS 20000u
#define BATCH 250u
#define RECORD_NS 1357 /* from one of the sample's records to the next */

static char directory[] = "/tmp/kapimon-test-XXXXXX";

static int make_directory(void **state)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	return rmdir(directory);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static const char *part(unsigned number)
{
	char name[32];

	snprintf(name, sizeof(name), "run.%u.kmn", number);
	return path_of(name);
}

/* Give the sample's records to the sink, as many as it takes; returns the sink's last code. */
static int record(struct sink *sink, struct catalog *catalog, uint64_t n_records, struct error *err)
{
	static struct sample_record samples[BATCH];
	const struct kmn_header *records[BATCH];
	const struct batch batch = {records, BATCH};
	struct error ignored = {0};
	struct ledger ledger;
	int code;

	sample_catalog_init(catalog);
	code = sink->ops->begin(sink, catalog, err);
	for (uint64_t i = 0; i < n_records && !code; i += BATCH) {
		for (uint64_t j = 0; j < BATCH; j++)
			records[j] = sample_record_make(&samples[j], i + j, catalog);
		code = sink->ops->events(sink, &batch, err);
		if (!code)
			code = sink->ops->tick(sink, err);
	}
	sample_ledger_init(&ledger, n_records);
	if (sink->ops->end(sink, &ledger, code ? &ignored : err))
		code = -1;
	ledger_fini(&ledger);
	sink->ops->destroy(sink);
	return code;
}

/* Read a part whose first record is number `first` of the sample. Returns how many it has. */
static uint64_t read_part(const char *path, uint64_t first, bool last)
{
	const struct kmn_header *const *records;
	struct text verdict = TEXT_INIT;
	struct sample_record sample;
	struct error err = {0};
	struct capture_reader *reader = capture_open(path, &err);
	struct catalog catalog;
	struct ledger ledger;
	struct record_view view;
	uint64_t n = first;
	size_t n_records;

	if (!reader)
		fail_msg("%s", err.message);
	sample_catalog_init(&catalog);
	while (capture_next(reader, -1, &records, &n_records, &err) == 1) {
		for (size_t i = 0; i < n_records; i++, n++) {
			const struct kmn_header *expected =
				sample_record_make(&sample, n, &catalog);

			assert_int_equal(records[i]->time, expected->time);
			assert_int_equal(records[i]->kind, expected->kind);
			/* What it refers to is in the same part. */
			assert_true(record_parse(records[i], records[i]->length, &view, &err) > 0);
			if (view.stack)
				assert_non_null(stack_table_find(capture_catalog(reader)->stacks,
								 view.stack->hash));
		}
	}
	assert_string_equal(capture_trouble(reader), "");
	assert_int_equal(capture_catalog(reader)->apis.n_apis, 2);
	assert_string_equal(capture_catalog(reader)->host, "sample");
	ledger_init(&ledger);
	assert_int_equal(capture_ledger(reader, &ledger, &err), 0);
	ledger_verdict(&ledger, &catalog, &verdict);
	assert_string_equal(text_string(&verdict),
			    last ? "COMPLETE"
				 : "INCOMPLETE: a part of a recording whose ledger is in its last "
				   "part");
	assert_int_equal(ledger.n_rows, last ? 2 : 0);
	text_fini(&verdict);
	ledger_fini(&ledger);
	catalog_fini(&catalog);
	capture_close(reader);
	return n - first;
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static void split_by_size(bool buffered)
{
	const struct capture_parts parts = {.bytes = 32 << 10};
	struct error err = {0};
	struct sink *sink = capture_sink_create_parts(path_of("run.kmn"), false, &parts, &err);
	struct catalog catalog;
	unsigned number = 1;
	uint64_t n = 0;
	struct stat st;

	assert_non_null(sink);
	if (buffered)
		assert_int_equal(capture_sink_buffer(sink, 1, &err), 0);
	assert_int_equal(record(sink, &catalog, RECORDS, &err), 0);
	catalog_fini(&catalog);
	for (; exists(part(number)); number++) {
		bool last = !exists(part(number + 1));

		n += read_part(part(number), n, last);
		assert_int_equal(stat(part(number), &st), 0);
		/* A part is full a block later at most. */
		assert_true(st.st_size < 48 << 10);
		assert_true(last || st.st_size >= 32 << 10);
		unlink(part(number));
	}
	assert_int_equal(n, RECORDS);
	assert_true(number > 3);
	assert_false(exists(path_of("run.kmn")));
}

static void a_recording_is_split_by_size(void **state)
{
	split_by_size(false);
}

static void a_buffered_recording_is_split_by_size(void **state)
{
	split_by_size(true);
}

static void a_recording_is_split_by_time_to_the_record(void **state)
{
	const struct capture_parts parts = {.time = 3000 * RECORD_NS};
	struct error err = {0};
	struct sink *sink = capture_sink_create_parts(path_of("run"), false, &parts, &err);
	struct catalog catalog;
	uint64_t n = 0;

	assert_non_null(sink);
	assert_int_equal(record(sink, &catalog, RECORDS, &err), 0);
	catalog_fini(&catalog);
	for (unsigned number = 1; number <= 7; number++) {
		uint64_t has = read_part(part(number), n, number == 7);

		if (number < 7)
			assert_in_range(has, 2999, 3001);
		n += has;
		unlink(part(number));
	}
	assert_int_equal(n, RECORDS);
	assert_false(exists(part(8)));
}

static void only_the_last_parts_are_kept(void **state)
{
	const struct capture_parts parts = {.time = 3000 * RECORD_NS, .keep = 2};
	struct error err = {0};
	struct sink *sink = capture_sink_create_parts(path_of("run.kmn"), false, &parts, &err);
	struct catalog catalog;

	assert_non_null(sink);
	assert_int_equal(record(sink, &catalog, RECORDS, &err), 0);
	catalog_fini(&catalog);
	for (unsigned number = 1; number <= 8; number++) {
		assert_int_equal(exists(part(number)), number == 6 || number == 7);
		unlink(part(number));
	}
}

static void a_part_that_cannot_be_begun_ends_the_recording(void **state)
{
	const struct capture_parts parts = {.time = 3000 * RECORD_NS};
	struct error err = {0};
	struct sink *sink = capture_sink_create_parts(path_of("run.kmn"), false, &parts, &err);
	struct catalog catalog;
	FILE *file = fopen(part(2), "w");

	assert_non_null(sink);
	assert_non_null(file);
	fputs("my thesis", file);
	fclose(file);
	assert_int_equal(record(sink, &catalog, RECORDS, &err), -1);
	catalog_fini(&catalog);
	assert_non_null(strstr(err.message, "run.2.kmn exists and is not a capture"));
	assert_in_range(read_part(part(1), 0, false), 2999, 3001);
	unlink(part(1));
	unlink(part(2));
}

static void standard_output_has_no_parts(void **state)
{
	const struct capture_parts parts = {.bytes = 1};
	struct error err = {0};

	assert_null(capture_sink_create_parts("-", false, &parts, &err));
	assert_int_equal(err.status, STATUS_USAGE);
}

/* A disk of its own, seen by this test alone. */
static void fill_disk(bool buffered)
{
	struct error err = {0};
	struct capture_reader *reader;
	const struct kmn_header *const *records;
	struct sample_record sample;
	struct catalog catalog;
	struct sink *sink;
	uint64_t n = 0;
	size_t n_records;
	char *told;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", directory, "tmpfs", 0, "size=64k"))
		skip();
	sink = capture_sink_create(path_of("run.kmn"), false, &err);
	assert_non_null(sink);
	if (buffered)
		assert_int_equal(capture_sink_buffer(sink, 1 << 20, &err), 0);
	assert_int_equal(record(sink, &catalog, RECORDS, &err), -1);
	assert_non_null(strstr(err.message, "run.kmn"));
	assert_non_null(strstr(err.message, strerror(ENOSPC)));
	told = strstr(err.message, "; the last ");
	assert_non_null(told);
	assert_string_equal(err.hint, "what was recorded before is in the file and can be read");
	reader = capture_open(path_of("run.kmn"), &err);
	assert_non_null(reader);
	while (capture_next(reader, -1, &records, &n_records, &err) == 1) {
		for (size_t i = 0; i < n_records; i++, n++)
			assert_int_equal(records[i]->time,
					 sample_record_make(&sample, n, NULL)->time);
	}
	/* Whole batches, up to the one that did not fit. */
	assert_true(n > 1000);
	assert_int_equal(n % BATCH, 0);
	/* Buffered, more may have come before it was noticed: all that came is there or is told. */
	if (!buffered)
		assert_int_equal(strtoull(told + strlen("; the last "), NULL, 10), BATCH);
	assert_int_equal((n + strtoull(told + strlen("; the last "), NULL, 10)) % BATCH, 0);
	assert_true(strtoull(told + strlen("; the last "), NULL, 10) >= BATCH);
	assert_non_null(strstr(capture_trouble(reader), "the capture has no end"));
	capture_close(reader);
	catalog_fini(&catalog);
	umount2(directory, MNT_DETACH);
}

static void a_full_disk_leaves_a_readable_capture_and_is_told(void **state)
{
	fill_disk(false);
}

static void a_full_disk_behind_a_buffer_is_told_with_what_is_lost(void **state)
{
	fill_disk(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_is_split_by_size),
		cmocka_unit_test(a_buffered_recording_is_split_by_size),
		cmocka_unit_test(a_recording_is_split_by_time_to_the_record),
		cmocka_unit_test(only_the_last_parts_are_kept),
		cmocka_unit_test(a_part_that_cannot_be_begun_ends_the_recording),
		cmocka_unit_test(standard_output_has_no_parts),
		cmocka_unit_test(a_full_disk_leaves_a_readable_capture_and_is_told),
		cmocka_unit_test(a_full_disk_behind_a_buffer_is_told_with_what_is_lost),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
