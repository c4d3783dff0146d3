/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of allocations and frees, paired; held against a model that is simple and slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory/tracker.h"
#include "records.h"

#include <memory_record.h>

#define SLAB 0xffff888000001000ull
#define CACHE (KMN_TAG_CACHES + 7)

static struct tracker *tracker;
static struct catalog catalog;
static struct memory memory;
static uint64_t now;

static int setup(void **state)
{
	tracker = tracker_create();
	memory_init(&memory);
	now = 1000000;
	return !tracker || catalog_init(&catalog, NULL);
}

static int teardown(void **state)
{
	tracker_destroy(tracker);
	memory_fini(&memory);
	catalog_fini(&catalog);
	return 0;
}

static void add(enum kmn_kind kind, uint64_t address, uint64_t bytes, uint64_t tag, uint64_t last)
{
	struct record_builder record;
	const char *name = tag == CACHE ? "drv_cache" : "other";

	record_begin(&record, kind, kind == KMN_ALLOC ? 1 : 2, now += 100, 1);
	record_add_arg(&record, address);
	record_add_arg(&record, bytes);
	record_add_arg(&record, tag);
	record_add_arg(&record, 0xffffffff81000040ull + kind);
	record_add_arg(&record, last);
	record_add_fetched(&record, 0, KMN_FETCHED, name, strlen(name));
	assert_int_equal(tracker_add(tracker, &record.header, NULL), 0);
}

static void lose(uint64_t n)
{
	struct record_builder record;

	record_begin(&record, KMN_LOSS, KMN_NO_HOOK, now += 100, 1);
	record_add_arg(&record, n);
	record_add_arg(&record, now - 50);
	assert_int_equal(tracker_add(tracker, &record.header, NULL), 0);
}

static const struct memory *result(const struct ledger *ledger)
{
	memory_fini(&memory);
	assert_int_equal(tracker_result(tracker, &catalog, ledger, &memory, NULL), 0);
	return &memory;
}

static const struct memory_tag *tag_of(const char *name)
{
	for (size_t i = 0; i < memory.n_tags; i++) {
		if (!strcmp(memory.tags[i].name, name))
			return &memory.tags[i];
	}
	fail_msg("there is no tag %s", name);
	return NULL;
}

static void what_was_not_freed_is_outstanding(void **state)
{
	add(KMN_ALLOC, SLAB, 48, CACHE, 0xcc0);
	add(KMN_ALLOC, SLAB + 64, 48, CACHE, 0xcc0);
	add(KMN_FREE, SLAB, 48, CACHE, KMN_FATE_KNOWN);
	result(NULL);
	assert_int_equal(memory.n_blocks, 1);
	assert_int_equal(memory.blocks[0].address, SLAB + 64);
	assert_int_equal(memory.blocks[0].bytes, 48);
	assert_int_equal(memory.blocks[0].gfp, 0xcc0);
	assert_int_equal(memory.blocks[0].pid, 412);
	assert_int_equal(memory.blocks[0].site, 0xffffffff81000043ull);
	assert_string_equal(memory.blocks[0].comm, "bash");
	assert_int_equal(memory.blocks[0].grade, MEMORY_OUTSTANDING);
	assert_int_equal(tag_of("drv_cache")->allocs, 2);
	assert_int_equal(tag_of("drv_cache")->frees, 1);
	/* 200 ns old: the logarithm is 7. */
	assert_int_equal(memory.lifetime[7], 1);
}

static void a_number_means_something_else_in_each_family(void **state)
{
	add(KMN_ALLOC, 0x1234, 4096, KMN_TAG_PAGES, 0);
	add(KMN_ALLOC, 0x1234, 8, KMN_TAG_PERCPU, 0);
	add(KMN_ALLOC, 0x1234, 4096, KMN_TAG_VMALLOC, 0);
	add(KMN_ALLOC, 0x1234, 8, CACHE, 0);
	assert_int_equal(result(NULL)->n_blocks, 4);
	assert_int_equal(memory.replaced, 0);
}

static void a_second_free_is_a_finding_and_a_free_of_the_unknown_is_counted(void **state)
{
	add(KMN_FREE, SLAB + 4096, 0, CACHE, KMN_FATE_UNKNOWN);
	add(KMN_ALLOC, SLAB, 48, CACHE, 0);
	add(KMN_FREE, SLAB, 48, CACHE, KMN_FATE_KNOWN);
	add(KMN_FREE, SLAB, 0, CACHE, KMN_FATE_FREED_TWICE);
	result(NULL);
	assert_int_equal(memory.freed_twice, 1);
	assert_int_equal(memory.n_findings, 1);
	assert_int_equal(memory.findings[0].address, SLAB);
	assert_string_equal(memory.tags[memory.findings[0].tag].name, "drv_cache");
	assert_int_equal(tag_of("drv_cache")->unknown, 1);
}

