/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures that are cut, damaged or made by an enemy: data or a clear error, and never a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/bytes.h"
#include "capture/crc32c.h"
#include "capture/format.h"
#include "capture/reader.h"
#include "capture_sample.h"
#include "model/verdict.h"

/* All of it holds for the captures of every format. */
#define SAMPLE_MIDDLE (5000000000ull + SAMPLE_GOLDEN_RECORDS / 2 * 1357)

static unsigned char *golden;
static size_t golden_length;
static uint16_t events; /* type of the blocks that have them */
static uint16_t behind_ledger;

static int load(const char *golden_name)
{
	char name[512];
	FILE *file;

	snprintf(name, sizeof(name), "%s/%s", getenv("KAPIMON_TEST_DATA"), golden_name);
	file = fopen(name, "rb");
	if (!file)
		return -1;
	golden = malloc(1 << 20);
	golden_length = fread(golden, 1, 1 << 20, file);
	fclose(file);
	/* A test that hangs fails. */
	alarm(600);
	return 0;
}

static int load_first(void **state)
{
	events = BLOCK_EVENTS;
	behind_ledger = BLOCK_END;
	return load("golden-1.kmn");
}

static int load_second(void **state)
{
	events = BLOCK_COLUMNS;
	behind_ledger = BLOCK_INDEX;
	return load("golden-2.kmn");
}

static int load_memory(void **state)
{
	events = BLOCK_COLUMNS;
	behind_ledger = BLOCK_INDEX;
	return load("golden-2-memory.kmn");
}

static int free_golden(void **state)
{
	free(golden);
	return 0;
}

struct outcome {
	bool opened;
	uint64_t n_records;
	bool complete;
	struct error err;
	char trouble[4096];
	char verdict[512];
};

/* From the time on, or all of it; touch every byte that is handed out. */
static void read_from(const unsigned char *bytes, size_t length, uint64_t time,
		      struct outcome *outcome)
{
	const struct kmn_header *const *records;
	struct text verdict = TEXT_INIT;
	struct capture_reader *reader;
	struct ledger ledger;
	uint64_t sum = 0;
	int result;
	size_t n;

	memset(outcome, 0, sizeof(*outcome));
	reader = capture_open_input(capture_input_memory(bytes, length), &outcome->err);
	if (!reader)
		return;
	outcome->opened = true;
	if (time && capture_seek(reader, time, &outcome->err) < 0) {
		outcome->opened = false;
		capture_close(reader);
		return;
	}
	while ((result = capture_next(reader, 0, &records, &n, &outcome->err)) == 1) {
		outcome->n_records += n;
		for (size_t i = 0; i < n; i++)
			sum += crc32c(records[i], records[i]->length);
	}
	if (result < 0)
		outcome->opened = false;
	ledger_init(&ledger);
	assert_int_equal(capture_ledger(reader, &ledger, NULL), 0);
	outcome->complete = ledger_complete(&ledger);
	ledger_verdict(&ledger, capture_catalog(reader), &verdict);
	snprintf(outcome->verdict, sizeof(outcome->verdict), "%s", text_string(&verdict));
	snprintf(outcome->trouble, sizeof(outcome->trouble), "%s", capture_trouble(reader));
	text_fini(&verdict);
	ledger_fini(&ledger);
	capture_close(reader);
	/* So that reading them is not for nothing to the compiler. */
	assert_true(sum || !outcome->n_records);
}

static void read_all(const unsigned char *bytes, size_t length, struct outcome *outcome)
{
	read_from(bytes, length, 0, outcome);
}

/* Its own memory, so that a byte read beyond its end is seen by a sanitizer. */
static void read_copy(const unsigned char *bytes, size_t length, struct outcome *outcome)
{
	unsigned char *copy = malloc(length ? length : 1);

	memcpy(copy, bytes, length);
	read_all(copy, length, outcome);
	free(copy);
}

/* Where blocks begin; the last is where the capture ends. */
static size_t find_blocks(size_t *offsets, size_t max)
{
	size_t n = 0;

	for (size_t at = CAPTURE_HEADER_BYTES; at < golden_length && n < max;) {
		offsets[n++] = at;
		at += BLOCK_HEADER_BYTES + load_u32(golden + at + 12);
	}
	offsets[n] = golden_length;
	return n;
}

