/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "records.h"
#include "view/text.h"

#define SECOND 1000000000ull
#define MINUS(n) ((uint64_t) - (n))

/* A sink that prints into memory. */
struct printer {
	struct catalog catalog;
	struct ledger ledger;
	struct sink *sink;
	FILE *files[2];
	char *records, *summary;
	size_t sizes[2];
};

static void printer_init(struct printer *printer, struct text_view_options options)
{
	struct error err = {0};

	memset(printer, 0, sizeof(*printer));
	test_catalog_init(&printer->catalog);
	ledger_init(&printer->ledger);
	printer->files[0] = open_memstream(&printer->records, &printer->sizes[0]);
	printer->files[1] = open_memstream(&printer->summary, &printer->sizes[1]);
	options.summary = printer->files[1];
	printer->sink = text_view_create(printer->files[0], &options);
	assert_int_equal(printer->sink->ops->begin(printer->sink, &printer->catalog, &err), 0);
}

static void printer_fini(struct printer *printer)
{
	printer->sink->ops->destroy(printer->sink);
	for (int i = 0; i < 2; i++)
		fclose(printer->files[i]);
	free(printer->records);
	free(printer->summary);
	ledger_fini(&printer->ledger);
	catalog_fini(&printer->catalog);
}

static void printer_event(struct printer *printer, const struct record_builder *record)
{
	const struct kmn_header *records[] = {&record->header};
	struct batch batch = {records, 1};
	struct error err = {0};

	if (printer->sink->ops->events(printer->sink, &batch, &err))
		fail_msg("%s", err.message);
}

static void printer_end(struct printer *printer)
{
	struct error err = {0};

	if (printer->sink->ops->end(printer->sink, &printer->ledger, &err))
		fail_msg("%s", err.message);
}

/* What came behind the line of titles. */
static const char *printer_lines(const struct printer *printer)
{
	return strchr(printer->records, '\n') + 1;
}

static void make_open(struct record_builder *record, uint64_t time, uint64_t sequence,
		      const char *name)
{
	record_begin(record, KMN_ENTRY, HOOK_OPEN, time, sequence);
	record_add_arg(record, 0x5000);
	record_add_arg(record, 2);
	record_add_fetched(record, 0, KMN_FETCHED, name, strlen(name));
}

static void make_return(struct record_builder *record, uint32_t hook, uint64_t time, uint64_t value,
			uint64_t entry_sequence)
{
	record_begin(record, KMN_RETURN, hook, time, 99);
	record_add_return(record, value, 12345, 1, entry_sequence);
}

static void a_call_is_one_line_when_it_returns(void **state)
{
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, (struct text_view_options){0});
	make_open(&record, 1 * SECOND, 7, "/etc/passwd");
	printer_event(&printer, &record);
	assert_string_equal(printer_lines(&printer), "");
	make_return(&record, HOOK_OPEN, 1 * SECOND + 12345, MINUS(2), 7);
	printer_event(&printer, &record);
	assert_string_equal(printer.records,
			    "TIME             CPU CTX         PID COMM             CALL\n"
			    "03:04:06.000012    1            412 bash             "
			    "do_open(name=\"/etc/passwd\", flags=2) = -ENOENT  12.3us\n");
	printer_fini(&printer);
}

static void calls_are_paired_across_nesting_and_processors(void **state)
{
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, (struct text_view_options){.relative = true});
	make_open(&record, 1 * SECOND, 7, "outer");
	printer_event(&printer, &record);
	make_open(&record, 1 * SECOND, 7, "other processor");
	record.header.cpu = 2;
	printer_event(&printer, &record);
	make_open(&record, 1 * SECOND, 8, "inner");
	printer_event(&printer, &record);
	make_return(&record, HOOK_OPEN, 2 * SECOND, 3, 8);
	record.header.context = KMN_HARDIRQ;
	printer_event(&printer, &record);
	make_return(&record, HOOK_OPEN, 3 * SECOND, 4, 7);
	printer_event(&printer, &record);
	assert_string_equal(printer_lines(&printer),
			    "       1.000000    1 hardirq    412 bash             "
			    "do_open(name=\"inner\", flags=2) = 3  12.3us\n"
			    "       2.000000    1            412 bash             "
			    "do_open(name=\"outer\", flags=2) = 4  12.3us\n");
	printer_end(&printer);
	assert_non_null(
		strstr(printer.records, "do_open(name=\"other processor\", flags=2) = ?\n"));
	printer_fini(&printer);
}

