/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/spec.h"

static void assert_prints(const struct spec *spec, const char *expected)
{
	struct text text = TEXT_INIT;

	spec_print(spec, &text);
	assert_string_equal(text_string(&text), expected);
	text_fini(&text);
}

static const char *const everything = "hook vfs_open\n"
				      "hook-return tcp:tcp_*\n"
				      "hook /^ext4_.*(open|close)$/\n"
				      "on-load nvme\n"
				      "on-load-return nvme:nvme_*\n"
				      "any-symbol yes\n"
				      "exact no\n"
				      "stacks no\n"
				      "verify-stacks yes\n"
				      "exclude-module kvm\n"
				      "exclude-module kvm_amd\n"
				      "only-module ext4\n"
				      "comm bash\n"
				      "comm \"a \\\"b\\\" #1\"\n"
				      "comm \" line\\nbreak\"\n"
				      "comm \"\\\"\\\\n\"\n"
				      "pid 1\n"
				      "pid 4000000\n"
				      "children yes\n"
				      "cgroup /sys/fs/cgroup/system.slice\n"
				      "errors yes\n"
				      "longer-than 1500us\n"
				      "where fd > 2\n"
				      "where name == \"a # b\"\n"
				      "filter comm == \"a # b\" and errno == ENOENT\n"
				      "limit-rate 10000\n"
				      "count 18446744073709551615\n"
				      "buffer 64k\n"
				      "string-length 255\n";

static void a_printed_spec_reads_back_the_same(void **state)
{
	struct spec spec;
	struct error err = {0};

	spec_init(&spec);
	assert_int_equal(spec_parse(&spec, everything, &err), 0);
	assert_int_equal(spec.n_hooks, 5);
	assert_true(spec.hooks[4].returns && spec.hooks[4].on_load);
	assert_string_equal(spec.comms.names[1], "a \"b\" #1");
	assert_string_equal(spec.comms.names[2], " line\nbreak");
	assert_string_equal(spec.comms.names[3], "\"\\n");
	assert_string_equal(spec.where.names[1], "name == \"a # b\"");
	assert_int_equal(spec.longer_than, 1500000);
	assert_int_equal(spec.buffer, 65536);
	assert_prints(&spec, everything);
	spec_fini(&spec);
}

static void a_plain_spec_keeps_stacks_and_tells_its_sizes(void **state)
{
	struct spec spec;

	spec_init(&spec);
	assert_true(spec.stacks);
	assert_prints(&spec, "buffer 8M\nstring-length 128\n");
	spec_fini(&spec);
}

static void comments_blanks_and_carriage_returns_mean_nothing(void **state)
{
	struct spec spec;
	struct error err = {0};

	spec_init(&spec);
	assert_int_equal(spec_parse(&spec,
				    "# a comment\r\n\n"
				    "\thook  vfs_open \t# why\r\n"
				    "comm \"x\" # quoted\n"
				    "comm a#b\n"
				    "where n == \"#\" # here",
				    &err),
			 0);
	assert_string_equal(spec.hooks[0].pattern, "vfs_open");
	assert_string_equal(spec.comms.names[0], "x");
	assert_string_equal(spec.comms.names[1], "a#b");
	assert_string_equal(spec.where.names[0], "n == \"#\"");
	spec_fini(&spec);
}