static size_t find_block(uint16_t type, size_t which)
{
	size_t offsets[64];
	size_t n = find_blocks(offsets, 63);

	for (size_t i = 0; i < n; i++) {
		if (load_u16(golden + offsets[i] + 8) == type && !which--)
			return offsets[i];
	}
	fail_msg("the golden capture has no such block of type %u", type);
	return 0;
}

static void the_golden_capture_is_complete(void **state)
{
	struct outcome outcome;

	read_copy(golden, golden_length, &outcome);
	assert_true(outcome.opened);
	assert_true(outcome.complete);
	assert_int_equal(outcome.n_records, SAMPLE_GOLDEN_RECORDS);
	assert_string_equal(outcome.trouble, "");
}

static void cut_anywhere_a_capture_gives_what_is_before_and_says_so(void **state)
{
	size_t ledger_end = find_block(behind_ledger, 0);
	uint64_t before = 0;

	for (size_t length = 0; length < golden_length; length++) {
		struct outcome outcome;

		read_copy(golden, length, &outcome);
		if (length < CAPTURE_HEADER_BYTES) {
			assert_false(outcome.opened);
			assert_true(outcome.err.message[0] != '\0');
			continue;
		}
		assert_true(outcome.opened);
		assert_true(outcome.n_records >= before);
		before = outcome.n_records;
		assert_true(outcome.trouble[0] != '\0');
		if (length < ledger_end)
			assert_string_equal(outcome.verdict,
					    "INCOMPLETE: the capture ends before its ledger "
					    "(the writer was killed?)");
		else
			assert_string_equal(outcome.verdict, "COMPLETE");
	}
	assert_int_equal(before, SAMPLE_GOLDEN_RECORDS);
}

