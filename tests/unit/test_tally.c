/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "records.h"
#include "tally/order.h"

#define SECOND 1000000000ull
#define MINUS(n) ((uint64_t) - (n))

struct counter {
	struct catalog catalog;
	struct tally tally;
};

static void counter_init(struct counter *counter, const char *by)
{
	struct key_spec key = {0};
	struct error err = {0};

	test_catalog_init(&counter->catalog);
	assert_int_equal(key_spec_parse(by, &key, &err), 0);
	tally_init(&counter->tally, &key, &counter->catalog);
}

static void counter_fini(struct counter *counter)
{
	tally_fini(&counter->tally);
	catalog_fini(&counter->catalog);
}

static void add(struct counter *counter, const struct record_builder *record)
{
	struct error err = {0};

	if (tally_add(&counter->tally, &record->header, &err))
		fail_msg("%s", err.message);
}

static void add_entry(struct counter *counter, uint32_t hook, uint64_t sequence)
{
	struct record_builder record;

	record_begin(&record, KMN_ENTRY, hook, SECOND, sequence);
	add(counter, &record);
}

static void add_return(struct counter *counter, uint32_t hook, uint64_t value, uint64_t duration,
		       uint64_t entry_sequence)
{
	struct record_builder record;

	record_begin(&record, KMN_RETURN, hook, SECOND, 99);
	record_add_return(&record, value, duration, 1, entry_sequence);
	add(counter, &record);
}

static const struct tally_row *row(const struct counter *counter, const char *first,
				   const char *second)
{
	const char *names[] = {first, second};

	return tally_find(&counter->tally, names);
}

static void a_bucket_holds_its_values_to_three_percent(void **state)
{
	struct histogram histogram;
	struct error err = {0};
	uint64_t middle;

	for (uint64_t value = 0; value < UINT64_MAX / 4; value += value / 4 + 1) {
		histogram = (struct histogram){0};
		assert_int_equal(histogram_add(&histogram, value, &err), 0);
		middle = histogram_quantile(&histogram, 500);
		assert_true(middle <= value + value / 32 && middle >= value - value / 32);
		histogram_fini(&histogram);
	}
	assert_int_equal(histogram_add(&histogram, UINT64_MAX, &err), 0);
	assert_int_equal(histogram.first, HISTOGRAM_BUCKETS - 1);
	histogram_fini(&histogram);
}

static void quantiles_are_those_of_the_sorted_values(void **state)
{
	static const struct {
		unsigned permille;
		uint64_t value;
	} cases[] = {{0, 1}, {10, 1}, {500, 10}, {501, 11}, {950, 19}, {990, 20}, {1000, 20}};
	struct histogram histogram = {0};
	struct error err = {0};

	assert_int_equal(histogram_quantile(&histogram, 500), 0);
	for (uint64_t i = 20; i > 0; i--)
		histogram_add(&histogram, i, &err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(histogram_quantile(&histogram, cases[i].permille), cases[i].value);
	histogram_fini(&histogram);
}

static void equal_strings_have_one_number_and_stay_where_they_are(void **state)
{
	struct intern intern;
	struct error err = {0};
	const void *first = NULL;
	uint32_t number;
	bool added;

	intern_init(&intern);
	assert_false(intern_find(&intern, "x", 1, &number));
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 10000; i++) {
			assert_int_equal(intern_add(&intern, &i, sizeof(i), &number, &added, &err),
					 0);
			assert_int_equal(number, i);
			assert_int_equal(added, !round);
			if (!i && !round)
				first = intern_bytes(&intern, 0);
		}
	}
	assert_ptr_equal(first, intern_bytes(&intern, 0));
	assert_int_equal(intern_length(&intern, 5), 4);
	assert_false(intern_find(&intern, "abc", 3, &number));
	intern_clear(&intern);
	assert_int_equal(intern_add(&intern, "abc", 3, &number, &added, &err), 0);
	assert_int_equal(number, 0);
	intern_fini(&intern);
}

