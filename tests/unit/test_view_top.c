/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "records.h"
#include "tally/top.h"

#define SECOND 1000000000ull
#define MINUS(n) ((uint64_t) - (n))

/* A sink that prints into memory. */
struct printer {
	struct catalog catalog;
	struct ledger ledger;
	struct sink *sink;
	FILE *files[2];
	char *rows, *summary;
	size_t sizes[2];
};

static void printer_init(struct printer *printer, const char *by, struct top_view_options options)
{
	struct error err = {0};

	memset(printer, 0, sizeof(*printer));
	test_catalog_init(&printer->catalog);
	ledger_init(&printer->ledger);
	printer->files[0] = open_memstream(&printer->rows, &printer->sizes[0]);
	printer->files[1] = open_memstream(&printer->summary, &printer->sizes[1]);
	options.summary = printer->files[1];
	assert_int_equal(key_spec_parse(by, &options.key, &err), 0);
	printer->sink = top_view_create(printer->files[0], &options);
	assert_int_equal(printer->sink->ops->begin(printer->sink, &printer->catalog, &err), 0);
}

static void printer_fini(struct printer *printer)
{
	printer->sink->ops->destroy(printer->sink);
	for (int i = 0; i < 2; i++)
		fclose(printer->files[i]);
	free(printer->rows);
	free(printer->summary);
	ledger_fini(&printer->ledger);
	catalog_fini(&printer->catalog);
}

static void event(struct printer *printer, const struct record_builder *record)
{
	const struct kmn_header *records[] = {&record->header};
	struct batch batch = {records, 1};
	struct error err = {0};

	if (printer->sink->ops->events(printer->sink, &batch, &err))
		fail_msg("%s", err.message);
}

static void end(struct printer *printer)
{
	struct error err = {0};

	if (printer->sink->ops->end(printer->sink, &printer->ledger, &err))
		fail_msg("%s", err.message);
}

static void call(struct printer *printer, uint32_t hook, uint64_t value, uint64_t duration)
{
	static const uint64_t frames[] = {0x1010, 0x2020};
	static uint64_t sequence;
	struct record_builder record;

	record_begin(&record, KMN_ENTRY, hook, SECOND, ++sequence);
	record_add_stack(&record, 5);
	record_add_frames(&record, frames, 2);
	event(printer, &record);
	if (!duration)
		return;
	record_begin(&record, KMN_RETURN, hook, SECOND, 0);
	record_add_return(&record, value, duration, 1, sequence);
	event(printer, &record);
}

static void calls(struct printer *printer)
{
	call(printer, HOOK_OPEN, 3, 1000);
	call(printer, HOOK_OPEN, MINUS(2), 3000);
	call(printer, HOOK_ALLOC, 0x5000, 12);
	for (int i = 0; i < 1500; i++)
		call(printer, HOOK_WAKE, 0, 0);
}

static void columns_are_aligned_and_the_most_calls_come_first(void **state)
{
	struct printer printer;

	printer_init(&printer, "api", (struct top_view_options){0});
	calls(&printer);
	end(&printer);
	assert_string_equal(
		printer.rows,
		"CALLS  SHARE  ERRORS   TOTAL    MEAN     MIN     P50     P90     P99     MAX  "
		"API\n"
		"1,500  99.8%       -       -       -       -       -       -       -       -  "
		"wake\n"
		"    2   0.1%       1  4.00us  2.00us  1.00us  1.00us  3.00us  3.00us  3.00us  "
		"do_open [ext4]\n"
		"    1   0.1%       0    12ns    12ns    12ns    12ns    12ns    12ns    12ns  "
		"alloc\n");
	assert_string_equal(printer.summary, "\n1,503 calls\nCOMPLETE\n");
	printer_fini(&printer);
}

static void a_row_limit_says_what_it_leaves_out(void **state)
{
	struct printer printer;

	printer_init(&printer, "api", (struct top_view_options){.rows = 1, .order = ORDER_TOTAL});
	calls(&printer);
	end(&printer);
	assert_non_null(strstr(printer.rows, "99.7%"));
	assert_non_null(strstr(printer.rows, "do_open [ext4]\n... and 2 more\n"));
	assert_null(strstr(printer.rows, "wake"));
	printer_fini(&printer);
}

