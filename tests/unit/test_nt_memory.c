/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What TRACE.SYS knows of pool memory becomes a report, and is held against the kernel's counters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "source/nt_memory.h"

#define TAG(a, b, c, d)                                                                            \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define TCPT TAG('T', 'c', 'p', 't')
#define THRE TAG('T', 'h', 'r', 'e' | 0x80)
#define IRP TAG('I', 'r', 'p', ' ')
#define FILE TAG('F', 'i', 'l', 'e')

static const struct trace_tag tags[] = {
	{.allocs = 130,
	 .alloc_bytes = 13000,
	 .frees = 100,
	 .free_bytes = 10000,
	 .unknown = 7,
	 .failed = 3,
	 .no_room = 4},
	{.tag = TCPT, .allocs = 100, .alloc_bytes = 10000, .frees = 90, .free_bytes = 9000},
	{.tag = THRE,
	 .allocs = 20,
	 .alloc_bytes = 2000,
	 .frees = 8,
	 .free_bytes = 800,
	 .failed = 3},
	{.tag = IRP, .allocs = 4, .alloc_bytes = 400, .frees = 2, .free_bytes = 200, .no_room = 4},
};

static const struct trace_block blocks[] = {
	{.address = 0x2000,
	 .bytes = 100,
	 .time = 200,
	 .tag = THRE,
	 .pid = 4,
	 .cpu = 1,
	 .context = KMN_SOFTIRQ,
	 .comm = "System",
	 .n_frames = TRACE_BLOCK_FRAMES,
	 .frame = {1, 2, 3, 4, 5, 6, 7, 8}},
	{.address = 0x1000, .bytes = 50, .time = 100, .tag = TCPT, .n_frames = 2, .frame = {1, 2}},
	{.address = 0x3000, .bytes = 60, .time = 300, .tag = FILE},
	{.address = 0x4000, .bytes = 50, .time = 400, .tag = TCPT, .n_frames = 2, .frame = {1, 2}},
};

static const struct nt_pool_state state = {blocks, 4, tags, 4, 0};

static void fill(const struct nt_pool_state *of, struct memory *memory, struct stack_table **stacks)
{
	memory_init(memory);
	memory->start = 50;
	memory->end = 1000;
	*stacks = stack_table_create();
	assert_int_equal(nt_memory_fill(of, memory, *stacks), 0);
}

static void test_tags_are_as_the_driver_counted_them(void **unused)
{
	struct stack_table *stacks;
	struct memory memory;

	fill(&state, &memory, &stacks);
	assert_int_equal(memory.n_tags, 5);
	assert_string_equal(memory.tags[0].name, "Tcpt");
	assert_string_equal(memory.tags[1].name, "Thre");
	assert_string_equal(memory.tags[2].name, "Irp");
	assert_int_equal(memory.tags[1].allocs, 20);
	assert_int_equal(memory.tags[1].failed, 3);
	assert_int_equal(memory.tags[0].family, MEMORY_POOL);
	/* The sum is of them all: what is in no tag has found no room in the table of tags. */
	assert_string_equal(memory.tags[3].name, "(other tags)");
	assert_int_equal(memory.tags[3].allocs, 6);
	assert_int_equal(memory.tags[3].alloc_bytes, 600);
	assert_int_equal(memory.tags[3].frees, 0);
	assert_int_equal(memory.tags[3].failed, 0);
	assert_int_equal(memory.tags[4].unknown, 7);
	assert_int_equal(memory.no_room, 4);
	assert_int_equal(memory.n_doubts, 0);
	memory_fini(&memory);
	stack_table_destroy(stacks);
}

static void test_blocks_are_by_time_and_have_their_stacks(void **unused)
{
	struct stack_table *stacks;
	const struct stack *stack;
	struct memory memory;

	fill(&state, &memory, &stacks);
	assert_int_equal(memory.n_blocks, 4);
	assert_int_equal(memory.blocks[0].address, 0x1000);
	assert_int_equal(memory.blocks[0].tag, 0);
	assert_int_equal(memory.blocks[0].grade, MEMORY_OUTSTANDING);
	assert_int_equal(memory.blocks[0].stack, memory.blocks[3].stack);
	assert_int_equal(memory.blocks[1].tag, 1);
	assert_int_equal(memory.blocks[1].context, KMN_SOFTIRQ);
	assert_int_equal(memory.blocks[1].cpu, 1);
	assert_string_equal(memory.blocks[1].comm, "System");
	assert_int_equal(memory.blocks[2].stack, 0);
	assert_int_equal(memory.blocks[2].tag, 3); /* "(other tags)" */
	assert_true(memory.stacks);
	assert_int_equal(stack_table_count(stacks), 2);
	stack = stack_table_find(stacks, memory.blocks[1].stack);
	assert_int_equal(stack->n_frames, TRACE_BLOCK_FRAMES);
	assert_int_equal(stack->flags, KMN_STACK_TRUNCATED);
	stack = stack_table_find(stacks, memory.blocks[0].stack);
	assert_int_equal(stack->n_frames, 2);
	assert_int_equal(stack->flags, 0);
	memory_fini(&memory);
	stack_table_destroy(stacks);
}

