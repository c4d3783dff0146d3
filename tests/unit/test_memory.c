/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory as data: grades, order, what the kernel counts itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory_sample.h"

static void add_doubt(struct memory *memory, enum memory_family family, uint64_t from, uint64_t to)
{
	*memory_add_doubt(memory) = (struct memory_doubt){from, to, family, 1};
}

static void without_doubts_all_grades_stay(void **state)
{
	struct memory memory;

	sample_memory_init(&memory);
	sample_block(&memory, SAMPLE_KMALLOC_64, 64, 101 * SECOND);
	sample_block(&memory, SAMPLE_KMALLOC_64, 64, 102 * SECOND)->grade = MEMORY_DEFERRED;
	memory_grade(&memory);
	assert_int_equal(memory.blocks[0].grade, MEMORY_OUTSTANDING);
	assert_int_equal(memory.blocks[1].grade, MEMORY_DEFERRED);
	memory_fini(&memory);
}

static void what_was_there_while_frees_were_missed_is_doubtful(void **state)
{
	/* Doubts of its family last until 120 s. */
	static const struct {
		uint64_t time;
		enum memory_grade grade;
	} cases[] = {
		{101 * SECOND, MEMORY_DOUBTFUL},    {115 * SECOND, MEMORY_DOUBTFUL},
		{120 * SECOND, MEMORY_DOUBTFUL},    {120 * SECOND + 1, MEMORY_OUTSTANDING},
		{150 * SECOND, MEMORY_OUTSTANDING},
	};
	struct memory memory;

	sample_memory_init(&memory);
	add_doubt(&memory, MEMORY_SLAB, 110 * SECOND, 120 * SECOND);
	add_doubt(&memory, MEMORY_SLAB, 105 * SECOND, 106 * SECOND);
	add_doubt(&memory, MEMORY_PAGES, 150 * SECOND, 155 * SECOND);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		sample_block(&memory, SAMPLE_DENTRY, 192, cases[i].time);
	memory_grade(&memory);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(memory.blocks[i].grade, cases[i].grade);
	memory_fini(&memory);
}

static void doubts_are_of_one_family(void **state)
{
	struct memory memory;

	sample_memory_init(&memory);
	add_doubt(&memory, MEMORY_PAGES, 100 * SECOND, 160 * SECOND);
	sample_block(&memory, SAMPLE_VMALLOC_TAG, 8192, 101 * SECOND);
	sample_block(&memory, SAMPLE_PAGES, 16384, 101 * SECOND);
	memory_grade(&memory);
	assert_int_equal(memory.blocks[0].grade, MEMORY_OUTSTANDING);
	assert_int_equal(memory.blocks[1].grade, MEMORY_DOUBTFUL);
	memory_fini(&memory);
}

static void only_what_is_outstanding_becomes_doubtful(void **state)
{
	struct memory memory;

	sample_memory_init(&memory);
	add_doubt(&memory, MEMORY_SLAB, 100 * SECOND, 160 * SECOND);
	sample_block(&memory, SAMPLE_KMALLOC_64, 64, 101 * SECOND)->grade = MEMORY_DEFERRED;
	memory_grade(&memory);
	sample_block(&memory, SAMPLE_KMALLOC_64, 64, 101 * SECOND)->grade = MEMORY_INNER;
	memory_grade(&memory);
	assert_int_equal(memory.blocks[0].grade, MEMORY_DEFERRED);
	assert_int_equal(memory.blocks[1].grade, MEMORY_INNER);
	memory_fini(&memory);
}

static void parts_of_one_allocation_are_joined(void **state)
{
	struct memory memory;

	sample_memory_init(&memory);
	memory_join_parts(&memory); /* of nothing */
	for (int i = 0; i < 6; i++)
		sample_block(&memory, SAMPLE_PAGES, 4096, 101 * SECOND)->part = i < 4;
	memory.blocks[3].stack = 5; /* another */
	memory_join_parts(&memory);
	assert_int_equal(memory.n_blocks, 4);
	assert_int_equal(memory.blocks[0].bytes, 3 * 4096);
	for (int i = 1; i < 4; i++)
		assert_int_equal(memory.blocks[i].bytes, 4096);
	memory_fini(&memory);
}

