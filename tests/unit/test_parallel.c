/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parallel.h"

#define MOST 1000

static unsigned calls[MOST];

static void count(size_t i, void *context)
{
	__atomic_fetch_add(&((unsigned *)context)[i], 1, __ATOMIC_RELAXED);
}

static void everything_is_done_once(void **state)
{
	static const struct {
		size_t n, threads;
	} cases[] = {
		{0, 4},
		{1, 4},
		{3, 2},
		{16, 16},
		{MOST, 1},
		{MOST, 3},
		{MOST, 100},
		/* as little as can be asked for still does the work */
		{5, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t j = 0; j < MOST; j++)
			calls[j] = 0;
		parallel_run(cases[i].n, cases[i].threads, count, calls);
		for (size_t j = 0; j < MOST; j++)
			assert_int_equal(calls[j], j < cases[i].n);
	}
}

static void there_is_a_processor(void **state)
{
	assert_true(parallel_processors() >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_done_once),
		cmocka_unit_test(there_is_a_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