static void test_missed_frees_make_blocks_doubtful(void **unused)
{
	struct trace_tag replaced[] = {
		{.allocs = 4, .frees = 1, .replaced = 1},
		{.tag = TCPT, .allocs = 2, .frees = 1, .replaced = 1},
		{.tag = FILE, .allocs = 2},
	};
	struct nt_pool_state of = {blocks, 4, replaced, 3, 0};

	for (int missed = 0; missed < 2; missed++) {
		struct stack_table *stacks;
		struct memory memory;

		of.missed = missed ? 5 : 0;
		replaced[0].replaced = missed ? 0 : 1;
		fill(&of, &memory, &stacks);
		assert_int_equal(memory.n_doubts, 1);
		assert_int_equal(memory.doubts[0].missed, missed ? 5 : 1);
		assert_int_equal(memory.doubts[0].family, MEMORY_POOL);
		for (size_t i = 0; i < memory.n_blocks; i++)
			assert_int_equal(memory.blocks[i].grade, MEMORY_DOUBTFUL);
		memory_fini(&memory);
		stack_table_destroy(stacks);
	}
}

static void put(unsigned char **at, const void *bytes, size_t n)
{
	memcpy(*at, bytes, n);
	*at += n;
}

/* As the kernel writes it, with 4 or 8 bytes for what is as wide as a pointer. */
static size_t answer(unsigned char *bytes, size_t pointer, uint32_t claimed)
{
	static const struct {
		uint32_t tag, paged_allocs, paged_frees, allocs, frees;
	} rows[] = {{TCPT, 1, 2, 30, 40}, {THRE, 5, 6, 70, 80}};
	const uint64_t used = 0x1111111111111111ull;
	unsigned char *at = bytes;
	uint64_t count = claimed;

	put(&at, &count, pointer);
	for (size_t i = 0; i < 2; i++) {
		put(&at, &rows[i].tag, 4);
		put(&at, &rows[i].paged_allocs, 4);
		put(&at, &rows[i].paged_frees, 4);
		if (pointer == 8)
			put(&at, &used, 4); /* padding */
		put(&at, &used, pointer);
		put(&at, &rows[i].allocs, 4);
		put(&at, &rows[i].frees, 4);
		put(&at, &used, pointer);
	}
	return (size_t)(at - bytes);
}

static void test_the_kernels_answer_is_read_for_32_and_64_bits(void **unused)
{
	for (size_t pointer = 4; pointer <= 8; pointer += 4) {
		struct nt_pool_counters counters = {0};
		unsigned char bytes[256];
		size_t length = answer(bytes, pointer, 2);

		assert_int_equal(nt_pool_counters_parse(bytes, length, pointer, &counters), 0);
		assert_int_equal(counters.n, 2);
		assert_int_equal(counters.counters[0].tag, TCPT);
		assert_int_equal(counters.counters[0].allocs, 31);
		assert_int_equal(counters.counters[0].frees, 42);
		assert_int_equal(counters.counters[1].tag, THRE & 0x7fffffff);
		assert_int_equal(counters.counters[1].allocs, 75);
		assert_int_equal(counters.counters[1].frees, 86);
		nt_pool_counters_fini(&counters);
	}
}

static void test_what_is_cut_off_is_left_out(void **unused)
{
	for (size_t pointer = 4; pointer <= 8; pointer += 4) {
		unsigned char bytes[256];
		size_t length = answer(bytes, pointer, 0xffffffff);

		for (size_t n = 0; n <= length; n++) {
			struct nt_pool_counters counters = {0};
			unsigned char *exact = malloc(n + 1);

			memcpy(exact, bytes, n);
			assert_int_equal(nt_pool_counters_parse(exact, n, pointer, &counters), 0);
			assert_int_equal(counters.n,
					 n < pointer ? 0
						     : (n - pointer) / (pointer == 8 ? 40 : 28));
			nt_pool_counters_fini(&counters);
			free(exact);
		}
	}
}

/* X(tag, before, hooked, unhooking, after) */
struct counts {
	uint32_t tag, allocs[NT_POOL_MOMENTS];
};

static void check(const struct counts *counts, size_t n, const uint32_t *frees, const char *wanted,
		  struct memory *memory)
{
	struct nt_pool_counters counters[NT_POOL_MOMENTS];
	struct nt_pool_counter rows[NT_POOL_MOMENTS][8];

	for (int i = 0; i < NT_POOL_MOMENTS; i++) {
		for (size_t j = 0; j < n; j++)
			rows[i][j] = (struct nt_pool_counter){
				counts[j].tag & 0x7fffffff, counts[j].allocs[i], j ? 0 : frees[i]};
		counters[i] = (struct nt_pool_counters){rows[i], n};
	}
	memory_init(memory);
	assert_int_equal(nt_memory_check(&state, counters, wanted, memory), 0);
}