static void a_key_is_one_or_several_known_words(void **state)
{
	static const struct {
		const char *text;
		int code;
		unsigned n;
		const char *told;
	} cases[] = {
		{"api", 0, 1, ""},
		{"api,caller", 0, 2, ""},
		{"error,stack,process,module", 0, 4, ""},
		{"", -1, 0, "''"},
		{"api,", -1, 0, "''"},
		{"calller", -1, 0, "did you mean 'caller'?"},
		{"api,api", -1, 0, "named twice"},
		{"disposition", -1, 0, "expected one or more of api, caller, module"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct key_spec key = {0};
		struct error err = {0};

		assert_int_equal(key_spec_parse(cases[i].text, &key, &err), cases[i].code);
		assert_int_equal(key.n_parts, cases[i].n);
		if (!strstr(err.message, cases[i].told) && !strstr(err.hint, cases[i].told))
			fail_msg("%s: %s (%s)", cases[i].text, err.message, err.hint);
		if (cases[i].code)
			assert_int_equal(err.status, STATUS_USAGE);
	}
}

static void a_call_counts_once_with_its_return(void **state)
{
	struct counter counter;
	const struct tally_row *open;

	counter_init(&counter, "api");
	for (uint64_t i = 0; i < 3; i++)
		add_entry(&counter, HOOK_OPEN, i);
	add_return(&counter, HOOK_OPEN, 3, 100, 1);
	add_return(&counter, HOOK_OPEN, MINUS(2), 300, 0);
	assert_int_equal(tally_end(&counter.tally, NULL), 0);
	assert_int_equal(counter.tally.n_rows, 1);
	open = row(&counter, "do_open [ext4]", NULL);
	assert_non_null(open);
	assert_int_equal(open->calls, 3);
	assert_int_equal(open->ended, 2);
	assert_int_equal(open->errors, 1);
	assert_int_equal(open->sum, 400);
	assert_int_equal(open->min, 100);
	assert_int_equal(open->max, 300);
	assert_int_equal(row_mean(open), 200);
	assert_int_equal(tally_open(&counter.tally), 1);
	assert_int_equal(tally_no_entry(&counter.tally), 0);
	counter_fini(&counter);
}

static void entries_alone_are_counted_at_once(void **state)
{
	struct counter counter;

	counter_init(&counter, "api");
	add_entry(&counter, HOOK_WAKE, 1);
	add_entry(&counter, 77, 2);
	assert_int_equal(row(&counter, "wake", NULL)->calls, 1);
	assert_int_equal(row(&counter, "wake", NULL)->ended, 0);
	assert_int_equal(row(&counter, "hook#77", NULL)->calls, 1);
	tally_end(&counter.tally, NULL);
	assert_int_equal(tally_open(&counter.tally), 0);
	counter_fini(&counter);
}

static void a_return_without_its_entry_is_a_call_and_is_told(void **state)
{
	struct record_builder record;
	struct counter counter;

	counter_init(&counter, "error");
	add_return(&counter, HOOK_ALLOC, MINUS(12), 500, 5);
	record_begin(&record, KMN_RETURN, HOOK_ALLOC, SECOND, 100);
	record_add_return(&record, 0, 0, 0, 0);
	record.header.flags |= KMN_UNPAIRED;
	add(&counter, &record);
	assert_int_equal(tally_no_entry(&counter.tally), 2);
	assert_int_equal(row(&counter, "ENOMEM", NULL)->sum, 500);
	/* Its duration is not 0 but not known. */
	assert_int_equal(row(&counter, "(none)", NULL)->calls, 1);
	assert_int_equal(row(&counter, "(none)", NULL)->durations.total, 0);
	counter_fini(&counter);
}

static void keys_come_from_the_entry_and_the_error_from_the_return(void **state)
{
	static const uint64_t frames[] = {0x1010, 0x2020, 0x1030};
	struct record_builder record;
	struct counter counter;

	counter_init(&counter, "caller,error");
	record_begin(&record, KMN_ENTRY, HOOK_OPEN, SECOND, 7);
	record_add_stack(&record, 5);
	record_add_arg(&record, 1);
	record_add_frames(&record, frames, 3);
	add(&counter, &record);
	add_return(&counter, HOOK_OPEN, MINUS(13), 10, 7);
	assert_non_null(row(&counter, "beta+0x20 [ext4]", "EACCES"));
	/* No stack, and no return. */
	add_entry(&counter, HOOK_OPEN, 8);
	tally_end(&counter.tally, NULL);
	assert_non_null(row(&counter, "(no stack)", "(not known)"));
	counter_fini(&counter);
}

static void each_part_has_its_name(void **state)
{
	static const uint64_t frames[] = {0x1010, 0x1020, 0x2020, 0xffffffff81000010};
	static const struct {
		const char *by, *name;
		bool bare; /* without numbers of processes and offsets */
		uint16_t n_frames;
		uint16_t flags;
	} cases[] = {
		{"api", "raw", false, 4, 0},
		{"caller", "alpha+0x20", false, 4, 0},
		{"caller", "alpha", true, 4, 0},
		{"caller", "(caller not known)", false, 1, 0},
		{"module", "ext4", false, 4, 0},
		{"module", "vmlinux", false, 2, 0},
		{"module", "(the stack is cut)", false, 2, KMN_STACK_TRUNCATED},
		{"stack", "alpha+0x10\nalpha+0x20\nbeta+0x20 [ext4]\n+0x10 [vmlinux]", false, 4, 0},
		{"stack", "alpha\nalpha\n... (truncated)", true, 2, KMN_STACK_TRUNCATED},
		{"process", "bash/412", false, 4, 0},
		{"process", "bash", true, 4, 0},
		{"error", "(not known)", false, 4, 0},
	};
	const struct module kernel = {
		.name = (char *)"vmlinux", .base = 0xffffffff81000000, .size = 0x1000};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record_builder record;
		struct counter counter;

		counter_init(&counter, cases[i].by);
		module_table_add(&counter.catalog.modules, &kernel, NULL);
		counter.tally.keys.spec.no_pids = counter.tally.keys.spec.no_offsets =
			cases[i].bare;
		record_begin(&record, KMN_ENTRY, HOOK_RAW, SECOND, 1);
		record_add_stack(&record, 5);
		record_add_frames(&record, frames, cases[i].n_frames);
		record.header.flags |= cases[i].flags;
		add(&counter, &record);
		add(&counter, &record);
		if (!row(&counter, cases[i].name, NULL))
			fail_msg("by %s: '%s' expected", cases[i].by, cases[i].name);
		assert_int_equal(row(&counter, cases[i].name, NULL)->calls, 2);
		counter_fini(&counter);
	}
}