static void an_allocation_in_the_place_of_another_makes_older_ones_doubtful(void **state)
{
	add(KMN_ALLOC, SLAB + 4096, 48, CACHE, 0);
	add(KMN_ALLOC, SLAB, 48, CACHE, 0);
	add(KMN_ALLOC, 0x99, 4096, KMN_TAG_PAGES, 0);
	add(KMN_ALLOC, SLAB, 48, CACHE, 0);
	add(KMN_ALLOC, SLAB + 8192, 48, CACHE, 0);
	result(NULL);
	assert_int_equal(memory.replaced, 1);
	assert_int_equal(tag_of("drv_cache")->replaced, 1);
	assert_int_equal(memory.n_blocks, 4);
	assert_int_equal(memory.blocks[0].grade, MEMORY_DOUBTFUL);
	/* Pages are another family; the last came after it. */
	assert_int_equal(memory.blocks[1].grade, MEMORY_OUTSTANDING);
	assert_int_equal(memory.blocks[3].grade, MEMORY_OUTSTANDING);
}

static void after_a_loss_all_that_was_there_is_doubtful_and_nothing_is_freed_twice(void **state)
{
	add(KMN_ALLOC, SLAB, 48, CACHE, 0);
	add(KMN_ALLOC, 0x99, 4096, KMN_TAG_PAGES, 0);
	add(KMN_FREE, SLAB, 48, CACHE, KMN_FATE_KNOWN);
	lose(5);
	add(KMN_FREE, SLAB, 48, CACHE, KMN_FATE_KNOWN);
	add(KMN_ALLOC, SLAB + 64, 48, CACHE, 0);
	result(NULL);
	assert_int_equal(memory.n_findings, 0);
	assert_int_equal(memory.n_blocks, 2);
	assert_int_equal(memory.blocks[0].grade, MEMORY_DOUBTFUL);
	assert_int_equal(memory.blocks[1].grade, MEMORY_OUTSTANDING);
	assert_int_equal(memory.n_doubts, MEMORY_LINUX_FAMILIES);
	assert_int_equal(memory.doubts[0].missed, 5);
}

static void frees_that_the_ledger_misses_make_their_family_doubtful(void **state)
{
	struct ledger_row row = {.hook = 2, .hits = 1, .recorded = 1, .missed = 3};
	struct ledger ledger;

	ledger_init(&ledger);
	assert_int_equal(ledger_add(&ledger, &row, NULL), 0);
	row.hook = 1; /* which only allocates */
	assert_int_equal(ledger_add(&ledger, &row, NULL), 0);
	add(KMN_ALLOC, SLAB, 48, CACHE, 0);
	add(KMN_ALLOC, 0x99, 4096, KMN_TAG_PAGES, 0);
	add(KMN_FREE, SLAB + 64, 48, CACHE, KMN_FATE_UNKNOWN);
	result(&ledger);
	assert_int_equal(memory.n_doubts, 1);
	assert_int_equal(memory.doubts[0].missed, 3);
	assert_int_equal(memory.blocks[0].grade, MEMORY_DOUBTFUL);
	assert_int_equal(memory.blocks[1].grade, MEMORY_OUTSTANDING);
	ledger_fini(&ledger);
}

