/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "records.h"
#include "model/names.h"
#include "view/escape.h"
#include "view/fetched.h"
#include "view/number.h"
#include "view/value.h"

static struct enumerator restart_members[] = {
	{0, "HRTIMER_NORESTART"},
	{1, "HRTIMER_RESTART"},
};
static struct enumerator flag_members[] = {{1, "A"}, {2, "B"}, {3, "AB"}, {0x80000000, "TOP"}};
static struct enumerator signed_members[] = {{-1, "NONE"}};
static struct enumeration enumerations[] = {
	{.name = "hrtimer_restart", .members = restart_members, .n_members = 2},
	{.name = "flags", .flags = true, .members = flag_members, .n_members = 4},
	{.name = "signed", .members = signed_members, .n_members = 1},
};
static const struct api_table table = {.enumerations = enumerations, .n_enumerations = 3};

#define MINUS(n) ((uint64_t) - (n))

static const struct {
	struct value_type type;
	uint64_t word;
	const char *value;  /* as an argument */
	const char *result; /* as a return value; NULL: the same */
} values[] = {
	{{VALUE_SIGNED, 4, "int", 0}, 0xffffffff00000005, "5", NULL},
	{{VALUE_SIGNED, 4, "int", 0}, 0xfffffffe, "-2", "-ENOENT"},
	{{VALUE_SIGNED, 4, "int", 0}, MINUS(2), "-2", "-ENOENT"},
	{{VALUE_SIGNED, 8, "long", 0}, 0xfffffffe, "4294967294", NULL},
	{{VALUE_SIGNED, 8, "ssize_t", 0}, MINUS(512), "-512", "-ERESTARTSYS"},
	{{VALUE_SIGNED, 8, "long", 0}, MINUS(4095), "-4095", NULL},
	{{VALUE_SIGNED, 8, "long", 0}, 1ull << 63, "-9223372036854775808", NULL},
	{{VALUE_SIGNED, 1, "s8", 0}, 0xfe, "-2", NULL},
	{{VALUE_SIGNED, 2, "s16", 0}, 0x1fffe, "-2", NULL},
	{{VALUE_UNSIGNED, 4, "unsigned int", 0}, 0x100000007, "7", NULL},
	{{VALUE_UNSIGNED, 8, "size_t", 0}, UINT64_MAX, "18446744073709551615", NULL},
	{{VALUE_UNSIGNED, 4, "gfp_t", 0}, 0xcc0, "0xcc0", NULL},
	{{VALUE_UNSIGNED, 2, "umode_t", 0}, 0100644, "0100644", NULL},
	{{VALUE_UNSIGNED, 2, "umode_t", 0}, 0, "0", NULL},
	{{VALUE_UNSIGNED, 4, "dev_t", 0}, 8 << 20 | 1, "8:1", NULL},
	{{VALUE_BOOL, 1, "bool", 0}, 0xffffff00, "false", NULL},
	{{VALUE_BOOL, 1, "bool", 0}, 0xffffff01, "true", NULL},
	{{VALUE_ENUM, 4, "enum hrtimer_restart", 0}, 1, "HRTIMER_RESTART", NULL},
	{{VALUE_ENUM, 4, "enum hrtimer_restart", 0}, 7, "7", NULL},
	{{VALUE_ENUM, 4, "enum signed", 2}, 0xffffffff, "NONE", NULL},
	{{VALUE_ENUM, 4, "enum nowhere", 9}, 3, "3", NULL},
	{{VALUE_FLAGS, 4, "enum flags", 1}, 0, "0", NULL},
	{{VALUE_FLAGS, 4, "enum flags", 1}, 3, "AB", NULL},
	{{VALUE_FLAGS, 4, "enum flags", 1}, 0xb, "A|B|0x8", NULL},
	{{VALUE_FLAGS, 4, "enum flags", 1}, 0x80000001, "A|TOP", NULL},
	{{VALUE_FLAGS, 4, "enum flags", 1}, 0x10, "0x10", NULL},
	{{VALUE_POINTER, 8, "struct inode *", 0}, 0xffff888003a1c000, "0xffff888003a1c000", NULL},
	{{VALUE_POINTER, 8, "void *", 0}, 0x10, "0x0000000000000010", NULL},
	{{VALUE_POINTER, 8, "void *", 0}, 0, "NULL", NULL},
	{{VALUE_POINTER, 8, "struct inode *", 0}, MINUS(12), "ERR_PTR(-ENOMEM)", NULL},
	{{VALUE_POINTER, 8, "void *", 0}, MINUS(4096), "0xfffffffffffff000", NULL},
	{{VALUE_UNKNOWN, 0, NULL, 0}, 0xab, "0xab", NULL},
	{{VALUE_STRUCT, 4, "kuid_t", 0}, 0xffff000003e8, "{0x3e8}", NULL},
	{{VALUE_STRUCT, 8, "struct two", 0}, 0x100000002, "{0x100000002}", NULL},
	{{VALUE_STRUCT, 16, "struct pair", 0}, 3, "{0x3}", "?"},
	{{VALUE_STRUCT, 24, "struct large", 0}, 0xffffc900003d3ab0, "{0xffffc900003d3ab0}", "?"},
	{{VALUE_VOID, 0, "void", 0}, 1, "?", ""},
};

