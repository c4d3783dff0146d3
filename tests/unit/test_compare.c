/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "records.h"
#include "tally/compare_print.h"

#define SECOND 1000000000ull
#define MINUS(n) ((uint64_t) - (n))

static const struct compare_options usual = {
	.change = COMPARE_CHANGE,
	.deviations = COMPARE_DEVIATIONS,
	.least = COMPARE_LEAST,
	.scale = 1,
};

/* Two recordings, to be filled with calls and then compared. */
struct pair {
	struct key_spec key;
	struct catalog catalogs[2];
	struct recording recordings[2];
	struct comparison comparison;
	uint64_t sequence;
};

static void pair_init(struct pair *pair, const char *by)
{
	struct error err = {0};

	memset(pair, 0, sizeof(*pair));
	assert_int_equal(key_spec_parse(by, &pair->key, &err), 0);
	for (int i = 0; i < 2; i++) {
		struct sink *sink = &pair->recordings[i].sink;

		test_catalog_init(&pair->catalogs[i]);
		recording_init(&pair->recordings[i], &pair->key, 1);
		assert_int_equal(sink->ops->begin(sink, &pair->catalogs[i], &err), 0);
	}
}

static void pair_fini(struct pair *pair)
{
	comparison_fini(&pair->comparison);
	for (int i = 0; i < 2; i++) {
		recording_fini(&pair->recordings[i]);
		catalog_fini(&pair->catalogs[i]);
	}
}

static void event(struct pair *pair, int side, const struct record_builder *record)
{
	const struct kmn_header *records[] = {&record->header};
	struct batch batch = {records, 1};
	struct sink *sink = &pair->recordings[side].sink;
	struct error err = {0};

	if (sink->ops->events(sink, &batch, &err))
		fail_msg("%s", err.message);
}

/* n calls that take about `duration` ns, 0: whose return is not seen. */
static void calls(struct pair *pair, int side, uint32_t hook, unsigned n, uint64_t duration,
		  uint64_t value)
{
	struct record_builder record;

	for (unsigned i = 0; i < n; i++) {
		record_begin(&record, KMN_ENTRY, hook, 2 * SECOND, ++pair->sequence);
		event(pair, side, &record);
		if (!duration)
			continue;
		record_begin(&record, KMN_RETURN, hook, 2 * SECOND, 0);
		record_add_return(&record, value, duration + duration * (i % 20) / 40, 1,
				  pair->sequence);
		event(pair, side, &record);
	}
}

static void end(struct pair *pair, const struct ledger_row *lossy)
{
	struct ledger ledger;
	struct error err = {0};

	for (int i = 0; i < 2; i++) {
		struct sink *sink = &pair->recordings[i].sink;

		ledger_init(&ledger);
		if (lossy && i)
			ledger_add(&ledger, lossy, &err);
		assert_int_equal(sink->ops->end(sink, &ledger, &err), 0);
		ledger_fini(&ledger);
	}
}

static void compare(struct pair *pair, const struct compare_options *options)
{
	struct error err = {0};

	end(pair, NULL);
	if (comparison_make(&pair->comparison, &pair->recordings[0], &pair->recordings[1], 0,
			    options, &err))
		fail_msg("%s", err.message);
}

/* "more slower ": the kinds found, in order. */
static const char *kinds(const struct pair *pair, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < pair->comparison.n_differences; i++) {
		strcat(text, difference_name(pair->comparison.differences[i].kind));
		strcat(text, " ");
	}
	return text;
}

static void counts_differ_when_the_change_is_large_and_no_chance(void **state)
{
	static const struct {
		unsigned before, after;
		double scale;
		const char *kinds;
		size_t small;
	} cases[] = {
		{1000, 1000, 1, "", 0},
		{1000, 1200, 1, "", 1}, /* not large */
		{1000, 1250, 1, "more ", 0},
		{1250, 1000, 1, "fewer ", 0},
		{10, 14, 1, "", 1}, /* may be chance */
		{10, 60, 1, "more ", 0},
		{1000, 2000, 2, "", 0}, /* twice as long */
		{1000, 1000, 2, "fewer ", 0},
		{0, 3, 1, "new ", 0},
		{0, 2, 1, "", 1},
		{3, 0, 1, "gone ", 0},
		{0, 5, 2, "", 1}, /* would have been 2.5 */
		{2, 0, 2, "gone ", 0},
	};
	char text[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct compare_options options = usual;
		struct pair pair;

		options.scale = cases[i].scale;
		pair_init(&pair, "api");
		calls(&pair, 0, HOOK_WAKE, cases[i].before, 0, 0);
		calls(&pair, 1, HOOK_WAKE, cases[i].after, 0, 0);
		compare(&pair, &options);
		if (strcmp(kinds(&pair, text), cases[i].kinds) ||
		    pair.comparison.small != cases[i].small)
			fail_msg("%u and %u: %s(%zu small)", cases[i].before, cases[i].after, text,
				 pair.comparison.small);
		pair_fini(&pair);
	}
}

