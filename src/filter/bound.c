/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an argument's name or "ret" is in one function: where its value is in a record, of which
 * size and sign, and what the constants that it is compared with are in its type. Settled once for
 * each function.
 */
#include <stdlib.h>
#include <string.h>

#include "filter/tree.h"

static const struct bound absent = {.what = BOUND_ABSENT};

bool filter_is_argument(const struct test *test)
{
	return test->field == FIELD_ARGUMENT || filter_form(test) == FORM_RESERVED;
}

static bool compares_text(const struct test *test)
{
	return test->op == OP_GLOB || test->op == OP_NOT_GLOB || test->op == OP_REGEX ||
	       (test->n_operands && test->operands[0].kind == OPERAND_STRING);
}

/* A bare word: "passwd" where there is a string, an enumerator's name elsewhere. */
static bool may_compare_text(const struct test *test)
{
	const struct operand *first = test->operands;

	return compares_text(test) ||
	       ((test->op == OP_EQ || test->op == OP_NE || test->op == OP_IN ||
		 test->op == OP_NOT_IN) &&
		first->kind == OPERAND_WORD && !first->minus && strcmp(first->text, "NULL"));
}

static bool is_textual(const struct api_fetch *fetch)
{
	return fetch->form == FETCH_STRING || fetch->form == FETCH_PATH;
}

/* The fetch behind a parameter with this label; without one, the first that is a text. */
static const struct api_fetch *find_fetch(const struct api *api, size_t param, const char *label,
					  uint8_t *index)
{
	for (size_t i = 0; i < api->n_fetches && i < KMN_MAX_FETCHES; i++) {
		const struct api_fetch *fetch = &api->fetches[i];

		if (fetch->param != param)
			continue;
		if (label ? fetch->label && !strcmp(fetch->label, label) : is_textual(fetch)) {
			*index = (uint8_t)i;
			return fetch;
		}
	}
	return NULL;
}

static bool has_negative(const struct catalog *catalog, const struct value_type *type)
{
	const struct enumeration *enumeration;

	if (type->kind != VALUE_ENUM || type->enumeration >= catalog->apis.n_enumerations)
		return false;
	enumeration = &catalog->apis.enumerations[type->enumeration];
	for (size_t i = 0; i < enumeration->n_members; i++)
		if (enumeration->members[i].value < 0)
			return true;
	return false;
}

static void bind_type(const struct catalog *catalog, const struct value_type *type,
		      struct bound *bound)
{
	bool small = type->size == 1 || type->size == 2 || type->size == 4;

	/* Only the lowest byte of a bool's register is the value. */
	bound->size = type->kind == VALUE_BOOL ? 1 : small ? (uint8_t)type->size : 8;
	bound->is_signed = type->kind == VALUE_SIGNED || has_negative(catalog, type);
}

static void bind_param(const struct test *test, const struct catalog *catalog,
		       const struct api *api, size_t index, struct bound *bound)
{
	const struct api_param *param = &api->params[index];
	const struct api_fetch *fetch = NULL;

	if (test->label || may_compare_text(test))
		fetch = find_fetch(api, index, test->label, &bound->fetch);
	if (fetch) {
		bound->form = fetch->form;
		bound->what = is_textual(fetch) ? BOUND_TEXT : BOUND_FETCHED;
		bound->size = 8;
		bound->is_signed = fetch->form == FETCH_SIGNED;
	} else if (!test->label && !compares_text(test) && param->slots == 1) {
		bound->what = BOUND_WORD;
		bound->slot = param->slot;
		bind_type(catalog, &param->type, bound);
	}
}

static const struct value_type *bind_place(const struct test *test, const struct catalog *catalog,
					   const struct api *api, struct bound *bound)
{
	const struct value_type *result = &api->result;

	if (test->field == FIELD_RET) {
		/* Of a larger struct a record has only a part. */
		if (!compares_text(test) && result->kind != VALUE_VOID &&
		    (result->kind != VALUE_STRUCT || result->size <= 8))
			bound->what = BOUND_RESULT;
		bind_type(catalog, result, bound);
		return result;
	}
	if (test->position && !api->typed) {
		if (!test->label && !compares_text(test))
			bound->what = BOUND_WORD;
		bound->slot = (uint8_t)(test->position - 1);
		bound->size = 8;
		return NULL;
	}
	for (size_t i = 0; i < api->n_params; i++) {
		if (test->position
			    ? i + 1 != test->position
			    : !api->params[i].name || strcmp(api->params[i].name, test->name))
			continue;
		bind_param(test, catalog, api, i, bound);
		return &api->params[i].type;
	}
	return NULL;
}

