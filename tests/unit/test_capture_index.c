/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A time is found in a capture without reading all that is before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/block_writer.h"
#include "capture/bytes.h"
#include "capture/crc32c.h"
#include "capture/format.h"
#include "capture/index.h"
#include "capture/reader.h"
#include "capture/writer.h"
#include "capture_sample.h"

#define RECORDS 20000
#define FLUSH 100
#define BEYOND UINT64_MAX

static char path[] = "/tmp/kapimon-test-XXXXXX";
static unsigned char *capture;
static size_t capture_length;
static struct catalog catalog;

static uint64_t time_of(uint64_t number)
{
	struct sample_record record;

	return sample_record_make(&record, number, NULL)->time;
}

static int make_capture(void **state)
{
	int fd = mkstemp(path);
	struct stat st;

	if (fd < 0)
		return -1;
	sample_capture_write(path, RECORDS, FLUSH);
	if (fstat(fd, &st))
		return -1;
	capture_length = (size_t)st.st_size;
	capture = malloc(capture_length);
	if (!capture || read(fd, capture, capture_length) != st.st_size)
		return -1;
	close(fd);
	sample_catalog_init(&catalog);
	return 0;
}

static int remove_capture(void **state)
{
	free(capture);
	catalog_fini(&catalog);
	return unlink(path);
}

/* An input that counts what is read through it. */
struct counted {
	struct capture_input base;
	struct capture_input *file;
	uint64_t *n_read;
};

static int counted_read(struct capture_input *input, void *bytes, size_t size, int timeout_ms,
			size_t *got, struct error *err)
{
	struct counted *counted = (struct counted *)input;
	int result = counted->file->read(counted->file, bytes, size < 1024 ? size : 1024,
					 timeout_ms, got, err);

	if (result == INPUT_DATA)
		*counted->n_read += *got;
	return result;
}

static int counted_seek(struct capture_input *input, uint64_t offset, struct error *err)
{
	struct counted *counted = (struct counted *)input;

	return counted->file->seek(counted->file, offset, err);
}

static int counted_size(struct capture_input *input, uint64_t *size, struct error *err)
{
	struct counted *counted = (struct counted *)input;

	return counted->file->size(counted->file, size, err);
}

static void counted_close(struct capture_input *input)
{
	struct counted *counted = (struct counted *)input;

	counted->file->close(counted->file);
	free(counted);
}

static struct capture_reader *open_counted(uint64_t *n_read)
{
	struct counted *counted = malloc(sizeof(*counted));
	struct error err = {0};
	struct capture_reader *reader;

	*n_read = 0;
	*counted = (struct counted){
		.base = {"counted", false, counted_read, counted_seek, counted_size, counted_close},
		.file = capture_input_open(path, &err),
		.n_read = n_read,
	};
	assert_non_null(counted->file);
	reader = capture_open_input(&counted->base, &err);
	assert_non_null(reader);
	return reader;
}

/* All records from the next on are those of the sample; *first is the number of the first. */
static uint64_t read_rest(struct capture_reader *reader, uint64_t *first)
{
	const struct kmn_header *const *records;
	struct sample_record record;
	struct error err = {0};
	uint64_t total = 0;
	int result;
	size_t n;

	while ((result = capture_next(reader, -1, &records, &n, &err)) == 1) {
		for (size_t i = 0; i < n; i++, total++) {
			const struct kmn_header *sample;

			if (!total)
				*first = (records[i]->time - time_of(0)) / 1357;
			sample = sample_record_make(&record, *first + total, &catalog);
			assert_int_equal(records[i]->time, sample->time);
			assert_int_equal(records[i]->kind, sample->kind);
			assert_memory_equal(records[i]->comm, sample->comm, KMN_COMM);
		}
	}
	assert_int_equal(result, 0);
	return total;
}

static void assert_whole(struct capture_reader *reader)
{
	struct error err = {0};
	struct ledger ledger;

	assert_string_equal(capture_trouble(reader), "");
	ledger_init(&ledger);
	assert_int_equal(capture_ledger(reader, &ledger, &err), 0);
	assert_true(ledger_complete(&ledger));
	assert_int_equal(ledger.n_rows, 2);
	ledger_fini(&ledger);
	/* Also the tables in between were read. */
	assert_int_equal(stack_table_count(capture_catalog(reader)->stacks), 5);
}

static void a_time_is_found_without_reading_all_before_it(void **state)
{
	static const uint64_t numbers[] = {0, 1, 99, 100, 5000, 12345, 19899, 19900, 19999};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t n_read, first = 0, rest;
		struct error err = {0};
		struct capture_reader *reader = open_counted(&n_read);
		uint64_t opened = n_read;

		assert_int_equal(capture_seek(reader, time_of(numbers[i]), &err), 1);
		rest = read_rest(reader, &first);
		assert_int_equal(first, numbers[i] / FLUSH * FLUSH);
		assert_int_equal(rest, RECORDS - first);
		/* Opening reads the first block; seeking the index. */
		assert_true(opened < 8 << 10);
		if (numbers[i] > 12000)
			assert_true(n_read < capture_length * 2 / 3);
		assert_whole(reader);
		capture_close(reader);
	}
}

