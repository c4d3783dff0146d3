/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory in captures: written, read again, in parts, damaged, or made up by an enemy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/add_symbols.h"
#include "capture/bytes.h"
#include "capture/crc32c.h"
#include "capture/decode.h"
#include "capture/format.h"
#include "capture/reader.h"
#include "capture/writer.h"
#include "capture_sample.h"
#include "memory_capture_sample.h"
#include "model/memory.h"
#include "model/verdict.h"
#include "session/capture_sink.h"

static char directory[] = "/tmp/kapimon-test-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/test.kmn", directory);
	return 0;
}

static int remove_directory(void **state)
{
	unlink(path);
	return rmdir(directory);
}

static struct capture_reader *read_whole(struct capture_input *input)
{
	const struct kmn_header *const *records;
	struct error err = {0};
	struct capture_reader *reader = capture_open_input(input, &err);
	size_t n;

	if (!reader)
		fail_msg("%s", err.message);
	while (capture_next(reader, -1, &records, &n, &err) == 1)
		;
	return reader;
}

static struct capture_reader *read_file(const char *name)
{
	struct error err = {0};
	struct capture_input *input = capture_input_open(name, &err);

	if (!input)
		fail_msg("%s", err.message);
	return read_whole(input);
}

static const struct memory *memory_of(const struct capture_reader *reader)
{
	return capture_catalog(reader)->memory;
}

static void assert_verdict(const struct capture_reader *reader, const char *verdict)
{
	struct text out = TEXT_INIT;
	struct ledger ledger;

	ledger_init(&ledger);
	assert_int_equal(capture_ledger(reader, &ledger, NULL), 0);
	ledger_verdict(&ledger, capture_catalog(reader), &out);
	assert_string_equal(text_string(&out), verdict);
	text_fini(&out);
	ledger_fini(&ledger);
}

static void assert_same_tags(const struct memory *a, const struct memory *b)
{
	assert_int_equal(a->n_tags, b->n_tags);
	for (size_t i = 0; i < a->n_tags; i++) {
		struct memory_tag one = a->tags[i], other = b->tags[i];

		assert_string_equal(one.name, other.name);
		assert_int_equal(one.family, other.family);
		assert_int_equal(one.inner, other.inner);
		assert_int_equal(one.fresh, other.fresh);
		assert_int_equal(one.object, other.object);
		assert_int_equal(one.allocs, other.allocs);
		assert_int_equal(one.alloc_bytes, other.alloc_bytes);
		assert_int_equal(one.frees, other.frees);
		assert_int_equal(one.free_bytes, other.free_bytes);
		assert_int_equal(one.unknown, other.unknown);
		assert_int_equal(one.failed, other.failed);
		assert_int_equal(one.replaced, other.replaced);
	}
}

static void assert_same_block(const struct memory_block *a, const struct memory_block *b)
{
	assert_int_equal(a->address, b->address);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->time, b->time);
	assert_int_equal(a->stack, b->stack);
	assert_int_equal(a->site, b->site);
	assert_int_equal(a->tag, b->tag);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->gfp, b->gfp);
	assert_int_equal(a->cpu, b->cpu);
	assert_int_equal(a->context, b->context);
	assert_int_equal(a->grade, b->grade);
	assert_int_equal(a->part, b->part);
	assert_string_equal(a->comm, b->comm);
}

static void assert_same_findings(const struct memory *a, const struct memory *b)
{
	assert_int_equal(a->n_findings, b->n_findings);
	for (size_t i = 0; i < a->n_findings; i++) {
		struct memory_finding one = a->findings[i], other = b->findings[i];

		assert_int_equal(one.address, other.address);
		assert_int_equal(one.time, other.time);
		assert_int_equal(one.stack, other.stack);
		assert_int_equal(one.site, other.site);
		assert_int_equal(one.tag, other.tag);
		assert_int_equal(one.pid, other.pid);
		assert_string_equal(one.comm, other.comm);
	}
}

