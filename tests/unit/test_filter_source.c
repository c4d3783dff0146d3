/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "records.h"
#include "session/filtered_source.h"
#include "session/filtering_source.h"
#include "session/tail_sink.h"

#define CALLS 6

/*
 * A recording of six calls of do_open(), entry and return in turn: of process 100, 101, 100, ...;
 * the first three return -ENOENT. The source notes what it was asked for.
 */
struct made_source {
	struct source base;
	struct catalog catalog;
	struct record_builder records[2 * CALLS];
	const struct kmn_header *pointers[2 * CALLS];
	bool given;
	struct spec spec; /* of the last apply() */
	unsigned applied;
};

static int made_apply(struct source *source, const struct spec *spec, struct error *err)
{
	struct made_source *me = (struct made_source *)source;

	spec_fini(&me->spec);
	me->applied++;
	return spec_copy(&me->spec, spec, err);
}

static int made_next(struct source *source, int timeout_ms,
		     const struct kmn_header *const **records, size_t *n, struct error *err)
{
	struct made_source *me = (struct made_source *)source;

	if (me->given)
		return 0;
	me->given = true;
	*records = me->pointers;
	*n = 2 * CALLS;
	return 1;
}

static int made_stop(struct source *source, struct error *err)
{
	return 0;
}

static int made_ledger(struct source *source, struct ledger *ledger, struct error *err)
{
	struct ledger_row entries = {.hook = HOOK_OPEN, .hits = 9, .recorded = 6, .filtered = 3};
	struct ledger_row returns = {.hook = HOOK_OPEN, .point = LEDGER_RETURN};

	returns.hits = returns.recorded = 6;
	return ledger_add(ledger, &entries, err) || ledger_add(ledger, &returns, err) ? -1 : 0;
}

static const struct catalog *made_catalog(struct source *source)
{
	return &((struct made_source *)source)->catalog;
}

static void made_close(struct source *source)
{
	struct made_source *me = (struct made_source *)source;

	catalog_fini(&me->catalog);
	spec_fini(&me->spec);
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
	spec_init(&me->spec);
	test_catalog_init(&me->catalog);
	for (uint64_t i = 0; i < CALLS; i++) {
		struct record_builder *entry = &me->records[2 * i], *ret = entry + 1;

		record_begin(entry, KMN_ENTRY, HOOK_OPEN, 100 + 10 * i, 2 * i);
		entry->header.pid = 100 + i % 2;
		record_add_arg(entry, 0);
		record_add_arg(entry, i);
		record_begin(ret, KMN_RETURN, HOOK_OPEN, 105 + 10 * i, 2 * i + 1);
		ret->header.pid = 100 + i % 2;
		record_add_return(ret, i < 3 ? (uint32_t)-2 : 0, 5, 1, 2 * i);
		me->pointers[2 * i] = &entry->header;
		me->pointers[2 * i + 1] = &ret->header;
	}
	return me;
}

/* Sequence numbers of all that comes. */
static void assert_gives(struct source *source, const char *expected)
{
	const struct kmn_header *const *records;
	struct text text = TEXT_INIT;
	struct error err = {0};
	size_t n;

	while (source->ops->next(source, 0, &records, &n, &err) == 1)
		for (size_t i = 0; i < n; i++)
			text_addf(&text, "%s%u", text.length ? " " : "",
				  (unsigned)records[i]->sequence);
	assert_string_equal(text_string(&text), expected);
	text_fini(&text);
}

static void apply(struct source *source, const char *lines)
{
	struct error err = {0};
	struct spec spec;

	spec_init(&spec);
	if (spec_parse(&spec, lines, &err) || source->ops->apply(source, &spec, &err))
		fail_msg("%s", err.message);
	spec_fini(&spec);
}

static void calls_dropped_in_user_space_move_from_recorded_to_filtered(void **state)
{
	struct source *source = filtering_source_create(&make_source()->base, NULL);
	struct ledger ledger;

	apply(source, "hook-return do_open\nfilter errno == ENOENT and flags != 1");
	assert_gives(source, "0 1 4 5");
	ledger_init(&ledger);
	assert_int_equal(source->ops->ledger(source, &ledger, NULL), 0);
	assert_null(ledger_broken(&ledger));
	assert_int_equal(ledger.rows[0].hits, 9);
	assert_int_equal(ledger.rows[0].recorded, 2);
	assert_int_equal(ledger.rows[0].filtered, 7);
	assert_int_equal(ledger.rows[1].recorded, 2);
	assert_int_equal(ledger.rows[1].filtered, 4);
	ledger_fini(&ledger);
	source->ops->close(source);
}

static void what_the_kernel_settles_is_asked_of_it_and_not_judged_again(void **state)
{
	struct made_source *made = make_source();
	struct source *source = filtering_source_create(&made->base, NULL);

	apply(source, "hook-return do_open\ncount 4\nfilter pid == 100 and duration > 1us");
	assert_int_equal(made->applied, 1);
	assert_int_equal(made->spec.n_pids, 1);
	assert_int_equal(made->spec.pids[0], 100);
	assert_int_equal(made->spec.longer_than, 1001);
	assert_int_equal(made->spec.count, 4);
	/* This source does as it is not told; nothing stands in its way. */
	assert_gives(source, "0 1 2 3 4 5 6 7 8 9 10 11");
	source->ops->close(source);
}