static void a_time_after_the_last_leaves_only_the_ledger(void **state)
{
	uint64_t n_read, first = 0;
	struct capture_reader *reader = open_counted(&n_read);
	struct error err = {0};

	assert_int_equal(capture_seek(reader, BEYOND, &err), 1);
	assert_int_equal(read_rest(reader, &first), 0);
	assert_true(n_read < capture_length / 4);
	assert_whole(reader);
	capture_close(reader);
}

static void it_goes_forward_only(void **state)
{
	struct error err = {0};
	struct capture_reader *reader = capture_open(path, &err);
	const struct kmn_header *const *records;
	uint64_t first = 0;
	size_t n;

	assert_int_equal(capture_seek(reader, time_of(3000), &err), 1);
	assert_int_equal(capture_seek(reader, time_of(1000), &err), 1);
	assert_int_equal(capture_next(reader, -1, &records, &n, &err), 1);
	assert_int_equal(records[0]->time, time_of(3000));
	assert_int_equal(capture_seek(reader, time_of(7050), &err), 1);
	assert_int_equal(read_rest(reader, &first), RECORDS - 7000);
	assert_int_equal(first, 7000);
	assert_whole(reader);
	capture_close(reader);
}

static void after_a_stop_the_ledger_is_found_at_once(void **state)
{
	uint64_t n_read;
	struct capture_reader *reader = open_counted(&n_read);
	const struct kmn_header *const *records;
	struct error err = {0};
	size_t n;

	assert_int_equal(capture_next(reader, -1, &records, &n, &err), 1);
	capture_stop(reader);
	assert_int_equal(capture_next(reader, -1, &records, &n, &err), 0);
	assert_true(n_read < capture_length / 4);
	assert_whole(reader);
	capture_close(reader);
}

static void without_an_index_reading_goes_on_where_it_stands(void **state)
{
	size_t lengths[] = {capture_length - 1, capture_length - CAPTURE_END_BYTES,
			    capture_length / 2};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct error err = {0};
		struct capture_reader *reader =
			capture_open_input(capture_input_memory(capture, lengths[i]), &err);
		uint64_t first = 0;

		assert_int_equal(capture_seek(reader, time_of(4000), &err), 0);
		assert_true(read_rest(reader, &first) > RECORDS / 3);
		assert_int_equal(first, 0);
		capture_close(reader);
	}
}

