/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Naming the frames of a stack is dear and few different stacks make up a recording, so the answers
 * of all tests on a stack are kept by its hash.
 */
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "filter/tree.h"

#define FIRST_SLOTS 1024u
/* So many stacks are remembered; with more, all are forgotten and asked again. */
#define MAX_STACKS (1u << 18)

struct slot {
	uint64_t hash;
	uint32_t answers; /* a bit for each test that says yes */
	bool used;
};

struct stack_answers {
	struct slot *slots;
	size_t n_slots; /* a power of two */
	size_t n_used;
};

struct stack_answers *stack_answers_create(void)
{
	struct stack_answers *answers = calloc(1, sizeof(*answers));

	if (!answers)
		return NULL;
	answers->slots = calloc(FIRST_SLOTS, sizeof(*answers->slots));
	answers->n_slots = FIRST_SLOTS;
	if (!answers->slots) {
		free(answers);
		return NULL;
	}
	return answers;
}

void stack_answers_destroy(struct stack_answers *answers)
{
	if (!answers)
		return;
	free(answers->slots);
	free(answers);
}

void stack_answers_forget(struct stack_answers *answers)
{
	if (!answers)
		return;
	memset(answers->slots, 0, answers->n_slots * sizeof(*answers->slots));
	answers->n_used = 0;
}

static struct slot *find(const struct stack_answers *answers, uint64_t hash)
{
	size_t mask = answers->n_slots - 1;
	size_t at = (size_t)((hash * 0x9e3779b97f4a7c15ull) >> 32) & mask;

	while (answers->slots[at].used && answers->slots[at].hash != hash)
		at = (at + 1) & mask;
	return &answers->slots[at];
}

/* When there is no memory for more, what is there is given up: it can be had again. */
static void grow(struct stack_answers *answers)
{
	struct stack_answers larger = {.n_slots = answers->n_slots * 2};

	if (answers->n_used < MAX_STACKS)
		larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots) {
		stack_answers_forget(answers);
		return;
	}
	for (size_t i = 0; i < answers->n_slots; i++)
		if (answers->slots[i].used)
			*find(&larger, answers->slots[i].hash) = answers->slots[i];
	larger.n_used = answers->n_used;
	free(answers->slots);
	*answers = larger;
}

static const struct kmn_header *with_stack(const struct filter_call *call)
{
	if (call->entry && call->entry->flags & KMN_HAS_STACK)
		return call->entry;
	if (call->ret && call->ret->flags & KMN_HAS_STACK)
		return call->ret;
	return NULL;
}

static const struct kmn_stack *stack_of(const struct kmn_header *record)
{
	size_t at = sizeof(*record) + (record->kind == KMN_RETURN ? sizeof(struct kmn_return) : 0);

	return (const struct kmn_stack *)((const char *)record + at);
}

static bool frame_is(const struct catalog *catalog, const struct test *test,
		     const struct frame *frame)
{
	if (test->is_module)
		return frame->module && !catalog_frame_is_kernel(catalog, frame) &&
		       filter_same_module(frame->module, test->operands[0].text);
	if (!frame->symbol)
		return false;
	/* "stack has tcp_*" */
	if (strpbrk(test->operands[0].text, "*?["))
		return glob_matches(test->operands[0].text, frame->symbol);
	return filter_string_holds(test, frame->symbol, strlen(frame->symbol));
}

/* Where modules are all that is asked for, nobody has to look for names that a capture lacks. */
static bool needs_names(const struct filter *filter)
{
	for (size_t i = 0; i < filter->n_tests; i++) {
		const struct test *test = &filter->tests[i];

		if (test->field == FIELD_CALLER || (test->field == FIELD_STACK && !test->is_module))
			return true;
	}
	return false;
}

static uint32_t ask(const struct filter *filter, const uint64_t *frames, size_t n)
{
	bool names = needs_names(filter);
	uint32_t answers = 0;

	for (size_t k = 0; k < n; k++) {
		struct frame frame = {0};

		if (names)
			catalog_frame(filter->catalog, frames[k], &frame);
		else
			catalog_frame_alone(filter->catalog, frames[k], &frame);
		for (size_t i = 0; i < filter->n_tests; i++) {
			const struct test *test = &filter->tests[i];
			bool yes = false;

			if (test->field == FIELD_STACK)
				yes = frame_is(filter->catalog, test, &frame);
			/* The first frame is the hooked function itself. */
			else if (test->field == FIELD_CALLER && k == 1 && frame.symbol)
				yes = filter_string_holds(test, frame.symbol, strlen(frame.symbol));
			if (yes)
				answers |= 1u << test->stack_bit;
		}
	}
	return answers;
}

static uint32_t answers_of(struct filter *filter, const struct kmn_header *record, uint64_t hash)
{
	struct stack_answers *answers = filter->stacks;
	struct slot *slot = find(answers, hash);
	const struct stack *stack;
	struct record_view view;
	uint32_t found;

	if (slot->used)
		return slot->answers;
	stack = stack_table_find(filter->catalog->stacks, hash);
	if (stack)
		found = ask(filter, stack->frames, stack->n_frames);
	else if (record->flags & KMN_STACK_INLINE &&
		 record_parse(record, record->length, &view, NULL) > 0)
		found = ask(filter, view.frames, record->n_frames);
	else
		return 0; /* its frames may still come: don't keep that */
	if (answers->n_used * 2 >= answers->n_slots)
		grow(answers);
	*find(answers, hash) = (struct slot){hash, found, true};
	answers->n_used++;
	return found;
}

bool filter_stack_holds(struct filter *filter, const struct test *test,
			const struct filter_call *call)
{
	const struct kmn_header *record = with_stack(call);
	const struct kmn_stack *stack;

	if (filter->catalog->modules.n_modules != filter->n_modules)
		filter_bind_stacks(filter);
	if (!record)
		return false;
	stack = stack_of(record);
	if (test->by_bits)
		return stack->modules & test->modules;
	return answers_of(filter, record, stack->hash) >> test->stack_bit & 1;
}
