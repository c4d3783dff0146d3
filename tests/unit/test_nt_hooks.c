/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks of NT, changed while recording: only the difference, and all of it or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/nt_hooks.h"
#include "source/nt_spec.h"

/* A driver that writes down what it was asked: "+a" is put, "-a" taken; functions are letters. */
static struct {
	char log[256];
	uint32_t number;
	char refuses;		/* this function */
	uint32_t refused_flags; /* 0: always; or only when it has them */
	char keeps;		/* can't take this one out */
	char fails;		/* to put this one in */
} driver;

static void note(char what, uint64_t address)
{
	size_t n = strlen(driver.log);

	assert_in_range(n, 0, sizeof(driver.log) - 3);
	driver.log[n] = what;
	driver.log[n + 1] = (char)address;
	driver.log[n + 2] = '\0';
}

static int put(void *context, const struct nt_wish *wish, uint32_t *number, struct error *err)
{
	const struct trace_hook *hook = &wish->hook;

	if ((char)hook->address == driver.refuses &&
	    (hook->flags & driver.refused_flags) == driver.refused_flags) {
		error_usage(err, "refused");
		return 1;
	}
	if ((char)hook->address == driver.fails)
		return error_set(err, "failed");
	note(hook->flags & TRACE_HOOK_RETURN ? '*' : '+', hook->address);
	*number = driver.number++;
	return 0;
}

static int take(void *context, const struct nt_hook *hook, struct error *err)
{
	if ((char)hook->wish.hook.address == driver.keeps)
		return error_set(err, "kept");
	note('-', hook->wish.hook.address);
	return 0;
}

static const struct nt_hooks_driver fake = {.put = put, .take = take};

/*
 * Patterns are words: each letter is a function, "*" before one hooks its return as well. What the
 * driver was asked is in driver.log.
 */
static int change(struct nt_hooks *hooks, const char *patterns, struct error *err)
{
	struct nt_wishes wishes = {.n_patterns = 1};
	uint32_t flags = 0;
	int code;

	driver.log[0] = '\0';
	for (const char *p = patterns; *p; p++) {
		struct trace_hook hook = {.address = (uint64_t)*p, .flags = flags};

		flags = *p == '*' ? TRACE_HOOK_RETURN : 0;
		if (*p == ' ')
			wishes.n_patterns++;
		else if (*p != '*')
			assert_int_equal(nt_wishes_add(&wishes, &hook, wishes.n_patterns - 1, NULL,
						       NULL, err),
					 0);
	}
	if (!*patterns)
		wishes.n_patterns = 0;
	code = nt_hooks_change(hooks, &wishes, &fake, err);
	nt_wishes_fini(&wishes);
	return code;
}

/* Those that are in, in the order in which they came. */
static const char *in(const struct nt_hooks *hooks)
{
	static char text[256];
	size_t n = 0;

	for (size_t i = 0; i < hooks->n; i++) {
		const struct nt_hook *hook = &hooks->hooks[i];

		if (hook->in && hook->wish.hook.flags & TRACE_HOOK_RETURN)
			text[n++] = '*';
		if (hook->in)
			text[n++] = (char)hook->wish.hook.address;
	}
	text[n] = '\0';
	return text;
}

static int set_up(void **state)
{
	memset(&driver, 0, sizeof(driver));
	return 0;
}

static void test_what_stays_is_not_touched(void **state)
{
	struct nt_hooks hooks = {0};
	struct error err;
	uint32_t number;

	assert_int_equal(change(&hooks, "a b c", &err), 0);
	assert_string_equal(driver.log, "+a+b+c");
	number = hooks.hooks[1].number;
	assert_int_equal(change(&hooks, "b d", &err), 0);
	/* What is new comes first; the last one goes first. */
	assert_string_equal(driver.log, "+d-c-a");
	assert_string_equal(in(&hooks), "bd");
	assert_int_equal(hooks.hooks[1].number, number);
	assert_int_equal(change(&hooks, "d b", &err), 0);
	assert_string_equal(driver.log, "");
	assert_int_equal(change(&hooks, "", &err), 0);
	assert_string_equal(driver.log, "-d-b");
	nt_hooks_fini(&hooks);
}

static void test_one_that_was_out_comes_under_a_new_number(void **state)
{
	struct nt_hooks hooks = {0};
	struct error err;

	assert_int_equal(change(&hooks, "a", &err), 0);
	assert_int_equal(change(&hooks, "b", &err), 0);
	assert_int_equal(change(&hooks, "a b", &err), 0);
	assert_string_equal(driver.log, "+a");
	assert_int_equal(hooks.n, 3);
	assert_int_equal(hooks.hooks[2].number, 2);
	nt_hooks_fini(&hooks);
}

