/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of NT: what functions they have, which can be hooked, and files that are damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "symbol/file_read.h"
#include "symbol/pe_functions.h"

static char *samples[2]; /* i386, x64 stripped */
static size_t sizes[2];

static int read_samples(void **state)
{
	static const char *const names[] = {"pe_sample_i386.dll", "pe_sample_x64.dll"};
	struct error err;
	char path[4096];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", getenv("KAPIMON_TEST_BUILD"), names[i]);
		if (file_read(path, &samples[i], &sizes[i], &err))
			fail_msg("%s", err.message);
	}
	return 0;
}

static int free_samples(void **state)
{
	free(samples[0]);
	free(samples[1]);
	return 0;
}

struct expected {
	const char *name; /* NULL: it has none */
	enum hook_reason reason, return_reason;
	bool exported;
};

static const struct expected on_i386[] = {
	{"plain", HOOK_NONE, HOOK_NONE, true},
	{"tiny", HOOK_TOO_SHORT, 0, true},
	{"#40", HOOK_NONE, HOOK_NONE, true},
	{"loop_to_start", HOOK_BRANCH_BACK, 0, true},
	{"entered", HOOK_BRANCH_IN, 0, true},
	{"enters", HOOK_NONE, HOOK_NONE, true},
	{"trap", HOOK_BREAKPOINT, 0, true},
	{"pc_thunk", HOOK_NONE, HOOK_READS_RETURN, true},
	{"_setjmp", HOOK_NONE, HOOK_RETURNS_TWICE, true},
	{"work.cold", HOOK_NONE, HOOK_NOT_CALLED, true},
	{"hotpatch", HOOK_NONE, HOOK_NONE, true},
	{"_decorated@8", HOOK_NONE, HOOK_NONE, false},
	{"_longjmp@8", HOOK_NONE, HOOK_NEVER_RETURNS, false},
	{"_unexported", HOOK_NONE, HOOK_NONE, false},
	{"_start", HOOK_NONE, HOOK_NONE, false},
	{"variable", HOOK_NOT_EXECUTABLE, 0, true},
};

static const struct expected on_x64[] = {
	{"plain", HOOK_NONE, HOOK_NONE, true},
	{"tiny", HOOK_TOO_SHORT, 0, true},
	{"#40", HOOK_NONE, HOOK_NONE, true},
	{"loop_to_start", HOOK_BRANCH_BACK, 0, true},
	{"entered", HOOK_BRANCH_IN, 0, true},
	{"enters", HOOK_NONE, HOOK_NONE, true},
	{"trap", HOOK_BREAKPOINT, 0, true},
	{"pc_thunk", HOOK_NONE, HOOK_READS_RETURN, true},
	{"_setjmp", HOOK_NONE, HOOK_RETURNS_TWICE, true},
	{"work.cold", HOOK_NONE, HOOK_NOT_CALLED, true},
	{"hotpatch", HOOK_NONE, HOOK_NONE, true},
	{NULL, HOOK_NONE, HOOK_NONE, false},
	{"(entry point)", HOOK_NONE, HOOK_NONE, false},
	{"variable", HOOK_NOT_EXECUTABLE, 0, true},
};

static void check_sample(size_t sample, const struct expected *expected, size_t n)
{
	struct pe_functions functions;
	struct pe_image image;
	struct error err;

	assert_int_equal(pe_image_init(&image, "sample", samples[sample], sizes[sample], &err), 0);
	assert_int_equal(image.is_64, sample == 1);
	assert_int_equal(pe_functions_init(&functions, &image, &err), 0);
	assert_int_equal(functions.n_forwarded, 1);
	assert_int_equal(functions.n_functions, n);
	for (size_t i = 0; i < n; i++) {
		const struct pe_function *function = &functions.functions[i];
		enum hook_reason return_reason = HOOK_NONE, reason;
		struct hook_plan plan = {0};

		if (!expected[i].name)
			assert_null(function->name);
		else
			assert_string_equal(function->name, expected[i].name);
		reason = pe_function_plan(&functions, i, &plan, &return_reason);
		if (reason != expected[i].reason || return_reason != expected[i].return_reason)
			fail_msg("%s: %s, %s", function->name, hook_reason_word(reason),
				 hook_reason_word(return_reason));
		assert_int_equal(function->exported, expected[i].exported);
		if (function->name && !strcmp(function->name, "hotpatch"))
			assert_int_equal(plan.form, HOOK_FORM_HOTPATCH);
		if (!function->name)
			assert_int_equal(function->size, 11); /* of its unwind data */
	}
	pe_functions_fini(&functions);
	pe_image_fini(&image);
}

