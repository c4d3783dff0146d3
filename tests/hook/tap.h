/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results of tests that run where cmocka is not, as 32-bit programs are. A test's failures are
 * counted and the first few of them told; test_done() prints its line.
 */
#ifndef HOOK_TAP_H
#define HOOK_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct tap {
	unsigned n_tests, n_failed;
	unsigned failures; /* of the test that runs */
};

static struct tap tap;

#define CHECK(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			tap_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                     \
	} while (0)

__attribute__((format(printf, 4, 5))) static void
tap_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	va_list args;

	if (__atomic_fetch_add(&tap.failures, 1, __ATOMIC_RELAXED) >= 5)
		return;
	printf("# %s:%d: %s: ", file, line, condition);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void test_done(const char *name)
{
	tap.n_tests++;
	tap.n_failed += tap.failures > 0;
	if (tap.failures)
		printf("# %u checks failed\n", tap.failures);
	printf("%s %u - %s\n", tap.failures ? "not ok" : "ok", tap.n_tests, name);
	fflush(stdout);
	tap.failures = 0;
}

static int tap_end(void)
{
	printf("1..%u\n", tap.n_tests);
	return tap.n_failed > 0;
}

#endif