static void entry_hooks_print_at_entry_and_void_returns_no_value(void **state)
{
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, (struct text_view_options){.relative = true});
	record_begin(&record, KMN_ENTRY, HOOK_WAKE, 1 * SECOND, 1);
	record_add_arg(&record, 0x5000);
	record_add_arg(&record, 0xffffffff);
	record_add_fetched(&record, 0, KMN_FETCHED, "sshd", 4);
	record_add_fetched(&record, 1, KMN_FETCHED, "\x11\0\0\0", 4);
	memcpy(record.header.comm, "a\033[31m b c d e f", KMN_COMM);
	printer_event(&printer, &record);
	record_begin(&record, KMN_ENTRY, HOOK_RAW, 1 * SECOND, 2);
	record_add_arg(&record, 0x10);
	record_add_arg(&record, 0);
	record.header.context = KMN_NMI;
	printer_event(&printer, &record);
	record_begin(&record, KMN_ENTRY, 77, 1 * SECOND, 3);
	printer_event(&printer, &record);
	record_begin(&record, KMN_ENTRY, HOOK_POLL, 1 * SECOND, 4);
	record_add_arg(&record, 0x5000);
	record_add_fetched(&record, 0, KMN_FETCHED, "tty1\0dev\0/", 11);
	printer_event(&printer, &record);
	make_return(&record, HOOK_POLL, 2 * SECOND, 1234, 4);
	printer_event(&printer, &record);
	assert_string_equal(printer_lines(&printer),
			    "       0.000000    1            412 a\\e[31m b c d e f  "
			    "wake(task=sshd/17, mode=MODE_NONE)\n"
			    "       0.000000    1 nmi        412 bash             raw(0x10, 0x0)\n"
			    "       0.000000    1            412 bash             hook#77()\n"
			    "       1.000000    1            412 bash             "
			    "poll(file=/dev/tty1)  12.3us\n");
	printer_fini(&printer);
}

static void a_return_without_its_entry_says_so(void **state)
{
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, (struct text_view_options){.relative = true});
	make_return(&record, HOOK_ALLOC, 1 * SECOND, MINUS(12), 5);
	printer_event(&printer, &record);
	record_begin(&record, KMN_RETURN, HOOK_ALLOC, 1 * SECOND, 100);
	record_add_return(&record, 0, 0, 0, 0);
	record.header.flags |= KMN_UNPAIRED;
	printer_event(&printer, &record);
	assert_string_equal(printer_lines(&printer),
			    "       0.000000    1            412 bash             "
			    "alloc(...) = ERR_PTR(-ENOMEM)  12.3us  (entry not seen)\n"
			    "       0.000000    1            412 bash             "
			    "alloc(...) = NULL  (entry not seen)\n");
	printer_fini(&printer);
}

