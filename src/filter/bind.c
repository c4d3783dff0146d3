/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From names to numbers: what an expression means for the catalog at hand. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/nearest.h"
#include "filter/tree.h"

#define NS_PER_S 1000000000ull
#define HALF_A_DAY (12 * 3600)

static void broken_down(time_t seconds, struct tm *tm)
{
	const struct tm *local = localtime(&seconds);

	memset(tm, 0, sizeof(*tm));
	if (local)
		*tm = *local;
}

/*
 * The record's time for a time of the clock in the time zone of the reader. Without a date it is
 * the one that is nearest to the start of the recording, so that midnight may lie between them.
 */
static struct number clock_number(const struct catalog *catalog, const struct clock_time *clock)
{
	time_t start = (time_t)((int64_t)(catalog->start + (uint64_t)catalog->clock_offset) /
				(int64_t)NS_PER_S),
	       wanted;
	struct tm tm;
	int64_t ns;

	broken_down(start, &tm);
	if (clock->dated) {
		tm.tm_year = clock->year - 1900;
		tm.tm_mon = clock->month - 1;
		tm.tm_mday = clock->day;
	}
	tm.tm_hour = clock->hour;
	tm.tm_min = clock->minute;
	tm.tm_sec = clock->second;
	tm.tm_isdst = -1;
	wanted = mktime(&tm);
	if (!clock->dated && (wanted - start > HALF_A_DAY || start - wanted > HALF_A_DAY)) {
		tm.tm_mday += wanted < start ? 1 : -1;
		tm.tm_isdst = -1;
		wanted = mktime(&tm);
	}
	ns = (int64_t)((uint64_t)wanted * NS_PER_S + clock->ns - (uint64_t)catalog->clock_offset);
	return (struct number){(uint64_t)ns, ns < 0};
}

static struct number since_start(const struct catalog *catalog, const struct number *ns)
{
	uint64_t room = UINT64_MAX - catalog->start;

	return (struct number){catalog->start + (ns->bits < room ? ns->bits : room), false};
}

static int bind_numbers(struct filter *filter, struct test *test, struct error *err)
{
	free(test->ranges);
	test->ranges = calloc(test->n_operands + 1, sizeof(*test->ranges));
	if (!test->ranges)
		return error_no_memory(err);
	for (size_t i = 0; i < test->n_operands; i++) {
		const struct operand *operand = &test->operands[i];
		struct range *range = &test->ranges[i];

		*range = operand->range;
		if (operand->kind == OPERAND_CLOCK) {
			range->low = clock_number(filter->catalog, &operand->clock);
			range->high = range->low;
		} else if (filter_form(test) == FORM_CLOCK) {
			range->low = since_start(filter->catalog, &range->low);
			range->high = since_start(filter->catalog, &range->high);
		}
	}
	return 0;
}

/* An argument, or something fetched from behind it, that a function has. */
static bool is_parameter(const struct api *api, const struct test *test)
{
	if (test->position)
		return !test->label || api->typed;
	for (size_t i = 0; i < api->n_params; i++) {
		if (!api->params[i].name || strcmp(api->params[i].name, test->name))
			continue;
		if (!test->label)
			return true;
		for (size_t k = 0; k < api->n_fetches; k++)
			if (api->fetches[k].param == i && api->fetches[k].label &&
			    !strcmp(api->fetches[k].label, test->label))
				return true;
	}
	return false;
}

static int unknown_name(const struct catalog *catalog, const struct test *test, struct error *err)
{
	struct nearest nearest;

	if (filter_form(test) == FORM_RESERVED) {
		filter_mistake(test->text, test->at, err,
			       "\"%s\" is for records of memory, of which there are none here, and "
			       "no function here has an argument of this name",
			       test->name);
		return -1;
	}
	nearest_init(&nearest, test->name);
	for (int i = 0; filter_field_names[i]; i++)
		nearest_offer(&nearest, filter_field_names[i]);
	for (size_t i = 0; i < catalog->apis.n_apis; i++) {
		const struct api *api = catalog->apis.apis[i];

		for (size_t k = 0; k < api->n_params; k++)
			if (api->params[k].name)
				nearest_offer(&nearest, api->params[k].name);
	}
	filter_mistake(test->text, test->at, err,
		       "\"%.60s%s%.60s\" is neither a field nor an argument of a function that is "
		       "hooked",
		       test->name, test->label ? "." : "", test->label ? test->label : "");
	if (nearest.best && strcmp(nearest.best, test->name))
		return error_hint(err, "did you mean %s?", nearest.best);
	return error_hint(err, "kapimon-filter(7) has the fields, \"kapimon list\" a function's "
			       "arguments");
}