static uint64_t next_random(uint64_t *state)
{
	/* xorshift64* */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static void flipped_bits_are_noticed_and_do_no_harm(void **state)
{
	uint64_t seed = 20261122;
	unsigned char *copy = malloc(golden_length);

	for (int i = 0; i < 10000; i++) {
		size_t flips = 1 + next_random(&seed) % 3;
		struct outcome outcome;

		memcpy(copy, golden, golden_length);
		/* Different bits: two flips of one bit are none. */
		for (size_t j = 0; j < flips; j++) {
			size_t bit = next_random(&seed) % (golden_length * 8 / 3) * 3 + j;

			copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		read_all(copy, golden_length, &outcome);
		if (!outcome.opened)
			assert_true(outcome.err.message[0] != '\0');
		else if (outcome.complete && !outcome.trouble[0])
			fail_msg("flip %d was not noticed", i);
		assert_true(outcome.n_records <= SAMPLE_GOLDEN_RECORDS);
		/* What is passed over unread can't be noticed, but does no harm either. */
		if (i % 8 == 0)
			read_from(copy, golden_length, SAMPLE_MIDDLE, &outcome);
		assert_true(outcome.n_records <= SAMPLE_GOLDEN_RECORDS);
	}
	free(copy);
}

/* The same, but with checksums made right again: what is behind them is reached. */
static void lies_with_right_checksums_do_no_harm(void **state)
{
	uint64_t seed = 42;
	unsigned char *copy = malloc(golden_length);
	size_t offsets[64];
	size_t n = find_blocks(offsets, 63);

	for (int i = 0; i < 10000; i++) {
		unsigned char *block;
		struct outcome outcome;
		size_t which = next_random(&seed) % n;
		size_t length = offsets[which + 1] - offsets[which];

		memcpy(copy, golden, golden_length);
		block = copy + offsets[which];
		for (size_t flips = 1 + next_random(&seed) % 4; flips; flips--) {
			size_t bit = next_random(&seed) % ((length - 4) * 8);

			block[4 + bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		store_u32(block + 20,
			  crc32c(block + BLOCK_HEADER_BYTES, length - BLOCK_HEADER_BYTES));
		store_u32(block + 24, crc32c(block, 24));
		read_all(copy, golden_length, &outcome);
		if (!outcome.opened)
			assert_true(outcome.err.message[0] != '\0');
		if (i % 8)
			continue;
		read_from(copy, golden_length, SAMPLE_MIDDLE, &outcome);
		if (!outcome.opened)
			assert_true(outcome.err.message[0] != '\0');
	}
	free(copy);
}

static void reading_damaged_captures_takes_little_memory(void **state)
{
#if defined(__SANITIZE_ADDRESS__)
	skip(); /* whose shadow memory is more than that */
#else
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	assert_true(usage.ru_maxrss < 64 << 10);
#endif
}

static void a_damaged_block_of_events_is_left_out_and_its_records_are_counted(void **state)
{
	size_t block = find_block(events, 1);
	unsigned char *copy = malloc(golden_length);
	struct outcome outcome;

	memcpy(copy, golden, golden_length);
	copy[block + BLOCK_HEADER_BYTES + 5] ^= 0x10;
	read_all(copy, golden_length, &outcome);
	assert_true(outcome.opened);
	assert_int_equal(outcome.n_records, SAMPLE_GOLDEN_RECORDS - 16);
	assert_non_null(strstr(outcome.trouble, "the checksum of a block of events is wrong"));
	assert_non_null(strstr(outcome.trouble, "16 records before byte"));
	assert_string_equal(outcome.verdict, "INCOMPLETE: the capture is damaged in 1 place, what "
					     "was there is not shown");
	free(copy);
}

static void a_block_that_was_taken_out_is_missed(void **state)
{
	size_t block = find_block(events, 2);
	size_t length = BLOCK_HEADER_BYTES + load_u32(golden + block + 12);
	unsigned char *copy = malloc(golden_length);
	struct outcome outcome;

	memcpy(copy, golden, block);
	memcpy(copy + block, golden + block + length, golden_length - block - length);
	read_copy(copy, golden_length - length, &outcome);
	assert_non_null(strstr(outcome.trouble, "1 blocks are missing"));
	assert_non_null(strstr(outcome.trouble, "16 records before byte"));
	assert_false(outcome.complete);
	free(copy);
}

static void records_that_only_the_count_misses_are_missed(void **state)
{
	size_t block = find_block(BLOCK_END, 0);
	unsigned char *copy = malloc(golden_length);
	static const struct {
		uint64_t count;
		const char *trouble;
	} cases[] = {{SAMPLE_GOLDEN_RECORDS + 1, "1 records before byte"},
		     {SAMPLE_GOLDEN_RECORDS - 1, "says that 63 records are before it"}};

	for (size_t i = 0; i < 2; i++) {
		unsigned char *payload = copy + block + BLOCK_HEADER_BYTES;
		struct outcome outcome;

		memcpy(copy, golden, golden_length);
		store_u64(payload + 4, cases[i].count);
		store_u32(copy + block + 20, crc32c(payload, load_u32(copy + block + 12)));
		store_u32(copy + block + 24, crc32c(copy + block, 24));
		read_all(copy, golden_length, &outcome);
		assert_non_null(strstr(outcome.trouble, cases[i].trouble));
		assert_false(outcome.complete);
	}
	free(copy);
}

static void bytes_lost_in_the_middle_cost_only_their_block(void **state)
{
	size_t block = find_block(events, 0);
	size_t at = block + BLOCK_HEADER_BYTES + 10;
	unsigned char *copy = malloc(golden_length);
	struct outcome outcome;

	memcpy(copy, golden, at);
	memcpy(copy + at, golden + at + 7, golden_length - at - 7);
	read_copy(copy, golden_length - 7, &outcome);
	assert_int_equal(outcome.n_records, SAMPLE_GOLDEN_RECORDS - 16);
	assert_false(outcome.complete);
	free(copy);
}

static void a_block_of_an_unknown_type_is_passed_over(void **state)
{
	size_t block = find_block(BLOCK_SPEC, 0);
	unsigned char *copy = malloc(golden_length);
	struct outcome outcome;

	memcpy(copy, golden, golden_length);
	store_u16(copy + block + 8, 4711);
	copy[block + 10] = 99; /* packed in a way of its own, too */
	store_u32(copy + block + 24, crc32c(copy + block, 24));
	read_all(copy, golden_length, &outcome);
	assert_true(outcome.complete);
	assert_string_equal(outcome.trouble, "");
	assert_int_equal(outcome.n_records, SAMPLE_GOLDEN_RECORDS);
	free(copy);
}

static void a_later_format_is_refused_with_what_to_do(void **state)
{
	unsigned char *copy = malloc(golden_length);
	struct outcome outcome;

	memcpy(copy, golden, golden_length);
	store_u16(copy + 8, CAPTURE_MAJOR + 1);
	store_u16(copy + 10, 0);
	store_u32(copy + 12, crc32c(copy, 12));
	read_all(copy, golden_length, &outcome);
	assert_false(outcome.opened);
	assert_non_null(strstr(outcome.err.message, "format 3.0, this version reads 1 to 2"));
	assert_true(outcome.err.hint[0] != '\0');
	/* A later minor version only adds. */
	store_u16(copy + 8, CAPTURE_MAJOR);
	store_u16(copy + 10, CAPTURE_MINOR + 1);
	store_u32(copy + 12, crc32c(copy, 12));
	read_all(copy, golden_length, &outcome);
	assert_true(outcome.complete);
	free(copy);
}

static void a_length_beyond_the_limit_allocates_nothing(void **state)
{
	unsigned char *copy = malloc(golden_length);
	struct outcome outcome;

	memcpy(copy, golden, golden_length);
	store_u32(copy + CAPTURE_HEADER_BYTES + 12, 0xffffffff);
	store_u32(copy + CAPTURE_HEADER_BYTES + 16, 0xffffffff);
	store_u32(copy + CAPTURE_HEADER_BYTES + 24, crc32c(copy + CAPTURE_HEADER_BYTES, 24));
	read_all(copy, golden_length, &outcome);
	assert_true(outcome.opened);
	assert_int_equal(outcome.n_records, SAMPLE_GOLDEN_RECORDS);
	assert_non_null(strstr(outcome.trouble, "there is no block where one should begin"));
	assert_false(outcome.complete);
	free(copy);
}

static void a_block_without_a_payload_is_no_block_of_events(void **state)
{
	unsigned char bytes[CAPTURE_HEADER_BYTES + BLOCK_HEADER_BYTES] = {0};
	unsigned char *block = bytes + CAPTURE_HEADER_BYTES;
	struct outcome outcome;

	memcpy(bytes, golden, CAPTURE_HEADER_BYTES);
	store_u32(block, BLOCK_MAGIC);
	store_u16(block + 8, events);
	store_u32(block + 20, crc32c(block, 0));
	store_u32(block + 24, crc32c(block, 24));
	read_copy(bytes, sizeof(bytes), &outcome);
	assert_true(outcome.opened);
	assert_int_equal(outcome.n_records, 0);
	assert_non_null(strstr(outcome.trouble, "the block of events at byte 16 has only 0 bytes"));
	assert_false(outcome.complete);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_golden_capture_is_complete),
		cmocka_unit_test(cut_anywhere_a_capture_gives_what_is_before_and_says_so),
		cmocka_unit_test(flipped_bits_are_noticed_and_do_no_harm),
		cmocka_unit_test(lies_with_right_checksums_do_no_harm),
		cmocka_unit_test(reading_damaged_captures_takes_little_memory),
		cmocka_unit_test(a_damaged_block_of_events_is_left_out_and_its_records_are_counted),
		cmocka_unit_test(a_block_that_was_taken_out_is_missed),
		cmocka_unit_test(records_that_only_the_count_misses_are_missed),
		cmocka_unit_test(bytes_lost_in_the_middle_cost_only_their_block),
		cmocka_unit_test(a_block_of_an_unknown_type_is_passed_over),
		cmocka_unit_test(a_later_format_is_refused_with_what_to_do),
		cmocka_unit_test(a_length_beyond_the_limit_allocates_nothing),
		cmocka_unit_test(a_block_without_a_payload_is_no_block_of_events),
	};

	return cmocka_run_group_tests_name("format 1", tests, load_first, free_golden) ||
	       cmocka_run_group_tests_name("format 2", tests, load_second, free_golden) ||
	       cmocka_run_group_tests_name("format 2, memory", tests, load_memory, free_golden);
}