static void durations_differ_when_the_medians_and_the_ranks_do(void **state)
{
	static const struct {
		unsigned n;
		uint64_t before, after;
		const char *kinds;
	} cases[] = {
		{100, 1000, 1000, ""},	      {100, 1000, 1100, ""}, {100, 1000, 2000, "slower "},
		{100, 2000, 1000, "faster "}, {7, 1000, 100000, ""}, {20, 1000, 100000, "slower "},
	};
	char text[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair pair;

		pair_init(&pair, "api");
		calls(&pair, 0, HOOK_ALLOC, cases[i].n, cases[i].before, 0);
		calls(&pair, 1, HOOK_ALLOC, cases[i].n, cases[i].after, 0);
		compare(&pair, &usual);
		if (strcmp(kinds(&pair, text), cases[i].kinds))
			fail_msg("case %zu: %s", i, text);
		pair_fini(&pair);
	}
}

/* A few calls that took very long raise the mean, but are no slower function. */
static void a_long_tail_is_not_slower(void **state)
{
	struct pair pair;

	pair_init(&pair, "api");
	calls(&pair, 0, HOOK_ALLOC, 200, 1000, 0);
	calls(&pair, 1, HOOK_ALLOC, 197, 1000, 0);
	calls(&pair, 1, HOOK_ALLOC, 3, SECOND, 0);
	compare(&pair, &usual);
	assert_int_equal(pair.comparison.n_differences, 0);
	pair_fini(&pair);
}

/* Held against values from the formulas, worked out by hand. */
static void the_tests_are_what_they_are_called(void **state)
{
	struct histogram before = {0}, after = {0};
	struct error err = {0};

	/* (60 - 50) / sqrt(100 / 4) = 2 */
	assert_true(compare_counts(40, 60, 1) > 1.999 && compare_counts(40, 60, 1) < 2.001);
	assert_true(compare_counts(50, 100, 2) > -0.001 && compare_counts(50, 100, 2) < 0.001);
	/* 1..8 and 9..16: U = 64, mean 32, variance 8 * 8 * 17 / 12 = 90.667 */
	for (uint64_t i = 1; i <= 8; i++) {
		histogram_add(&before, i, &err);
		histogram_add(&after, i + 8, &err);
	}
	assert_true(compare_durations(&before, &after) > 3.360 &&
		    compare_durations(&before, &after) < 3.361);
	assert_true(compare_durations(&after, &before) < -3.360);
	assert_true(compare_durations(&before, &before) < 0.001);
	histogram_fini(&before);
	histogram_fini(&after);
	assert_true(compare_durations(&before, &after) < 0.001);
}

static void all_takes_every_difference_but_no_equality(void **state)
{
	const struct compare_options all = {.scale = 1};
	struct pair pair;
	char text[200];

	pair_init(&pair, "api,error");
	calls(&pair, 0, HOOK_WAKE, 10, 0, 0);
	calls(&pair, 1, HOOK_WAKE, 10, 0, 0);
	calls(&pair, 0, HOOK_OPEN, 10, 100, 0);
	calls(&pair, 1, HOOK_OPEN, 11, 100, 0);
	calls(&pair, 1, HOOK_OPEN, 1, 100, MINUS(5));
	compare(&pair, &all);
	assert_string_equal(kinds(&pair, text), "new more slower ");
	assert_int_equal(pair.comparison.small, 0);
	pair_fini(&pair);
}

static void what_only_one_watched_is_not_new(void **state)
{
	struct pair pair;
	struct api api = {.id = 50, .name = strdup("extra")};

	pair_init(&pair, "api");
	api_table_add(&pair.catalogs[1].apis, &api, NULL);
	calls(&pair, 1, 50, 100, 0, 0);
	compare(&pair, &usual);
	assert_int_equal(pair.comparison.n_differences, 0);
	assert_int_equal(pair.comparison.compared, 0);
	assert_false(recording_watched(&pair.recordings[0], "extra"));
	assert_true(recording_watched(&pair.recordings[1], "extra"));
	pair_fini(&pair);
}

/* As after another boot: every hook has another number, every address another place. */
static bool moved(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	*frame = (struct frame){"beta", address - 0x902000, "ext4"};
	return true;
}

static void captures_of_different_boots_compare_by_names(void **state)
{
	static const uint64_t frames[2][2] = {{0x1010, 0x2020}, {0x901010, 0x902020}};
	struct record_builder record;
	struct pair pair;

	pair_init(&pair, "api,caller");
	pair.catalogs[1].resolve = moved;
	for (int side = 0; side < 2; side++) {
		for (int i = 0; i < 10; i++) {
			record_begin(&record, KMN_ENTRY, HOOK_RAW, 2 * SECOND, 1);
			record_add_stack(&record, 5 + (unsigned)side);
			record_add_frames(&record, frames[side], 2);
			event(&pair, side, &record);
		}
	}
	compare(&pair, &usual);
	assert_int_equal(pair.comparison.compared, 1);
	assert_int_equal(pair.comparison.n_differences, 0);
	pair_fini(&pair);
}

