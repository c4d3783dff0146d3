/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a recording that only its newest calls are kept of, and the call that ends it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/spool.h"
#include "capture/reader.h"
#include "command/hook_options.h"
#include "records.h"
#include "session/capture_sink.h"
#include "session/pump.h"
#include "session/ring_source.h"
#include "session/until_source.h"

#define MAX_RECORDS 40000u

/* Hands out what it was given, `step` records at a time, then ends or fails. */
struct made_source {
	struct source base;
	struct catalog catalog;
	struct record_builder *records;
	const struct kmn_header **pointers;
	size_t n, given, step;
	bool fails;
	bool took_stacks; /* asked for with the last apply() */
	struct ledger_row rows[2];
};

static struct made_source *self(struct source *source)
{
	return (struct made_source *)source;
}

static int made_apply(struct source *source, const struct spec *spec, struct error *err)
{
	self(source)->took_stacks = spec->stacks;
	return 0;
}

static int made_next(struct source *source, int timeout_ms,
		     const struct kmn_header *const **records, size_t *n, struct error *err)
{
	struct made_source *me = self(source);

	if (me->given == me->n)
		return me->fails ? error_set(err, "the machine is on fire") : 0;
	*records = me->pointers + me->given;
	*n = me->n - me->given < me->step ? me->n - me->given : me->step;
	me->given += *n;
	return 1;
}

static int made_stop(struct source *source, struct error *err)
{
	return 0;
}

static int made_ledger(struct source *source, struct ledger *ledger, struct error *err)
{
	for (int i = 0; i < 2; i++)
		if (ledger_add(ledger, &self(source)->rows[i], err))
			return -1;
	return 0;
}

static const struct catalog *made_catalog(struct source *source)
{
	return &self(source)->catalog;
}

static void made_close(struct source *source)
{
	struct made_source *me = self(source);

	catalog_fini(&me->catalog);
	free(me->records);
	free(me->pointers);
	free(me);
}

static const struct source_ops made_ops = {
	.name = "made",
	.apply = made_apply,
	.next = made_next,
	.stop = made_stop,
	.ledger = made_ledger,
	.catalog = made_catalog,
	.close = made_close,
};

static struct made_source *make_source(void)
{
	struct made_source *me = calloc(1, sizeof(*me));

	me->base.ops = &made_ops;
	me->step = 3;
	me->records = calloc(MAX_RECORDS, sizeof(*me->records));
	me->pointers = calloc(MAX_RECORDS, sizeof(*me->pointers));
	test_catalog_init(&me->catalog);
	for (int i = 0; i < 2; i++)
		me->rows[i] = (struct ledger_row){.hook = HOOK_OPEN,
						  .point = i ? LEDGER_RETURN : LEDGER_ENTRY};
	return me;
}

static struct record_builder *add(struct made_source *me, enum kmn_kind kind, uint64_t time)
{
	struct record_builder *record = &me->records[me->n];
	bool is_call = kind == KMN_ENTRY || kind == KMN_RETURN;

	record_begin(record, kind, is_call ? HOOK_OPEN : KMN_NO_HOOK, time, me->n);
	me->pointers[me->n++] = &record->header;
	if (is_call) {
		me->rows[kind == KMN_RETURN].hits++;
		me->rows[kind == KMN_RETURN].recorded++;
	}
	return record;
}

/* Returns the entry's number. */
static uint64_t add_entry(struct made_source *me, uint64_t time)
{
	struct record_builder *record = add(me, KMN_ENTRY, time);

	record->header.pid = (uint32_t)record->header.sequence;
	record_add_arg(record, 0);
	record_add_arg(record, 0);
	return record->header.sequence;
}

static void add_return(struct made_source *me, uint64_t time, uint64_t entry, uint64_t duration,
		       uint64_t value)
{
	record_add_return(add(me, KMN_RETURN, time), value, duration, 1, entry);
}

static void add_note(struct made_source *me, enum kmn_kind kind, uint64_t time)
{
	struct record_builder *record = add(me, kind, time);

	record_add_arg(record, 7);
	record_add_arg(record, 0);
}

/* What comes: numbers of records. */
static void drain(struct source *source, struct text *text, struct error *err)
{
	const struct kmn_header *const *records;
	size_t n;

	while (source->ops->next(source, 0, &records, &n, err) == 1)
		for (size_t i = 0; i < n; i++)
			text_addf(text, "%s%u", text->length ? " " : "",
				  (unsigned)records[i]->sequence);
}

