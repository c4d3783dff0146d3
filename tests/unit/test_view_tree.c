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
#include "view/call_tree.h"
#include "view/tree.h"

#define SECOND 1000000000ull
#define MINUS(n) ((uint64_t) - (n))
/* What all calls here have in front of their durations. */
#define WHO "       0.000000    1            412 bash             "

/* A sink that prints into memory. */
struct printer {
	struct catalog catalog;
	struct ledger ledger;
	struct sink *sink;
	FILE *file;
	char *lines;
	size_t size;
};

static void printer_init(struct printer *printer, bool json)
{
	const struct tree_view_options options = {.json = json, .relative = true};
	struct error err = {0};

	memset(printer, 0, sizeof(*printer));
	test_catalog_init(&printer->catalog);
	ledger_init(&printer->ledger);
	printer->file = open_memstream(&printer->lines, &printer->size);
	printer->sink = tree_view_create(printer->file, &options);
	assert_int_equal(printer->sink->ops->begin(printer->sink, &printer->catalog, &err), 0);
}

static void printer_fini(struct printer *printer)
{
	printer->sink->ops->destroy(printer->sink);
	fclose(printer->file);
	free(printer->lines);
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

/* What came behind the line of titles. */
static const char *lines(const struct printer *printer)
{
	return strchr(printer->lines, '\n') + 1;
}

static void make_entry(struct record_builder *record, uint32_t hook, uint64_t sequence)
{
	record_begin(record, KMN_ENTRY, hook, SECOND, sequence);
	record_add_arg(record, sequence);
	record_add_arg(record, 0);
}

static void entry(struct printer *printer, uint32_t hook, uint64_t sequence)
{
	struct record_builder record;

	make_entry(&record, hook, sequence);
	event(printer, &record);
}

static void returned(struct printer *printer, uint32_t hook, uint64_t sequence, uint64_t duration,
		     uint64_t value)
{
	struct record_builder record;

	record_begin(&record, KMN_RETURN, hook, SECOND, 99);
	record_add_return(&record, value, duration, 1, sequence);
	event(printer, &record);
}

static void a_tree_is_printed_when_its_outermost_call_returns(void **state)
{
	struct printer printer;

	printer_init(&printer, false);
	entry(&printer, HOOK_ALLOC, 1);
	entry(&printer, HOOK_ALLOC, 2);
	entry(&printer, HOOK_RAW, 3);
	returned(&printer, HOOK_ALLOC, 2, 3000, MINUS(12));
	entry(&printer, HOOK_ALLOC, 4);
	returned(&printer, HOOK_ALLOC, 4, 2000, 0);
	assert_string_equal(lines(&printer), "");
	returned(&printer, HOOK_ALLOC, 1, 9000, 0x10);
	assert_string_equal(printer.lines,
			    "TIME             CPU CTX         PID COMM             DURATION     "
			    "SELF  CALL\n" WHO
			    "  9.00us   4.00us  alloc(size=1, flags=0x0) = 0x0000000000000010\n" WHO
			    "  3.00us   3.00us    alloc(size=2, flags=0x0) = ERR_PTR(-ENOMEM)\n" WHO
			    "       -        -      raw(0x3, 0x0)\n" WHO
			    "  2.00us   2.00us    alloc(size=4, flags=0x0) = NULL\n");
	printer_fini(&printer);
}

static void threads_have_trees_of_their_own(void **state)
{
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, false);
	entry(&printer, HOOK_ALLOC, 1);
	make_entry(&record, HOOK_ALLOC, 2);
	record.header.tid = 9;
	event(&printer, &record);
	/* Idle threads, all with the number 0. */
	make_entry(&record, HOOK_ALLOC, 3);
	record.header.tid = 0;
	event(&printer, &record);
	make_entry(&record, HOOK_ALLOC, 4);
	record.header.tid = 0;
	record.header.cpu = 2;
	event(&printer, &record);
	returned(&printer, HOOK_ALLOC, 1, 5, 0);
	assert_string_equal(lines(&printer),
			    WHO "     5ns      5ns  alloc(size=1, flags=0x0) = NULL\n");
	end(&printer);
	for (const char *p = lines(&printer); *p; p = strchr(p, '\n') + 1)
		assert_non_null(strstr(p, "  alloc(size="));
	assert_null(strstr(printer.lines, "    alloc("));
	printer_fini(&printer);
}

