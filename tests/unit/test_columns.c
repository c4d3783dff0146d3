/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records that were taken apart into columns come back as they were, to the last byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/bytes.h"
#include "capture/column_packer.h"
#include "capture/column_unpacker.h"
#include "capture_sample.h"

#define MOST_RECORDS 3000

static uint64_t seed;

static uint64_t next_random(void)
{
	/* xorshift64* */
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1dull;
}

static uint64_t below(uint64_t n)
{
	return next_random() % n;
}

static bool chance(uint64_t of)
{
	return below(of) == 0;
}

/* Records one after the other, and where each begins. */
struct row {
	uint64_t *words;
	size_t used; /* words */
	const struct kmn_header *records[MOST_RECORDS];
	size_t n;
};

static void row_init(struct row *row)
{
	row->words = malloc((size_t)MOST_RECORDS * KMN_MAX_RECORD);
	assert_non_null(row->words);
	row->used = row->n = 0;
}

static void row_fini(struct row *row)
{
	free(row->words);
}

static void row_add(struct row *row, const struct kmn_header *record)
{
	struct kmn_header *copy = (struct kmn_header *)(row->words + row->used);

	memcpy(copy, record, record->length);
	row->used += record->length / 8;
	row->records[row->n++] = copy;
}

static void pack(struct column_packer *packer, const struct row *row, struct text *payload)
{
	struct error err = {0};
	struct record_view view;

	text_clear(payload);
	for (size_t i = 0; i < row->n; i++) {
		if (record_parse(row->records[i], KMN_MAX_RECORD, &view, &err) < 0)
			fail_msg("record %zu: %s", i, err.message);
		assert_int_equal(column_packer_add(packer, &view, &err), 0);
	}
	assert_int_equal(column_packer_count(packer), row->n);
	assert_int_equal(column_packer_bytes(packer), row->used * 8);
	assert_int_equal(column_packer_finish(packer, 77, payload, &err), 0);
	assert_int_equal(column_packer_count(packer), 0);
}

static void assert_comes_back(struct column_packer *packer, struct column_unpacker *unpacker,
			      const struct row *row, struct text *payload)
{
	struct error err = {0};
	struct column_block block;

	pack(packer, row, payload);
	assert_int_equal(load_u64((const unsigned char *)payload->data), 77);
	if (column_unpack(unpacker, payload->data, payload->length, &block, &err))
		fail_msg("record %zu of %zu: %s", block.n_records, row->n, err.message);
	assert_int_equal(block.n_records, row->n);
	for (size_t i = 0; i < row->n; i++) {
		assert_int_equal(block.records[i]->length, row->records[i]->length);
		assert_memory_equal(block.records[i], row->records[i], row->records[i]->length);
	}
}

static uint64_t random_word(void)
{
	static const uint64_t words[] = {
		0,	    1,		(uint64_t)-1, (uint64_t)-2, 31,	       32,
		0x7fffffff, 0x80000000, 0xffffffff,   0x100000000,  INT64_MAX, (uint64_t)INT64_MIN};

	switch (below(4)) {
	case 0:
		return words[below(sizeof(words) / sizeof(words[0]))];
	case 1:
		return 0xffff888100000000ull + below(50) * 0x140;
	case 2:
		return next_random() >> below(64);
	default:
		return next_random();
	}
}

static void *grow(struct kmn_header *header, size_t bytes)
{
	void *at = (char *)header + header->length;

	header->length = (uint16_t)(header->length + bytes);
	return at;
}

static void add_fetched(struct kmn_header *header)
{
	uint8_t n = chance(3) ? (uint8_t)below(KMN_MAX_FETCHES + 1) : 0;
	bool dirty = chance(20);

	for (; header->n_fetches < n; header->n_fetches++) {
		struct kmn_fetched *fetched = grow(header, sizeof(*fetched));
		size_t padded;
		char *data;

		fetched->fetch = (uint8_t)below(KMN_MAX_FETCHES);
		fetched->status = (uint8_t)below(4);
		fetched->length = fetched->status < KMN_FETCH_FAULT ? (uint16_t)below(80) : 0;
		padded = ((size_t)fetched->length + 3) & ~(size_t)3;
		data = grow(header, padded);
		for (size_t i = 0; i < padded; i++)
			data[i] = i < fetched->length || dirty ? (char)below(256) : 0;
	}
	if (header->length % 8)
		*(uint32_t *)grow(header, 4) = dirty ? (uint32_t)next_random() : 0;
}

