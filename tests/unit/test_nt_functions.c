/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exports and symbols of one module, together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "source/nt_functions.h"

static const struct {
	const char *name;
	uint32_t rva;
	bool code, exported;
} added[] = {
	{"KeFirst", 0x1000, true, true},  {"static_one", 0x1040, true, false},
	{"KeAlias", 0x1080, true, true},  {"private_name", 0x1080, true, false},
	{"KeAlias", 0x1080, true, false}, {"KeAaa", 0x1080, true, false},
	{"KeData", 0x3000, false, true},  {"static_one", 0x2000, true, false},
	{"KeFirst", 0x1000, true, false},
};

static void fill(struct nt_functions *functions, bool backwards)
{
	size_t n = sizeof(added) / sizeof(added[0]);
	struct error err;

	for (size_t i = 0; i < n; i++) {
		size_t j = backwards ? n - 1 - i : i;

		assert_int_equal(nt_functions_add(functions, added[j].name, added[j].rva,
						  added[j].code, added[j].exported, &err),
				 0);
	}
	nt_functions_sort(functions);
}

static void assert_at(const struct nt_functions *functions, uint32_t rva, const char *name)
{
	const struct nt_function *function = nt_functions_at(functions, rva);

	assert_non_null(function);
	assert_string_equal(function->name, name);
}

static void test_what_is_exported_and_a_symbol_is_there_once(void **state)
{
	for (int backwards = 0; backwards < 2; backwards++) {
		struct nt_functions functions = {0};

		fill(&functions, backwards);
		assert_int_equal(functions.n, 7);
		assert_true(functions.functions[0].exported);
		nt_functions_fini(&functions);
	}
}

static void test_an_address_has_its_exported_name_first(void **state)
{
	for (int backwards = 0; backwards < 2; backwards++) {
		struct nt_functions functions = {0};

		fill(&functions, backwards);
		assert_null(nt_functions_at(&functions, 0xfff));
		assert_at(&functions, 0x1000, "KeFirst");
		assert_at(&functions, 0x103f, "KeFirst");
		assert_at(&functions, 0x1040, "static_one");
		assert_at(&functions, 0x1080, "KeAlias");
		assert_at(&functions, 0x1fff, "KeAlias");
		assert_at(&functions, 0x2000, "static_one");
		assert_false(nt_functions_at(&functions, 0x3001)->code);
		nt_functions_fini(&functions);
	}
}

static void test_symbols_can_come_after_it_was_sorted(void **state)
{
	struct nt_functions functions = {0};
	char name[32];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), "f%u", i);
			assert_int_equal(
				nt_functions_add(&functions, name, i * 16, true, round == 1, NULL),
				0);
		}
		nt_functions_sort(&functions);
		assert_int_equal(functions.n, 100);
	}
	assert_at(&functions, 1599, "f99");
	assert_true(functions.functions[0].exported);
	nt_functions_fini(&functions);
	assert_null(nt_functions_at(&functions, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_exported_and_a_symbol_is_there_once),
		cmocka_unit_test(test_an_address_has_its_exported_name_first),
		cmocka_unit_test(test_symbols_can_come_after_it_was_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