/* On NT the tag is any four characters, addresses may have 32 bits. */
static void pool_memory_is_paired_by_its_own_rules(void **state)
{
	const uint64_t tag = KMN_TAG_POOL | 0xf0637054u;

	add(KMN_ALLOC, 0x81234000, 48, tag, 0);
	add(KMN_ALLOC, 0xfffffa8001234000, 40, KMN_TAG_POOL, 0);
	add(KMN_ALLOC, 0x10000, 30, tag, 0);
	add(KMN_FREE, 0x10000, 0, tag, KMN_FATE_KNOWN);
	/* Of a routine that is not followed: allocated there, and freed here. */
	add(KMN_FREE, 0x10000, 0, KMN_TAG_POOL_BEFORE, KMN_FATE_UNKNOWN);
	/* Of neither system. */
	add(KMN_ALLOC, 0x20000, 30, 5ull << 32, 0);
	result(NULL);
	assert_int_equal(memory.freed_twice, 0);
	assert_int_equal(memory.n_blocks, 2);
	assert_int_equal(memory.blocks[0].address, 0x81234000);
	assert_int_equal(memory.blocks[1].address, 0xfffffa8001234000);
	assert_int_equal(memory.n_tags, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(memory.tags[i].family, MEMORY_POOL);
	lose(1);
	result(NULL);
	assert_int_equal(memory.n_doubts, 1);
	assert_int_equal(memory.doubts[0].family, MEMORY_POOL);
	assert_int_equal(memory.blocks[0].grade, MEMORY_DOUBTFUL);
}

static void pages_that_are_freed_in_part_stay_in_part(void **state)
{
	add(KMN_ALLOC, 0x100, 4096 << 3, KMN_TAG_PAGES + 3, 0);
	add(KMN_FREE, 0x103, 4096, KMN_TAG_PAGES + 3, KMN_FATE_KNOWN);
	result(NULL);
	/* What is left is shown as one block. */
	assert_int_equal(memory.n_blocks, 1);
	assert_int_equal(memory.blocks[0].bytes, 7 * 4096);
	assert_true(memory.blocks[0].part);
	for (uint64_t pfn = 0x100; pfn < 0x108; pfn++) {
		if (pfn != 0x103)
			add(KMN_FREE, pfn, 4096, KMN_TAG_PAGES + 3, KMN_FATE_KNOWN);
	}
	result(NULL);
	assert_int_equal(memory.n_blocks, 0);
	assert_int_equal(tag_of("other")->alloc_bytes, tag_of("other")->free_bytes);
	assert_int_equal(tag_of("other")->allocs, tag_of("other")->frees);
}

static void what_other_blocks_are_made_of_is_told_apart(void **state)
{
	add(KMN_ALLOC, 0x100, 8192, KMN_TAG_PAGES + 1, 0);
	add(KMN_ALLOC, 0x100, 8192, KMN_TAG_OF_SLAB, 0);
	add(KMN_ALLOC, SLAB, 48, CACHE, 0);
	add(KMN_ALLOC, SLAB, 48, KMN_TAG_OF_VMALLOC, 0);
	add(KMN_ALLOC, SLAB + 64, 48, CACHE, 0);
	add(KMN_FREE, SLAB + 64, 48, CACHE, KMN_FATE_DEFERRED);
	result(NULL);
	assert_int_equal(memory.n_blocks, 3);
	assert_true(memory.tags[memory.blocks[0].tag].inner);
	assert_int_equal(memory.blocks[1].grade, MEMORY_INNER);
	assert_int_equal(memory.blocks[2].grade, MEMORY_DEFERRED);
	/* All of the pages' own tag has come to be another's. */
	for (size_t i = 0; i < memory.n_tags; i++)
		assert_true(memory.tags[i].allocs == 1 || memory.tags[i].allocs == 2);
}

static void a_large_allocation_that_is_told_twice_is_one(void **state)
{
	add(KMN_ALLOC, SLAB, 16384, KMN_TAG_LARGE, 0);
	add(KMN_ALLOC, SLAB, 16384, KMN_TAG_LARGE, 0);
	result(NULL);
	assert_int_equal(memory.n_blocks, 1);
	assert_int_equal(memory.replaced, 0);
	assert_int_equal(tag_of("other")->allocs, 1);
	add(KMN_ALLOC, 0, 0, KMN_TAG_LARGE, 0);
	result(NULL);
	assert_int_equal(tag_of("other")->failed, 1);
}

static void records_of_others_are_passed_over(void **state)
{
	struct record_builder record;

	record_begin(&record, KMN_ALLOC, 1, 5, 1);
	record_add_arg(&record, 1);
	assert_int_equal(tracker_add(tracker, &record.header, NULL), 0);
	record_begin(&record, KMN_ENTRY, 1, 5, 1);
	assert_int_equal(tracker_add(tracker, &record.header, NULL), 0);
	add(KMN_ALLOC, SLAB, 1, KMN_MAX_TAGS, 0);
	assert_int_equal(result(NULL)->n_blocks, 0);
}

static void only_a_recording_with_all_of_them_fits(void **state)
{
	catalog.spec = NULL;
	assert_false(tracker_fits(&catalog));
	catalog.spec = strdup("memory yes\n");
	assert_false(tracker_fits(&catalog));
	free(catalog.spec);
	catalog.spec = strdup("memory yes\nmemory-log yes\n");
	assert_true(tracker_fits(&catalog));
}

/* The model: what lies at each page or object, page by page. */
enum { PAGES = 256, OBJECTS = 200, TURNS = 200000 };

static struct {
	uint64_t time;
	int whose; /* 0: nobody's */
} pages[PAGES], objects[OBJECTS];

static uint64_t random_below(uint64_t n)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static void turn_object(uint64_t *frees)
{
	uint64_t i = random_below(OBJECTS), address = SLAB + i * 64;
	bool large = i % 10 == 0;
	uint32_t tag = large ? KMN_TAG_LARGE : CACHE + (uint32_t)(i % 3);

	if (objects[i].whose) {
		add(KMN_FREE, address, 48, tag, KMN_FATE_KNOWN);
		objects[i].whose = 0;
		++*frees;
	} else {
		add(KMN_ALLOC, address, 48 + i, tag, 0);
		objects[i].whose = 1;
		objects[i].time = now;
	}
}

/* Allocate a free range of some order, or free a part of one. */
static void turn_pages(void)
{
	static int last;
	uint64_t order = random_below(5), n = 1ull << order;
	uint64_t first = random_below(PAGES / n) * n;
	int whose = pages[first].whose;

	for (uint64_t i = first; i < first + n; i++) {
		if (pages[i].whose != whose)
			return;
	}
	add(whose ? KMN_FREE : KMN_ALLOC, 0x1000 + first, n * 4096, KMN_TAG_PAGES + (uint32_t)order,
	    0);
	last++;
	for (uint64_t i = first; i < first + n; i++) {
		pages[i].whose = whose ? 0 : last;
		pages[i].time = now;
	}
}

/* Bytes of the pages that were allocated at this time, and whether it was there before them. */
static uint64_t bytes_at(uint64_t time)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < PAGES; i++)
		bytes += pages[i].whose && pages[i].time == time ? 4096 : 0;
	return bytes;
}

