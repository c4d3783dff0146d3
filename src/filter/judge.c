/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter at work. Nothing here allocates, but for the path that a text is put together in. */
#include <stdlib.h>
#include <string.h>

#include "filter/tree.h"
#include "model/fetched.h"

/* include/linux/err.h: the last so many addresses are error numbers */
#define MAX_ERRNO 4095

static enum filter_answer answer(bool yes)
{
	return yes ? FILTER_YES : FILTER_NO;
}

/* Whatever is known of a call from before its return. */
static const struct kmn_header *first_of(const struct filter_call *call)
{
	return call->entry ? call->entry : call->ret;
}

static const struct kmn_return *result_of(const struct filter_call *call)
{
	return call->ret ? (const struct kmn_return *)(call->ret + 1) : NULL;
}

static struct number extend(uint64_t word, const struct bound *bound)
{
	unsigned shift = bound->size < 8 ? 64 - 8u * bound->size : 0;
	struct number number = {word << shift >> shift, false};

	if (bound->is_signed) {
		number.bits = (uint64_t)((int64_t)(word << shift) >> shift);
		number.negative = number.bits >> 63;
	}
	return number;
}

static enum filter_answer compare_name(const struct filter *filter, struct test *test,
				       uint32_t hook)
{
	const struct api *api = api_table_find(&filter->catalog->apis, hook);
	const struct module_table *modules = &filter->catalog->modules;
	const char *name;

	if (!api)
		return FILTER_NO;
	if (test->field == FIELD_API)
		name = api->name;
	else if (api->module)
		name = api->module;
	else
		name = modules->n_modules ? modules->modules[0].name : "vmlinux";
	return answer(name && filter_string_holds(test, name, strlen(name)));
}

static bool make_room(struct test *test, uint32_t hook)
{
	size_t n = test->n_hooks ? test->n_hooks : 64;
	uint8_t *by_hook;

	if (hook >= FILTER_MAX_HOOKS)
		return false;
	while (n <= hook)
		n *= 2;
	by_hook = realloc(test->by_hook, n);
	if (!by_hook)
		return false;
	memset(by_hook + test->n_hooks, 0, n - test->n_hooks);
	test->by_hook = by_hook;
	test->n_hooks = n;
	return true;
}

static enum filter_answer judge_name(struct filter *filter, struct test *test, uint32_t hook)
{
	enum filter_answer found;

	if (hook < test->n_hooks && test->by_hook[hook])
		return (enum filter_answer)(test->by_hook[hook] - 1);
	found = compare_name(filter, test, hook);
	/* One that is not known may still come. */
	if (api_table_find(&filter->catalog->apis, hook) &&
	    (hook < test->n_hooks || make_room(test, hook)))
		test->by_hook[hook] = (uint8_t)(found + 1);
	return found;
}

/* A failed call's error; 0 when it didn't fail. False: its result can't be an error. */
static bool errno_of(const struct filter *filter, const struct filter_call *call,
		     struct number *number)
{
	const struct api *api = api_table_find(&filter->catalog->apis, call->ret->hook);
	const struct value_type *type = api ? &api->result : NULL;
	uint64_t value = result_of(call)->value;

	if (!type)
		return false;
	switch (type->kind) {
	case VALUE_SIGNED:
		/* Errors don't travel in a char or a short. */
		if (type->size && type->size < 4)
			return false;
		if (type->size == 4)
			value = (uint64_t)(int64_t)(int32_t)value;
		break;
	case VALUE_POINTER:
	case VALUE_STRING:
	case VALUE_OBJECT:
	case VALUE_UNKNOWN:
		break;
	default:
		return false;
	}
	*number = (struct number){value >= (uint64_t)-MAX_ERRNO ? 0 - value : 0, false};
	return true;
}

static enum filter_answer judge_text(struct filter *filter, const struct test *test,
				     const struct bound *bound, const struct kmn_fetched *what,
				     const unsigned char *data)
{
	struct text *path = &filter->scratch;

	if (bound->form == FETCH_STRING)
		return answer(filter_string_holds(test, (const char *)data, what->length));
	text_clear(path);
	fetched_path(data, what->length, what->status == KMN_FETCH_TRUNCATED, path);
	return answer(!text_failed(path) &&
		      filter_string_holds(test, text_string(path), path->length));
}

static enum filter_answer judge_fetched(struct filter *filter, const struct test *test,
					const struct bound *bound, const struct kmn_header *entry)
{
	const unsigned char *data;
	struct record_view view;
	struct kmn_fetched what;
	struct number number;

	if (record_parse(entry, entry->length, &view, NULL) < 0 ||
	    !record_fetched(&view, bound->fetch, &what, &data) || what.status >= KMN_FETCH_FAULT)
		return FILTER_NO;
	if (bound->what == BOUND_TEXT)
		return judge_text(filter, test, bound, &what, data);
	number.bits = fetched_number(bound->form, data, what.length);
	number.negative = bound->is_signed && number.bits >> 63;
	return answer(filter_numbers_hold(test, bound->ranges, &number));
}