static void stacks_follow_their_call_also_when_named_only(void **state)
{
	static const uint64_t frames[] = {0x1010, 0x2020, 0xffffffff00000001};
	const struct stack known = {.hash = 6, .flags = 0, .n_frames = 2, .frames = frames};
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, (struct text_view_options){.relative = true, .stacks = true});
	stack_table_add(printer.catalog.stacks, &known, &(bool){false}, NULL);
	record_begin(&record, KMN_ENTRY, HOOK_RAW, 1 * SECOND, 1);
	record_add_stack(&record, 5);
	record_add_frames(&record, frames, 3);
	record.header.flags |= KMN_STACK_TRUNCATED | KMN_STACK_CALLER_SP;
	printer_event(&printer, &record);
	record_begin(&record, KMN_ENTRY, HOOK_RAW, 1 * SECOND, 2);
	record_add_stack(&record, 6);
	printer_event(&printer, &record);
	record_begin(&record, KMN_ENTRY, HOOK_RAW, 1 * SECOND, 3);
	record_add_stack(&record, 7);
	printer_event(&printer, &record);
	assert_string_equal(printer_lines(&printer),
			    "       0.000000    1            412 bash             raw()\n"
			    "    alpha+0x10\n"
			    "    beta+0x20 [ext4]\n"
			    "    0xffffffff00000001\n"
			    "    ... (truncated)\n"
			    "       0.000000    1            412 bash             raw()\n"
			    "    alpha+0x10\n"
			    "    beta+0x20 [ext4]\n"
			    "       0.000000    1            412 bash             raw()\n"
			    "    (the frames of stack 0x0000000000000007 are not known)\n");
	printer_fini(&printer);
}

static void source_lines_stand_behind_frames_and_inlined_functions_above(void **state)
{
	static const uint64_t frames[] = {0x1010, 0x2020, 0x1010, 0xffffffff00000001};
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, (struct text_view_options){
				       .relative = true, .stacks = true, .places = test_places()});
	record_begin(&record, KMN_ENTRY, HOOK_RAW, 1 * SECOND, 1);
	record_add_stack(&record, 5);
	record_add_frames(&record, frames, 4);
	printer_event(&printer, &record);
	assert_string_equal(printer_lines(&printer),
			    "       0.000000    1            412 bash             raw()\n"
			    "    alpha+0x10 alpha.c:10\n"
			    "    odd\\nname [ext4] beta.c:3 (inlined)\n"
			    "    beta+0x20 [ext4]\n"
			    "    alpha+0x10 alpha.c:20\n"
			    "    0xffffffff00000001\n");
	printer_fini(&printer);
}

