/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "records.h"
#include "view/calls.h"

#define CPU 1 /* record_begin()'s */

/* What was handed out. */
struct seen {
	struct catalog catalog;
	struct calls calls;
	size_t n;
	struct {
		enum call_state state;
		uint64_t start, duration;
		bool lasts;
		const char *name;
	} list[8];
};

static int take(void *context, const struct call *call, struct error *err)
{
	struct seen *seen = context;

	assert_true(seen->n < 8);
	seen->list[seen->n].state = call->state;
	seen->list[seen->n].start = call_start(call);
	seen->list[seen->n].lasts = call_duration(call, &seen->list[seen->n].duration);
	seen->list[seen->n].name = call->api ? call->api->name : NULL;
	seen->n++;
	return 0;
}

static int setup(void **state)
{
	static struct seen seen;

	seen.n = 0;
	test_catalog_init(&seen.catalog);
	calls_init(&seen.calls, &seen.catalog, take, &seen);
	*state = &seen;
	return 0;
}

static int teardown(void **state)
{
	struct seen *seen = *state;

	calls_fini(&seen->calls);
	catalog_fini(&seen->catalog);
	return 0;
}

static void add(struct seen *seen, const struct record_builder *record)
{
	struct record_view view;
	struct error err = {0};

	assert_true(record_parse(record, sizeof(*record), &view, &err) >= 0);
	assert_true(calls_concern(view.header));
	assert_int_equal(calls_add(&seen->calls, &view, &err), 0);
}

static void add_entry(struct seen *seen, uint32_t hook, uint64_t time, uint64_t sequence)
{
	struct record_builder record;

	record_begin(&record, KMN_ENTRY, hook, time, sequence);
	add(seen, &record);
}

static void add_return(struct seen *seen, uint64_t time, uint64_t duration, uint32_t entry_cpu,
		       uint64_t entry_sequence, uint16_t flags)
{
	struct record_builder record;

	record_begin(&record, KMN_RETURN, HOOK_OPEN, time, 99);
	record.header.flags |= flags;
	record_add_return(&record, 0, duration, entry_cpu, entry_sequence);
	add(seen, &record);
}

static void a_return_completes_its_own_entry_and_no_other(void **state)
{
	struct seen *seen = *state;

	add_entry(seen, HOOK_OPEN, 1000, 5);
	add_entry(seen, HOOK_OPEN, 1100, 6);
	assert_int_equal(seen->n, 0);
	add_return(seen, 1150, 50, CPU, 6, 0);
	add_return(seen, 1300, 300, CPU, 5, 0);
	assert_int_equal(seen->n, 2);
	assert_int_equal(seen->list[0].state, CALL_RETURNED);
	assert_int_equal(seen->list[0].start, 1100);
	assert_int_equal(seen->list[1].start, 1000);
	assert_true(seen->list[1].lasts);
	assert_int_equal(seen->list[1].duration, 300);
	assert_string_equal(seen->list[1].name, "do_open");
}

static void the_same_sequence_on_another_processor_is_another_entry(void **state)
{
	struct seen *seen = *state;

	add_entry(seen, HOOK_OPEN, 1000, 5);
	add_return(seen, 1300, 200, CPU + 1, 5, 0);
	assert_int_equal(seen->n, 1);
	assert_int_equal(seen->list[0].state, CALL_NO_ENTRY);
}

static void an_entry_whose_return_is_not_hooked_is_handed_out_at_once(void **state)
{
	struct seen *seen = *state;

	add_entry(seen, HOOK_WAKE, 1000, 5);
	assert_int_equal(seen->n, 1);
	assert_int_equal(seen->list[0].state, CALL_ENTRY_ONLY);
	assert_false(seen->list[0].lasts);
}

static void what_has_not_returned_is_handed_out_at_the_end_oldest_first(void **state)
{
	struct seen *seen = *state;

	add_entry(seen, HOOK_OPEN, 1000, 5);
	add_entry(seen, HOOK_ALLOC, 1100, 6);
	assert_int_equal(calls_end(&seen->calls, NULL), 0);
	assert_int_equal(seen->n, 2);
	assert_int_equal(seen->list[0].state, CALL_NOT_RETURNED);
	assert_int_equal(seen->list[0].start, 1000);
	assert_false(seen->list[0].lasts);
	assert_int_equal(seen->calls.counts[CALL_NOT_RETURNED], 2);
}

static void a_call_whose_entry_was_lost_still_has_its_start_and_duration(void **state)
{
	struct seen *seen = *state;

	add_return(seen, 1300, 200, CPU, 5, 0);
	assert_int_equal(seen->list[0].state, CALL_NO_ENTRY);
	assert_true(seen->list[0].lasts);
	assert_int_equal(seen->list[0].start, 1100);
}

static void a_return_that_the_kernel_could_not_pair_has_no_duration(void **state)
{
	struct seen *seen = *state;

	/* Its entry's number is 0, which may be that of a real one. */
	add_entry(seen, HOOK_OPEN, 1000, 0);
	add_return(seen, 1300, 0, 0, 0, KMN_UNPAIRED);
	assert_int_equal(seen->n, 1);
	assert_int_equal(seen->list[0].state, CALL_NO_ENTRY);
	assert_false(seen->list[0].lasts);
	assert_int_equal(seen->list[0].start, 1300);
}

static void a_duration_longer_than_time_itself_does_not_wrap(void **state)
{
	struct seen *seen = *state;

	add_return(seen, 1300, UINT64_MAX - 5, CPU, 5, 0);
	assert_int_equal(seen->list[0].start, 1300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_return_completes_its_own_entry_and_no_other),
		TEST(the_same_sequence_on_another_processor_is_another_entry),
		TEST(an_entry_whose_return_is_not_hooked_is_handed_out_at_once),
		TEST(what_has_not_returned_is_handed_out_at_the_end_oldest_first),
		TEST(a_call_whose_entry_was_lost_still_has_its_start_and_duration),
		TEST(a_return_that_the_kernel_could_not_pair_has_no_duration),
		TEST(a_duration_longer_than_time_itself_does_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