static void a_mistake_names_its_line_and_what_is_expected(void **state)
{
	static const struct {
		const char *file, *message, *hint;
	} cases[] = {
		{"hok a\n", "line 1: there is no setting 'hok'", "did you mean 'hook'?"},
		{"\n\nhook_return a", "line 3: there is no setting 'hook_return'",
		 "did you mean 'hook-return'?"},
		{"frobnicate", "line 1: there is no setting 'frobnicate'",
		 "expected a setting such as hook, hook-return, where or buffer"},
		{"hook", "line 1: 'hook' lacks its value, expected FUNCTION", ""},
		{"hook # none", "line 1: 'hook' lacks its value, expected FUNCTION", ""},
		{"hook a b", "line 1: 'a b' is more than one function",
		 "give one NAME, GLOB, MODULE:NAME or /REGEX/ each"},
		{"hook :a", "line 1: ':a' lacks the module before ':'", "expected MODULE:NAME"},
		{"on-load a:", "line 1: 'a:' lacks the function after ':'",
		 "expected MODULE or MODULE:GLOB"},
		{"on-load /a/", "line 1: '/a/' does not name a module to wait for",
		 "expected MODULE or MODULE:GLOB"},
		{"hook /a", "line 1: the regular expression '/a' has no end", "expected /REGEX/"},
		{"hook a\nstacks on", "line 2: 'stacks' is followed by 'on', expected yes or no",
		 ""},
		{"exact always",
		 "line 1: 'exact' is followed by 'always', expected auto, yes or no", ""},
		{"pid -1", "line 1: 'pid' is followed by '-1', expected a process number", ""},
		{"pid 2147483648",
		 "line 1: 'pid' is followed by '2147483648', expected a process number", ""},
		{"pid 0", "line 1: 0 is not a process", NULL},
		{"count 18446744073709551616",
		 "line 1: 'count' is followed by '18446744073709551616', expected a number of "
		 "calls",
		 ""},
		{"buffer 0", "line 1: 'buffer' is followed by '0', expected a size, such as 8M",
		 ""},
		{"buffer 8X", "line 1: the size '8X' has an unknown unit", NULL},
		{"longer-than 5", "line 1: the time '5' has no unit", NULL},
		{"string-length 256",
		 "line 1: 'string-length' is followed by '256', expected bytes, 1 to 255", ""},
		{"comm \"a", "line 1: the closing quote is missing in \"a", ""},
		{"comm \"a\" b", "line 1: there is more behind the closing quote: b", ""},
		{"comm \"\\x\"",
		 "line 1: in quotes, only \\\\, \\\" and \\n may follow a backslash", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spec spec;
		struct error err = {0};

		spec_init(&spec);
		assert_int_equal(spec_parse(&spec, cases[i].file, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		if (cases[i].hint)
			assert_string_equal(err.hint, cases[i].hint);
		assert_int_equal(err.status, STATUS_USAGE);
		assert_prints(&spec, "buffer 8M\nstring-length 128\n");
		spec_fini(&spec);
	}
}

static void sizes_and_times_are_read_with_their_units(void **state)
{
	static const struct {
		int (*parse)(const char *text, uint64_t *number, struct error *err);
		const char *text;
		uint64_t expected;
		const char *wrong; /* NULL: right */
	} cases[] = {
		{spec_parse_size, "0", 0, NULL},
		{spec_parse_size, "4096", 4096, NULL},
		{spec_parse_size, "64k", 65536, NULL},
		{spec_parse_size, "64K", 65536, NULL},
		{spec_parse_size, "8M", 8 << 20, NULL},
		{spec_parse_size, "1.5G", 3ull << 29, NULL},
		{spec_parse_size, "16777215T", 16777215ull << 40, NULL},
		{spec_parse_size, "16777216T", 0, "the size '16777216T' is too large"},
		{spec_parse_size, "", 0, "the size '' is not a number"},
		{spec_parse_size, "-1", 0, "the size '-1' is not a number"},
		{spec_parse_size, "1.k", 0, "the size '1.k' has no digit after the point"},
		{spec_parse_size, "8 M", 0, "the size '8 M' has an unknown unit"},
		{spec_parse_size, "8s", 0, "the size '8s' has an unknown unit"},
		{spec_parse_time, "0", 0, NULL},
		{spec_parse_time, "7ns", 7, NULL},
		{spec_parse_time, "5us", 5000, NULL},
		{spec_parse_time, "20ms", 20000000, NULL},
		{spec_parse_time, "3s", 3000000000, NULL},
		{spec_parse_time, "1.5s", 1500000000, NULL},
		{spec_parse_time, "0.123456789h", 444444440400, NULL},
		{spec_parse_time, "10m", 600000000000, NULL},
		{spec_parse_time, "2h", 7200000000000, NULL},
		{spec_parse_time, "18446744073709551615ns", UINT64_MAX, NULL},
		{spec_parse_time, "18446744073709551616ns", 0,
		 "the time '18446744073709551616ns' is too large"},
		{spec_parse_time, "5", 0, "the time '5' has no unit"},
		{spec_parse_time, "ms", 0, "the time 'ms' is not a number"},
		{spec_parse_time, "5min", 0, "the time '5min' has an unknown unit"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t number = 42;
		struct error err = {0};
		int status = cases[i].parse(cases[i].text, &number, &err);

		assert_int_equal(status, cases[i].wrong ? -1 : 0);
		assert_string_equal(err.message, cases[i].wrong ? cases[i].wrong : "");
		assert_int_equal(number, cases[i].wrong ? 42 : cases[i].expected);
	}
}

static void hooks_merge_and_are_removed_by_pattern(void **state)
{
	struct spec spec;
	struct error err = {0};

	spec_init(&spec);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(spec_add_hook(&spec, "a", false, false, &err), 0);
		assert_int_equal(spec_add_hook(&spec, "b", false, false, &err), 0);
		assert_int_equal(spec_add_hook(&spec, "a", true, false, &err), 0);
		assert_int_equal(spec_add_hook(&spec, "c*", false, true, &err), 0);
		assert_int_equal(spec.n_hooks, 3);
		assert_true(spec.hooks[0].returns);
		assert_int_equal(spec_remove_hook(&spec, "b", &err), 0);
		assert_int_equal(spec.n_hooks, 2);
		assert_string_equal(spec.hooks[1].pattern, "c*");
		assert_int_equal(spec_remove_hook(&spec, "b", &err), -1);
		assert_string_equal(err.message, "'b' is not hooked");
		assert_int_equal(spec_remove_hook(&spec, "a", &err), 0);
		assert_int_equal(spec_remove_hook(&spec, "c*", &err), 0);
	}
	spec_fini(&spec);
}

static void a_copy_shares_nothing_with_its_original(void **state)
{
	struct spec spec, copy;
	struct error err = {0};

	spec_init(&spec);
	assert_int_equal(spec_parse(&spec, everything, &err), 0);
	assert_int_equal(spec_copy(&copy, &spec, &err), 0);
	spec_fini(&spec);
	assert_prints(&copy, everything);
	spec_fini(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_printed_spec_reads_back_the_same),
		cmocka_unit_test(a_plain_spec_keeps_stacks_and_tells_its_sizes),
		cmocka_unit_test(comments_blanks_and_carriage_returns_mean_nothing),
		cmocka_unit_test(a_mistake_names_its_line_and_what_is_expected),
		cmocka_unit_test(sizes_and_times_are_read_with_their_units),
		cmocka_unit_test(hooks_merge_and_are_removed_by_pattern),
		cmocka_unit_test(a_copy_shares_nothing_with_its_original),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