/*
 * A constant in the type that it is compared with, as in C: -1 is all bits of an unsigned number,
 * 0xffffffff is -1 as an int. One that doesn't fit stays what it is and equals nothing.
 */
void filter_convert(const struct bound *bound, struct number *number)
{
	unsigned bits = bound->size * 8u;
	uint64_t mask = bits < 64 ? (1ull << bits) - 1 : ~0ull;
	uint64_t sign = 1ull << (bits - 1);
	bool fits = number->negative ? number->bits >= 0 - sign : number->bits <= mask;

	if (!fits)
		return;
	number->bits &= mask;
	number->negative = bound->is_signed && number->bits & sign;
	if (number->negative)
		number->bits |= ~mask;
}

static bool bind_constants(const struct test *test, const struct catalog *catalog,
			   const struct value_type *type, struct bound *bound)
{
	bool exact = test->op >= OP_LT && test->op <= OP_GE;

	bound->ranges = calloc(test->n_operands + 1, sizeof(*bound->ranges));
	if (!bound->ranges)
		return false;
	for (size_t i = 0; i < test->n_operands; i++) {
		const struct operand *operand = &test->operands[i];
		struct range *range = &bound->ranges[i];
		bool single;

		*range = operand->range;
		if (operand->kind == OPERAND_WORD) {
			if (!filter_word_value(catalog, type, operand, &range->low))
				return false;
			range->high = range->low;
		} else if (operand->kind != OPERAND_NUMBER) {
			return false;
		}
		single = !number_order(&range->low, &range->high);
		if (single && !exact) {
			filter_convert(bound, &range->low);
			range->high = range->low;
		}
	}
	return true;
}

static struct bound *bind(const struct test *test, const struct catalog *catalog,
			  const struct api *api)
{
	struct bound *bound = calloc(1, sizeof(*bound));
	const struct value_type *type;

	if (!bound)
		return NULL;
	type = bind_place(test, catalog, api, bound);
	if (bound->what != BOUND_ABSENT && bound->what != BOUND_TEXT &&
	    !bind_constants(test, catalog, type, bound))
		bound->what = BOUND_ABSENT;
	/* Order and bits mean nothing for a text. */
	if (bound->what == BOUND_TEXT &&
	    (test->op == OP_BITS || (test->op >= OP_LT && test->op <= OP_GE)))
		bound->what = BOUND_ABSENT;
	return bound;
}

static bool make_room(struct test *test, uint32_t hook)
{
	size_t n = test->n_hooks ? test->n_hooks : 64;
	struct bound **bounds;

	if (hook >= FILTER_MAX_HOOKS)
		return false;
	while (n <= hook)
		n *= 2;
	bounds = realloc(test->bounds, n * sizeof(*bounds));
	if (!bounds)
		return false;
	memset(bounds + test->n_hooks, 0, (n - test->n_hooks) * sizeof(*bounds));
	test->bounds = bounds;
	test->n_hooks = n;
	return true;
}

const struct bound *filter_bound(struct filter *filter, struct test *test, uint32_t hook)
{
	const struct api *api;
	struct bound *bound;

	if (hook < test->n_hooks && test->bounds[hook])
		return test->bounds[hook];
	api = api_table_find(&filter->catalog->apis, hook);
	if (!api || (hook >= test->n_hooks && !make_room(test, hook)))
		return &absent;
	bound = bind(test, filter->catalog, api);
	test->bounds[hook] = bound;
	return bound ? bound : &absent;
}

void filter_bounds_free(struct test *test)
{
	for (size_t i = 0; test->bounds && i < test->n_hooks; i++) {
		if (test->bounds[i])
			free(test->bounds[i]->ranges);
		free(test->bounds[i]);
	}
	free(test->bounds);
	test->bounds = NULL;
}

bool filter_is_enumeration(const struct test *test, const struct api *api)
{
	for (size_t i = 0; i < api->n_params; i++)
		if (api->params[i].name && !strcmp(api->params[i].name, test->name))
			return api->params[i].type.kind == VALUE_ENUM ||
			       api->params[i].type.kind == VALUE_FLAGS;
	return false;
}