static void functions_of_i386_are_found_and_judged(void **state)
{
	check_sample(0, on_i386, sizeof(on_i386) / sizeof(on_i386[0]));
}

static void functions_of_x64_are_found_and_judged(void **state)
{
	check_sample(1, on_x64, sizeof(on_x64) / sizeof(on_x64[0]));
}

/* Everything that an audit does, with bytes of their own size, for the sanitizer. True: it was
 * read. */
static bool audit(const char *bytes, size_t size)
{
	char *data = malloc(size + 1);
	struct error err = {0};
	struct pe_functions functions;
	struct pe_image image;
	bool fine = false;

	memcpy(data, bytes, size);
	if (!pe_image_init(&image, "sample", data, size, &err)) {
		if (!pe_functions_init(&functions, &image, &err)) {
			fine = true;
			for (size_t i = 0; i < functions.n_functions; i++) {
				enum hook_reason return_reason;
				struct hook_plan plan;

				pe_function_plan(&functions, i, &plan, &return_reason);
			}
			pe_functions_fini(&functions);
		}
		pe_image_fini(&image);
	}
	/* A failure always says what is wrong. */
	if (!fine && (err.status != STATUS_FAILED || strlen(err.message) < 10))
		fail_msg("no reason for the failure: \"%s\"", err.message);
	free(data);
	return fine;
}

static void a_file_that_is_cut_anywhere_is_refused(void **state)
{
	for (size_t sample = 0; sample < 2; sample++) {
		size_t n_read = 0;

		for (size_t size = 0; size < sizes[sample]; size++)
			n_read += audit(samples[sample], size);
		assert_true(audit(samples[sample], sizes[sample]));
		/* Only what follows the last section may be missing: strings of symbols, padding.
		 */
		assert_true(n_read < sizes[sample] / 4);
	}
}

static void any_flipped_bit_is_survived(void **state)
{
	for (size_t sample = 0; sample < 2; sample++) {
		size_t n_read = 0;

		for (size_t bit = 0; bit < sizes[sample] * 8; bit++) {
			samples[sample][bit / 8] ^= (char)(1 << bit % 8);
			n_read += audit(samples[sample], sizes[sample]);
			samples[sample][bit / 8] ^= (char)(1 << bit % 8);
		}
		assert_true(n_read > 0 && n_read < sizes[sample] * 8);
	}
}

static void an_image_may_have_no_functions(void **state)
{
	/* offsets of i386's headers, counted from "PE" */
	enum { SYMBOLS = 12, ENTRY_POINT = 24 + 16, EXPORTS = 24 + 96 };
	char *pe, *copy = malloc(sizes[0]);
	struct pe_functions functions;
	struct pe_image image;
	struct error err;

	memcpy(copy, samples[0], sizes[0]);
	pe = copy + (unsigned char)copy[0x3c];
	memset(pe + SYMBOLS, 0, 4);
	memset(pe + ENTRY_POINT, 0, 4);
	memset(pe + EXPORTS, 0, 4);
	assert_int_equal(pe_image_init(&image, "sample", copy, sizes[0], &err), 0);
	assert_int_equal(pe_functions_init(&functions, &image, &err), 0);
	assert_int_equal(functions.n_functions, 0);
	pe_functions_fini(&functions);
	pe_image_fini(&image);
	free(copy);
}

static void what_is_no_image_is_told_so(void **state)
{
	static const char text[200] = "MZ but no more than that";
	struct pe_image image;
	struct error err;

	assert_int_equal(pe_image_init(&image, "a.sys",
				       "\x7f"
				       "ELF",
				       4, &err),
			 -1);
	assert_string_equal(err.message,
			    "a.sys is not an executable of NT: no MZ at its beginning");
	assert_int_equal(pe_image_init(&image, "a.sys", text, sizeof(text), &err), -1);
	assert_string_equal(err.message, "a.sys is not an executable of NT: no PE header");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_of_i386_are_found_and_judged),
		cmocka_unit_test(functions_of_x64_are_found_and_judged),
		cmocka_unit_test(a_file_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(any_flipped_bit_is_survived),
		cmocka_unit_test(an_image_may_have_no_functions),
		cmocka_unit_test(what_is_no_image_is_told_so),
	};

	return cmocka_run_group_tests(tests, read_samples, free_samples);
}