static void a_pipe_is_read_as_it_comes(void **state)
{
	int keep = dup(STDIN_FILENO);
	struct capture_reader *reader;
	struct error err = {0};
	uint64_t first = 0;
	char command[64];
	FILE *pipe;

	snprintf(command, sizeof(command), "cat %s", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	dup2(fileno(pipe), STDIN_FILENO);
	reader = capture_open("-", &err);
	assert_non_null(reader);
	assert_int_equal(capture_seek(reader, time_of(4000), &err), 0);
	assert_int_equal(read_rest(reader, &first), RECORDS);
	assert_whole(reader);
	capture_close(reader);
	dup2(keep, STDIN_FILENO);
	close(keep);
	pclose(pipe);
}

/* Bytes before the others: the index is right in itself and wrong for the file. */
static void an_index_of_another_capture_is_not_believed(void **state)
{
	size_t shift = BLOCK_HEADER_BYTES, at = CAPTURE_HEADER_BYTES;
	unsigned char *copy = malloc(capture_length + shift);
	struct error err = {0};
	struct capture_reader *reader;
	uint64_t first = 0;
	unsigned char *end;

	/* An empty block of a type that nobody knows comes to the beginning. */
	memcpy(copy, capture, at);
	memcpy(copy + at, capture + at, shift);
	store_u16(copy + at + 8, 999);
	store_u32(copy + at + 12, 0);
	store_u32(copy + at + 16, 0);
	store_u32(copy + at + 20, crc32c(copy, 0));
	store_u32(copy + at + 24, crc32c(copy + at, 24));
	memcpy(copy + at + shift, capture + at, capture_length - at);
	end = copy + capture_length + shift - CAPTURE_END_BYTES;
	store_u64(end + BLOCK_HEADER_BYTES + 12, load_u64(end + BLOCK_HEADER_BYTES + 12) + shift);
	store_u32(end + 20, crc32c(end + BLOCK_HEADER_BYTES, 20));
	store_u32(end + 24, crc32c(end, 24));
	reader = capture_open_input(capture_input_memory(copy, capture_length + shift), &err);
	assert_non_null(reader);
	assert_int_equal(capture_seek(reader, time_of(4000), &err), 0);
	assert_non_null(strstr(capture_trouble(reader), "the index has a block at byte"));
	read_rest(reader, &first);
	capture_close(reader);
	free(copy);
}

static void records_that_make_stacks_known_are_read_in_passing(void **state)
{
	char name[sizeof(path) + 8];
	struct error err = {0};
	struct catalog bare;
	struct sample_record record;
	struct capture_writer *writer;
	struct capture_reader *reader;
	struct record_view view;
	struct ledger ledger;

	snprintf(name, sizeof(name), "%s.bare", path);
	sample_catalog_init(&bare);
	writer = capture_writer_create(name, false, &err);
	assert_non_null(writer);
	assert_int_equal(capture_writer_begin(writer, &bare, &err), 0);
	for (uint64_t i = 0; i < 1000; i++) {
		/* The catalog doesn't get to know the stacks. */
		const struct kmn_header *header = sample_record_make(&record, i, NULL);

		assert_int_equal(capture_writer_add(writer, &header, 1, &err), 0);
		if (i % 10 == 9)
			assert_int_equal(capture_writer_flush(writer, &err), 0);
	}
	sample_ledger_init(&ledger, 1000);
	assert_int_equal(capture_writer_end(writer, &ledger, &err), 0);
	capture_writer_destroy(writer);
	ledger_fini(&ledger);
	catalog_fini(&bare);

	reader = capture_open(name, &err);
	assert_int_equal(capture_seek(reader, BEYOND, &err), 1);
	sample_record_make(&record, 1, NULL);
	assert_true(record_parse(record.words, sizeof(record.words), &view, &err) > 0);
	assert_non_null(stack_table_find(capture_catalog(reader)->stacks, view.stack->hash));
	capture_close(reader);
	unlink(name);
}

static void an_index_that_is_too_long_for_a_block_has_several(void **state)
{
	const size_t n_entries = 400000, filler_length = n_entries * BLOCK_HEADER_BYTES;
	char name[sizeof(path) + 8];
	struct error err = {0};
	struct capture_index found = {0};
	struct capture_input *input;
	struct block_writer writer;
	unsigned char *filler = malloc(filler_length);
	uint64_t seed = 1;

	/* Bytes that don't pack, so that there is room for so many blocks before the index. */
	for (size_t i = 0; i < filler_length; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		filler[i] = (unsigned char)(seed >> 56);
	}
	snprintf(name, sizeof(name), "%s.many", path);
	assert_int_equal(block_writer_init(&writer, name, false, &err), 0);
	assert_int_equal(block_writer_begin(&writer, &err), 0);
	assert_int_equal(block_writer_write(&writer, BLOCK_SPEC, filler, filler_length, &err), 0);
	for (size_t i = 1; i < n_entries; i++) {
		const struct index_entry entry = {.offset = CAPTURE_HEADER_BYTES +
							    i * BLOCK_HEADER_BYTES,
						  .number = (uint32_t)i,
						  .type = BLOCK_COLUMNS,
						  .first = i,
						  .last = i + 1};

		assert_int_equal(index_add(&writer.index, &entry, &err), 0);
	}
	assert_int_equal(block_writer_end(&writer, 0, &err), 0);
	/* The filler, two of the index, the end. */
	assert_int_equal(writer.number, 4);
	input = capture_input_open(name, &err);
	assert_non_null(input);
	assert_int_equal(index_read(input, &found, &err), 1);
	assert_int_equal(found.n_entries, n_entries);
	for (size_t i = 0; i < n_entries; i++)
		assert_memory_equal(&found.entries[i], &writer.index.entries[i],
				    offsetof(struct index_entry, flags));
	assert_int_equal(found.entries[n_entries - 1].last, n_entries);
	input->close(input);
	index_fini(&found);
	block_writer_fini(&writer);
	free(filler);
	unlink(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_is_found_without_reading_all_before_it),
		cmocka_unit_test(a_time_after_the_last_leaves_only_the_ledger),
		cmocka_unit_test(it_goes_forward_only),
		cmocka_unit_test(after_a_stop_the_ledger_is_found_at_once),
		cmocka_unit_test(without_an_index_reading_goes_on_where_it_stands),
		cmocka_unit_test(a_pipe_is_read_as_it_comes),
		cmocka_unit_test(an_index_of_another_capture_is_not_believed),
		cmocka_unit_test(records_that_make_stacks_known_are_read_in_passing),
		cmocka_unit_test(an_index_that_is_too_long_for_a_block_has_several),
	};

	return cmocka_run_group_tests(tests, make_capture, remove_capture);
}