static void an_interrupt_stands_in_what_it_came_upon(void **state)
{
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, false);
	entry(&printer, HOOK_ALLOC, 1);
	make_entry(&record, HOOK_ALLOC, 2);
	record.header.context = KMN_HARDIRQ;
	event(&printer, &record);
	returned(&printer, HOOK_ALLOC, 2, 40, 0);
	returned(&printer, HOOK_ALLOC, 1, 100, 0);
	assert_string_equal(lines(&printer),
			    WHO "   100ns     60ns  alloc(size=1, flags=0x0) = NULL\n"
				"       0.000000    1 hardirq    412 bash             "
				"    40ns     40ns    alloc(size=2, flags=0x0) = NULL\n");
	printer_fini(&printer);
}

static void calls_whose_return_is_missing_are_shown_as_open(void **state)
{
	struct printer printer;

	printer_init(&printer, false);
	entry(&printer, HOOK_ALLOC, 1);
	entry(&printer, HOOK_ALLOC, 2);
	returned(&printer, HOOK_ALLOC, 1, 100, 0);
	entry(&printer, HOOK_ALLOC, 3);
	returned(&printer, HOOK_ALLOC, 77, 7, 0);
	end(&printer);
	assert_string_equal(
		lines(&printer),
		WHO "   100ns    100ns  alloc(size=1, flags=0x0) = NULL\n" WHO
		    "       -        -    alloc(size=2, flags=0x0) = ?  (return not seen)\n" WHO
		    "       -        -  alloc(size=3, flags=0x0) = ?  (return not seen)\n" WHO
		    "     7ns      7ns    alloc(...) = NULL  (entry not seen)\n");
	printer_fini(&printer);
}

static void losses_are_shown_in_their_place(void **state)
{
	struct record_builder record;
	struct printer printer;

	printer_init(&printer, false);
	record_begin(&record, KMN_LOSS, KMN_NO_HOOK, SECOND, 1);
	record_add_arg(&record, 3);
	record_add_arg(&record, 0);
	event(&printer, &record);
	assert_string_equal(lines(&printer),
			    "       0.000000 -- 3 records lost on CPU 1 here --\n");
	entry(&printer, HOOK_ALLOC, 1);
	event(&printer, &record);
	returned(&printer, HOOK_ALLOC, 1, 100, 0);
	assert_string_equal(strchr(lines(&printer), '\n') + 1,
			    WHO "   100ns    100ns  alloc(size=1, flags=0x0) = NULL\n"
				"       0.000000 -- 3 records lost on CPU 1 here --\n");
	printer_fini(&printer);
}

