/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "records.h"
#include "view/escape.h"
#include "view/json.h"
#include "view/json_event.h"
#include "view/json_writer.h"

#define MINUS(n) ((uint64_t) - (n))

/* What every line of a record built here begins with, at monotonic time 1 s, sequence 7. */
#define COMMON                                                                                     \
	"\"time\":1767323046000000000,\"monotonic\":1000000000,\"cpu\":1,\"sequence\":7,"          \
	"\"context\":\"task\",\"pid\":412,\"tid\":413,\"comm\":\"bash\""

static void begin(struct record_builder *record, enum kmn_kind kind, uint32_t hook)
{
	record_begin(record, kind, hook, 1000000000, 7);
}

static void assert_line(const struct catalog *catalog, const struct record_builder *record,
			const char *expected)
{
	struct text text = TEXT_INIT;
	struct record_view view;
	struct error err = {0};

	if (record_parse(record, sizeof(*record), &view, &err) < 0)
		fail_msg("%s", err.message);
	json_event_print(catalog, &view, true, NULL, &text);
	assert_string_equal(text_string(&text), expected);
	text_fini(&text);
}

static void an_entry_has_its_arguments_by_name(void **state)
{
	struct record_builder record;
	struct catalog catalog;

	test_catalog_init(&catalog);
	begin(&record, KMN_ENTRY, HOOK_OPEN);
	record_add_arg(&record, 0x5000);
	record_add_arg(&record, 0xffffff9c);
	record_add_fetched(&record, 0, KMN_FETCH_TRUNCATED, "/a\"\n\377", 5);
	assert_line(&catalog, &record,
		    "{\"kind\":\"entry\"," COMMON ",\"hook\":1,\"function\":\"do_open\","
		    "\"module\":\"ext4\",\"args\":{\"name\":\"/a\\\"\\n\\ufffd\",\"flags\":-100},"
		    "\"truncated\":[\"name\"]}\n");

	begin(&record, KMN_ENTRY, HOOK_OPEN);
	record_add_arg(&record, 0x5000);
	record_add_fetched(&record, 0, KMN_FETCH_FAULT, NULL, 0);
	assert_line(&catalog, &record,
		    "{\"kind\":\"entry\"," COMMON ",\"hook\":1,\"function\":\"do_open\","
		    "\"module\":\"ext4\",\"args\":{\"name\":null,\"flags\":null},"
		    "\"faults\":[\"name\"]}\n");

	begin(&record, KMN_ENTRY, HOOK_WAKE);
	record_add_arg(&record, 0x5000);
	record_add_arg(&record, 9);
	record_add_fetched(&record, 0, KMN_FETCHED, "sshd", 4);
	record_add_fetched(&record, 1, KMN_FETCHED, "\x11\0\0\0", 4);
	assert_line(&catalog, &record,
		    "{\"kind\":\"entry\"," COMMON ",\"hook\":2,\"function\":\"wake\","
		    "\"args\":{\"task\":{\"comm\":\"sshd\",\"pid\":17},\"mode\":9}}\n");

	begin(&record, KMN_ENTRY, HOOK_RAW);
	record_add_arg(&record, UINT64_MAX);
	assert_line(&catalog, &record,
		    "{\"kind\":\"entry\"," COMMON ",\"hook\":4,\"function\":\"raw\","
		    "\"args\":[\"0xffffffffffffffff\"]}\n");
	catalog_fini(&catalog);
}

static void a_return_names_its_entry_and_its_error(void **state)
{
	static const uint64_t frames[] = {0x1010, 0x2020};
	struct record_builder record;
	struct catalog catalog;

	test_catalog_init(&catalog);
	begin(&record, KMN_RETURN, HOOK_OPEN);
	record_add_return(&record, MINUS(2), 12345, 3, UINT64_MAX);
	assert_line(&catalog, &record,
		    "{\"kind\":\"return\"," COMMON ",\"hook\":1,\"function\":\"do_open\","
		    "\"module\":\"ext4\",\"value\":-2,\"error\":\"ENOENT\",\"duration\":12345,"
		    "\"entry\":[3,18446744073709551615]}\n");

	begin(&record, KMN_RETURN, HOOK_ALLOC);
	record_add_return(&record, 0xffff888003a1c000, 0, 0, 0);
	record.header.flags |= KMN_UNPAIRED;
	assert_line(&catalog, &record,
		    "{\"kind\":\"return\"," COMMON ",\"hook\":3,\"function\":\"alloc\","
		    "\"value\":\"0xffff888003a1c000\",\"unpaired\":true}\n");

	begin(&record, KMN_RETURN, HOOK_POLL);
	record_add_return(&record, 1, 2, 3, 4);
	record_add_stack(&record, 5);
	record_add_frames(&record, frames, 2);
	record.header.flags |= KMN_STACK_TRUNCATED;
	assert_line(&catalog, &record,
		    "{\"kind\":\"return\"," COMMON ",\"hook\":5,\"function\":\"poll\","
		    "\"duration\":2,\"entry\":[3,4],\"stack\":[\"alpha+0x10\","
		    "\"beta+0x20 [ext4]\"],\"stack_truncated\":true}\n");
	catalog_fini(&catalog);
}