static void a_value_is_shown_by_its_type(void **state)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const char *result = values[i].result ? values[i].result : values[i].value;
		struct text text = TEXT_INIT;

		value_print(&text, &table, &values[i].type, &values[i].word, 1);
		assert_string_equal(text_string(&text), values[i].value);
		text_clear(&text);
		value_print_result(&text, &table, &values[i].type, values[i].word);
		assert_string_equal(text_string(&text), result);
		text_fini(&text);
	}
}

static void a_struct_of_two_words_ends_at_its_size(void **state)
{
	const struct value_type type = {VALUE_STRUCT, 12, "struct pair", 0};
	const uint64_t words[] = {1, 0xdeadbeef00000002};
	struct text text = TEXT_INIT;

	value_print(&text, &table, &type, words, 2);
	assert_string_equal(text_string(&text), "{0x1, 0x2}");
	text_fini(&text);
}

static void a_duration_has_three_digits_and_a_unit(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0ns"},
		{812, "812ns"},
		{1000, "1.00us"},
		{1999, "1.99us"},
		{12345, "12.3us"},
		{999999, "999us"},
		{1000000, "1.00ms"},
		{75300000000, "75.3s"},
		{3600000000000, "3600s"},
		{UINT64_MAX, "18446744073s"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text text = TEXT_INIT;

		number_print_duration(&text, cases[i].ns);
		assert_string_equal(text_string(&text), cases[i].text);
		text_fini(&text);
	}
}

static void numbers_are_grouped_and_padded(void **state)
{
	struct text text = TEXT_INIT;

	for (uint64_t number = 0; number < 10000000; number = number * 10 + 1) {
		number_print_grouped(&text, number);
		text_add_char(&text, ' ');
		if (number == 1111111)
			break;
	}
	number_print_padded(&text, 42, 5, ' ');
	number_print_padded(&text, 42, 5, '0');
	number_print_padded(&text, 123456, 5, '0');
	assert_string_equal(text_string(&text),
			    "0 1 11 111 1,111 11,111 111,111 1,111,111    4200042123456");
	text_fini(&text);
}

static const struct {
	const char *bytes;
	size_t length;
	const char *text, *json;
} strings[] = {
	{"plain", 5, "plain", "\"plain\""},
	{"a\"b\\c", 5, "a\\\"b\\\\c", "\"a\\\"b\\\\c\""},
	{"\n\t\r\a\033[31m", 9, "\\n\\t\\r\\a\\e[31m", "\"\\n\\t\\r\\u0007\\u001b[31m\""},
	{"a\0b\177", 4, "a\\x00b\\x7f", "\"a\\u0000b\\u007f\""},
	{"M\303\274ll \342\202\254 \360\237\220\247", 14,
	 "M\303\274ll \342\202\254 \360\237\220\247",
	 "\"M\303\274ll \342\202\254 \360\237\220\247\""},
	/* not UTF-8: a lone byte, a cut character, an overlong one, a surrogate */
	{"\377", 1, "\\xff", "\"\\ufffd\""},
	{"\342\202", 2, "\\xe2\\x82", "\"\\ufffd\\ufffd\""},
	{"\300\257", 2, "\\xc0\\xaf", "\"\\ufffd\\ufffd\""},
	{"\355\240\200", 3, "\\xed\\xa0\\x80", "\"\\ufffd\\ufffd\\ufffd\""},
	/* a C1 control and a right-to-left override would steer the terminal */
	{"\302\233", 2, "\\xc2\\x9b", "\"\\u009b\""},
	{"\342\200\256", 3, "\\xe2\\x80\\xae", "\"\\u202e\""},
};

static void bytes_from_the_kernel_are_escaped(void **state)
{
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct text text = TEXT_INIT;

		escape_print(&text, strings[i].bytes, strings[i].length, '"');
		assert_string_equal(text_string(&text), strings[i].text);
		text_clear(&text);
		escape_json(&text, strings[i].bytes, strings[i].length);
		assert_string_equal(text_string(&text), strings[i].json);
		text_fini(&text);
	}
}