/* The stack tells that a call has ended although its return was lost. */
static void a_call_that_has_left_the_stack_holds_no_others(void **state)
{
	static const struct {
		uint64_t outer[4], inner[4];
		uint16_t n_outer, n_inner;
		uint16_t flags;
		enum kmn_context context;
		bool nested;
	} cases[] = {
		{{1, 2, 3}, {7, 1, 2, 3}, 3, 4, 0, KMN_TASK, true},
		{{1, 2, 3}, {7, 2, 3}, 3, 3, 0, KMN_TASK, true}, /* a tail call */
		{{1, 2, 3}, {1, 2, 3}, 3, 3, 0, KMN_TASK, false},
		{{1, 2, 3}, {7, 3}, 3, 2, 0, KMN_TASK, false},
		{{1, 2, 3}, {7, 8, 9, 3}, 3, 4, 0, KMN_TASK, false},
		{{1, 2, 3}, {7, 8, 9, 3}, 3, 4, KMN_STACK_TRUNCATED, KMN_TASK, true},
		{{1, 2, 3}, {7}, 3, 1, 0, KMN_SOFTIRQ, true},
		{{1}, {7, 1}, 1, 2, 0, KMN_TASK, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record_builder record;
		struct printer printer;

		printer_init(&printer, false);
		make_entry(&record, HOOK_ALLOC, 1);
		/* The stack part stands before the arguments. */
		record_begin(&record, KMN_ENTRY, HOOK_ALLOC, SECOND, 1);
		record_add_stack(&record, 5);
		record_add_frames(&record, cases[i].outer, cases[i].n_outer);
		record.header.flags |= cases[i].flags;
		event(&printer, &record);
		record_begin(&record, KMN_ENTRY, HOOK_RAW, SECOND, 2);
		record.header.context = (uint8_t)cases[i].context;
		record_add_stack(&record, 6);
		record_add_frames(&record, cases[i].inner, cases[i].n_inner);
		event(&printer, &record);
		end(&printer);
		if (!strstr(printer.lines, "-    raw()\n") != !cases[i].nested)
			fail_msg("case %zu: %s", i, printer.lines);
		printer_fini(&printer);
	}
}

static void a_large_tree_is_printed_in_pieces_that_say_so(void **state)
{
	struct printer printer;
	unsigned n = 0;

	printer_init(&printer, false);
	entry(&printer, HOOK_ALLOC, 1);
	for (uint64_t i = 0; i < CALL_TREE_NODES + 500; i++)
		entry(&printer, HOOK_RAW, 2);
	assert_non_null(strstr(lines(&printer), "alloc(size=1, flags=0x0) = ?  (goes on below)\n"));
	assert_non_null(
		strstr(lines(&printer),
		       "\n-- 10,000 calls so far: printed before the outermost ended --\n"));
	returned(&printer, HOOK_ALLOC, 1, 100, 0);
	assert_non_null(strstr(lines(&printer), "alloc(size=1, flags=0x0) = NULL  (continued)\n"));
	for (const char *p = printer.lines; (p = strstr(p, "raw(")); p++)
		n++;
	assert_int_equal(n, CALL_TREE_NODES + 500);
	printer_fini(&printer);
}

static int count_tree(void *context, const struct call_tree *tree, struct error *err)
{
	*(size_t *)context += tree->n_nodes;
	return 0;
}

static void calls_that_never_return_take_no_more_than_the_limit(void **state)
{
	struct call_trees *trees = malloc(sizeof(*trees));
	struct record_builder record;
	struct record_view view;
	struct catalog catalog;
	struct error err = {0};
	size_t seen = 0;

	test_catalog_init(&catalog);
	call_trees_init(trees, &catalog, count_tree, &seen);
	for (uint32_t i = 0; i < 2 * CALL_TREES_NODES; i++) {
		make_entry(&record, HOOK_ALLOC, i);
		record.header.tid = i % 1000 + 1;
		record_parse(&record, record.header.length, &view, &err);
		assert_int_equal(call_trees_add(trees, &view, &err), 0);
		assert_true(trees->n_nodes <= CALL_TREES_NODES);
	}
	assert_int_equal(call_trees_end(trees, &err), 0);
	assert_int_equal(trees->n_nodes, 0);
	assert_int_equal(seen, 2 * CALL_TREES_NODES);
	call_trees_fini(trees);
	free(trees);
	catalog_fini(&catalog);
}

static void json_nests_the_calls(void **state)
{
	struct printer printer;

	printer_init(&printer, true);
	entry(&printer, HOOK_ALLOC, 1);
	entry(&printer, HOOK_ALLOC, 2);
	entry(&printer, HOOK_RAW, 3);
	returned(&printer, HOOK_ALLOC, 2, 30, MINUS(12));
	entry(&printer, HOOK_RAW, 4);
	returned(&printer, HOOK_ALLOC, 1, 90, 0);
#define JSON_WHO(sequence)                                                                         \
	"{\"kind\":\"entry\",\"time\":1767323046000000000,\"monotonic\":1000000000,\"cpu\":1,"     \
	"\"sequence\":" sequence ",\"context\":\"task\",\"pid\":412,\"tid\":413,\"comm\":"         \
	"\"bash\",\"hook\":"
	assert_string_equal(
		printer.lines,
		JSON_WHO("1") "3,\"function\":\"alloc\",\"args\":{\"size\":1,\"flags\":0},"
			      "\"value\":null,\"self\":60,\"duration\":90,\"calls\":[" JSON_WHO(
				      "2") "3,\"function\":\"alloc\",\"args\":{\"size\":2,"
					   "\"flags\":0},\"value\":\"0xfffffffffffffff4\","
					   "\"error\":\"ENOMEM\",\"self\":30,\"duration\":30,"
					   "\"calls\":[" JSON_WHO(
						   "3") "4,\"function\":\"raw\",\"args\":"
							"[\"0x3\",\"0x0\"]}]}," JSON_WHO(
								"4") "4,\"function\":\"raw\","
								     "\"args\":[\"0x4\","
								     "\"0x0\"]}]}\n");
	printer_fini(&printer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_is_printed_when_its_outermost_call_returns),
		cmocka_unit_test(threads_have_trees_of_their_own),
		cmocka_unit_test(an_interrupt_stands_in_what_it_came_upon),
		cmocka_unit_test(calls_whose_return_is_missing_are_shown_as_open),
		cmocka_unit_test(losses_are_shown_in_their_place),
		cmocka_unit_test(a_call_that_has_left_the_stack_holds_no_others),
		cmocka_unit_test(a_large_tree_is_printed_in_pieces_that_say_so),
		cmocka_unit_test(calls_that_never_return_take_no_more_than_the_limit),
		cmocka_unit_test(json_nests_the_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
