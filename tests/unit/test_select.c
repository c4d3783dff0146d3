/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Choosing from a capture file: what the index passes over changes nothing in what is chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/writer.h"
#include "command/select_options.h"
#include "records.h"
#include "source/capture_source.h"

#define CALLS 1000u
#define FLUSH 64
/* A call is made each 100 ns and takes so long: five are under way at a time. */
#define TAKES 450

static char path[] = "/tmp/kapimon-test-XXXXXX";
static uint64_t start;

static void must(int code, const struct error *err)
{
	if (code)
		fail_msg("%s", err->message);
}

/* Each call's process has its number. The entry of each 100th call was lost. */
static void add_call(struct capture_writer *writer, unsigned call, bool is_return)
{
	const struct kmn_header *header;
	struct record_builder record;
	struct error err = {0};

	if (!is_return && call % 100 == 50)
		return;
	record_begin(&record, is_return ? KMN_RETURN : KMN_ENTRY, HOOK_OPEN,
		     start + 100 * call + (is_return ? TAKES : 0), 2 * call + is_return);
	record.header.pid = call;
	if (is_return) {
		record_add_return(&record, 0, TAKES, 1, 2 * call);
	} else {
		record_add_arg(&record, 0);
		record_add_arg(&record, 0);
	}
	header = &record.header;
	must(capture_writer_add(writer, &header, 1, &err), &err);
}

static int make_capture(void **state)
{
	struct ledger_row row = {.hook = HOOK_OPEN, .hits = CALLS, .recorded = CALLS};
	struct capture_writer *writer;
	struct catalog catalog;
	struct error err = {0};
	struct ledger ledger;
	int fd = mkstemp(path);

	if (fd < 0)
		return -1;
	close(fd);
	test_catalog_init(&catalog);
	start = catalog.start;
	writer = capture_writer_create(path, true, &err);
	must(writer ? 0 : -1, &err);
	must(capture_writer_begin(writer, &catalog, &err), &err);
	for (unsigned i = 0; i < CALLS + 5; i++) {
		if (i < CALLS)
			add_call(writer, i, false);
		/* In order of time: the return of the fifth before it comes 50 ns later. */
		if (i >= 4 && i - 4 < CALLS)
			add_call(writer, i - 4, true);
		if (i % FLUSH == 0)
			must(capture_writer_flush(writer, &err), &err);
	}
	ledger_init(&ledger);
	must(ledger_add(&ledger, &row, &err), &err);
	must(capture_writer_end(writer, &ledger, &err), &err);
	capture_writer_destroy(writer);
	ledger_fini(&ledger);
	catalog_fini(&catalog);
	return 0;
}

static int remove_capture(void **state)
{
	return unlink(path);
}

struct chosen {
	uint64_t n, sum; /* records, and of their processes' numbers */
	struct ledger ledger;
};

static void choose(int option, const char *value, bool with_index, struct chosen *chosen)
{
	const struct kmn_header *const *records;
	struct error err = {0};
	struct select select;
	struct source *source = capture_source_open(path, &err);
	size_t n;

	must(source ? 0 : -1, &err);
	select_init(&select);
	must(select_set_option(&select, option, value, &err), &err);
	/* With "not not" it says the same, but no time before which nothing fits. */
	if (!with_index) {
		struct text text = TEXT_INIT;

		select_fini(&select);
		select_init(&select);
		text_addf(&text, "not not (%s%s)", option == SELECT_FROM ? "time >= " : "", value);
		must(select_set_option(&select, SELECT_FILTER, text_string(&text), &err), &err);
		text_fini(&text);
	}
	source = select_source(&select, source, &err);
	must(source ? 0 : -1, &err);
	chosen->n = chosen->sum = 0;
	while (source->ops->next(source, -1, &records, &n, &err) == 1) {
		chosen->n += n;
		for (size_t i = 0; i < n; i++)
			chosen->sum += records[i]->pid;
	}
	ledger_init(&chosen->ledger);
	must(source->ops->ledger(source, &chosen->ledger, &err), &err);
	source->ops->close(source);
	select_fini(&select);
}

/* At any place in a block: calls that began before it have their returns behind it. */
static void from_a_time_on_the_index_gives_the_calls_that_reading_all_gives(void **state)
{
	for (unsigned call = 0; call < CALLS; call += 37) {
		struct chosen quick, whole;
		char time[32];

		snprintf(time, sizeof(time), "%uns", 100 * call);
		choose(SELECT_FROM, time, true, &quick);
		choose(SELECT_FROM, time, false, &whole);
		assert_int_equal(quick.n, whole.n);
		assert_int_equal(quick.sum, whole.sum);
		/* Entry and return of each, but for the entries that were lost. */
		assert_int_equal(quick.n, 2 * (CALLS - call) - (CALLS + 49 - call) / 100);
		ledger_fini(&quick.ledger);
		ledger_fini(&whole.ledger);
	}
}

static void what_was_passed_over_is_counted_and_the_ledger_stays_whole(void **state)
{
	struct chosen chosen;

	choose(SELECT_FROM, "90us", true, &chosen);
	assert_false(chosen.ledger.interrupted);
	assert_int_equal(chosen.ledger.damaged, 0);
	assert_int_equal(chosen.ledger.rows[0].recorded, CALLS);
	assert_true(chosen.ledger.records_passed > 1600 && chosen.ledger.records_passed < 1800);
	assert_true(chosen.ledger.calls_read < 200);
	ledger_fini(&chosen.ledger);

	choose(SELECT_FROM, "90us", false, &chosen);
	assert_int_equal(chosen.ledger.records_passed, 0);
	ledger_fini(&chosen.ledger);
}

static void a_time_behind_the_end_passes_over_everything(void **state)
{
	struct chosen chosen;

	choose(SELECT_FROM, "1h", true, &chosen);
	assert_int_equal(chosen.n, 0);
	assert_int_equal(chosen.ledger.calls_read, 0);
	assert_int_equal(chosen.ledger.records_passed, 2 * CALLS - CALLS / 100);
	assert_true(ledger_complete(&chosen.ledger));
	ledger_fini(&chosen.ledger);
}

static void only_a_time_that_must_hold_passes_over_anything(void **state)
{
	static const struct {
		const char *filter;
		bool passes;
	} cases[] = {
		{"time >= 90us", true},		{"pid > 3 and (time > 90us and pid > 4)", true},
		{"time in (90us..95us)", true}, {"time >= 90us or pid == 3", false},
		{"not time >= 90us", false},	{"time < 90us", false},
		{"time != 90us", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chosen quick, whole;

		choose(SELECT_FILTER, cases[i].filter, true, &quick);
		choose(SELECT_FILTER, cases[i].filter, false, &whole);
		assert_int_equal(quick.n, whole.n);
		assert_int_equal(quick.sum, whole.sum);
		assert_int_equal(quick.ledger.records_passed != 0, cases[i].passes);
		ledger_fini(&quick.ledger);
		ledger_fini(&whole.ledger);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_a_time_on_the_index_gives_the_calls_that_reading_all_gives),
		cmocka_unit_test(what_was_passed_over_is_counted_and_the_ledger_stays_whole),
		cmocka_unit_test(a_time_behind_the_end_passes_over_everything),
		cmocka_unit_test(only_a_time_that_must_hold_passes_over_anything),
	};

	return cmocka_run_group_tests(tests, make_capture, remove_capture);
}