/* Any record that record_parse() takes. */
static const struct kmn_header *make_random(struct sample_record *record,
					    const struct kmn_header *before)
{
	struct kmn_header *header = (struct kmn_header *)record->words;
	const struct kmn_header none = {0};
	uint64_t *words;

	memset(record, 0, sizeof(*record));
	before = before ? before : &none;
	header->length = sizeof(*header);
	header->kind = (uint8_t)(KMN_ENTRY + below(chance(3) ? 9 : 2));
	header->context = (uint8_t)below(4);
	header->hook = chance(30) ? (uint32_t)next_random() : (uint32_t)below(6);
	header->time = before->time + (chance(50) ? next_random() : below(5000));
	header->sequence = chance(20) ? next_random() : before->sequence + below(3);
	header->pid = (uint32_t)below(5);
	header->tid = chance(40) ? (uint32_t)next_random() : (uint32_t)below(9);
	header->cpu = chance(40) ? (uint16_t)next_random() : (uint16_t)below(8);
	header->flags = (uint16_t)(next_random() & 0x3f & ~(uint64_t)KMN_STACK_INLINE);
	for (size_t i = 0; i < KMN_COMM; i++)
		header->comm[i] = chance(60) ? (char)next_random() : "a task's name..."[i];
	if (header->kind == KMN_RETURN) {
		struct kmn_return *ret = grow(header, sizeof(*ret));

		ret->value = random_word();
		ret->duration = chance(5) ? next_random() : below(5000);
		ret->entry_sequence = chance(5) ? next_random() : before->sequence;
		ret->entry_cpu = chance(5) ? (uint32_t)next_random() : before->cpu;
		ret->reserved = chance(30) ? (uint32_t)next_random() : 0;
		if (chance(2)) {
			header->hook = before->hook;
			header->pid = before->pid;
			header->tid = before->tid;
			memcpy(header->comm, before->comm, KMN_COMM);
		}
	}
	if (header->flags & KMN_HAS_STACK) {
		struct kmn_stack *stack = grow(header, sizeof(*stack));

		stack->hash = chance(30) ? next_random() : below(20) * 0x9e3779b97f4a7c15ull;
		stack->modules = below(3);
		if (chance(20)) {
			header->flags |= KMN_STACK_INLINE;
			header->n_frames = (uint16_t)below(KMN_MAX_FRAMES + 1);
		}
	}
	header->n_args = (uint8_t)(2 + below(KMN_MAX_ARGS - 1));
	words = grow(header, header->n_args * sizeof(*words));
	for (uint8_t i = 0; i < header->n_args; i++)
		words[i] = random_word();
	add_fetched(header);
	words = grow(header, header->n_frames * sizeof(*words));
	for (uint16_t i = 0; i < header->n_frames; i++)
		words[i] = random_word();
	return header;
}

static void random_records_come_back(void **state)
{
	struct column_packer *packer = column_packer_create();
	struct column_unpacker *unpacker = column_unpacker_create();
	struct text payload = TEXT_INIT;
	struct sample_record record;
	struct row row;

	row_init(&row);
	for (seed = 1; seed < 60; seed++) {
		const uint64_t keep = seed;

		row.n = row.used = 0;
		for (size_t n = 1 + below(MOST_RECORDS - 1); row.n < n;)
			row_add(&row, make_random(&record,
						  row.n ? row.records[row.n - 1 - below(row.n) % 4]
							: NULL));
		assert_comes_back(packer, unpacker, &row, &payload);
		seed = keep;
	}
	row_fini(&row);
	text_fini(&payload);
	column_packer_destroy(packer);
	column_unpacker_destroy(unpacker);
}

/* Calls nested in calls on several processors, whose tasks move between them. */
static void add_calls(struct row *row, uint64_t *sequences, uint64_t *now, uint32_t tid, int depth)
{
	uint16_t cpu = (uint16_t)below(4);
	struct sample_record entry = {0}, back = {0};
	struct kmn_header *header = (struct kmn_header *)entry.words;
	struct kmn_header *end = (struct kmn_header *)back.words;
	struct kmn_return *ret;

	if (row->n > MOST_RECORDS - 20)
		return;
	header->length = sizeof(*header) + 16;
	header->kind = KMN_ENTRY;
	header->hook = (uint32_t)depth;
	header->time = *now += below(300);
	header->sequence = sequences[cpu]++;
	header->pid = header->tid = tid;
	header->cpu = cpu;
	header->n_args = 2;
	memcpy(header->comm, "nested", 6);
	entry.words[7] = 0xffff888100000000ull + below(10) * 4096;
	entry.words[8] = below(1000);
	row_add(row, header);
	for (uint64_t calls = depth < 6 ? below(3) : 0; calls; calls--)
		add_calls(row, sequences, now, tid, depth + 1);
	if (chance(10))
		return;
	*end = *header;
	end->length = sizeof(*end);
	end->kind = KMN_RETURN;
	end->n_args = 0;
	end->cpu = (uint16_t)below(4);
	end->sequence = sequences[end->cpu]++;
	end->time = *now += below(300);
	ret = grow(end, sizeof(*ret));
	ret->value = chance(4) ? (uint64_t)-2 : 0;
	ret->duration = end->time - header->time;
	ret->entry_sequence = header->sequence;
	ret->entry_cpu = cpu;
	row_add(row, end);
}

