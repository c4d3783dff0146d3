/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command/options.h"

enum { OPTION_ALL = 1, OPTION_PID, OPTION_COLOR, OPTION_CONTINUE, OPTION_BUFFER };

static const struct option_row rows[] = {
	{'a', "all", NULL, "everything", OPTION_ALL},
	{0, NULL, NULL, "Filters", 0},
	{'p', "pid", "PID", "only calls of this process", OPTION_PID},
	{0, "color", "[WHEN]", "auto, always or never", OPTION_COLOR},
	{0, "continue-even-after-failure", "NUMBER",
	 "a help text that is so long that it has to be broken before it reaches column eighty",
	 OPTION_CONTINUE},
	{'B', "buffer", "SIZE", "size of the buffer", OPTION_BUFFER},
};

static int take(void *context, int id, const char *value, struct error *err)
{
	struct text *seen = context;

	if (id == OPTION_PID && strspn(value, "0123456789") != strlen(value))
		return error_usage(err, "'%s' is not a process", value);
	text_addf(seen, "%d=%s ", id, value ? value : "-");
	return 0;
}

static const struct options options = {
	.usage = "[OPTION]... FILE",
	.summary = "Do something.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = take,
};

#define MAX_ARGS 10

struct parsed {
	char *argv[MAX_ARGS + 1];
	int argc;
	struct text seen;
	struct options_rest rest;
	struct error err;
	int status;
};

static void parse(struct parsed *parsed, const char *const *arguments)
{
	*parsed = (struct parsed){.argv = {(char *)"cmd"}, .argc = 1};
	for (; *arguments; arguments++)
		parsed->argv[parsed->argc++] = (char *)*arguments;
	parsed->status = options_parse(&options, parsed->argc, parsed->argv, &parsed->seen,
				       &parsed->rest, &parsed->err);
}

static void options_and_arguments_may_be_mixed(void **state)
{
	static const struct {
		const char *arguments[MAX_ARGS];
		const char *seen, *rest;
	} cases[] = {
		{{NULL}, "", ""},
		{{"x", "-a", "y"}, "1=- ", "x y "},
		{{"-ap5", "--pid=6", "--pid", "7"}, "1=- 2=5 2=6 2=7 ", ""},
		{{"--color", "x", "--color=never"}, "3=- 3=never ", "x "},
		{{"--buf=8M", "-"}, "5=8M ", "- "},
		{{"a", "--", "-a", "--", "b"}, "", "a | -a -- b "},
		{{"--"}, "", "| "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text rest = TEXT_INIT;
		struct parsed parsed;

		parse(&parsed, cases[i].arguments);
		assert_int_equal(parsed.status, 0);
		assert_string_equal(text_string(&parsed.seen), cases[i].seen);
		for (size_t k = 0; k < parsed.rest.n_arguments; k++)
			text_addf(&rest, "%s ", parsed.rest.arguments[k]);
		if (parsed.rest.dashes)
			text_add(&rest, "| ");
		for (size_t k = 0; k < parsed.rest.n_behind; k++)
			text_addf(&rest, "%s ", parsed.rest.behind[k]);
		assert_string_equal(text_string(&rest), cases[i].rest);
		assert_null(parsed.rest.behind[parsed.rest.n_behind]);
		text_fini(&rest);
		text_fini(&parsed.seen);
	}
}

static void a_wrong_option_is_told_with_the_nearest_one(void **state)
{
	static const struct {
		const char *arguments[MAX_ARGS];
		const char *message, *hint;
	} cases[] = {
		{{"--colour=never"}, "there is no option --colour", "did you mean --color?"},
		{{"--bufer", "8M"}, "there is no option --bufer", "did you mean --buffer?"},
		{{"--hlep"}, "there is no option --hlep", "did you mean --help?"},
		{{"--frobnicate"}, "there is no option --frobnicate", "--help lists the options"},
		{{"--co"}, "--co is the beginning of more than one option", NULL},
		{{"-z"}, "there is no option -z", "--help lists the options"},
		{{"-az"}, "there is no option -z", "--help lists the options"},
		{{"--all=5"}, "--all takes no value", ""},
		{{"x", "--pid"},
		 "--pid lacks its value",
		 "expected --pid=PID: only calls of this process"},
		{{"-p"}, "--pid lacks its value", "expected --pid=PID: only calls of this process"},
		{{"--pid", "--", "7"}, "--pid lacks its value", NULL},
		{{"-p", "me"}, "--pid: 'me' is not a process", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsed parsed;

		parse(&parsed, cases[i].arguments);
		assert_int_equal(parsed.status, -1);
		assert_string_equal(parsed.err.message, cases[i].message);
		if (cases[i].hint)
			assert_string_equal(parsed.err.hint, cases[i].hint);
		assert_int_equal(parsed.err.status, STATUS_USAGE);
		text_fini(&parsed.seen);
	}
}

static void help_is_aligned_grouped_and_broken_before_column_80(void **state)
{
	struct text text = TEXT_INIT;

	options_help(&options, "cmd", &text);
	assert_string_equal(
		text_string(&text),
		"usage: kapimon cmd [OPTION]... FILE\n"
		"Do something.\n"
		"\n"
		"  -a, --all                   everything\n"
		"\n"
		"Filters:\n"
		"  -p, --pid=PID               only calls of this process\n"
		"      --color[=WHEN]          auto, always or never\n"
		"      --continue-even-after-failure=NUMBER\n"
		"                              a help text that is so long that it has to be\n"
		"                              broken before it reaches column eighty\n"
		"  -B, --buffer=SIZE           size of the buffer\n"
		"  -h, --help                  print this and do nothing else\n");
	text_fini(&text);
}

static void help_ends_the_command(void **state)
{
	static const char *const arguments[][3] = {{"-h", NULL}, {"x", "--help", NULL}};

	for (size_t i = 0; i < 2; i++) {
		struct parsed parsed;

		parse(&parsed, arguments[i]);
		assert_int_equal(parsed.status, 1);
		text_fini(&parsed.seen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_arguments_may_be_mixed),
		cmocka_unit_test(a_wrong_option_is_told_with_the_nearest_one),
		cmocka_unit_test(help_is_aligned_grouped_and_broken_before_column_80),
		cmocka_unit_test(help_ends_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