static void assert_same_memory(const struct memory *a, const struct memory *b)
{
	assert_int_equal(a->start, b->start);
	assert_int_equal(a->end, b->end);
	assert_int_equal(a->stacks, b->stacks);
	assert_int_equal(a->freed_twice, b->freed_twice);
	assert_int_equal(a->capacity, b->capacity);
	assert_int_equal(a->no_room, b->no_room);
	assert_int_equal(a->replaced, b->replaced);
	assert_memory_equal(a->lifetime, b->lifetime, sizeof(a->lifetime));
	assert_same_tags(a, b);
	assert_same_findings(a, b);
	assert_int_equal(a->n_doubts, b->n_doubts);
	for (size_t i = 0; i < a->n_doubts; i++) {
		assert_int_equal(a->doubts[i].from, b->doubts[i].from);
		assert_int_equal(a->doubts[i].to, b->doubts[i].to);
		assert_int_equal(a->doubts[i].family, b->doubts[i].family);
		assert_int_equal(a->doubts[i].missed, b->doubts[i].missed);
	}
	assert_int_equal(a->n_checks, b->n_checks);
	for (size_t i = 0; i < a->n_checks; i++) {
		assert_string_equal(a->checks[i].name, b->checks[i].name);
		assert_string_equal(a->checks[i].unit, b->checks[i].unit);
		assert_int_equal(a->checks[i].followed, b->checks[i].followed);
		assert_int_equal(a->checks[i].counted, b->checks[i].counted);
		assert_int_equal(a->checks[i].slack, b->checks[i].slack);
	}
	assert_int_equal(a->n_blocks, b->n_blocks);
	for (size_t i = 0; i < a->n_blocks; i++)
		assert_same_block(&a->blocks[i], &b->blocks[i]);
}

static void free_memory(struct memory *memory)
{
	memory_fini(memory);
	free(memory);
}

static void what_was_followed_is_read_again(void **state)
{
	static const uint64_t n_blocks[] = {0, 1, 40, 5000, 65536, 65537};

	for (size_t i = 0; i < sizeof(n_blocks) / sizeof(n_blocks[0]); i++) {
		struct memory *memory = sample_memory_create(n_blocks[i]);
		struct capture_reader *reader;

		sample_memory_capture_write(path, 20, 0, n_blocks[i]);
		reader = read_file(path);
		assert_non_null(memory_of(reader));
		assert_same_memory(memory_of(reader), memory);
		assert_string_equal(capture_trouble(reader), "");
		assert_verdict(reader, "COMPLETE");
		capture_close(reader);
		free_memory(memory);
	}
}

static void the_golden_capture_has_what_was_followed(void **state)
{
	struct memory *memory = sample_memory_create(SAMPLE_GOLDEN_BLOCKS);
	struct capture_reader *reader;
	char name[512];

	snprintf(name, sizeof(name), "%s/golden-2-memory.kmn", getenv("KAPIMON_TEST_DATA"));
	reader = read_file(name);
	assert_same_memory(memory_of(reader), memory);
	capture_close(reader);
	free_memory(memory);
}

static void a_capture_without_memory_has_none(void **state)
{
	struct capture_reader *reader;

	sample_capture_write(path, 20, 0);
	reader = read_file(path);
	assert_null(memory_of(reader));
	capture_close(reader);
}

/* What NT has and Linux has not: pool memory, and counters of calls. */
static void memory_of_nt_is_read_again(void **state)
{
	struct memory *memory = calloc(1, sizeof(*memory));
	struct capture_writer *writer;
	struct capture_reader *reader;
	struct memory_check *check;
	struct memory_tag *tag;
	struct catalog catalog;
	struct ledger ledger;
	struct error err;

	memory_init(memory);
	tag = memory_add_tag(memory);
	*tag = (struct memory_tag){.name = strdup("Tcpt"), .family = MEMORY_POOL, .allocs = 3};
	*memory_add_block(memory) = (struct memory_block){.address = 0x1000, .bytes = 8, .time = 9};
	check = memory_add_check(memory);
	*check = (struct memory_check){.name = strdup("Tcpt allocations"),
				       .unit = "calls",
				       .followed = 3,
				       .counted = 4,
				       .slack = 1};
	assert_int_equal(catalog_init(&catalog, &err), 0);
	catalog.memory = memory;
	ledger_init(&ledger);
	writer = capture_writer_create(path, true, &err);
	assert_non_null(writer);
	assert_int_equal(capture_writer_begin(writer, &catalog, &err), 0);
	assert_int_equal(capture_writer_end(writer, &ledger, &err), 0);
	capture_writer_destroy(writer);
	reader = read_file(path);
	assert_same_memory(memory_of(reader), memory);
	assert_int_equal(memory_of(reader)->tags[0].family, MEMORY_POOL);
	capture_close(reader);
	ledger_fini(&ledger);
	catalog_fini(&catalog);
}

static unsigned char *load(size_t *length)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes;
	struct stat st;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	bytes = malloc((size_t)st.st_size);
	*length = fread(bytes, 1, (size_t)st.st_size, file);
	fclose(file);
	return bytes;
}

