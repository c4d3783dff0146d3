/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/push.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "filter/tree.h"

/* What the programs take (kernel/linux/shared.h). */
#define MAX_COMMS 4
#define MAX_WHERES 4
/* So many processes are worth a list of single ones. */
#define MAX_PIDS 256

enum side {
	SIDE_KERNEL,   /* settled there */
	SIDE_NARROWED, /* the kernel leaves out some, the rest is looked at again */
	SIDE_USER,
};

static bool all_returns(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_hooks; i++)
		if (!spec->hooks[i].returns)
			return false;
	return spec->n_hooks != 0;
}

static bool is_equality(const struct test *test)
{
	return test->op == OP_EQ || test->op == OP_IN;
}

static uint64_t count_pids(const struct test *test)
{
	uint64_t n = 0;

	for (size_t i = 0; i < test->n_operands; i++) {
		const struct range *range = &test->operands[i].range;

		if (range->low.negative || !range->low.bits || range->high.bits > INT32_MAX)
			return 0;
		n += range->high.bits - range->low.bits + 1;
		if (n > MAX_PIDS)
			return 0;
	}
	return n;
}

static int push_pids(const struct test *test, struct spec *spec, enum side *side, struct error *err)
{
	/* A list that is there already would have to be cut down; children add to one. */
	if (!is_equality(test) || spec->n_pids || spec->children || !count_pids(test))
		return 0;
	for (size_t i = 0; i < test->n_operands; i++) {
		const struct range *range = &test->operands[i].range;

		for (uint64_t pid = range->low.bits; pid <= range->high.bits; pid++)
			if (spec_add_pid(spec, (uint32_t)pid, err))
				return -1;
	}
	*side = SIDE_KERNEL;
	return 0;
}

static int push_comms(const struct test *test, struct spec *spec, enum side *side,
		      struct error *err)
{
	if (!is_equality(test) || spec->comms.count || test->n_operands > MAX_COMMS)
		return 0;
	for (size_t i = 0; i < test->n_operands; i++) {
		size_t length = strlen(test->operands[i].text);

		/* A longer one is cut by the kernel and would match what it begins with. */
		if (!length || length >= KMN_COMM)
			return 0;
	}
	for (size_t i = 0; i < test->n_operands; i++)
		if (spec_names_add(&spec->comms, test->operands[i].text, err))
			return -1;
	*side = SIDE_KERNEL;
	return 0;
}

static void push_duration(const struct test *test, struct spec *spec, enum side *side)
{
	uint64_t least;

	if ((test->op != OP_GT && test->op != OP_GE) || !all_returns(spec))
		return;
	least = test->operands[0].range.low.bits;
	if (test->op == OP_GT && least == UINT64_MAX)
		return;
	least += test->op == OP_GT;
	/* 0 would be no filter, but a call that has not returned has no duration. */
	if (!least)
		return;
	if (least > spec->longer_than)
		spec->longer_than = least;
	*side = SIDE_KERNEL;
}

/* Does the test hold for errors only? Then the kernel's --errors lets all of them through. */
static bool asks_for_errors(const struct test *test)
{
	const struct range *first = test->operands ? &test->operands[0].range : NULL;

	switch (test->op) {
	case OP_TRUE:
		return true;
	case OP_BITS:
		return test->masked == OP_TRUE;
	case OP_EQ:
	case OP_GE:
		return first->low.bits >= 1 && !first->low.negative;
	case OP_GT:
		return !first->low.negative;
	case OP_NE:
		return !first->low.bits;
	case OP_IN:
		for (size_t i = 0; i < test->n_operands; i++)
			if (!test->operands[i].range.low.bits ||
			    test->operands[i].range.low.negative)
				return false;
		return true;
	default:
		return false;
	}
}

/* A comparison that the kernel's --where may be able to make, see filter_narrow(). */
static bool may_be_where(const struct test *test)
{
	bool number = test->n_operands == 1 && test->operands[0].kind != OPERAND_STRING;

	if (test->label || test->position || !number)
		return false;
	if (test->field == FIELD_ARGUMENT && !strcmp(test->name, "ret"))
		return false;
	return test->op >= OP_EQ && test->op <= OP_BITS && test->masked == OP_TRUE;
}