static void source_lines_and_inlined_functions_stand_in_the_stack(void **state)
{
	static const uint64_t frames[] = {0x1010, 0x2020, 0x1010};
	struct record_builder record;
	struct text text = TEXT_INIT;
	struct record_view view;
	struct catalog catalog;
	struct error err = {0};

	test_catalog_init(&catalog);
	begin(&record, KMN_SUSPEND, HOOK_RAW);
	record_add_stack(&record, 5);
	record_add_arg(&record, 1000);
	record_add_frames(&record, frames, 3);
	if (record_parse(&record, sizeof(record), &view, &err) < 0)
		fail_msg("%s", err.message);
	json_event_print(&catalog, &view, true, test_places(), &text);
	assert_string_equal(text_string(&text),
			    "{\"kind\":\"suspend\"," COMMON ",\"hook\":4,\"function\":\"raw\","
			    "\"limit\":1000,\"stack\":[\"alpha+0x10 alpha.c:10\","
			    "\"odd\\\\nname [ext4] beta.c:3 (inlined)\",\"beta+0x20 [ext4]\","
			    "\"alpha+0x10 alpha.c:20\"]}\n");
	text_fini(&text);
	catalog_fini(&catalog);
}

static void what_is_not_a_call_has_its_own_keys(void **state)
{
	struct record_builder record;
	struct catalog catalog;

	test_catalog_init(&catalog);
	begin(&record, KMN_LOSS, KMN_NO_HOOK);
	record_add_arg(&record, 132);
	record_add_arg(&record, 500000000);
	assert_line(&catalog, &record,
		    "{\"kind\":\"loss\"," COMMON ",\"lost\":132,\"since\":1767323045500000000}\n");
	begin(&record, KMN_SUSPEND, HOOK_RAW);
	record_add_arg(&record, 1000);
	assert_line(&catalog, &record,
		    "{\"kind\":\"suspend\"," COMMON ",\"hook\":4,\"function\":\"raw\","
		    "\"limit\":1000}\n");
	begin(&record, KMN_RESUME, HOOK_RAW);
	record_add_arg(&record, 17);
	assert_line(&catalog, &record,
		    "{\"kind\":\"resume\"," COMMON ",\"hook\":4,\"function\":\"raw\","
		    "\"suspended\":17}\n");
	begin(&record, KMN_MODULE_LOAD, KMN_NO_HOOK);
	record_add_arg(&record, 0xffffffffc0200000);
	record_add_arg(&record, 81920);
	record_add_fetched(&record, 0, KMN_FETCHED, "nvme\0\0\0", 7);
	assert_line(&catalog, &record,
		    "{\"kind\":\"module-load\"," COMMON ",\"module\":\"nvme\","
		    "\"base\":\"0xffffffffc0200000\",\"size\":81920}\n");
	catalog_fini(&catalog);
}

static void the_last_line_is_the_ledger(void **state)
{
	static const struct ledger_row rows[] = {
		{.hook = HOOK_OPEN, .hits = 5, .recorded = 4, .filtered = 1},
		{.hook = 77, .point = LEDGER_RETURN, .hits = 2, .recorded = 2, .self = 9},
	};
	struct text text = TEXT_INIT;
	struct catalog catalog;
	struct ledger ledger;

	test_catalog_init(&catalog);
	ledger_init(&ledger);
	ledger_add(&ledger, &rows[0], NULL);
	ledger_add(&ledger, &rows[1], NULL);
	json_ledger_print(&catalog, &ledger, &text);
	assert_string_equal(
		text_string(&text),
		"{\"ledger\":{\"complete\":true,\"verdict\":\"COMPLETE\",\"total\":{\"hits\":7,"
		"\"recorded\":6,\"filtered\":1,\"lost\":0,\"suspended\":0,\"missed\":0,\"self\":9},"
		"\"hooks\":[{\"hits\":5,\"recorded\":4,\"filtered\":1,\"lost\":0,\"suspended\":0,"
		"\"missed\":0,\"self\":0,\"hook\":1,\"function\":\"do_open\",\"module\":\"ext4\","
		"\"point\":\"entry\",\"method\":\"fentry\"},"
		"{\"hits\":2,\"recorded\":2,\"filtered\":0,\"lost\":0,\"suspended\":0,\"missed\":0,"
		"\"self\":9,\"hook\":77,\"function\":null,\"point\":\"return\",\"method\":null}]}}"
		"\n");
	text_fini(&text);
	ledger_fini(&ledger);
	catalog_fini(&catalog);
}

