/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pool memory that is followed in TRACE.SYS, and the small parts that stand beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <nt/arena.h>
#include <nt/budget.h>
#include <nt/pool.h>

static struct pool *make(size_t blocks)
{
	struct pool *pool = malloc(sizeof(*pool));

	pool_init(pool, calloc(1, pool_size(blocks)), blocks);
	return pool;
}

static void destroy(struct pool *pool)
{
	free(pool->entries);
	free(pool);
}

static bool take(struct pool *pool, uint64_t address, uint64_t bytes, uint32_t tag, uint64_t now,
		 uint64_t thread, uint64_t began)
{
	return pool_alloc(pool,
			  &(struct trace_block){
				  .address = address, .bytes = bytes, .tag = tag, .time = now},
			  thread, began) == POOL_FOLLOWED;
}

static void test_leak(void **state)
{
	struct pool *pool = make(8);
	struct trace_block blocks[8];
	struct trace_tag tags[8];
	uint32_t tag;

	assert_true(take(pool, 0x1000, 100, 1, 10, 1, 9));
	assert_true(take(pool, 0x2000, 50, 2, 11, 1, 10));
	assert_int_equal(pool_free(pool, 0x1000, 2, true, &tag), POOL_FREED);
	assert_int_equal(tag, 1);
	pool_freed(pool, 0x1000, 2);
	assert_int_equal(pool_free(pool, 0x3000, 2, true, &tag), POOL_UNKNOWN);
	assert_int_equal(pool_blocks(pool, blocks, 8), 1);
	assert_int_equal(blocks[0].address, 0x2000);
	assert_int_equal(pool_tags(pool, tags, 8), 3);
	assert_int_equal(tags[0].allocs, 2);
	assert_int_equal(tags[0].alloc_bytes - tags[0].free_bytes, 50);
	assert_int_equal(tags[0].unknown, 1);
	destroy(pool);
}

/* ExAllocatePool calls ExAllocatePoolWithTag, ExFreePool ExFreePoolWithTag: one block, one free. */
static void test_inner_calls(void **state)
{
	struct pool *pool = make(8);
	uint32_t tag;

	assert_true(take(pool, 0x1000, 100, 1, 12, 1, 11));
	assert_false(take(pool, 0x1000, 100, 2, 13, 1, 10)); /* the outer, which began before */
	assert_int_equal(pool->tags[0].allocs, 1);
	assert_int_equal(pool->tags[0].replaced, 0);
	assert_int_equal(pool_free(pool, 0x1000, 1, true, &tag), POOL_FREED);
	assert_int_equal(pool_free(pool, 0x1000, 1, true, &tag), POOL_INNER);
	/* Somebody gets it before the outer free returns. */
	assert_true(take(pool, 0x1000, 60, 3, 20, 2, 19));
	pool_freed(pool, 0x1000, 1);
	assert_int_equal(pool->used, 1);
	assert_int_equal(pool->tags[0].frees, 1);
	assert_int_equal(pool->tags[0].unknown, 0);
	/* The same address again, without a free between: one was missed. */
	assert_true(take(pool, 0x1000, 60, 3, 30, 2, 29));
	assert_int_equal(pool->tags[0].replaced, 1);
	/* Allocated and not freed is what is there. */
	assert_int_equal(pool->tags[0].allocs - pool->tags[0].frees, pool->used);
	assert_int_equal(pool->tags[0].alloc_bytes - pool->tags[0].free_bytes, 60);
	destroy(pool);
}

static void test_failed_and_full(void **state)
{
	struct pool *pool = make(2);

	assert_false(take(pool, 0, 100, 1, 12, 1, 11));
	assert_true(take(pool, 8, 1, 1, 1, 1, 1));
	assert_true(take(pool, 16, 1, 1, 1, 1, 1));
	assert_false(take(pool, 24, 1, 1, 1, 1, 1));
	assert_int_equal(pool->tags[0].failed, 1);
	assert_int_equal(pool->tags[0].no_room, 1);
	destroy(pool);
}

/* Against a plain array: whatever comes and goes, the table has the same blocks. */
static void test_random(void **state)
{
	enum { N = 200 };
	struct pool *pool = make(N);
	struct trace_block blocks[N];
	bool there[N] = {0};
	size_t n = 0;
	uint32_t tag;

	srand(1);
	for (unsigned i = 0; i < 200000; i++) {
		unsigned which = (unsigned)rand() % N;
		uint64_t address = 0x10000 + 4096ull * which;

		if (!there[which]) {
			assert_true(take(pool, address, which, which, i, 1, i));
		} else {
			assert_int_equal(pool_free(pool, address, 1, true, &tag), POOL_FREED);
			assert_int_equal(tag, which);
			pool_freed(pool, address, 1);
		}
		n = there[which] ? n - 1 : n + 1;
		there[which] = !there[which];
		assert_int_equal(pool->used, n);
	}
	assert_int_equal(pool_blocks(pool, blocks, N), n);
	for (size_t i = 0; i < n; i++)
		assert_true(there[blocks[i].bytes]);
	destroy(pool);
}

static void test_budget(void **state)
{
	struct budget budget = {0};

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(budget_take(&budget, 1000000000, 3), BUDGET_GO);
	assert_int_equal(budget_take(&budget, 1999999999, 3), BUDGET_SUSPEND);
	assert_int_equal(budget_take(&budget, 1999999999, 3), BUDGET_NO);
	assert_int_equal(budget.suspended, 2);
	assert_int_equal(budget_take(&budget, 2000000000, 3), BUDGET_RESUME);
	assert_int_equal(budget_take(&budget, 2000000001, 3), BUDGET_GO);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(budget_take(&budget, 3000000000, 0), BUDGET_GO);
}

static void test_arena(void **state)
{
	_Alignas(16) static uint8_t memory[4096];
	uint32_t used[8];
	struct arena arena;
	void *a, *b;

	arena_init(&arena, memory, sizeof(memory), used);
	a = arena_take(&arena, 17);
	b = arena_take(&arena, 4096 - 32);
	assert_ptr_equal(a, memory);
	assert_ptr_equal(b, memory + 32);
	assert_null(arena_take(&arena, 1));
	assert_true(arena_give(&arena, a, 17));
	assert_null(arena_take(&arena, 33));
	assert_ptr_equal(arena_take(&arena, 32), memory);
	assert_false(arena_give(&arena, used, 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leak),
		cmocka_unit_test(test_inner_calls),
		cmocka_unit_test(test_failed_and_full),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