/* Where the blocks of memory begin; returns how many there are. */
static size_t find_blocks(const unsigned char *bytes, size_t length, size_t *offsets, size_t max)
{
	size_t n = 0;

	for (size_t at = CAPTURE_HEADER_BYTES; at < length;) {
		if (load_u16(bytes + at + 8) == BLOCK_MEMORY && n < max)
			offsets[n++] = at;
		at += BLOCK_HEADER_BYTES + load_u32(bytes + at + 12);
	}
	return n;
}

static void a_million_blocks_are_packed_into_a_few_megabytes(void **state)
{
	struct memory *memory = sample_memory_create(1000000);
	struct capture_reader *reader;
	size_t offsets[64], length, n;
	unsigned char *bytes;

	sample_memory_capture_write(path, 0, 0, 1000000);
	bytes = load(&length);
	n = find_blocks(bytes, length, offsets, 64);
	assert_true(n >= 4);
	/* The sample's addresses are random, which takes three of these bytes. */
	print_message("# a block takes %.1f bytes\n", (double)length / 1e6);
	assert_true(length < 15000000);
	for (size_t i = 0; i < n; i++)
		assert_true(load_u32(bytes + offsets[i] + 16) < BLOCK_MAX_BYTES / 2);
	free(bytes);
	reader = read_file(path);
	assert_same_memory(memory_of(reader), memory);
	assert_verdict(reader, "COMPLETE");
	capture_close(reader);
	free_memory(memory);
}

static void call_sites_and_stacks_have_their_names(void **state)
{
	struct capture_reader *reader;
	const struct memory *memory;
	struct catalog catalog;

	sample_memory_capture_write(path, 64, 0, 100);
	reader = read_file(path);
	memory = memory_of(reader);
	sample_catalog_init(&catalog);
	for (size_t i = 0; i < memory->n_blocks + memory->n_findings; i++) {
		uint64_t site = i < memory->n_blocks ? memory->blocks[i].site
						     : memory->findings[i - memory->n_blocks].site;
		uint64_t stack = i < memory->n_blocks
					 ? memory->blocks[i].stack
					 : memory->findings[i - memory->n_blocks].stack;
		struct frame read, known;

		if (stack)
			assert_non_null(stack_table_find(capture_catalog(reader)->stacks, stack));
		if (!site)
			continue;
		catalog_frame(capture_catalog(reader), site, &read);
		catalog_frame(&catalog, site, &known);
		assert_int_equal(!read.symbol, !known.symbol);
		if (known.symbol)
			assert_string_equal(read.symbol, known.symbol);
	}
	catalog_fini(&catalog);
	capture_close(reader);
}

static void of_a_recording_in_parts_the_last_has_the_memory(void **state)
{
	const struct capture_parts parts = {.time = 100 * 1357};
	struct error err = {0};
	struct sink *sink = capture_sink_create_parts(path, false, &parts, &err);
	struct sample_record sample;
	struct capture_reader *reader;
	struct catalog catalog;
	struct ledger ledger;
	char name[80];

	assert_non_null(sink);
	sample_catalog_init(&catalog);
	assert_int_equal(sink->ops->begin(sink, &catalog, &err), 0);
	/* It is there when the source was stopped, before the last records come. */
	catalog.memory = sample_memory_create(10);
	for (uint64_t i = 0; i < 250; i++) {
		const struct kmn_header *record = sample_record_make(&sample, i, &catalog);
		const struct batch batch = {&record, 1};

		assert_int_equal(sink->ops->events(sink, &batch, &err), 0);
	}
	sample_ledger_init(&ledger, 250);
	assert_int_equal(sink->ops->end(sink, &ledger, &err), 0);
	sink->ops->destroy(sink);
	ledger_fini(&ledger);
	for (int i = 1; i <= 3; i++) {
		snprintf(name, sizeof(name), "%s/test.%d.kmn", directory, i);
		reader = read_file(name);
		if (i < 3)
			assert_null(memory_of(reader));
		else
			assert_same_memory(memory_of(reader), catalog.memory);
		capture_close(reader);
		unlink(name);
	}
	catalog_fini(&catalog);
}

static size_t no_places(struct place_finder *finder, const struct catalog *catalog,
			uint64_t address, bool returned, const struct place **places)
{
	static const struct place place = {NULL, "file.c", 7};

	*places = &place;
	return 1;
}