/*
 * 0 entry, 1 return, 2 a loss, 3 an entry, 4 a module, 5 an entry, 6 and 7 the returns of 3 and 5,
 * 8 a suspension, 9 entry, 10 return; a call each 1000 ns or so.
 */
static struct made_source *make_few(void)
{
	struct made_source *me = make_source();

	add_entry(me, 1000);
	add_return(me, 1500, 0, 500, 0);
	add_note(me, KMN_LOSS, 1600);
	add_entry(me, 2000);
	add_note(me, KMN_MODULE_LOAD, 2500);
	add_entry(me, 3000);
	add_return(me, 3500, 3, 1500, 0);
	add_return(me, 3600, 5, 600, (uint32_t)-2);
	add_note(me, KMN_SUSPEND, 3700);
	add_entry(me, 4000);
	add_return(me, 4500, 9, 500, 0);
	return me;
}

static void only_the_newest_are_kept_and_the_ledger_adds_up(void **state)
{
	const uint64_t entry = sizeof(struct kmn_header) + 16, ret = entry + 16;
	const struct {
		struct ring_limits limits;
		const char *kept;
		unsigned entries, returns, calls; /* that were dropped */
	} cases[] = {
		{{.calls = 100}, "0 1 2 3 4 5 6 7 8 9 10", 0, 0, 0},
		{{.calls = 4}, "0 1 2 3 4 5 6 7 8 9 10", 0, 0, 0},
		/* What stands before the first call of those is not between them. */
		{{.calls = 3}, "3 4 5 6 7 8 9 10", 1, 1, 1},
		/* Without 6, whose entry went. */
		{{.calls = 2}, "5 7 8 9 10", 2, 2, 2},
		{{.calls = 1}, "9 10", 3, 3, 3},
		/* In a stretch of time what is no call stays, before the first call as well. */
		{{.time = 2900}, "2 3 4 5 6 7 8 9 10", 1, 1, 1},
		{{.time = 2000}, "4 5 7 8 9 10", 2, 2, 2},
		{{.time = 1}, "", 4, 4, 4},
		{{.time = 10000}, "0 1 2 3 4 5 6 7 8 9 10", 0, 0, 0},
		{{.bytes = 1 << 20}, "0 1 2 3 4 5 6 7 8 9 10", 0, 0, 0},
		{{.bytes = entry + ret}, "9 10", 3, 3, 3},
		{{.bytes = entry + ret - 1}, "", 4, 4, 4},
		{{.bytes = 1}, "", 4, 4, 4},
		{{.calls = 2, .time = 10000}, "5 7 8 9 10", 2, 2, 2},
		{{.calls = 4, .time = 2000}, "4 5 7 8 9 10", 2, 2, 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source *ring =
			ring_source_create(&make_few()->base, &cases[i].limits, 0, NULL);
		struct text text = TEXT_INIT;
		struct error err = {0};
		struct ring_count count;
		struct ledger ledger;

		drain(ring, &text, &err);
		assert_string_equal(text_string(&text), cases[i].kept);
		assert_int_equal(err.status, STATUS_OK);
		ledger_init(&ledger);
		assert_int_equal(ring->ops->ledger(ring, &ledger, NULL), 0);
		assert_null(ledger_broken(&ledger));
		assert_int_equal(ledger.rows[0].filtered, cases[i].entries);
		assert_int_equal(ledger.rows[1].filtered, cases[i].returns);
		assert_int_equal(ledger.rows[0].recorded, 4 - cases[i].entries);
		assert_true(ledger_complete(&ledger));
		ring_source_count(ring, &count);
		assert_int_equal(count.came, 4);
		assert_int_equal(count.dropped, cases[i].calls);
		ledger_fini(&ledger);
		text_fini(&text);
		ring->ops->close(ring);
	}
}

/* The kernel lost the entry: its return is in the window, and so would the entry be. */
static void a_return_whose_entry_was_lost_in_the_kernel_stays(void **state)
{
	const struct ring_limits limits = {.calls = 1};
	struct made_source *made = make_source();
	struct source *ring = ring_source_create(&made->base, &limits, 0, NULL);
	struct text text = TEXT_INIT;
	struct error err = {0};

	add_entry(made, 1000);
	add_entry(made, 2000);
	add_return(made, 2500, 77, 100, 0);
	add_return(made, 2600, 0, 1600, 0);
	add_return(made, 2700, 1, 700, 0);
	drain(ring, &text, &err);
	assert_string_equal(text_string(&text), "1 2 4");
	text_fini(&text);
	ring->ops->close(ring);
}

/* A filter holds entries back until their returns come: they are older than what is before them. */
static void an_entry_that_came_late_keeps_its_return(void **state)
{
	const struct ring_limits limits = {.time = 1000};
	struct made_source *made = make_source();
	struct source *ring = ring_source_create(&made->base, &limits, 0, NULL);
	struct text text = TEXT_INIT;
	struct error err = {0};

	add_entry(made, 2000);
	add_entry(made, 3500);
	add_entry(made, 500);
	add_return(made, 4000, 2, 3500, 0);
	drain(ring, &text, &err);
	assert_string_equal(text_string(&text), "1 2 3");
	text_fini(&text);
	ring->ops->close(ring);
}

/* Through many chunks and batches. */
static void a_long_recording_is_cut_to_the_last_of_it(void **state)
{
	const struct ring_limits limits = {.calls = 5000};
	struct made_source *made = make_source();
	struct source *ring = ring_source_create(&made->base, &limits, 0, NULL);
	const struct kmn_header *const *records;
	struct error err = {0};
	uint64_t next = MAX_RECORDS - 10000;
	size_t n;

	made->step = 777;
	for (uint64_t i = 0; i < MAX_RECORDS / 2; i++)
		add_return(made, 1000 * i + 500, add_entry(made, 1000 * i), 500, 0);
	while (ring->ops->next(ring, 0, &records, &n, &err) == 1)
		for (size_t i = 0; i < n; i++)
			assert_int_equal(records[i]->sequence, next++);
	assert_int_equal(next, MAX_RECORDS);
	ring->ops->close(ring);
}

/* The buffer's file can't grow: what is kept is less than was wanted, and the ledger says so. */
static void without_room_the_oldest_calls_are_lost_and_counted(void **state)
{
	const struct ring_limits limits = {.calls = MAX_RECORDS};
	struct made_source *made = make_source();
	struct source *ring = ring_source_create(&made->base, &limits, 0, NULL);
	const struct kmn_header *const *records;
	struct rlimit limit, small;
	struct ring_count count;
	struct error err = {0};
	struct ledger ledger;
	uint64_t kept = 0;
	size_t n;

	made->step = 777;
	for (uint64_t i = 0; i < MAX_RECORDS / 2; i++)
		add_return(made, 1000 * i + 500, add_entry(made, 1000 * i), 500, 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = SPOOL_CHUNK;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (ring->ops->next(ring, 0, &records, &n, &err) == 1)
		kept += n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_string_equal(err.message, "");
	ring_source_count(ring, &count);
	assert_true(count.lost > 0);
	assert_int_equal(count.dropped, count.lost);
	assert_non_null(strstr(ring_source_full(ring)->message, "can't write to the temporary"));
	ledger_init(&ledger);
	assert_int_equal(ring->ops->ledger(ring, &ledger, &err), 0);
	assert_false(ledger_broken(&ledger));
	assert_int_equal(ledger.rows[0].lost, count.lost);
	assert_int_equal(ledger.rows[1].lost, count.lost);
	assert_int_equal(ledger.rows[0].filtered, 0);
	assert_int_equal(ledger.rows[0].recorded + ledger.rows[1].recorded, kept);
	assert_true(ledger.rows[0].last_lost > ledger.rows[0].first_lost);
	assert_false(ledger_complete(&ledger));
	ledger_fini(&ledger);
	ring->ops->close(ring);
}

static void what_is_kept_comes_out_before_a_failure_is_told(void **state)
{
	const struct ring_limits limits = {.calls = 2};
	struct made_source *made = make_few();
	struct source *ring = ring_source_create(&made->base, &limits, 0, NULL);
	struct text text = TEXT_INIT;
	struct error err = {0};

	made->fails = true;
	drain(ring, &text, &err);
	assert_string_equal(text_string(&text), "5 7 8 9 10");
	assert_string_equal(err.message, "the machine is on fire");
	text_fini(&text);
	ring->ops->close(ring);
}

/* The frames travel once, with a record that is dropped. */
static void a_capture_knows_the_stacks_of_what_is_kept(void **state)
{
	static char path[] = "/tmp/kapimon-test-XXXXXX";
	static const uint64_t frames[] = {0x1010, 0x2020};
	const struct ring_limits limits = {.calls = 1};
	const struct stack known = {.hash = 42, .n_frames = 2, .frames = frames};
	struct made_source *made = make_source();
	struct source *ring = ring_source_create(&made->base, &limits, 0, NULL);
	const struct kmn_header *const *records;
	struct capture_reader *reader;
	struct record_builder *record;
	const struct stack *stack;
	struct error err = {0};
	struct sink *sink;
	struct pump pump = {.source = ring, .sinks = &sink, .n_sinks = 1};
	struct ledger ledger;
	bool added;
	size_t n;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	record = add(made, KMN_ENTRY, 1000);
	record_add_stack(record, 42);
	record_add_frames(record, frames, 2);
	record = add(made, KMN_ENTRY, 2000);
	record_add_stack(record, 42);
	/* As the source of a running kernel does when it sees the frames. */
	assert_int_equal(stack_table_add(made->catalog.stacks, &known, &added, &err), 0);
	sink = capture_sink_create(path, true, &err);
	assert_non_null(sink);
	ledger_init(&ledger);
	assert_int_equal(pump_run(&pump, &ledger, &err), 0);
	ledger_fini(&ledger);
	sink->ops->destroy(sink);
	ring->ops->close(ring);

	reader = capture_open(path, &err);
	assert_non_null(reader);
	assert_int_equal(capture_next(reader, -1, &records, &n, &err), 1);
	assert_int_equal(n, 1);
	assert_int_equal(records[0]->time, 2000);
	stack = stack_table_find(capture_catalog(reader)->stacks, 42);
	assert_non_null(stack);
	assert_int_equal(stack->n_frames, 2);
	assert_int_equal(stack->frames[1], 0x2020);
	capture_close(reader);
	unlink(path);
}

static void apply(struct source *source)
{
	struct error err = {0};
	struct spec spec;

	spec_init(&spec);
	spec.stacks = false;
	if (source->ops->apply(source, &spec, &err))
		fail_msg("%s", err.message);
	spec_fini(&spec);
}

static void the_first_call_that_fits_is_noted_and_everything_passes(void **state)
{
	static const struct {
		const char *expression;
		uint64_t time; /* 0: none fits */
		const char *call;
	} cases[] = {
		{"pid == 3", 2000, "do_open("},
		{"pid in (3, 9)", 2000, "do_open("},
		/* It takes the result: both are told. */
		{"errno == ENOENT", 3600, "= -ENOENT"},
		{"duration > 1us", 3500, "= 0  1.50us"},
		{"pid == 12345", 0, ""},
		/* The loss, which nothing here rules out, is no call. */
		{"flags == 3", 0, ""},
		{"kind == loss", 0, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source *until =
			until_source_create(&make_few()->base, cases[i].expression, NULL);
		struct text text = TEXT_INIT;
		struct error err = {0};
		uint64_t time = 0;

		apply(until);
		assert_false(until_source_time(until, &time));
		drain(until, &text, &err);
		assert_string_equal(text_string(&text), "0 1 2 3 4 5 6 7 8 9 10");
		assert_int_equal(until_source_time(until, &time), cases[i].time != 0);
		assert_int_equal(time, cases[i].time);
		assert_non_null(strstr(until_source_call(until), cases[i].call));
		text_fini(&text);
		until->ops->close(until);
	}
}

static void what_the_condition_needs_is_recorded(void **state)
{
	struct made_source *made = make_few();
	struct source *until = until_source_create(&made->base, "stack has ext4", NULL);

	apply(until);
	assert_true(made->took_stacks);
	until->ops->close(until);
	made = make_few();
	until = until_source_create(&made->base, "pid == 3", NULL);
	apply(until);
	assert_false(made->took_stacks);
	until->ops->close(until);
}

static void a_mistake_in_the_condition_is_told(void **state)
{
	struct error err = {0};
	struct source *until;
	struct spec spec;

	assert_null(until_source_create(&make_few()->base, "pid ==", &err));
	until = until_source_create(&make_few()->base, "flgs == 1", &err);
	spec_init(&spec);
	assert_int_equal(until->ops->apply(until, &spec, &err), -1);
	assert_string_equal(err.hint, "did you mean flags?");
	spec_fini(&spec);
	until->ops->close(until);
}

static void a_limit_is_a_number_of_calls_a_size_or_a_time(void **state)
{
	static const struct {
		const char *value;
		struct ring_limits limits; /* none: it is a mistake */
	} cases[] = {
		{"1000", {.calls = 1000}},
		{"1calls", {.calls = 1}},
		{"64M", {.bytes = 64 << 20}},
		{"64MB", {.bytes = 64 << 20}},
		{"100kB", {.bytes = 100 << 10}},
		{"2mB", {.bytes = 2 << 20}},
		{"30s", {.time = 30000000000}},
		{"2m", {.time = 120000000000}},
		{"1.5s", {.time = 1500000000}},
		{"0", {0}},
		{"0calls", {0}},
		{"0s", {0}},
		{"-5", {0}},
		{"5 calls", {0}},
		{"5callsM", {0}},
		{"calls", {0}},
		{"B", {0}},
		{"", {0}},
		{"99999999999999999999", {0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ring_limits *limits = &cases[i].limits;
		bool right = limits->calls || limits->bytes || limits->time;
		char value[64], *argv[] = {"hook", "vfs_read", value, NULL};
		struct hook_options options;
		struct error err = {0};

		snprintf(value, sizeof(value), "--keep-last=%s", cases[i].value);
		assert_int_equal(hook_options_parse(3, argv, &options, &err), right ? 0 : -1);
		if (right) {
			assert_true(options.keep_last);
			assert_memory_equal(&options.last, limits, sizeof(*limits));
		} else {
			assert_int_equal(err.status, STATUS_USAGE);
		}
		hook_options_fini(&options);
	}
}

static void the_case_tells_minutes_from_megabytes(void **state)
{
	static const struct {
		const char *value;
		uint64_t bytes, time;
	} cases[] = {
		{"--split=10M", 10 << 20, 0},	  {"--split=10MB", 10 << 20, 0},
		{"--split=10m", 0, 600000000000}, {"--split=1h", 0, 3600000000000},
		{"--split=4096", 4096, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char value[64], output[] = "--output=x.kmn";
		char *argv[] = {"hook", "vfs_read", value, output, NULL};
		struct hook_options options;
		struct error err = {0};

		snprintf(value, sizeof(value), "%s", cases[i].value);
		assert_int_equal(hook_options_parse(4, argv, &options, &err), 0);
		assert_int_equal(options.parts.bytes, cases[i].bytes);
		assert_int_equal(options.parts.time, cases[i].time);
		hook_options_fini(&options);
	}
}

static void a_condition_on_results_hooks_returns(void **state)
{
	static const struct {
		const char *value;
		bool returns;
	} cases[] = {{"--until=errno == EIO", true}, {"--until=pid == 3", false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char value[64], *argv[] = {"hook", "vfs_read", value, NULL};
		struct hook_options options;
		struct error err = {0};

		snprintf(value, sizeof(value), "%s", cases[i].value);
		assert_int_equal(hook_options_parse(3, argv, &options, &err), 0);
		assert_string_equal(options.until, cases[i].value + strlen("--until="));
		assert_int_equal(options.spec.hooks[0].returns, cases[i].returns);
		hook_options_fini(&options);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_newest_are_kept_and_the_ledger_adds_up),
		cmocka_unit_test(a_return_whose_entry_was_lost_in_the_kernel_stays),
		cmocka_unit_test(an_entry_that_came_late_keeps_its_return),
		cmocka_unit_test(a_long_recording_is_cut_to_the_last_of_it),
		cmocka_unit_test(without_room_the_oldest_calls_are_lost_and_counted),
		cmocka_unit_test(what_is_kept_comes_out_before_a_failure_is_told),
		cmocka_unit_test(a_capture_knows_the_stacks_of_what_is_kept),
		cmocka_unit_test(the_first_call_that_fits_is_noted_and_everything_passes),
		cmocka_unit_test(what_the_condition_needs_is_recorded),
		cmocka_unit_test(a_mistake_in_the_condition_is_told),
		cmocka_unit_test(a_limit_is_a_number_of_calls_a_size_or_a_time),
		cmocka_unit_test(the_case_tells_minutes_from_megabytes),
		cmocka_unit_test(a_condition_on_results_hooks_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