static void nested_calls_come_back_and_take_little(void **state)
{
	struct column_packer *packer = column_packer_create();
	struct column_unpacker *unpacker = column_unpacker_create();
	struct text payload = TEXT_INIT;
	uint64_t sequences[4] = {0}, now = 1000000;
	struct row row;

	seed = 7;
	row_init(&row);
	while (row.n < MOST_RECORDS - 20)
		add_calls(&row, sequences, &now, (uint32_t)below(3), 0);
	assert_comes_back(packer, unpacker, &row, &payload);
	/* A return is known by its entry: shape, processor, task and place take a byte each. */
	assert_true(payload.length < row.n * 14);
	row_fini(&row);
	text_fini(&payload);
	column_packer_destroy(packer);
	column_unpacker_destroy(unpacker);
}

static void the_samples_records_come_back(void **state)
{
	struct column_packer *packer = column_packer_create();
	struct column_unpacker *unpacker = column_unpacker_create();
	struct text payload = TEXT_INIT;
	struct sample_record record;
	struct row row;

	row_init(&row);
	while (row.n < MOST_RECORDS)
		row_add(&row, sample_record_make(&record, row.n, NULL));
	assert_comes_back(packer, unpacker, &row, &payload);
	row_fini(&row);
	text_fini(&payload);
	column_packer_destroy(packer);
	column_unpacker_destroy(unpacker);
}

/* Whatever the columns say: records that are in order, or an error. */
static void changed_columns_give_records_or_an_error(void **state)
{
	struct column_packer *packer = column_packer_create();
	struct column_unpacker *unpacker = column_unpacker_create();
	struct text payload = TEXT_INIT;
	struct sample_record record;
	unsigned failures = 0;
	struct row row;

	row_init(&row);
	seed = 3;
	while (row.n < 200)
		row_add(&row, make_random(&record, row.n ? row.records[row.n - 1] : NULL));
	pack(packer, &row, &payload);
	for (int i = 0; i < 20000; i++) {
		/* Its own memory, so that a sanitizer sees a byte read beyond its end. */
		size_t length = chance(4) ? below(payload.length) : payload.length;
		unsigned char *copy = malloc(length ? length : 1);
		struct column_block block;
		struct record_view view;
		struct error err = {0};

		memcpy(copy, payload.data, length);
		for (uint64_t changes = 1 + below(4); length && changes; changes--) {
			size_t at = below(chance(2) && length > 90 ? 90 : length);

			copy[at] = (unsigned char)(chance(2) ? next_random()
							     : copy[at] ^ 1u << below(8));
		}
		if (column_unpack(unpacker, copy, length, &block, &err)) {
			failures++;
			assert_true(err.message[0] != '\0');
		}
		for (size_t j = 0; j < block.n_records; j++)
			assert_int_equal(record_parse(block.records[j], block.records[j]->length,
						      &view, &err),
					 block.records[j]->length);
		free(copy);
	}
	assert_true(failures > 1000);
	row_fini(&row);
	text_fini(&payload);
	column_packer_destroy(packer);
	column_unpacker_destroy(unpacker);
}

static void a_block_that_wants_too_much_memory_is_refused(void **state)
{
	/* A column of four shapes. */
	unsigned char payload[COLUMNS_HEADER_BYTES + 6] = {[COLUMNS_HEADER_BYTES] = 1,
							   [COLUMNS_HEADER_BYTES + 1] = 4};
	struct column_unpacker *unpacker = column_unpacker_create();
	static const struct {
		uint32_t n_records, bytes;
	} cases[] = {{1, 0},
		     {1, 48},
		     {2, 60},
		     {1, 0xffffffff},
		     {0xffffffff, 0x1000000},
		     {1, COLUMNS_MAX_RECORDS_BYTES + 8},
		     {5, 5 * 56},
		     {4, 4 * 2048 + 8}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct column_block block;
		struct error err = {0};

		store_u32(payload + 24, cases[i].n_records);
		store_u32(payload + 28, cases[i].bytes);
		assert_int_equal(column_unpack(unpacker, payload, sizeof(payload), &block, &err),
				 -1);
		assert_non_null(strstr(err.message, "it says that it has"));
		assert_int_equal(block.n_records, 0);
	}
	column_unpacker_destroy(unpacker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_records_come_back),
		cmocka_unit_test(nested_calls_come_back_and_take_little),
		cmocka_unit_test(the_samples_records_come_back),
		cmocka_unit_test(changed_columns_give_records_or_an_error),
		cmocka_unit_test(a_block_that_wants_too_much_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