static int unknown_word(const struct test *test, struct error *err)
{
	for (size_t i = 0; i < test->n_operands; i++)
		if (test->operands[i].kind == OPERAND_WORD)
			return filter_mistake(
				test->text, test->operands[i].at, err,
				"\"%.60s\" is not a value of \"%.60s\" in any function "
				"that is hooked",
				test->operands[i].text, test->name ? test->name : "ret");
	return filter_mistake(
		test->text, test->at, err,
		"\"%.60s\" can't be compared like that in any function that is hooked",
		test->name ? test->name : "ret");
}

/* Does it mean anything in any function? */
static int check_value(struct filter *filter, struct test *test, struct error *err)
{
	const struct api_table *table = &filter->catalog->apis;
	bool known = test->field == FIELD_RET;

	for (size_t i = 0; i < table->n_apis; i++) {
		const struct api *api = table->apis[i];

		known |= filter_is_argument(test) && is_parameter(api, test);
		if (filter_bound(filter, test, api->id)->what != BOUND_ABSENT)
			return 0;
	}
	if (!table->n_apis)
		return 0;
	if (!known)
		return unknown_name(filter->catalog, test, err);
	/* A function without a result has none to compare: that is no mistake. */
	for (size_t i = 0; i < test->n_operands; i++)
		if (test->operands[i].kind == OPERAND_WORD)
			return unknown_word(test, err);
	return test->field == FIELD_RET ? 0 : unknown_word(test, err);
}

void filter_bind_stacks(struct filter *filter)
{
	const struct module_table *table = &filter->catalog->modules;

	for (size_t i = 0; i < filter->n_tests; i++) {
		struct test *test = &filter->tests[i];

		if (test->op != OP_HAS)
			continue;
		test->modules = 0;
		test->is_module = false;
		test->by_bits = true;
		for (size_t k = 0; k < table->n_modules; k++) {
			const struct module *module = &table->modules[k];

			if (!filter_same_module(module->name, test->operands[0].text))
				continue;
			test->is_module = true;
			if (module->bit < MODULE_SHARED_BIT)
				test->modules |= 1ull << module->bit;
			else
				test->by_bits = false;
		}
		test->by_bits &= test->is_module;
	}
	filter->n_modules = table->n_modules;
	stack_answers_forget(filter->stacks);
}

int filter_bind(struct filter *filter, const struct catalog *catalog, bool strict,
		struct error *err)
{
	unsigned bit = 0;

	filter->catalog = catalog;
	for (size_t i = 0; i < filter->n_tests; i++) {
		struct test *test = &filter->tests[i];

		filter_bounds_free(test);
		free(test->by_hook);
		test->by_hook = NULL;
		test->n_hooks = 0;
		switch (filter_form(test)) {
		case FORM_VALUE:
		case FORM_RESERVED:
			if (strict && check_value(filter, test, err))
				return -1;
			break;
		case FORM_NAME:
		case FORM_STACK:
			if (test->field != FIELD_CALLER && test->field != FIELD_STACK)
				break;
			if (bit == FILTER_MAX_STACK_TESTS)
				return filter_mistake(test->text, test->at, err,
						      "stacks can be asked for %d things at most",
						      FILTER_MAX_STACK_TESTS);
			test->stack_bit = (uint8_t)bit++;
			break;
		default:
			if (bind_numbers(filter, test, err))
				return -1;
		}
	}
	if (bit && !filter->stacks) {
		filter->stacks = stack_answers_create();
		if (!filter->stacks)
			return error_no_memory(err);
	}
	filter_bind_stacks(filter);
	return 0;
}