static void kinds_are_named_in_a_list(void **state)
{
	static const struct {
		const char *text;
		int code;
		unsigned kinds;
	} cases[] = {
		{"new", 0, 1 << DIFFERENCE_NEW},
		{"new,slower", 0, 1 << DIFFERENCE_NEW | 1 << DIFFERENCE_SLOWER},
		{"any", 0, (1 << N_DIFFERENCES) - 1},
		{"", -1, 0},
		{"new,", -1, 0},
		{"newer", -1, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = {0};
		unsigned found = 0;

		assert_int_equal(difference_parse(cases[i].text, &found, &err), cases[i].code);
		assert_int_equal(found, cases[i].kinds);
	}
}

static void the_tables_say_what_has_to_be_known(void **state)
{
	const struct ledger_row lossy = {.hook = HOOK_OPEN, .hits = 4, .recorded = 2, .lost = 2};
	struct api api = {.id = 50, .name = strdup("extra")};
	struct text out = TEXT_INIT;
	struct error err = {0};
	struct pair pair;
	const struct compare_print print = {
		.path_before = "a.kmn",
		.path_after = "b.kmn",
		.before = &pair.recordings[0],
		.after = &pair.recordings[1],
		.scaled = true,
	};

	pair_init(&pair, "api,error");
	api_table_add(&pair.catalogs[0].apis, &api, NULL);
	pair.catalogs[1].spec = strdup("hook raw\n");
	calls(&pair, 0, HOOK_WAKE, 1000, 0, 0);
	calls(&pair, 1, HOOK_WAKE, 12000, 0, 0);
	calls(&pair, 0, HOOK_ALLOC, 40, 1000, 0);
	calls(&pair, 1, HOOK_ALLOC, 44, 8000, 0);
	calls(&pair, 1, HOOK_OPEN, 20, 100, MINUS(2));
	end(&pair, &lossy);
	assert_int_equal(comparison_make(&pair.comparison, &pair.recordings[0], &pair.recordings[1],
					 0, &usual, &err),
			 0);
	compare_print_head(&print, &out);
	assert_int_equal(compare_print_table(&print, 0, &pair.comparison, &out, &err), 0);
	assert_string_equal(
		text_string(&out),
		"A: a.kmn, 1.00s, 1,040 calls, COMPLETE\n"
		"B: b.kmn, 1.00s, 12,064 calls, INCOMPLETE: 50.0% lost, do_open\n"
		"They differ in length: calls are compared by how many there were in the same "
		"time.\n"
		"B is INCOMPLETE: its counts are lower bounds.\n"
		"They were not asked to watch the same: \"kapimon session FILE\" tells what each "
		"was.\n"
		"Watched only in A and not compared: extra\n"
		"\n"
		"By api and error:\n"
		"WHAT    CALLS A  CALLS B  MEDIAN A  MEDIAN B  CHANGE  API             ERROR\n"
		"new           0       20         -     122ns       -  do_open [ext4]  ENOENT\n"
		"more      1,000   12,000         -         -     x12  wake            (not "
		"known)\n"
		"slower       40       44    1.24us    9.47us   +659%  alloc           (none)\n"
		"1 difference is too small or may be chance\n");
	text_fini(&out);
	compare_json(&print, 0, &pair.comparison, &out);
	compare_json_end(&print, 3, &out);
	assert_non_null(strstr(
		text_string(&out),
		"{\"difference\":\"new\",\"by\":\"error\",\"api\":\"do_open [ext4]\",\"error\":"
		"\"ENOENT\",\"before\":null,\"after\":{\"calls\":20,\"errors\":20,"));
	assert_non_null(strstr(text_string(&out), "\"ratio\":12.000}\n"));
	assert_non_null(strstr(text_string(&out),
			       "\"scaled\":true,\"offsets\":true,\"same_session\":false,"
			       "\"differences\":3}}\n"));
	text_fini(&out);
	pair_fini(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_differ_when_the_change_is_large_and_no_chance),
		cmocka_unit_test(durations_differ_when_the_medians_and_the_ranks_do),
		cmocka_unit_test(a_long_tail_is_not_slower),
		cmocka_unit_test(the_tests_are_what_they_are_called),
		cmocka_unit_test(all_takes_every_difference_but_no_equality),
		cmocka_unit_test(what_only_one_watched_is_not_new),
		cmocka_unit_test(captures_of_different_boots_compare_by_names),
		cmocka_unit_test(kinds_are_named_in_a_list),
		cmocka_unit_test(the_tables_say_what_has_to_be_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