static void it_stays_when_lines_are_added(void **state)
{
	struct memory *memory = sample_memory_create(40);
	struct place_finder finder = {no_places};
	struct symbols_added added;
	struct error err = {0};
	struct capture_reader *reader;
	unsigned char *bytes;
	size_t length;
	char name[80];

	snprintf(name, sizeof(name), "%s/lines.kmn", directory);
	sample_memory_capture_write(path, 20, 0, 40);
	assert_int_equal(capture_add_symbols(path, name, NULL, &finder, &added, &err), 0);
	reader = read_file(name);
	assert_same_memory(memory_of(reader), memory);
	assert_verdict(reader, "COMPLETE");
	capture_close(reader);
	assert_int_equal(rename(name, path), 0);
	bytes = load(&length);
	assert_int_equal(load_u16(bytes + 10), CAPTURE_MINOR);
	free(bytes);
	free_memory(memory);
}

static void a_damaged_block_costs_what_is_in_it_and_is_told(void **state)
{
	struct capture_reader *reader;
	size_t offsets[64], length, n;
	const struct memory *memory;
	unsigned char *bytes;
	char expected[200];

	sample_memory_capture_write(path, 20, 0, 300000);
	bytes = load(&length);
	n = find_blocks(bytes, length, offsets, 64);
	assert_true(n >= 3);
	bytes[offsets[n - 2] + BLOCK_HEADER_BYTES + 100] ^= 1;
	reader = read_whole(capture_input_memory(bytes, length));
	memory = memory_of(reader);
	assert_true(memory->n_blocks > 100000 && memory->n_blocks < 300000);
	snprintf(expected, sizeof(expected),
		 "of 300000 blocks of memory that were outstanding, %zu are before",
		 memory->n_blocks);
	assert_non_null(strstr(capture_trouble(reader), expected));
	assert_verdict(reader, "INCOMPLETE: the capture is damaged in 1 place, what was there is "
			       "not shown");
	capture_close(reader);
	free(bytes);
}

static void without_its_tags_no_block_is_believed(void **state)
{
	struct capture_reader *reader;
	size_t offsets[64], length;
	unsigned char *bytes, *block;

	sample_memory_capture_write(path, 20, 0, 300000);
	bytes = load(&length);
	find_blocks(bytes, length, offsets, 64);
	block = bytes + offsets[0];
	/* As if it had never been. */
	store_u16(block + 8, 4711);
	store_u32(block + 24, crc32c(block, 24));
	reader = read_whole(capture_input_memory(bytes, length));
	assert_int_equal(memory_of(reader)->n_blocks, 0);
	assert_non_null(strstr(capture_trouble(reader), "a block has the tag"));
	capture_close(reader);
	free(bytes);
}

/* An entry with so many blocks, of which the columns have `each` bytes. */
static void make_entry(struct text *payload, uint32_t n, uint64_t each, char fill)
{
	size_t entry;

	text_clear(payload);
	entry = entry_begin(payload);
	put_u8(payload, MEMORY_ENTRY_TAG);
	put_string(payload, "tag");
	for (int i = 0; i < 6 + 56; i++)
		put_u8(payload, 0);
	entry_end(payload, entry);
	entry = entry_begin(payload);
	put_u8(payload, MEMORY_ENTRY_BLOCKS);
	put_u32(payload, n);
	put_u8(payload, MEMORY_N_COLUMNS);
	for (int i = 0; i < MEMORY_N_COLUMNS; i++)
		put_varint(payload, each);
	for (uint64_t i = 0; i < each * MEMORY_N_COLUMNS; i++)
		text_add_char(payload, fill);
	entry_end(payload, entry);
}

static int decode(const struct text *payload, struct catalog *catalog, struct error *err)
{
	struct decoded decoded = {.catalog = catalog};

	*err = (struct error){0};
	return decode_block(BLOCK_MEMORY, payload->data, payload->length, &decoded, err);
}

static void few_bytes_ask_for_little_memory(void **state)
{
	static const struct {
		uint32_t n;
		uint64_t each;
		char fill;
		const char *message;
	} cases[] = {
		{65536, 10, 0, "its columns are cut short"},
		{0xffffffff, 10, 0, "its columns are cut short"},
		{65537, 70000, 0, "its columns are cut short"},
		{16, 13, 0, "its columns are cut short"},
		{24, 20, 0, "its columns are cut short"},
		/* A tag that there is not; numbers that never end. */
		{10, 30, 1, "a block has the tag 1, there are 1"},
		{10, 30, (char)0xff, "its columns are cut short"},
	};
	struct text payload = TEXT_INIT;
	struct error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct catalog catalog;

		assert_int_equal(catalog_init(&catalog, &err), 0);
		make_entry(&payload, cases[i].n, cases[i].each, cases[i].fill);
		assert_int_equal(decode(&payload, &catalog, &err), -1);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%zu: %s", i, err.message);
		assert_true(catalog.memory->n_blocks <= 20);
		catalog_fini(&catalog);
	}
	text_fini(&payload);
}

