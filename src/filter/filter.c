/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter's life: expressions are added, all of which must hold. */
#include "filter/filter.h"

#include <stdlib.h>
#include <string.h>

#include "filter/tree.h"

struct filter *filter_create(void)
{
	struct filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return NULL;
	filter->nodes = calloc(16, sizeof(*filter->nodes));
	if (!filter->nodes) {
		free(filter);
		return NULL;
	}
	filter->nodes_capacity = 16;
	filter->nodes[0] = (struct node){.kind = NODE_ALL, .first = NO_NODE, .next = NO_NODE};
	filter->n_nodes = 1;
	return filter;
}

static void test_fini(struct test *test)
{
	for (size_t i = 0; i < test->n_operands; i++)
		free(test->operands[i].text);
	free(test->operands);
	free(test->name);
	free(test->label);
	if (test->has_regex)
		regfree(&test->regex);
	free(test->ranges);
	free(test->by_hook);
	filter_bounds_free(test);
}

void filter_destroy(struct filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->n_tests; i++)
		test_fini(&filter->tests[i]);
	for (size_t i = 0; i < filter->n_texts; i++)
		free(filter->texts[i]);
	stack_answers_destroy(filter->stacks);
	text_fini(&filter->scratch);
	free(filter->texts);
	free(filter->tests);
	free(filter->nodes);
	free(filter);
}

static unsigned uses_of(const struct test *test)
{
	switch (test->field) {
	case FIELD_API:
	case FIELD_MODULE:
	case FIELD_PID:
		return 0;
	case FIELD_KIND:
		return FILTER_USES_KIND;
	case FIELD_RET:
	case FIELD_ERRNO:
	case FIELD_DURATION:
		return FILTER_USES_RESULT;
	case FIELD_STACK:
	case FIELD_CALLER:
		return FILTER_USES_CALL | FILTER_USES_STACK;
	default:
		return FILTER_USES_CALL;
	}
}

unsigned filter_node_uses(const struct filter *filter, uint32_t number)
{
	const struct node *node = &filter->nodes[number];
	unsigned uses = 0;

	if (node->kind == NODE_TEST)
		return uses_of(&filter->tests[node->first]);
	for (uint32_t child = node->first; child != NO_NODE; child = filter->nodes[child].next)
		uses |= filter_node_uses(filter, child);
	return uses;
}

static int keep_text(struct filter *filter, const char *text, struct error *err)
{
	char **texts = realloc(filter->texts, (filter->n_texts + 1) * sizeof(*texts));

	if (!texts)
		return error_no_memory(err);
	filter->texts = texts;
	texts[filter->n_texts] = strdup(text);
	if (!texts[filter->n_texts])
		return error_no_memory(err);
	filter->n_texts++;
	return 0;
}

/* Behind the last child of the root; an "and" at the top becomes part of it. */
static void join(struct filter *filter, uint32_t added)
{
	struct node *nodes = filter->nodes;
	uint32_t *last = &nodes[filter->root].first;

	while (*last != NO_NODE)
		last = &nodes[*last].next;
	*last = nodes[added].kind == NODE_ALL ? nodes[added].first : added;
}

int filter_add(struct filter *filter, const char *text, struct error *err)
{
	size_t n_tests = filter->n_tests, n_nodes = filter->n_nodes;
	uint32_t added;

	if (keep_text(filter, text, err))
		return -1;
	if (filter_parse(filter, filter->texts[filter->n_texts - 1], &added, err)) {
		while (filter->n_tests > n_tests)
			test_fini(&filter->tests[--filter->n_tests]);
		filter->n_nodes = n_nodes;
		free(filter->texts[--filter->n_texts]);
		return -1;
	}
	join(filter, added);
	filter->uses = filter_node_uses(filter, filter->root);
	return 0;
}

bool filter_is_empty(const struct filter *filter)
{
	return filter->nodes[filter->root].first == NO_NODE;
}

unsigned filter_uses(const struct filter *filter)
{
	return filter->uses;
}

const struct catalog *filter_catalog(const struct filter *filter)
{
	return filter->catalog;
}

static uint64_t earliest_of_test(const struct test *test)
{
	uint64_t earliest = UINT64_MAX;

	if (test->field != FIELD_TIME || !test->ranges ||
	    (test->op != OP_GE && test->op != OP_GT && test->op != OP_EQ && test->op != OP_IN))
		return 0;
	for (size_t i = 0; i < test->n_operands; i++) {
		const struct number *low = &test->ranges[i].low;
		uint64_t time = low->negative ? 0 : low->bits;

		if (time < earliest)
			earliest = time;
	}
	return earliest;
}

/* The latest of what all the children must hold; 0: nothing is said. */
static uint64_t earliest_of_node(const struct filter *filter, uint32_t number)
{
	const struct node *node = &filter->nodes[number];
	uint64_t earliest = 0, time;

	if (node->kind == NODE_TEST)
		return earliest_of_test(&filter->tests[node->first]);
	if (node->kind != NODE_ALL)
		return 0;
	for (uint32_t child = node->first; child != NO_NODE; child = filter->nodes[child].next) {
		time = earliest_of_node(filter, child);
		if (time > earliest)
			earliest = time;
	}
	return earliest;
}

bool filter_earliest(const struct filter *filter, uint64_t *time)
{
	uint64_t earliest = earliest_of_node(filter, filter->root);

	if (!earliest)
		return false;
	*time = earliest;
	return true;
}

void filter_forget(struct filter *filter)
{
	stack_answers_forget(filter->stacks);
}