static void check_against_model(void)
{
	uint64_t page_bytes = 0, n_objects = 0, bytes = 0, n = 0;

	result(NULL);
	for (size_t i = 0; i < PAGES; i++)
		page_bytes += pages[i].whose ? 4096 : 0;
	for (size_t i = 0; i < OBJECTS; i++)
		n_objects += objects[i].whose != 0;
	for (size_t i = 0; i < memory.n_blocks; i++) {
		const struct memory_block *block = &memory.blocks[i];
		size_t index = (block->address - SLAB) / 64;

		if (memory.tags[block->tag].family == MEMORY_PAGES) {
			assert_int_equal(block->bytes, bytes_at(block->time));
			bytes += block->bytes;
			continue;
		}
		n++;
		assert_true(index < OBJECTS && objects[index].whose);
		assert_int_equal(block->time, objects[index].time);
		assert_int_equal(block->bytes, 48 + index);
	}
	assert_int_equal(bytes, page_bytes);
	assert_int_equal(n, n_objects);
	assert_int_equal(memory.replaced, 0);
	assert_int_equal(memory.n_findings, 0);
}

static void random_allocations_and_frees_come_to_what_a_simple_model_says(void **state)
{
	uint64_t frees = 0, alive = 0, counted = 0;

	for (int turn = 0; turn < TURNS; turn++) {
		if (random_below(2))
			turn_object(&frees);
		else
			turn_pages();
		if (turn % (TURNS / 50) == 0)
			check_against_model();
	}
	check_against_model();
	for (size_t i = 0; i < memory.n_tags; i++) {
		const struct memory_tag *tag = &memory.tags[i];

		alive += tag->alloc_bytes - tag->free_bytes;
		assert_int_equal(tag->unknown, 0);
		if (tag->family == MEMORY_SLAB)
			counted += tag->frees;
	}
	assert_int_equal(counted, frees);
	for (size_t i = 0; i < memory.n_blocks; i++)
		alive -= memory.blocks[i].bytes;
	assert_int_equal(alive, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_was_not_freed_is_outstanding),
		TEST(a_number_means_something_else_in_each_family),
		TEST(a_second_free_is_a_finding_and_a_free_of_the_unknown_is_counted),
		TEST(an_allocation_in_the_place_of_another_makes_older_ones_doubtful),
		TEST(after_a_loss_all_that_was_there_is_doubtful_and_nothing_is_freed_twice),
		TEST(frees_that_the_ledger_misses_make_their_family_doubtful),
		TEST(pool_memory_is_paired_by_its_own_rules),
		TEST(pages_that_are_freed_in_part_stay_in_part),
		TEST(what_other_blocks_are_made_of_is_told_apart),
		TEST(a_large_allocation_that_is_told_twice_is_one),
		TEST(records_of_others_are_passed_over),
		TEST(only_a_recording_with_all_of_them_fits),
		TEST(random_allocations_and_frees_come_to_what_a_simple_model_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