static void a_path_is_put_together_from_its_components(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		bool truncated;
		const char *path;
	} cases[] = {
		{"passwd\0etc\0/", 13, false, "/etc/passwd"},
		{"passwd\0etc\0/", 12, false, "/etc/passwd"},
		{"/", 2, false, "/"},
		{"b\0a", 4, true, ".../a/b"},
		{"memfd:x", 8, false, "memfd:x"},
		{"", 0, false, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text text = TEXT_INIT;

		fetched_path((const unsigned char *)cases[i].bytes, cases[i].length,
			     cases[i].truncated, &text);
		assert_string_equal(text_string(&text), cases[i].path);
		text_fini(&text);
	}
}

/* Fetches of one object parameter, and what the record has of them. */
struct object_case {
	const char *text;
	uint64_t word;
	size_t n;
	struct object_part {
		const char *label;
		enum fetch_form form;
		enum kmn_fetch_status status;
		const char *data;
		size_t length;
	} parts[4];
};

static const struct object_case objects[] = {
	{"/etc/passwd", 1, 1, {{"", FETCH_PATH, KMN_FETCHED, "passwd\0etc\0/", 13}}},
	{"eth0", 1, 1, {{"", FETCH_STRING, KMN_FETCHED, "eth0", 4}}},
	{"a\\nb...", 1, 1, {{"", FETCH_STRING, KMN_FETCH_TRUNCATED, "a\nb", 3}}},
	{"<fault>", 1, 1, {{"", FETCH_STRING, KMN_FETCH_FAULT, "", 0}}},
	{"0x0000000000000001", 1, 1, {{"", FETCH_STRING, KMN_FETCH_NULL, "", 0}}},
	{"NULL", 0, 1, {{"", FETCH_STRING, KMN_FETCH_NULL, "", 0}}},
	{"ERR_PTR(-EPERM)", MINUS(1), 1, {{"", FETCH_STRING, KMN_FETCH_FAULT, "", 0}}},
	{"0x0000000000000005", 5, 0, {{0}}},
	{"bash/412",
	 1,
	 2,
	 {{"comm", FETCH_STRING, KMN_FETCHED, "bash", 4},
	  {"pid", FETCH_SIGNED, KMN_FETCHED, "\x9c\x01\0\0", 4}}},
	{"bash/412",
	 1,
	 2,
	 {{"", FETCH_STRING, KMN_FETCHED, "bash", 4},
	  {"pid", FETCH_SIGNED, KMN_FETCHED, "\x9c\x01\0\0", 4}}},
	{"{sda part=1}",
	 1,
	 2,
	 {{"", FETCH_STRING, KMN_FETCHED, "sda", 3},
	  {"part", FETCH_UNSIGNED, KMN_FETCHED, "\1", 1}}},
	{"{start=0x1000 end=0x2000}",
	 1,
	 2,
	 {{"start", FETCH_UNSIGNED, KMN_FETCHED, "\0\x10\0\0\0\0\0\0", 8},
	  {"end", FETCH_UNSIGNED, KMN_FETCHED, "\0\x20\0\0\0\0\0\0", 8}}},
	{"{len=60 dev=lo}",
	 1,
	 2,
	 {{"len", FETCH_UNSIGNED, KMN_FETCHED, "\x3c\0\0\0", 4},
	  {"dev", FETCH_STRING, KMN_FETCHED, "lo", 2}}},
	{"{len=60 dev=NULL}",
	 1,
	 2,
	 {{"len", FETCH_UNSIGNED, KMN_FETCHED, "\x3c\0\0\0", 4},
	  {"dev", FETCH_STRING, KMN_FETCH_NULL, "", 0}}},
	{"{AF_INET lport=22 rport=51034}",
	 1,
	 3,
	 {{"", FETCH_FAMILY, KMN_FETCHED, "\2\0", 2},
	  {"lport", FETCH_UNSIGNED, KMN_FETCHED, "\x16\0", 2},
	  {"rport", FETCH_BE16, KMN_FETCHED, "\xc7\x5a", 2}}},
	{"{99 n=-2}",
	 1,
	 2,
	 {{"", FETCH_FAMILY, KMN_FETCHED, "\x63\0", 2},
	  {"n", FETCH_SIGNED, KMN_FETCHED, "\xfe\xff", 2}}},
};