static void what_needs_the_functions_is_asked_when_they_are_known(void **state)
{
	struct made_source *made = make_source();
	struct source *source = filtering_source_create(&made->base, NULL);

	/* wake() and others have no such argument. */
	apply(source, "hook-return do_open\nfilter flags > 2");
	assert_int_equal(made->applied, 1);
	assert_int_equal(made->spec.where.count, 0);
	assert_gives(source, "6 7 8 9 10 11");
	source->ops->close(source);

	made = make_source();
	source = filtering_source_create(&made->base, NULL);
	while (made->catalog.apis.n_apis > 1) {
		struct api *last = made->catalog.apis.apis[--made->catalog.apis.n_apis];

		api_fini(last);
		free(last);
	}
	apply(source, "hook-return do_open\nfilter flags > 2 and ret == -ENOENT");
	assert_int_equal(made->applied, 2);
	assert_int_equal(made->spec.where.count, 2);
	assert_string_equal(made->spec.where.names[0], "flags > 2");
	assert_string_equal(made->spec.where.names[1], "ret == -2");
	assert_gives(source, "");
	source->ops->close(source);
}

static void a_count_stops_at_calls_that_are_kept(void **state)
{
	struct made_source *made = make_source();
	struct source *source = filtering_source_create(&made->base, NULL);

	apply(source, "hook-return do_open\ncount 2\nfilter flags != 1");
	assert_int_equal(made->spec.count, 0);
	assert_gives(source, "0 1 4 5");
	source->ops->close(source);
}

static void an_expression_can_change_while_recording(void **state)
{
	struct made_source *made = make_source();
	struct source *source = filtering_source_create(&made->base, NULL);
	struct error err = {0};
	struct spec wrong;

	apply(source, "hook-return do_open\nfilter flags != 1");
	apply(source, "hook-return do_open\nfilter flags == 1");
	spec_init(&wrong);
	assert_int_equal(spec_parse(&wrong, "hook do_open\nfilter flgs == 1", &err), 0);
	assert_int_equal(source->ops->apply(source, &wrong, &err), -1);
	assert_string_equal(err.hint, "did you mean flags?");
	spec_fini(&wrong);
	assert_gives(source, "2 3");
	source->ops->close(source);
}

static void reading_leaves_the_rows_of_the_recording_as_they_are(void **state)
{
	struct filter *filter = filter_create();
	struct source *source;
	struct ledger ledger;

	assert_int_equal(filter_add(filter, "pid == 100 and errno", NULL), 0);
	source = filtered_source_create(&make_source()->base, filter, NULL);
	assert_non_null(source);
	assert_gives(source, "0 1 4 5");
	ledger_init(&ledger);
	assert_int_equal(source->ops->ledger(source, &ledger, NULL), 0);
	assert_int_equal(ledger.rows[0].recorded, 6);
	assert_true(ledger.filtered_reading);
	assert_int_equal(ledger.calls_read, 6);
	assert_int_equal(ledger.calls_left_out, 4);
	ledger_fini(&ledger);
	source->ops->close(source);
}

static void a_mistake_is_told_before_anything_is_read(void **state)
{
	struct filter *filter = filter_create();
	struct error err = {0};

	assert_int_equal(filter_add(filter, "flgs & 1", NULL), 0);
	assert_null(filtered_source_create(&make_source()->base, filter, &err));
	assert_string_equal(err.hint, "did you mean flags?");
}

/* Sequence numbers of what comes to a sink. */
struct noting_sink {
	struct sink base;
	struct text *text;
};

static int note_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	return 0;
}

static int note_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct text *text = ((struct noting_sink *)sink)->text;

	for (size_t i = 0; i < batch->n_records; i++)
		text_addf(text, "%s%u", text->length ? " " : "",
			  (unsigned)batch->records[i]->sequence);
	return 0;
}

static int note_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	return 0;
}

static void note_destroy(struct sink *sink)
{
}

static const struct sink_ops noting_ops = {
	.begin = note_begin, .events = note_events, .end = note_end, .destroy = note_destroy};

static void the_tail_are_the_calls_made_last_with_their_returns(void **state)
{
	static const struct {
		uint64_t wanted;
		const char *expected;
	} cases[] = {
		{1, "10 11"},
		{2, "8 9 10 11"},
		{6, "0 2 1 3 4 5 6 7 8 9 10 11"},
		{5, "2 3 4 5 6 7 8 9 10 11"},
		{100, "0 2 1 3 4 5 6 7 8 9 10 11"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made_source *made = make_source();
		struct text text = TEXT_INIT;
		struct noting_sink noting = {{&noting_ops}, &text};
		struct sink *tail = tail_sink_create(&noting.base, cases[i].wanted, NULL);
		const struct kmn_header *swapped = made->pointers[1];
		struct batch batch = {made->pointers, 2 * CALLS};
		struct ledger ledger;

		/* The second call begins before the first returns. */
		made->pointers[1] = made->pointers[2];
		made->pointers[2] = swapped;
		ledger_init(&ledger);
		assert_int_equal(tail->ops->begin(tail, &made->catalog, NULL), 0);
		assert_int_equal(tail->ops->events(tail, &batch, NULL), 0);
		assert_int_equal(tail->ops->end(tail, &ledger, NULL), 0);
		assert_string_equal(text_string(&text), cases[i].expected);
		tail->ops->destroy(tail);
		text_fini(&text);
		made_close(&made->base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_dropped_in_user_space_move_from_recorded_to_filtered),
		cmocka_unit_test(what_the_kernel_settles_is_asked_of_it_and_not_judged_again),
		cmocka_unit_test(what_needs_the_functions_is_asked_when_they_are_known),
		cmocka_unit_test(a_count_stops_at_calls_that_are_kept),
		cmocka_unit_test(an_expression_can_change_while_recording),
		cmocka_unit_test(reading_leaves_the_rows_of_the_recording_as_they_are),
		cmocka_unit_test(a_mistake_is_told_before_anything_is_read),
		cmocka_unit_test(the_tail_are_the_calls_made_last_with_their_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