static enum filter_answer judge_argument(struct filter *filter, struct test *test,
					 const struct kmn_header *entry)
{
	const struct bound *bound = filter_bound(filter, test, entry->hook);
	const uint64_t *words;
	struct number number;

	switch (bound->what) {
	case BOUND_WORD:
		if (bound->slot >= entry->n_args)
			return FILTER_NO;
		words = (const uint64_t *)(entry + 1);
		if (entry->flags & KMN_HAS_STACK)
			words += sizeof(struct kmn_stack) / sizeof(*words);
		number = extend(words[bound->slot], bound);
		return answer(filter_numbers_hold(test, bound->ranges, &number));
	case BOUND_TEXT:
	case BOUND_FETCHED:
		return judge_fetched(filter, test, bound, entry);
	case BOUND_ABSENT:
	case BOUND_RESULT:
		break;
	}
	return FILTER_NO;
}

/* What is known only when the call has returned. */
static enum filter_answer judge_result(struct filter *filter, struct test *test,
				       const struct filter_call *call)
{
	const struct kmn_return *result = result_of(call);
	const struct bound *bound;
	struct number number;

	if (!result)
		return call->open ? FILTER_LATER : FILTER_NO;
	if (test->field == FIELD_RET) {
		bound = filter_bound(filter, test, call->ret->hook);
		if (bound->what != BOUND_RESULT)
			return FILTER_NO;
		number = extend(result->value, bound);
		return answer(filter_numbers_hold(test, bound->ranges, &number));
	}
	if (test->field == FIELD_DURATION) {
		if (call->ret->flags & KMN_UNPAIRED)
			return FILTER_NO;
		number = (struct number){result->duration, false};
	} else if (!errno_of(filter, call, &number)) {
		return FILTER_NO;
	}
	return answer(filter_numbers_hold(test, test->ranges, &number));
}

static enum filter_answer judge_number(const struct test *test, uint64_t value)
{
	struct number number = {value, false};

	return answer(filter_numbers_hold(test, test->ranges, &number));
}

/* A return whose entry is not at hand tells when that was, as the kernel reckoned the duration. */
static uint64_t time_of(const struct filter_call *call)
{
	if (call->entry || call->ret->flags & KMN_UNPAIRED)
		return first_of(call)->time;
	return call->ret->time - result_of(call)->duration;
}

static enum filter_answer judge_test(struct filter *filter, struct test *test,
				     const struct filter_call *call)
{
	const struct kmn_header *first = first_of(call);

	switch (test->field) {
	case FIELD_API:
	case FIELD_MODULE:
		return judge_name(filter, test, first->hook);
	case FIELD_RET:
	case FIELD_ERRNO:
	case FIELD_DURATION:
		return judge_result(filter, test, call);
	case FIELD_PID:
		return judge_number(test, first->pid);
	case FIELD_TID:
		return judge_number(test, first->tid);
	case FIELD_COMM:
		return answer(
			filter_string_holds(test, first->comm, strnlen(first->comm, KMN_COMM)));
	case FIELD_CPU:
		return judge_number(test, first->cpu);
	case FIELD_CONTEXT:
		return judge_number(test, first->context);
	case FIELD_KIND:
		return judge_number(test, call->record->kind);
	case FIELD_TIME:
		return judge_number(test, time_of(call));
	case FIELD_STACK:
	case FIELD_CALLER:
		return answer(filter_stack_holds(filter, test, call));
	case FIELD_SIZE:
	case FIELD_TAG:
	case FIELD_ARGUMENT:
		return call->entry ? judge_argument(filter, test, call->entry) : FILTER_NO;
	}
	return FILTER_NO;
}

/* FILTER_LATER stands for "can't say" here: a loss has no arguments, but might be such a call's. */
static enum filter_answer judge_note(struct filter *filter, struct test *test,
				     const struct filter_call *call)
{
	const struct kmn_header *record = call->record;

	switch (test->field) {
	case FIELD_API:
	case FIELD_MODULE:
		return record->hook == KMN_NO_HOOK ? FILTER_LATER
						   : judge_name(filter, test, record->hook);
	case FIELD_CPU:
		/* Only a loss is one processor's. */
		return record->kind == KMN_LOSS ? judge_number(test, record->cpu) : FILTER_LATER;
	case FIELD_TIME:
		return judge_number(test, record->time);
	case FIELD_KIND:
		return judge_number(test, record->kind);
	default:
		return FILTER_LATER;
	}
}

typedef enum filter_answer judge_function(struct filter *filter, struct test *test,
					  const struct filter_call *call);

/* Recursion is bounded: the parser lets nothing nest deeper than FILTER_MAX_DEPTH. */
static enum filter_answer judge_node(struct filter *filter, uint32_t number,
				     const struct filter_call *call, judge_function *judge)
{
	const struct node *node = &filter->nodes[number];
	enum filter_answer all, one;

	if (node->kind == NODE_TEST)
		return judge(filter, &filter->tests[node->first], call);
	if (node->kind == NODE_NOT) {
		one = judge_node(filter, node->first, call, judge);
		return one == FILTER_LATER ? one : answer(one == FILTER_NO);
	}
	all = answer(node->kind == NODE_ALL);
	for (uint32_t child = node->first; child != NO_NODE; child = filter->nodes[child].next) {
		one = judge_node(filter, child, call, judge);
		if (one == answer(node->kind == NODE_ANY))
			return one;
		if (one == FILTER_LATER)
			all = one;
	}
	return all;
}

enum filter_answer filter_judge(struct filter *filter, const struct filter_call *call)
{
	if (call->record->kind <= KMN_FREE)
		return judge_node(filter, filter->root, call, judge_test);
	return judge_node(filter, filter->root, call, judge_note) == FILTER_NO ? FILTER_NO
									       : FILTER_YES;
}
