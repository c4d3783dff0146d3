/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "command/classic.h"

#define MAX_WORDS 12

/* Words with blanks between them. */
static int split(const char *line, char *copy, char **words)
{
	int n = 0;

	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[n++] = word;
	return n;
}

static void each_switch_is_understood_in_either_case(void **state)
{
	static const struct {
		const char *classic, *today;
	} cases[] = {
		{"-H vfs_open", "hook vfs_open"},
		{"-h vfs_open vfs_read", "hook vfs_open vfs_read"},
		{"-HR vfs_*", "hook --return vfs_*"},
		{"-hr vfs_open", "hook --return vfs_open"},
		{"-HF jiffies_64", "hook --any jiffies_64"},
		{"-HRF a b", "hook --return --any a b"},
		{"-hfr a", "hook --return --any a"},
		{"-Hr a -- rm -r /tmp/x", "hook --return a -- rm -r /tmp/x"},
		{"-F boot.kmn", "show --alone boot.kmn"},
		{"-f boot.kmn", "show --alone boot.kmn"},
		{"-F -", "show --alone -"},
		{"-A -F boot.kmn", "show --alone boot.kmn --all-modules"},
		{"-a -P /x:/y -F boot.kmn",
		 "show --alone boot.kmn --symbol-path /x:/y --all-modules"},
		{"-F boot.kmn -p /x", "show --alone boot.kmn --symbol-path /x"},
		{"-A -P /x -HRF a b -- rm c",
		 "hook --return --any --symbol-path /x --all-modules a b -- rm c"},
		{"-h a -A", "hook --all-modules a"},
		{"-M", "mem"},
		{"-m -A -P /x -- rm c", "mem --symbol-path /x --all-modules -- rm c"},
		{"-M -F leak.kmn", "mem leak.kmn"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char copy[200], *words[MAX_WORDS], **argv = NULL;
		int n = split(cases[i].classic, copy, words), argc = 0;
		struct text today = TEXT_INIT;
		struct error err = {0};

		assert_true(classic_is_switch(words[0], &classic_linux));
		if (classic_translate(n, words, &classic_linux, &argc, &argv, &err))
			fail_msg("%s: %s", cases[i].classic, err.message);
		for (int k = 0; k < argc; k++)
			text_addf(&today, k ? " %s" : "%s", argv[k]);
		assert_string_equal(text_string(&today), cases[i].today);
		assert_null(argv[argc]);
		text_fini(&today);
		free(argv);
	}
}

static void what_does_not_work_is_said(void **state)
{
	static const struct {
		const char *classic, *told;
	} cases[] = {
		{"-A", "there is neither -F nor -H nor -M: what is to be done?"},
		{"-P /x", "there is neither -F nor -H nor -M: what is to be done?"},
		{"-A -- rm", "there is neither -F nor -H nor -M: what is to be done?"},
		{"-H vfs_open -m", "-M and -H: memory and functions are watched one at a time"},
		{"-P /x -P /y -H a", "-P is there twice: its directories have ':' between them"},
		{"-p", "-P lacks its value"},
		{"-C", "-C: watching another machine is not there yet"},
		{"-c host", "-C: watching another machine is not there yet"},
		{"-S", "-S: serving another machine is not there yet"},
		{"-H", "-H: which function is to be hooked?"},
		{"-HR -- rm", "-H: which function is to be hooked?"},
		{"-F", "-F lacks its value"},
		{"-F a.kmn -F b.kmn", "-F is there twice: only one capture is opened"},
		{"-H a -HR b", "-H is there twice"},
		{"-F a.kmn -H vfs_open", "-F opens a capture: nothing can be watched with it"},
		{"-F a.kmn -- rm", "-F opens a capture: nothing can be watched with it"},
		{"-H vfs_open -x", "'-x' is no switch of the classic's"},
		{"-H vfs_open --json", "'--json' is no switch of the classic's"},
		{"-F a.kmn b.kmn", "'b.kmn' is no switch of the classic's"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char copy[200], *words[MAX_WORDS], **argv = NULL;
		int n = split(cases[i].classic, copy, words), argc = 0;
		struct error err = {0};

		assert_int_equal(classic_translate(n, words, &classic_linux, &argc, &argv, &err),
				 -1);
		assert_string_equal(err.message, cases[i].told);
		assert_int_equal(err.status, STATUS_USAGE);
		assert_null(argv);
	}
}

static void other_words_are_no_switches(void **state)
{
	static const char *const words[] = {"hook", "-",  "--", "--help", "-HX", "-HRR",
					    "-AB",  "-x", "",	"-Fx",	  "/H"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_false(classic_is_switch(words[i], &classic_linux));
}

static void on_nt_a_slash_does_as_well(void **state)
{
	static const struct {
		const char *classic, *today, *told;
	} cases[] = {
		{"/H IoCallDriver", "hook IoCallDriver", NULL},
		{"/hrf a -p C:\\s;D:\\s /A",
		 "hook --return --any --symbol-path C:\\s;D:\\s "
		 "--all-modules a",
		 NULL},
		{"/F calls.kmn", "show --alone calls.kmn", NULL},
		{"/M /P x", "mem --symbol-path x", NULL},
		{"-m /f pool.kmn", "mem pool.kmn", NULL},
		{"/F calls.kmn /P x", NULL,
		 "-P: what -F shows has the names that the capture has, on this system"},
		{"/P x /P y /H a", NULL,
		 "-P is there twice: its directories have ';' between them"},
		{"/H a -- b", NULL,
		 "a command can't be watched on this system: start it beside kapimon"},
		{"/S", NULL, "-S: serving another machine is not there yet"},
		{"/H a /x", NULL, "'/x' is no switch of the classic's"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char copy[200], *words[MAX_WORDS], **argv = NULL;
		int n = split(cases[i].classic, copy, words), argc = 0, code;
		struct text today = TEXT_INIT;
		struct error err = {0};

		assert_true(classic_is_switch(words[0], &classic_nt));
		code = classic_translate(n, words, &classic_nt, &argc, &argv, &err);
		if (cases[i].told) {
			assert_int_equal(code, -1);
			assert_string_equal(err.message, cases[i].told);
			continue;
		}
		if (code)
			fail_msg("%s: %s", cases[i].classic, err.message);
		for (int k = 0; k < argc; k++)
			text_addf(&today, k ? " %s" : "%s", argv[k]);
		assert_string_equal(text_string(&today), cases[i].today);
		text_fini(&today);
		free(argv);
	}
	assert_false(classic_is_switch("/x", &classic_nt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_switch_is_understood_in_either_case),
		cmocka_unit_test(what_does_not_work_is_said),
		cmocka_unit_test(on_nt_a_slash_does_as_well),
		cmocka_unit_test(other_words_are_no_switches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