static void blocks_are_sorted_by_time_then_address(void **state)
{
	static const struct {
		uint64_t time, address;
	} cases[] = {{5, 1}, {3, 9}, {3, 2}, {UINT64_MAX, 0}, {0, UINT64_MAX}},
	  sorted[] = {
		  {0, UINT64_MAX}, {3, 2}, {3, 9}, {5, 1}, {UINT64_MAX, 0},
	  };
	struct memory memory;

	memory_init(&memory);
	memory_sort(&memory); /* of nothing */
	for (size_t i = 0; i < 5; i++) {
		struct memory_block *block = memory_add_block(&memory);

		block->time = cases[i].time;
		block->address = cases[i].address;
	}
	memory_sort(&memory);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(memory.blocks[i].time, sorted[i].time);
		assert_int_equal(memory.blocks[i].address, sorted[i].address);
	}
	memory_fini(&memory);
}

static void what_is_added_is_zeroed_and_stays(void **state)
{
	static const struct memory_block zero;
	struct memory memory;

	memory_init(&memory);
	for (uint32_t i = 0; i < 1000; i++) {
		struct memory_block *block = memory_add_block(&memory);

		assert_memory_equal(block, &zero, sizeof(zero));
		memset(block, 0xff, sizeof(*block));
		block->pid = i;
	}
	assert_int_equal(memory.n_blocks, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(memory.blocks[i].pid, i);
	memory_fini(&memory);
	assert_int_equal(memory.n_blocks, 0);
}

static void an_age_is_never_negative(void **state)
{
	const struct memory memory = {.start = 100, .end = 200};
	const struct memory_block early = {.time = 150}, late = {.time = 201};

	assert_int_equal(memory_block_age(&memory, &early), 50);
	assert_int_equal(memory_block_age(&memory, &late), 0);
}

static void a_difference_is_explained_by_slack_or_a_hundredth(void **state)
{
	static const struct {
		int64_t followed, counted, slack;
		bool unexplained;
	} cases[] = {
		{100, 100, 0, false},	{0, 0, 0, false},	{1, 0, 0, true},
		{0, 1, 1, false},	{0, 2, 1, true},	{990, 1000, 0, false},
		{989, 1000, 0, true},	{989, 1000, 11, false}, {-990, -1000, 0, false},
		{-900, -1000, 0, true}, {-5, 5, 9, true},	{-5, 5, 10, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct memory_check check = {.followed = cases[i].followed,
						   .counted = cases[i].counted,
						   .slack = cases[i].slack};

		assert_int_equal(memory_check_unexplained(&check), cases[i].unexplained);
	}
}

static void families_and_grades_have_names(void **state)
{
	assert_string_equal(memory_family_name(MEMORY_VMALLOC), "vmalloc");
	assert_string_equal(memory_family_name(MEMORY_N_FAMILIES), "?");
	assert_string_equal(memory_grade_name(MEMORY_DEFERRED), "deferred");
	assert_string_equal(memory_grade_name(MEMORY_N_GRADES), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_doubts_all_grades_stay),
		cmocka_unit_test(what_was_there_while_frees_were_missed_is_doubtful),
		cmocka_unit_test(doubts_are_of_one_family),
		cmocka_unit_test(only_what_is_outstanding_becomes_doubtful),
		cmocka_unit_test(parts_of_one_allocation_are_joined),
		cmocka_unit_test(blocks_are_sorted_by_time_then_address),
		cmocka_unit_test(what_is_added_is_zeroed_and_stays),
		cmocka_unit_test(an_age_is_never_negative),
		cmocka_unit_test(a_difference_is_explained_by_slack_or_a_hundredth),
		cmocka_unit_test(families_and_grades_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