static bool other_resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	*frame = (struct frame){.symbol = "gamma", .offset = 1};
	return true;
}

static void a_module_that_comes_gives_addresses_new_names(void **state)
{
	static const uint64_t frames[] = {0x1010, 0x2020};
	struct record_builder record, load;
	struct counter counter;

	counter_init(&counter, "caller");
	record_begin(&record, KMN_ENTRY, HOOK_RAW, SECOND, 1);
	record_add_stack(&record, 5);
	record_add_frames(&record, frames, 2);
	add(&counter, &record);
	counter.catalog.resolve = other_resolve;
	add(&counter, &record);
	assert_int_equal(counter.tally.n_rows, 1);
	record_begin(&load, KMN_MODULE_LOAD, KMN_NO_HOOK, SECOND, 2);
	record_add_arg(&load, 0x2000);
	record_add_arg(&load, 0x1000);
	add(&counter, &load);
	add(&counter, &record);
	assert_int_equal(row(&counter, "gamma+0x1", NULL)->calls, 1);
	counter_fini(&counter);
}

static void a_stack_that_is_not_known_yet_is_asked_for_again(void **state)
{
	static const uint64_t frames[] = {0x1010, 0x2020};
	const struct stack known = {.hash = 5, .n_frames = 2, .frames = frames};
	struct record_builder record;
	struct counter counter;

	counter_init(&counter, "caller");
	record_begin(&record, KMN_ENTRY, HOOK_RAW, SECOND, 1);
	record_add_stack(&record, 5);
	add(&counter, &record);
	stack_table_add(counter.catalog.stacks, &known, &(bool){false}, NULL);
	add(&counter, &record);
	assert_int_equal(row(&counter, "(stack not known)", NULL)->calls, 1);
	assert_int_equal(row(&counter, "beta+0x20 [ext4]", NULL)->calls, 1);
	counter_fini(&counter);
}