static const struct memory_check *find_check(const struct memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->n_checks; i++)
		if (!strcmp(memory->checks[i].name, name))
			return &memory->checks[i];
	fail_msg("no check of %s", name);
	return NULL;
}

/* 100 of Tcpt over the end of the counter; Thre with what came while hooks went in and out. */
static const struct counts exact[] = {
	{TCPT, {0xfffffff0, 0xfffffff0, 0x54, 0x54}},
	{THRE, {10, 12, 30, 31}},
	{IRP, {500, 500, 508, 508}},
	{FILE, {9, 9, 9, 9}},
};
static const uint32_t exact_frees[] = {1000, 1000, 1107, 1107};

static void test_counters_that_agree_leave_no_residual(void **unused)
{
	const struct memory_check *found;
	struct memory memory;

	check(exact, 4, exact_frees, "", &memory);
	/* Of File nothing was followed, nor counted. */
	assert_int_equal(memory.n_checks, 4);
	found = find_check(&memory, "Tcpt allocations");
	assert_int_equal(found->followed, 100);
	assert_int_equal(found->counted, 100);
	assert_int_equal(found->slack, 0);
	assert_string_equal(found->unit, "calls");
	found = find_check(&memory, "Thre allocations");
	assert_int_equal(found->followed, 20);
	assert_int_equal(found->counted, 18);
	assert_int_equal(found->slack, 3);
	found = find_check(&memory, "Irp  allocations");
	assert_int_equal(found->followed, 8); /* with those that found no room */
	assert_int_equal(found->counted, 8);
	found = find_check(&memory, "frees of all tags");
	assert_int_equal(found->followed, 107);
	assert_int_equal(found->counted, 107);
	for (size_t i = 0; i < memory.n_checks; i++)
		assert_false(memory_check_unexplained(&memory.checks[i]));
	memory_fini(&memory);
}

static void test_what_the_hooks_did_not_see_is_unexplained(void **unused)
{
	struct counts counts[] = {{TCPT, {0, 0, 150, 150}},
				  {THRE, {0, 0, 20, 20}},
				  {IRP, {0, 0, 8, 8}},
				  {FILE, {0, 0, 5, 5}}};
	const uint32_t frees[] = {0, 0, 60, 60};
	const struct memory_check *found;
	struct memory memory;

	check(counts, 4, frees, "", &memory);
	assert_int_equal(memory.n_checks, 5);
	assert_true(memory_check_unexplained(find_check(&memory, "Tcpt allocations")));
	assert_false(memory_check_unexplained(find_check(&memory, "Thre allocations")));
	assert_true(memory_check_unexplained(find_check(&memory, "File allocations")));
	assert_true(memory_check_unexplained(find_check(&memory, "frees of all tags")));
	memory_fini(&memory);

	/* A tag that the kernel has never heard of. */
	check(counts, 1, frees, "", &memory);
	found = find_check(&memory, "Thre allocations");
	assert_int_equal(found->followed, 20);
	assert_int_equal(found->counted, 0);
	assert_true(memory_check_unexplained(found));
	memory_fini(&memory);
}

static void test_with_a_tag_filter_only_its_tags_are_compared(void **unused)
{
	struct memory memory;

	check(exact, 4, exact_frees, "T", &memory);
	assert_int_equal(memory.n_checks, 2);
	memory_fini(&memory);
	check(exact, 4, exact_frees, " c", &memory);
	assert_int_equal(memory.n_checks, 1);
	assert_string_equal(memory.checks[0].name, "Tcpt allocations");
	memory_fini(&memory);
	check(exact, 4, exact_frees, "    ", &memory);
	assert_int_equal(memory.n_checks, 4);
	memory_fini(&memory);
}

static void test_a_system_that_does_not_tell_is_not_compared(void **unused)
{
	struct nt_pool_counters counters[NT_POOL_MOMENTS] = {{0}};
	struct memory memory;

	memory_init(&memory);
	assert_int_equal(nt_memory_check(&state, counters, "", &memory), 0);
	assert_int_equal(memory.n_checks, 0);
	memory_fini(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags_are_as_the_driver_counted_them),
		cmocka_unit_test(test_blocks_are_by_time_and_have_their_stacks),
		cmocka_unit_test(test_missed_frees_make_blocks_doubtful),
		cmocka_unit_test(test_the_kernels_answer_is_read_for_32_and_64_bits),
		cmocka_unit_test(test_what_is_cut_off_is_left_out),
		cmocka_unit_test(test_counters_that_agree_leave_no_residual),
		cmocka_unit_test(test_what_the_hooks_did_not_see_is_unexplained),
		cmocka_unit_test(test_with_a_tag_filter_only_its_tags_are_compared),
		cmocka_unit_test(test_a_system_that_does_not_tell_is_not_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
