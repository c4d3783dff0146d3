/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Globs, by a table and against fnmatch(). */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/glob.h"

static const struct {
	const char *glob, *text;
	bool matches;
} cases[] = {
	{"", "", true},
	{"", "a", false},
	{"*", "", true},
	{"a*c", "abcbc", true},
	{"a*c", "abcb", false},
	{"*Pool*Tag", "ExAllocatePoolWithTag", true},
	{"Ex*Pool?", "ExFreePool", false},
	{"k[ml]*", "kmalloc", true},
	{"k[!ml]*", "kmalloc", false},
	{"[]x]", "]", true},
	{"[a-c-]", "-", true},
	{"a[", "a[", true},
	{"a\\*", "a*", true},
	{"a\\*", "ab", false},
	{"***", "x", true},
	{"**", "abc", true},
	{"a*c", "abbd", false},
	{"?", "a", true},
	{"?", "", false},
	{"[abc]", "b", true},
	{"[!abc]", "b", false},
	{"[a-c]x", "bx", true},
	{"[", "[", true},
	{"[a", "[a", true},
	{"[]]", "]", true},
	{"*a*b*c", "xxaxxbxxc", true},
	{"vfs_*", "vfs_open", true},
	{"*_open", "vfs_open_", false},
};

static void test_table(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (glob_matches(cases[i].glob, cases[i].text) != cases[i].matches)
			fail_msg("'%s' and '%s'", cases[i].glob, cases[i].text);
	}
}

static void test_many_stars_take_little_time(void **state)
{
	char text[4096];

	memset(text, 'a', sizeof(text));
	assert_false(glob_matches_bytes("*a*a*a*a*a*a*a*a*a*a*a*a*b", text, sizeof(text)));
}

static void test_a_nul_is_a_character(void **state)
{
	assert_true(glob_matches_bytes("a?b", "a\0b", 3));
	assert_false(glob_matches_bytes("a", "a\0b", 3));
}

/* Sets that end are taken; what an open one means is not the same everywhere. */
static void test_it_is_as_fnmatch(void **state)
{
	static const char *const parts[] = {"a",    "b",     "*",   "?", "[ab]",
					    "[!a]", "[a-b]", "\\a", "c"};
	unsigned matched = 0;

	srand(3);
	for (unsigned i = 0; i < 200000; i++) {
		char glob[64] = "", text[16];
		int length = 0, n = rand() % 6;

		for (int j = 0; j < n; j++)
			length +=
				sprintf(glob + length, "%s",
					parts[(size_t)rand() % (sizeof(parts) / sizeof(parts[0]))]);
		n = rand() % 7;
		for (int j = 0; j < n; j++)
			text[j] = (char)('a' + rand() % 3);
		text[n] = '\0';
		if (glob_matches(glob, text) != !fnmatch(glob, text, 0))
			fail_msg("'%s' and '%s'", glob, text);
		matched += glob_matches(glob, text);
	}
	assert_in_range(matched, 10000, 190000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_many_stars_take_little_time),
		cmocka_unit_test(test_a_nul_is_a_character),
		cmocka_unit_test(test_it_is_as_fnmatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