static void rows_are_sorted_by_any_column(void **state)
{
	static const struct {
		const char *by;
		const char *first, *second;
	} cases[] = {
		{"calls", "wake", "alloc"},
		{"errors", "do_open [ext4]", "wake"},
		{"total", "do_open [ext4]", "alloc"},
		{"mean", "do_open [ext4]", "alloc"},
		{"median", "do_open [ext4]", "alloc"},
		{"p99", "do_open [ext4]", "alloc"},
		{"max", "do_open [ext4]", "alloc"},
	};
	const struct tally_row **rows;
	struct error err = {0};
	struct counter counter;
	enum order order;

	counter_init(&counter, "api");
	for (uint64_t i = 0; i < 3; i++)
		add_entry(&counter, HOOK_WAKE, i);
	add_return(&counter, HOOK_ALLOC, 0x5000, 10, 4);
	add_return(&counter, HOOK_ALLOC, 0x5000, 20, 4);
	add_return(&counter, HOOK_OPEN, MINUS(1), 100, 4);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(order_parse(cases[i].by, &order, &err), 0);
		rows = rows_sorted(&counter.tally, order, &err);
		assert_string_equal(key_name(&counter.tally.keys, rows[0]->names[0]),
				    cases[i].first);
		assert_string_equal(key_name(&counter.tally.keys, rows[1]->names[0]),
				    cases[i].second);
		free(rows);
	}
	assert_int_equal(order_parse("size", &order, &err), -1);
	assert_non_null(strstr(err.hint, "calls, errors, total, mean, median, p99, max"));
	counter_fini(&counter);
}

static void what_was_lost_on_the_way_is_summed_up(void **state)
{
	struct record_builder record;
	struct counter counter;

	counter_init(&counter, "api");
	for (uint64_t i = 1; i <= 2; i++) {
		record_begin(&record, KMN_LOSS, KMN_NO_HOOK, SECOND, i);
		record_add_arg(&record, 10);
		record_add_arg(&record, 1);
		add(&counter, &record);
		record_begin(&record, KMN_RESUME, HOOK_RAW, SECOND, i);
		record_add_arg(&record, 100);
		add(&counter, &record);
	}
	assert_int_equal(counter.tally.lost, 20);
	assert_int_equal(counter.tally.suspended, 200);
	assert_int_equal(counter.tally.calls, 0);
	counter_fini(&counter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_holds_its_values_to_three_percent),
		cmocka_unit_test(quantiles_are_those_of_the_sorted_values),
		cmocka_unit_test(equal_strings_have_one_number_and_stay_where_they_are),
		cmocka_unit_test(a_key_is_one_or_several_known_words),
		cmocka_unit_test(a_call_counts_once_with_its_return),
		cmocka_unit_test(entries_alone_are_counted_at_once),
		cmocka_unit_test(a_return_without_its_entry_is_a_call_and_is_told),
		cmocka_unit_test(keys_come_from_the_entry_and_the_error_from_the_return),
		cmocka_unit_test(each_part_has_its_name),
		cmocka_unit_test(a_module_that_comes_gives_addresses_new_names),
		cmocka_unit_test(a_stack_that_is_not_known_yet_is_asked_for_again),
		cmocka_unit_test(rows_are_sorted_by_any_column),
		cmocka_unit_test(what_was_lost_on_the_way_is_summed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