static void what_is_not_a_call_is_a_marked_line(void **state)
{
	static const struct {
		enum kmn_kind kind;
		uint32_t hook;
		uint64_t args[2];
		const char *line;
	} cases[] = {
		{KMN_LOSS, KMN_NO_HOOK, {1320, 5}, "1,320 records lost on CPU 1 here"},
		{KMN_LOSS, KMN_NO_HOOK, {1, 5}, "1 record lost on CPU 1 here"},
		{KMN_SUSPEND, HOOK_RAW, {1000}, "raw suspended: more than 1,000 calls per second"},
		{KMN_RESUME, HOOK_RAW, {54321}, "raw resumed: 54,321 calls were not recorded"},
		{KMN_MODULE_LOAD,
		 KMN_NO_HOOK,
		 {0xffffffffc0200000, 81920},
		 "module n\\nvme loaded at 0xffffffffc0200000, 81,920 bytes"},
		{KMN_MODULE_UNLOAD,
		 KMN_NO_HOOK,
		 {0xffffffffc0200000, 81920},
		 "module n\\nvme unloaded at 0xffffffffc0200000, 81,920 bytes"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record_builder record;
		struct printer printer;
		char line[200];

		printer_init(&printer, (struct text_view_options){.relative = true});
		record_begin(&record, cases[i].kind, cases[i].hook, 1 * SECOND, 1);
		record_add_arg(&record, cases[i].args[0]);
		record_add_arg(&record, cases[i].args[1]);
		if (cases[i].kind == KMN_MODULE_LOAD || cases[i].kind == KMN_MODULE_UNLOAD)
			record_add_fetched(&record, 0, KMN_FETCHED, "n\nvme\0\0", 7);
		printer_event(&printer, &record);
		snprintf(line, sizeof(line), "       0.000000 -- %s --\n", cases[i].line);
		assert_string_equal(printer_lines(&printer), line);
		printer_fini(&printer);
	}
}

static void long_arguments_are_cut_only_when_a_width_is_given(void **state)
{
	static const char *const name =
		"/a/very/long/path/that/doesn't/fit/\303\274\303\274\303\274";
	static const struct {
		unsigned width;
		const char *call;
	} cases[] = {
		{0, "do_open(name=\"/a/very/long/path/that/doesn't/fit/\303\274\303\274\303\274\", "
		    "flags=2) = 3  12.3us"},
		{120, "do_open(name=\"/a/very/long/path/that/doesn't/fit/\303\274\303\274...) "
		      "= 3  12.3us"},
		{80, "do_open(name=\"/a/very...) = 3  12.3us"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record_builder record;
		struct printer printer;

		printer_init(&printer, (struct text_view_options){.width = cases[i].width});
		make_open(&record, 1 * SECOND, 7, name);
		printer_event(&printer, &record);
		make_return(&record, HOOK_OPEN, 1 * SECOND, 3, 7);
		printer_event(&printer, &record);
		assert_string_equal(strstr(printer.records, "do_open"),
				    strcat(strcpy((char[200]){0}, cases[i].call), "\n"));
		printer_fini(&printer);
	}
}

static void color_marks_the_function_and_an_error(void **state)
{
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, (struct text_view_options){.color = true});
	make_open(&record, 1 * SECOND, 7, "x");
	printer_event(&printer, &record);
	make_return(&record, HOOK_OPEN, 1 * SECOND, MINUS(13), 7);
	printer_event(&printer, &record);
	assert_string_equal(printer_lines(&printer),
			    "\033[2m03:04:06.000000\033[0m    1            412 bash             "
			    "\033[1mdo_open\033[0m(name=\"x\", flags=2)"
			    "\033[31m = -EACCES\033[0m\033[2m  12.3us\033[0m\n");
	printer_fini(&printer);
}

static void the_end_is_the_ledger_and_the_verdict(void **state)
{
	static const struct ledger_row rows[] = {
		{.hook = HOOK_OPEN, .hits = 1234567, .recorded = 1234560, .filtered = 7},
		{.hook = HOOK_OPEN, .point = LEDGER_RETURN, .hits = 1234567, .recorded = 1234567},
		{.hook = HOOK_ALLOC, .hits = 3, .recorded = 1, .suspended = 2, .self = 5},
	};
	struct error err = {0};
	struct printer printer;

	printer_init(&printer, (struct text_view_options){0});
	for (size_t i = 0; i < 3; i++)
		ledger_add(&printer.ledger, &rows[i], &err);
	printer_end(&printer);
	assert_string_equal(
		printer.summary,
		"\n"
		"HOOK            POINT   METHOD             HITS   RECORDED  FILTERED  LOST  "
		"SUSPENDED  MISSED\n"
		"do_open [ext4]  entry   fentry        1,234,567  1,234,560         7     0        "
		"  "
		"0       0\n"
		"do_open [ext4]  return  fentry        1,234,567  1,234,567         0     0        "
		"  "
		"0       0\n"
		"alloc           entry   kprobe.multi          3          1         0     0        "
		"  "
		"2       0\n"
		"total                                 2,469,137  2,469,128         7     0        "
		"  "
		"2       0\n"
		"Not counted: 5 calls that Kapimon's own work made.\n"
		"COMPLETE\n");
	printer_fini(&printer);
}

static void only_the_summary_is_colored_when_only_it_is_a_terminal(void **state)
{
	struct ledger_row row = {.hook = HOOK_RAW, .hits = 2, .recorded = 1, .lost = 1};
	struct record_builder record;
	struct error err = {0};
	struct printer printer;

	printer_init(&printer, (struct text_view_options){.summary_color = true});
	record_begin(&record, KMN_ENTRY, HOOK_RAW, 1 * SECOND, 1);
	printer_event(&printer, &record);
	ledger_add(&printer.ledger, &row, &err);
	printer_end(&printer);
	assert_null(strchr(printer.records, '\033'));
	assert_non_null(strstr(printer.summary, "\033[31mraw "));
	assert_non_null(strstr(printer.summary, "\033[31mINCOMPLETE: 50.0% lost, raw\033[0m\n"));
	printer_fini(&printer);
}

static void of_many_hooks_the_busiest_and_the_lossy_are_shown(void **state)
{
	struct error err = {0};
	struct printer printer;
	unsigned lines = 0;

	printer_init(&printer, (struct text_view_options){0});
	for (uint32_t i = 0; i < 100; i++) {
		struct ledger_row row = {
			.hook = 100 + i, .hits = i, .recorded = i, .missed = i == 3 ? 1 : 0};

		ledger_add(&printer.ledger, &row, &err);
	}
	printer_end(&printer);
	for (const char *p = printer.summary; *p; p++)
		lines += *p == '\n';
	/* a blank, the titles, 20 + 1 hooks, the sum, the verdict */
	assert_int_equal(lines, 25);
	assert_non_null(strstr(printer.summary, "\nhook#199 "));
	assert_non_null(strstr(printer.summary, "\nhook#180 "));
	assert_null(strstr(printer.summary, "\nhook#179 "));
	assert_non_null(strstr(printer.summary, "\nhook#103 "));
	assert_non_null(strstr(printer.summary, "\ntotal (with 79 more) "));
	assert_non_null(strstr(printer.summary, "\nINCOMPLETE: "));
	printer_fini(&printer);
}

static void a_damaged_record_is_an_error(void **state)
{
	struct record_builder record;
	const struct kmn_header *records[] = {&record.header};
	struct batch batch = {records, 1};
	struct error err = {0};
	struct printer printer;

	printer_init(&printer, (struct text_view_options){0});
	record_begin(&record, KMN_ENTRY, HOOK_RAW, 1, 1);
	record.header.n_args = 3;
	assert_int_equal(printer.sink->ops->events(printer.sink, &batch, &err), -1);
	assert_true(err.message[0]);
	printer_fini(&printer);
}

static void after_a_failed_write_no_verdict_is_told(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct text_view_options options = {0};
	struct error err = {0};
	struct printer printer;
	struct sink *sink;

	if (!full)
		skip();
	printer_init(&printer, options);
	options.summary = printer.files[1];
	sink = text_view_create(full, &options);
	assert_int_equal(sink->ops->begin(sink, &printer.catalog, &err), -1);
	assert_string_equal(err.message, "can't write the output: No space left on device");
	assert_int_equal(sink->ops->end(sink, &printer.ledger, &err), -1);
	fflush(printer.files[1]);
	assert_string_equal(printer.summary, "");
	sink->ops->destroy(sink);
	fclose(full);
	printer_fini(&printer);
}

static void a_sink_that_never_began_ends_quietly(void **state)
{
	struct text_view_options options = {.summary = stdout};
	struct sink *sink = text_view_create(stdout, &options);
	struct ledger ledger;
	struct error err = {0};

	ledger_init(&ledger);
	assert_int_equal(sink->ops->end(sink, &ledger, &err), 0);
	sink->ops->destroy(sink);
	ledger_fini(&ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_one_line_when_it_returns),
		cmocka_unit_test(calls_are_paired_across_nesting_and_processors),
		cmocka_unit_test(entry_hooks_print_at_entry_and_void_returns_no_value),
		cmocka_unit_test(a_return_without_its_entry_says_so),
		cmocka_unit_test(stacks_follow_their_call_also_when_named_only),
		cmocka_unit_test(source_lines_stand_behind_frames_and_inlined_functions_above),
		cmocka_unit_test(what_is_not_a_call_is_a_marked_line),
		cmocka_unit_test(long_arguments_are_cut_only_when_a_width_is_given),
		cmocka_unit_test(color_marks_the_function_and_an_error),
		cmocka_unit_test(the_end_is_the_ledger_and_the_verdict),
		cmocka_unit_test(only_the_summary_is_colored_when_only_it_is_a_terminal),
		cmocka_unit_test(of_many_hooks_the_busiest_and_the_lossy_are_shown),
		cmocka_unit_test(a_damaged_record_is_an_error),
		cmocka_unit_test(after_a_failed_write_no_verdict_is_told),
		cmocka_unit_test(a_sink_that_never_began_ends_quietly),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