static void a_stack_is_printed_below_its_row_after_the_other_parts(void **state)
{
	struct printer printer;

	printer_init(&printer, "stack,process", (struct top_view_options){0});
	call(&printer, HOOK_WAKE, 0, 0);
	end(&printer);
	assert_string_equal(
		printer.rows,
		"CALLS   SHARE  ERRORS  TOTAL  MEAN  MIN  P50  P90  P99  MAX  PROCESS   "
		"STACK\n"
		"    1  100.0%       -      -     -    -    -    -    -    -  bash/412  "
		"alpha+0x10\n"
		"    beta+0x20 [ext4]\n");
	printer_fini(&printer);
}

static void what_is_missing_is_told(void **state)
{
	struct ledger_row lossy = {.hook = HOOK_OPEN, .hits = 4, .recorded = 2, .lost = 2};
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, "api", (struct top_view_options){0});
	call(&printer, HOOK_OPEN, 0, 0);
	record_begin(&record, KMN_RETURN, HOOK_OPEN, SECOND, 0);
	record_add_return(&record, 0, 5, 3, 12345);
	event(&printer, &record);
	record_begin(&record, KMN_LOSS, KMN_NO_HOOK, SECOND, 2);
	record_add_arg(&record, 2);
	record_add_arg(&record, 1);
	event(&printer, &record);
	ledger_add(&printer.ledger, &lossy, NULL);
	end(&printer);
	assert_string_equal(printer.summary, "\n2 calls\n"
					     "1 of them has no return: its duration is not known\n"
					     "1 of them has no entry: its caller may not be known\n"
					     "2 records were lost\n"
					     "INCOMPLETE: 50.0% lost, do_open\n");
	printer_fini(&printer);
}

static void names_cant_steer_the_terminal(void **state)
{
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, "process", (struct top_view_options){0});
	record_begin(&record, KMN_ENTRY, HOOK_WAKE, SECOND, 1);
	memcpy(record.header.comm, "a\033[31m\nb", 9);
	event(&printer, &record);
	end(&printer);
	assert_null(strchr(printer.rows, '\033'));
	printer_fini(&printer);
}

static void json_is_the_same_as_objects(void **state)
{
	struct printer printer;

	printer_init(&printer, "api,error", (struct top_view_options){.json = true});
	call(&printer, HOOK_OPEN, MINUS(2), 3000);
	call(&printer, HOOK_WAKE, 0, 0);
	end(&printer);
	assert_string_equal(
		printer.rows,
		"{\"api\":\"do_open [ext4]\",\"error\":\"ENOENT\",\"calls\":1,\"errors\":1,"
		"\"total\":3000,\"mean\":3000,\"min\":3000,\"p50\":3000,\"p90\":3000,\"p99\":3000,"
		"\"max\":3000,\"share\":0.500}\n"
		"{\"api\":\"wake\",\"error\":\"(not known)\",\"calls\":1,\"errors\":0,"
		"\"share\":0.500}\n"
		"{\"top\":{\"rows\":2,\"calls\":2,\"errors\":1,\"total\":3000,\"not_returned\":0,"
		"\"entry_not_seen\":0,\"lost\":0,\"suspended\":0}}\n"
		"{\"ledger\":{\"complete\":true,\"verdict\":\"COMPLETE\",\"total\":{\"hits\":0,"
		"\"recorded\":0,\"filtered\":0,\"lost\":0,\"suspended\":0,\"missed\":0,\"self\":0},"
		"\"hooks\":[]}}\n");
	assert_string_equal(printer.summary ? printer.summary : "", "");
	printer_fini(&printer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned_and_the_most_calls_come_first),
		cmocka_unit_test(a_row_limit_says_what_it_leaves_out),
		cmocka_unit_test(a_stack_is_printed_below_its_row_after_the_other_parts),
		cmocka_unit_test(what_is_missing_is_told),
		cmocka_unit_test(names_cant_steer_the_terminal),
		cmocka_unit_test(json_is_the_same_as_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