static int push_test(const struct test *test, struct spec *spec, enum side *side, struct error *err)
{
	switch (test->field) {
	case FIELD_PID:
		return push_pids(test, spec, side, err);
	case FIELD_COMM:
		return push_comms(test, spec, side, err);
	case FIELD_DURATION:
		push_duration(test, spec, side);
		return 0;
	case FIELD_ERRNO:
		if (asks_for_errors(test) && all_returns(spec)) {
			spec->errors = true;
			/* NULL is an error to the kernel's filter, but it has no number. */
			*side = SIDE_NARROWED;
		}
		return 0;
	case FIELD_STACK:
		*side = SIDE_NARROWED;
		return 0;
	case FIELD_RET:
	case FIELD_SIZE:
	case FIELD_TAG:
	case FIELD_ARGUMENT:
		if (may_be_where(test))
			*side = SIDE_NARROWED;
		return 0;
	default:
		return 0;
	}
}

static const struct test *test_of(const struct filter *filter, uint32_t number)
{
	const struct node *node = &filter->nodes[number];

	return node->kind == NODE_TEST ? &filter->tests[node->first] : NULL;
}

static bool is_stack_test(const struct filter *filter, uint32_t number)
{
	const struct test *test = test_of(filter, number);

	return test && test->field == FIELD_STACK;
}

/* "stack has a or stack has b" */
static bool are_stack_tests(const struct filter *filter, const struct node *node)
{
	if (node->kind != NODE_ANY)
		return false;
	for (uint32_t child = node->first; child != NO_NODE; child = filter->nodes[child].next)
		if (!is_stack_test(filter, child))
			return false;
	return true;
}

static int push_node(const struct filter *filter, uint32_t number, struct spec *spec,
		     enum side *side, struct error *err)
{
	const struct node *node = &filter->nodes[number];

	*side = SIDE_USER;
	if (node->kind == NODE_TEST)
		return push_test(&filter->tests[node->first], spec, side, err);
	if ((node->kind == NODE_NOT && is_stack_test(filter, node->first)) ||
	    are_stack_tests(filter, node))
		*side = SIDE_NARROWED;
	return 0;
}

static void explain_node(const struct node *node, enum side side, struct text *out)
{
	static const char *const sides[] = {
		[SIDE_KERNEL] = "kernel",
		[SIDE_NARROWED] = "both",
		[SIDE_USER] = "user space",
	};
	size_t from = out->length;

	text_add(out, sides[side]);
	text_pad(out, from, sizeof("user space") + 1);
	text_add_bytes(out, node->text + node->at, node->end - node->at);
	text_add_char(out, '\n');
}

int filter_push(struct filter *filter, struct spec *spec, struct text *explain, struct error *err)
{
	uint32_t *link = &filter->nodes[filter->root].first;
	enum side side;

	while (*link != NO_NODE) {
		struct node *node = &filter->nodes[*link];

		if (push_node(filter, *link, spec, &side, err))
			return -1;
		if (explain)
			explain_node(node, side, explain);
		if (side == SIDE_KERNEL)
			*link = node->next;
		else
			link = &node->next;
	}
	filter->uses = filter_node_uses(filter, filter->root);
	return 0;
}

static bool is_listed(const struct spec_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (filter_same_module(names->names[i], name))
			return true;
	return false;
}

/* The stack's mask tells all of it, as the kernel's filter sees it. */
static bool is_plain_module(const struct test *test)
{
	return test->is_module && test->by_bits;
}

static int narrow_only(const struct filter *filter, uint32_t first, struct spec *spec, bool *added,
		       struct error *err)
{
	/* One of those that are asked for is enough: two such conditions can't be told. */
	if (spec->only_modules.count)
		return 0;
	for (uint32_t node = first; node != NO_NODE; node = filter->nodes[node].next) {
		const struct test *test = test_of(filter, node);

		if (!is_plain_module(test) ||
		    is_listed(&spec->exclude_modules, test->operands[0].text))
			return 0;
	}
	for (uint32_t node = first; node != NO_NODE; node = filter->nodes[node].next)
		if (spec_names_add(&spec->only_modules, test_of(filter, node)->operands[0].text,
				   err))
			return -1;
	*added = true;
	return 0;
}

