/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

static void text_grows_and_stays_terminated(void **state)
{
	struct text text = TEXT_INIT;

	assert_string_equal(text_string(&text), "");
	for (int i = 0; i < 1000; i++)
		text_addf(&text, "%d,", i % 10);
	assert_int_equal(text.length, 2000);
	assert_int_equal(text_string(&text)[2000], '\0');
	text_clear(&text);
	text_add(&text, "ab");
	text_pad(&text, 0, 4);
	assert_string_equal(text_string(&text), "ab  ");
	text_fini(&text);
}

static void text_take_hands_the_string_over(void **state)
{
	struct text text = TEXT_INIT;
	char *string;

	text_add(&text, "mine");
	string = text_take(&text);
	assert_string_equal(string, "mine");
	assert_int_equal(text.length, 0);
	free(string);
	string = text_take(&text);
	assert_string_equal(string, "");
	free(string);
}

static void a_failed_error_call_returns_minus_one_and_keeps_the_cause(void **state)
{
	struct error err = {0};

	assert_int_equal(error_usage(&err, "no %s", "name"), -1);
	assert_int_equal(error_hint(&err, "give one"), -1);
	assert_int_equal(error_prefix(&err, "line %d", 3), -1);
	assert_string_equal(err.message, "line 3: no name");
	assert_string_equal(err.hint, "give one");
	assert_int_equal(err.status, STATUS_USAGE);
	assert_int_equal(error_set(NULL, "nobody listens"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_grows_and_stays_terminated),
		cmocka_unit_test(text_take_hands_the_string_over),
		cmocka_unit_test(a_failed_error_call_returns_minus_one_and_keeps_the_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