static void object_print(const struct object_case *object, enum value_kind kind, struct text *text)
{
	struct api_param param = {.name = "o", .slots = 1, .type = {kind, 8, "struct o *", 0}};
	struct api_fetch fetches[4] = {0};
	struct api api = {
		.typed = true,
		.params = &param,
		.n_params = 1,
		.fetches = fetches,
		.n_fetches = object->n,
	};
	struct record_builder record;
	struct record_view view;
	struct error err = {0};

	record_begin(&record, KMN_ENTRY, 0, 0, 0);
	record_add_arg(&record, object->word);
	for (size_t i = 0; i < object->n; i++) {
		fetches[i] = (struct api_fetch){.label = (char *)object->parts[i].label,
						.form = object->parts[i].form};
		record_add_fetched(&record, (uint8_t)i, object->parts[i].status,
				   object->parts[i].data, object->parts[i].length);
	}
	assert_true(record_parse(&record, sizeof(record), &view, &err) > 0);
	value_print_params(text, &table, &api, &view);
}

static void an_object_is_shown_by_what_was_fetched(void **state)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		struct text text = TEXT_INIT;

		object_print(&objects[i], VALUE_OBJECT, &text);
		assert_memory_equal(text_string(&text), "o=", 2);
		assert_string_equal(text_string(&text) + 2, objects[i].text);
		text_fini(&text);
	}
}

static void a_string_is_quoted_as_strace_does(void **state)
{
	static const struct object_case cases[] = {
		{"\"a \\\"b\\\"\\n\"", 1, 1, {{"", FETCH_STRING, KMN_FETCHED, "a \"b\"\n", 6}}},
		{"\"abc\"...", 1, 1, {{"", FETCH_STRING, KMN_FETCH_TRUNCATED, "abc", 3}}},
		{"\"\"", 1, 1, {{"", FETCH_STRING, KMN_FETCHED, "", 0}}},
		{"NULL", 0, 1, {{"", FETCH_STRING, KMN_FETCH_NULL, "", 0}}},
		{"<fault>", 1, 1, {{"", FETCH_STRING, KMN_FETCH_FAULT, "", 0}}},
		{"0x0000000000000007", 7, 0, {{0}}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text text = TEXT_INIT;

		object_print(&cases[i], VALUE_STRING, &text);
		assert_string_equal(text_string(&text) + 2, cases[i].text);
		text_fini(&text);
	}
}

static void params_without_a_word_in_the_record_are_question_marks(void **state)
{
	struct api_param params[] = {
		{.name = "a", .slots = 1, .type = {VALUE_SIGNED, 4, "int", 0}},
		{.name = NULL, .slot = 1, .slots = 1, .type = {VALUE_SIGNED, 4, "int", 0}},
		{.name = "big", .slot = 1, .slots = 0, .type = {VALUE_STRUCT, 40, "struct b", 0}},
	};
	struct api api = {.typed = true, .variadic = true, .params = params, .n_params = 3};
	struct record_builder record;
	struct record_view view;
	struct text text = TEXT_INIT;

	record_begin(&record, KMN_ENTRY, 0, 0, 0);
	record_add_arg(&record, 3);
	assert_true(record_parse(&record, sizeof(record), &view, NULL) > 0);
	value_print_params(&text, &table, &api, &view);
	assert_string_equal(text_string(&text), "a=3, ?, big=?, ...");
	text_fini(&text);
}

static void linux_numbers_have_their_names(void **state)
{
	assert_string_equal(names_error(1), "EPERM");
	assert_string_equal(names_error(11), "EAGAIN");
	assert_string_equal(names_error(110), "ETIMEDOUT");
	assert_string_equal(names_error(133), "EHWPOISON");
	assert_string_equal(names_error(517), "EPROBE_DEFER");
	assert_string_equal(names_error(529), "EIOCBQUEUED");
	assert_null(names_error(0));
	assert_null(names_error(41));
	assert_null(names_error(520));
	assert_null(names_error(UINT64_MAX));
	assert_string_equal(names_family(1), "AF_UNIX");
	assert_string_equal(names_family(10), "AF_INET6");
	assert_string_equal(names_family(16), "AF_NETLINK");
	assert_null(names_family(46));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_shown_by_its_type),
		cmocka_unit_test(a_struct_of_two_words_ends_at_its_size),
		cmocka_unit_test(a_duration_has_three_digits_and_a_unit),
		cmocka_unit_test(numbers_are_grouped_and_padded),
		cmocka_unit_test(bytes_from_the_kernel_are_escaped),
		cmocka_unit_test(a_path_is_put_together_from_its_components),
		cmocka_unit_test(an_object_is_shown_by_what_was_fetched),
		cmocka_unit_test(a_string_is_quoted_as_strace_does),
		cmocka_unit_test(params_without_a_word_in_the_record_are_question_marks),
		cmocka_unit_test(linux_numbers_have_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