static void test_other_flags_take_it_out_first(void **state)
{
	struct nt_hooks hooks = {0};
	struct error err;

	assert_int_equal(change(&hooks, "a b", &err), 0);
	assert_int_equal(change(&hooks, "*a b", &err), 0);
	assert_string_equal(driver.log, "-a*a");
	assert_string_equal(in(&hooks), "b*a");
	nt_hooks_fini(&hooks);
}

static void test_a_function_of_two_patterns_has_one_hook(void **state)
{
	struct nt_hooks hooks = {0};
	struct error err;

	assert_int_equal(change(&hooks, "ab *bc b", &err), 0);
	assert_string_equal(driver.log, "+a*b+c");
	/* It stays as long as one of them names it. */
	assert_int_equal(change(&hooks, "*b", &err), 0);
	assert_string_equal(driver.log, "-c-a");
	nt_hooks_fini(&hooks);
}

static void test_of_a_glob_some_may_be_refused(void **state)
{
	struct nt_hooks hooks = {0};
	struct error err = {0};

	driver.refuses = 'b';
	assert_int_equal(change(&hooks, "abc", &err), 0);
	assert_string_equal(in(&hooks), "ac");
	assert_string_equal(err.message, "");
	nt_hooks_fini(&hooks);
}

static void test_a_refusal_changes_nothing(void **state)
{
	struct nt_hooks hooks = {0};
	struct error err;

	assert_int_equal(change(&hooks, "a b", &err), 0);
	driver.refuses = 'd';
	assert_int_equal(change(&hooks, "b c d", &err), -1);
	assert_string_equal(err.message, "refused");
	assert_string_equal(driver.log, "+c-c");
	assert_string_equal(in(&hooks), "ab");
	/* The next change goes from there. */
	assert_int_equal(change(&hooks, "b c", &err), 0);
	assert_string_equal(driver.log, "+c-a");
	nt_hooks_fini(&hooks);
}

static void test_a_refused_return_leaves_the_entry(void **state)
{
	struct nt_hooks hooks = {0};
	struct error err;

	assert_int_equal(change(&hooks, "a b", &err), 0);
	driver.refuses = 'a';
	driver.refused_flags = TRACE_HOOK_RETURN;
	assert_int_equal(change(&hooks, "*a b", &err), -1);
	assert_string_equal(in(&hooks), "ba");
	/* Of a glob, the others have theirs. */
	assert_int_equal(change(&hooks, "*a*b", &err), 0);
	assert_string_equal(in(&hooks), "a*b");
	nt_hooks_fini(&hooks);
}

static void test_a_failure_brings_back_what_was_in(void **state)
{
	struct nt_hooks hooks = {0};
	struct error err;

	assert_int_equal(change(&hooks, "a b c", &err), 0);
	driver.keeps = 'a';
	assert_int_equal(change(&hooks, "d", &err), -1);
	assert_string_equal(err.message, "kept");
	assert_string_equal(driver.log, "+d-c-b-d+b+c");
	assert_string_equal(in(&hooks), "abc");
	driver.keeps = 0;
	driver.fails = 'e';
	assert_int_equal(change(&hooks, "*a e", &err), -1);
	assert_string_equal(err.message, "failed");
	assert_string_equal(driver.log, "-a*a-a+a");
	assert_string_equal(in(&hooks), "bca");
	nt_hooks_fini(&hooks);
}

static void test_what_cannot_be_brought_back_is_told(void **state)
{
	struct nt_hooks hooks = {0};
	struct error err;

	assert_int_equal(change(&hooks, "a", &err), 0);
	driver.fails = 'a';
	assert_int_equal(change(&hooks, "*a", &err), -1);
	assert_string_equal(err.message, "failed");
	assert_string_equal(err.hint,
			    "1 functions that were hooked before could not be hooked again");
	nt_hooks_fini(&hooks);
}

/* Numbers are counted from the base of some image: of two images, or of none, they are others. */
static void test_an_address_is_one_in_its_image(void **state)
{
	static const int images[2];
	const struct trace_hook hook = {.address = 'a'};
	struct nt_wishes wishes = {.n_patterns = 4};
	struct nt_hooks hooks = {0};
	struct error err;

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(nt_wishes_add(&wishes, &hook, i, NULL, &images[i], &err), 0);
	assert_int_equal(nt_wishes_add(&wishes, &hook, 2, NULL, NULL, &err), 0);
	assert_int_equal(nt_wishes_add(&wishes, &hook, 3, NULL, &images[0], &err), 0);
	assert_int_equal(nt_hooks_change(&hooks, &wishes, &fake, &err), 0);
	assert_string_equal(driver.log, "+a+a+a");
	assert_int_equal(wishes.wishes[3].first, 0);
	/* All are in: nothing changes. */
	assert_int_equal(nt_hooks_change(&hooks, &wishes, &fake, &err), 0);
	assert_string_equal(driver.log, "+a+a+a");
	nt_wishes_fini(&wishes);
	nt_hooks_fini(&hooks);
}