/* Records with every byte in their strings and odd numbers everywhere. */
static void print_hostile(FILE *out)
{
	const struct json_view_options options = {.stacks = true};
	struct sink *sink = json_view_create(out, &options);
	struct catalog catalog;
	struct ledger ledger;
	struct error err = {0};

	test_catalog_init(&catalog);
	ledger_init(&ledger);
	assert_int_equal(sink->ops->begin(sink, &catalog, &err), 0);
	for (unsigned i = 0; i < 256; i++) {
		const char bytes[] = {(char)i, 'x', (char)i, (char)(i ^ 0x40)};
		struct record_builder record;
		const struct kmn_header *records[] = {&record.header};
		struct batch batch = {records, 1};

		begin(&record, KMN_ENTRY, i % 7);
		memcpy(record.header.comm, bytes, sizeof(bytes));
		record.header.sequence = UINT64_MAX - i;
		for (unsigned k = 0; k < i % 4; k++)
			record_add_arg(&record, (uint64_t)i << 56 | i);
		record_add_fetched(&record, 0, KMN_FETCHED, bytes, sizeof(bytes));
		assert_int_equal(sink->ops->events(sink, &batch, &err), 0);
	}
	assert_int_equal(sink->ops->end(sink, &ledger, &err), 0);
	sink->ops->destroy(sink);
	ledger_fini(&ledger);
	catalog_fini(&catalog);
}

static void whatever_a_record_holds_every_line_is_json(void **state)
{
	char path[] = "/tmp/kapimon-json-XXXXXX", command[300];
	int fd = mkstemp(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int status;

	assert_non_null(out);
	if (system("python3 -c 'import json' 2>/dev/null")) {
		fclose(out);
		unlink(path);
		skip();
	}
	print_hostile(out);
	fclose(out);
	snprintf(command, sizeof(command),
		 "python3 -c 'import json,sys\n"
		 "lines=[json.loads(l) for l in "
		 "open(sys.argv[1],encoding=\"utf-8\",newline=\"\\n\")]\n"
		 "assert len(lines)==257 and \"ledger\" in lines[-1]\n"
		 "assert lines[65][\"comm\"]==\"AxA\\1\" and lines[3][\"sequence\"]==2**64-4' %s",
		 path);
	status = system(command);
	unlink(path);
	assert_int_equal(status, 0);
}

static void xml_holds_any_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *content, *value;
	} cases[] = {
		{"a<b>&\"'", 7, "a&lt;b&gt;&amp;\"'", "a&lt;b&gt;&amp;&quot;'"},
		{"]]>", 3, "]]&gt;", "]]&gt;"},
		{"\n\t\r", 3, "\n\t&#xd;", "&#xa;&#x9;&#xd;"},
		{"\0\001\033\177", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&#x7f;",
		 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&#x7f;"},
		{"\xff\xc3\xa9\xed\xa0\x80", 6,
		 "\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		 "\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xef\xbf\xbe\xe2\x80\xae", 6, "\xef\xbf\xbd&#x202e;", "\xef\xbf\xbd&#x202e;"},
		{"", 0, "", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text content = TEXT_INIT, value = TEXT_INIT;

		escape_xml(&content, cases[i].bytes, cases[i].length, false);
		escape_xml(&value, cases[i].bytes, cases[i].length, true);
		assert_string_equal(text_string(&content), cases[i].content);
		assert_string_equal(text_string(&value), cases[i].value);
		text_fini(&content);
		text_fini(&value);
	}
}

static void json_puts_its_own_commas_and_lines(void **state)
{
	struct text text = TEXT_INIT;
	struct json_writer json = {.text = &text};

	json_object(&json, NULL);
	json_array(&json, "a");
	json_array_end(&json);
	json_array(&json, "b");
	json_line(&json);
	json_number(&json, NULL, UINT64_MAX);
	json_line(&json);
	json_signed(&json, NULL, INT64_MIN);
	json_line(&json);
	json_array_end(&json);
	json_object(&json, "c\"");
	json_string(&json, "d", NULL);
	json_bool(&json, "e", true);
	json_address(&json, "f", 0x10);
	json_object_end(&json);
	json_object_end(&json);
	assert_string_equal(text_string(&text),
			    "{\"a\":[],\"b\":[\n18446744073709551615,\n-9223372036854775808\n],"
			    "\"c\\\"\":{\"d\":null,\"e\":true,\"f\":\"0x0000000000000010\"}}");
	text_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xml_holds_any_bytes),
		cmocka_unit_test(json_puts_its_own_commas_and_lines),
		cmocka_unit_test(an_entry_has_its_arguments_by_name),
		cmocka_unit_test(a_return_names_its_entry_and_its_error),
		cmocka_unit_test(source_lines_and_inlined_functions_stand_in_the_stack),
		cmocka_unit_test(what_is_not_a_call_has_its_own_keys),
		cmocka_unit_test(the_last_line_is_the_ledger),
		cmocka_unit_test(whatever_a_record_holds_every_line_is_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