/* Where make_entry() puts the family of its tag: behind the length, the kind and the name. */
#define FAMILY_AT (4 + 1 + 4 + 3)

static void numbers_out_of_range_are_refused(void **state)
{
	enum { BLOCKS = 10, EACH = 30 };
	static const struct {
		enum memory_column column; /* MEMORY_N_COLUMNS: the tag's family */
		uint8_t value;
		const char *message;
	} cases[] = {
		{MEMORY_COLUMN_TAG, 1, "a block has the tag 1, there are 1"},
		{MEMORY_COLUMN_STATE, MEMORY_N_GRADES << 3, "a block has the unknown grade 4"},
		{MEMORY_COLUMN_STATE, 0xff, "a block has the unknown grade 31"},
		{MEMORY_N_COLUMNS, MEMORY_N_FAMILIES, "memory of an unknown family"},
		{MEMORY_N_COLUMNS, 0xff, "memory of an unknown family 255"},
		/* The last of each are known. */
		{MEMORY_COLUMN_STATE, (MEMORY_N_GRADES - 1) << 3, NULL},
		{MEMORY_N_COLUMNS, MEMORY_N_FAMILIES - 1, NULL},
	};
	struct text payload = TEXT_INIT;
	struct error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct catalog catalog;
		size_t columns, at;

		assert_int_equal(catalog_init(&catalog, &err), 0);
		make_entry(&payload, BLOCKS, EACH, 0);
		columns = payload.length - (size_t)EACH * MEMORY_N_COLUMNS;
		at = cases[i].column == MEMORY_N_COLUMNS
			     ? FAMILY_AT
			     : columns + (size_t)EACH * cases[i].column + BLOCKS - 1;
		payload.data[at] = (char)cases[i].value;
		assert_int_equal(decode(&payload, &catalog, &err), cases[i].message ? -1 : 0);
		if (cases[i].message && !strstr(err.message, cases[i].message))
			fail_msg("%zu: %s", i, err.message);
		catalog_fini(&catalog);
	}
	text_fini(&payload);
}

static void no_more_blocks_are_taken_than_a_reader_has_room_for(void **state)
{
	struct text payload = TEXT_INIT;
	struct catalog catalog;
	struct error err;

	assert_int_equal(catalog_init(&catalog, &err), 0);
	/* Zeros are a task with pid 0; the tables' columns then have one entry. */
	make_entry(&payload, 10, 30, 0);
	assert_int_equal(decode(&payload, &catalog, &err), 0);
	assert_int_equal(catalog.memory->n_blocks, 10);
	catalog.memory->n_blocks = MEMORY_MAX_BLOCKS - 9;
	assert_int_equal(decode(&payload, &catalog, &err), -1);
	assert_non_null(strstr(err.message, "more than 16777216 blocks are outstanding"));
	catalog.memory->n_blocks = 10;
	catalog_fini(&catalog);
	text_fini(&payload);
}

static void what_a_later_version_adds_is_passed_over(void **state)
{
	struct text payload = TEXT_INIT;
	struct catalog catalog;
	struct error err;
	size_t entry;

	assert_int_equal(catalog_init(&catalog, &err), 0);
	entry = entry_begin(&payload);
	put_u8(&payload, 99);
	put_u64(&payload, 12345);
	entry_end(&payload, entry);
	assert_int_equal(decode(&payload, &catalog, &err), 0);
	catalog_fini(&catalog);
	text_fini(&payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_followed_is_read_again),
		cmocka_unit_test(the_golden_capture_has_what_was_followed),
		cmocka_unit_test(a_capture_without_memory_has_none),
		cmocka_unit_test(memory_of_nt_is_read_again),
		cmocka_unit_test(a_million_blocks_are_packed_into_a_few_megabytes),
		cmocka_unit_test(call_sites_and_stacks_have_their_names),
		cmocka_unit_test(of_a_recording_in_parts_the_last_has_the_memory),
		cmocka_unit_test(it_stays_when_lines_are_added),
		cmocka_unit_test(a_damaged_block_costs_what_is_in_it_and_is_told),
		cmocka_unit_test(without_its_tags_no_block_is_believed),
		cmocka_unit_test(few_bytes_ask_for_little_memory),
		cmocka_unit_test(numbers_out_of_range_are_refused),
		cmocka_unit_test(no_more_blocks_are_taken_than_a_reader_has_room_for),
		cmocka_unit_test(what_a_later_version_adds_is_passed_over),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