static void test_hooks_go_with_their_module(void **state)
{
	static const int modules[2], image;
	struct nt_wishes wishes = {.n_patterns = 3};
	struct nt_hooks hooks = {0};
	struct error err;

	for (size_t i = 0; i < 2; i++) {
		const struct trace_hook hook = {.address = 'a' + i};

		assert_int_equal(nt_wishes_add(&wishes, &hook, i, &modules[i], NULL, &err), 0);
	}
	assert_int_equal(
		nt_wishes_add(&wishes, &(struct trace_hook){.address = 'c'}, 2, NULL, &image, &err),
		0);
	assert_int_equal(nt_hooks_change(&hooks, &wishes, &fake, &err), 0);
	nt_hooks_gone(&hooks, &modules[0]);
	assert_string_equal(in(&hooks), "bc");
	/* It is not taken out, and can be put in again when the module is there again. */
	driver.log[0] = '\0';
	assert_int_equal(nt_hooks_change(&hooks, &wishes, &fake, &err), 0);
	assert_string_equal(driver.log, "+a");
	nt_wishes_fini(&wishes);
	assert_int_equal(change(&hooks, "", &err), 0);
	assert_string_equal(driver.log, "-a-c-b");
	nt_hooks_fini(&hooks);
}

static int check_spec(const char *before, const char *after, struct error *err)
{
	struct spec was, is;
	int code;

	spec_init(&was);
	spec_init(&is);
	assert_int_equal(spec_parse(&was, before, err), 0);
	assert_int_equal(spec_parse(&is, after, err), 0);
	code = nt_spec_check_change(&was, &is, err);
	spec_fini(&was);
	spec_fini(&is);
	return code;
}

static void test_settings_that_can_change(void **state)
{
	static const char *const can[][2] = {
		{"hook a", "hook a\nhook-return b"},
		{"hook a\nstacks no", "hook-return a\nstacks no\nerrors yes\nlimit-rate 5"},
		{"hook a\nexclude-module x", "hook a\nonly-module y\nany-symbol yes"},
		{"hook a\nbuffer 1M", "hook b\nbuffer 1M"},
		{"hook a", "hook a\nbuffer 16M"},
		{"hook a\nbuffer 16M", "hook a\nbuffer 1M"},
		{"hook a", "hook a\non-load b\non-load-return c:d"},
	};
	static const char *const can_not[][3] = {
		{"hook a\nstacks no", "hook a", "stacks can't be changed while recording on NT"},
		{"hook a", "hook a\npid 4", "pid can't be changed while recording on NT"},
		{"hook a", "hook a\nfilter api == x",
		 "filter can't be changed while recording on NT"},
		{"hook a", "hook a\nmemory yes", "memory can't be changed while recording on NT"},
	};
	struct error err;

	for (size_t i = 0; i < sizeof(can) / sizeof(can[0]); i++)
		assert_int_equal(check_spec(can[i][0], can[i][1], &err), 0);
	for (size_t i = 0; i < sizeof(can_not) / sizeof(can_not[0]); i++) {
		assert_int_equal(check_spec(can_not[i][0], can_not[i][1], &err), -1);
		assert_string_equal(err.message, can_not[i][2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_stays_is_not_touched, set_up),
		cmocka_unit_test_setup(test_one_that_was_out_comes_under_a_new_number, set_up),
		cmocka_unit_test_setup(test_other_flags_take_it_out_first, set_up),
		cmocka_unit_test_setup(test_a_function_of_two_patterns_has_one_hook, set_up),
		cmocka_unit_test_setup(test_of_a_glob_some_may_be_refused, set_up),
		cmocka_unit_test_setup(test_a_refusal_changes_nothing, set_up),
		cmocka_unit_test_setup(test_a_refused_return_leaves_the_entry, set_up),
		cmocka_unit_test_setup(test_a_failure_brings_back_what_was_in, set_up),
		cmocka_unit_test_setup(test_what_cannot_be_brought_back_is_told, set_up),
		cmocka_unit_test_setup(test_an_address_is_one_in_its_image, set_up),
		cmocka_unit_test_setup(test_hooks_go_with_their_module, set_up),
		cmocka_unit_test(test_settings_that_can_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