static int narrow_exclude(const struct test *test, struct spec *spec, bool *added,
			  struct error *err)
{
	const char *name = test->operands[0].text;

	if (!is_plain_module(test) || is_listed(&spec->only_modules, name) ||
	    is_listed(&spec->exclude_modules, name))
		return 0;
	*added = true;
	return spec_names_add(&spec->exclude_modules, name, err);
}

/* The number that the test compares with, when it is the same in every function that is hooked. */
static bool same_everywhere(struct filter *filter, struct test *test, struct number *number)
{
	const struct api_table *table = &filter->catalog->apis;
	bool order = test->op >= OP_LT && test->op <= OP_GE;

	for (size_t i = 0; i < table->n_apis; i++) {
		const struct api *api = table->apis[i];
		const struct bound *bound = filter_bound(filter, test, api->id);
		struct number fitting;

		if (bound->what != (test->field == FIELD_RET ? BOUND_RESULT : BOUND_WORD) ||
		    (test->field == FIELD_RET && !api->returns_hooked))
			return false;
		fitting = bound->ranges[0].low;
		filter_convert(bound, &fitting);
		/* The kernel cuts a constant to the type's size: it must fit. */
		if (number_order(&fitting, &bound->ranges[0].low) ||
		    (i && number_order(&fitting, number)))
			return false;
		if (!bound->is_signed && bound->size < 8 && fitting.bits >> (8 * bound->size))
			return false;
		/* It takes the sign of an enumeration from the constant. */
		if (order && test->field != FIELD_RET && filter_is_enumeration(test, api))
			return false;
		if (order && test->field == FIELD_RET &&
		    (api->result.kind == VALUE_ENUM || api->result.kind == VALUE_FLAGS))
			return false;
		*number = fitting;
	}
	return table->n_apis != 0;
}

static int narrow_where(struct filter *filter, struct test *test, struct spec *spec, bool *added,
			struct error *err)
{
	static const char *const signs[] = {
		[OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<",	 [OP_LE] = "<=",
		[OP_GT] = ">",	[OP_GE] = ">=", [OP_BITS] = "&",
	};
	struct text where = TEXT_INIT;
	struct number number;
	int status;

	if (!may_be_where(test) || spec->where.count >= MAX_WHERES ||
	    (test->field == FIELD_RET && !all_returns(spec)) ||
	    !same_everywhere(filter, test, &number))
		return 0;
	text_addf(&where, "%s %s %s%" PRIu64, test->field == FIELD_RET ? "ret" : test->name,
		  signs[test->op], number.negative ? "-" : "",
		  number.negative ? 0 - number.bits : number.bits);
	*added = true;
	status = text_failed(&where) ? error_no_memory(err)
				     : spec_names_add(&spec->where, text_string(&where), err);
	text_fini(&where);
	return status;
}

static int narrow_node(struct filter *filter, uint32_t number, struct spec *spec, bool *added,
		       struct error *err)
{
	const struct node *node = &filter->nodes[number];
	struct test *test;

	if (node->kind == NODE_NOT && is_stack_test(filter, node->first))
		return narrow_exclude(test_of(filter, node->first), spec, added, err);
	if (are_stack_tests(filter, node))
		return narrow_only(filter, node->first, spec, added, err);
	if (node->kind != NODE_TEST)
		return 0;
	test = &filter->tests[node->first];
	if (test->field == FIELD_RET || filter_is_argument(test))
		return narrow_where(filter, test, spec, added, err);
	if (test->field == FIELD_STACK && is_plain_module(test) && !spec->only_modules.count &&
	    !is_listed(&spec->exclude_modules, test->operands[0].text)) {
		*added = true;
		return spec_names_add(&spec->only_modules, test->operands[0].text, err);
	}
	return 0;
}

int filter_narrow(struct filter *filter, struct spec *spec, bool *added, struct error *err)
{
	*added = false;
	for (uint32_t node = filter->nodes[filter->root].first; node != NO_NODE;
	     node = filter->nodes[node].next)
		if (narrow_node(filter, node, spec, added, err))
			return -1;
	return 0;
}
