/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "memory/walk.h"
#include "model/record.h"
#include "tally/intern.h"
#include "view/escape.h"
#include "view/number.h"
#include "view/stack.h"

static const struct {
	const char *name, *title;
} keys[] = {
#define GROUP_KEY_ROW(symbol, name, title, help) {name, title},
	GROUP_KEYS(GROUP_KEY_ROW)
#undef GROUP_KEY_ROW
};

const char *group_key_name(enum group_key key)
{
	return keys[key].name;
}

const char *group_key_title(enum group_key key)
{
	return keys[key].title;
}

static int unknown_key(const char *word, struct error *err)
{
	struct text all = TEXT_INIT;
	struct nearest nearest;

	nearest_init(&nearest, word);
	for (unsigned i = 0; i < GROUP_N_KEYS; i++) {
		nearest_offer(&nearest, keys[i].name);
		text_addf(&all, i ? ", %s" : "%s", keys[i].name);
	}
	error_usage(err, "memory can't be put together by '%s'", word);
	if (nearest.best)
		error_hint(err, "did you mean '%s'?", nearest.best);
	else
		error_hint(err, "expected one or more of %s", text_string(&all));
	text_fini(&all);
	return -1;
}

int group_by_parse(const char *text, struct group_by *by, struct error *err)
{
	struct group_by parsed = {.n = 0};
	char word[32];

	do {
		size_t length = strcspn(text, ",");
		unsigned key = 0;

		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		while (key < GROUP_N_KEYS && strcmp(keys[key].name, word))
			key++;
		if (key == GROUP_N_KEYS)
			return unknown_key(word, err);
		if (parsed.n == GROUP_PARTS)
			return error_usage(err, "memory is put together by at most %d things",
					   GROUP_PARTS);
		parsed.keys[parsed.n++] = (enum group_key)key;
		text += length;
	} while (*text++ == ',');
	*by = parsed;
	return 0;
}

static uint8_t log2_of(uint64_t number)
{
	uint8_t n = 0;

	while (number >>= 1)
		n++;
	return n;
}

/* A module that is loaded again lies elsewhere: what it does is the same by its name. */
static void add_site(struct text *out, const struct owner *owner)
{
	const struct frame *frame = &owner->frame;

	if (!frame->module) {
		text_add_bytes(out, &owner->address, sizeof(owner->address));
		return;
	}
	text_add_bytes(out, frame->module, strlen(frame->module) + 1);
	if (frame->symbol)
		text_add_bytes(out, frame->symbol, strlen(frame->symbol) + 1);
	text_add_bytes(out, &frame->offset, sizeof(frame->offset));
}

static void add_key(struct text *out, enum group_key key, const struct memory *memory,
		    const struct memory_block *block, const struct owner *owner)
{
	const struct memory_tag *tag = &memory->tags[block->tag];
	uint8_t byte;

	switch (key) {
	case GROUP_TAG:
		text_add_bytes(out, tag->name, strlen(tag->name) + 1);
		break;
	case GROUP_MODULE:
		text_add_bytes(out, owner_module(owner), strlen(owner_module(owner)) + 1);
		break;
	case GROUP_SITE:
		add_site(out, owner);
		break;
	case GROUP_STACK:
		text_add_bytes(out, &block->stack, sizeof(block->stack));
		/* Without one, the caller is all that is known. */
		if (!owner->stack)
			text_add_bytes(out, &block->site, sizeof(block->site));
		break;
	case GROUP_PROCESS:
		text_add_bytes(out, &block->pid, sizeof(block->pid));
		text_add_bytes(out, block->comm, sizeof(block->comm));
		break;
	case GROUP_SIZE:
		byte = log2_of(block->bytes);
		text_add_bytes(out, &byte, 1);
		break;
	case GROUP_AGE:
		byte = log2_of(memory_block_age(memory, block));
		text_add_bytes(out, &byte, 1);
		break;
	case GROUP_FAMILY:
		byte = (uint8_t)tag->family;
		text_add_bytes(out, &byte, 1);
		break;
	case GROUP_CONTEXT:
		text_add_bytes(out, &block->context, 1);
		break;
	case GROUP_GRADE:
		text_add_bytes(out, &block->grade, 1);
		break;
	default:
		break;
	}
}

static struct group *group_get(struct groups *groups, struct intern *numbers,
			       const struct text *key, struct error *err)
{
	uint32_t number;
	bool added;

	if (text_failed(key)) {
		error_no_memory(err);
		return NULL;
	}
	if (intern_add(numbers, text_string(key), key->length, &number, &added, err))
		return NULL;
	if (added && !(groups->n & (groups->n - 1))) {
		struct group *grown =
			realloc(groups->groups, (groups->n ? groups->n * 2 : 1) * sizeof(*grown));

		if (!grown) {
			error_no_memory(err);
			return NULL;
		}
		groups->groups = grown;
	}
	if (added)
		groups->groups[groups->n++] = (struct group){.oldest = UINT64_MAX};
	return &groups->groups[number];
}

static void group_add(struct group *group, const struct memory_block *block,
		      const struct owner *owner)
{
	group->blocks++;
	group->bytes += block->bytes;
	group->grades[block->grade]++;
	if (!group->first || block->time < group->oldest) {
		group->oldest = block->time;
		group->first = block;
		group->owner = *owner;
	}
	if (block->time > group->newest)
		group->newest = block->time;
}

static int by_bytes(const void *left, const void *right)
{
	const struct group *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->blocks != b->blocks)
		return a->blocks < b->blocks ? 1 : -1;
	return a->oldest < b->oldest ? -1 : a->oldest > b->oldest;
}

struct filling {
	const struct memory *memory;
	struct groups groups;
	struct intern numbers;
	struct text key;
};

static int take(void *context, const struct memory_block *block, const struct owner *owner,
		struct error *err)
{
	struct filling *filling = context;
	struct groups *groups = &filling->groups;
	struct group *group;

	text_clear(&filling->key);
	for (size_t k = 0; k < groups->by.n; k++)
		add_key(&filling->key, groups->by.keys[k], filling->memory, block, owner);
	group = group_get(groups, &filling->numbers, &filling->key, err);
	if (!group)
		return -1;
	group_add(group, block, owner);
	groups->blocks++;
	groups->bytes += block->bytes;
	groups->grades[block->grade]++;
	return 0;
}

int groups_make(const struct catalog *catalog, const struct memory *memory,
		const struct memory_selection *selection, const struct group_by *by,
		struct groups *groups, struct error *err)
{
	struct filling filling = {.memory = memory, .groups = {.by = *by}};
	struct groups *made = &filling.groups;
	int code;

	intern_init(&filling.numbers);
	code = memory_walk(catalog, memory, selection, take, &filling, &made->left_out, err);
	intern_fini(&filling.numbers);
	text_fini(&filling.key);
	if (code) {
		groups_fini(made);
		return -1;
	}
	if (made->n)
		qsort(made->groups, made->n, sizeof(*made->groups), by_bytes);
	*groups = *made;
	return 0;
}

void groups_fini(struct groups *groups)
{
	free(groups->groups);
	*groups = (struct groups){.n = 0};
}

static void print_class(struct text *out, uint8_t power, bool time)
{
	/* 0 and 1 are one class: the logarithm of both is 0. */
	uint64_t from = power ? 1ull << power : 0, to = (1ull << power << 1) - 1;

	if (time) {
		number_print_duration(out, from);
		text_add(out, " - ");
		number_print_duration(out, to);
	} else {
		number_print_grouped(out, from);
		text_add(out, " - ");
		number_print_grouped(out, to);
	}
}

void group_print_key(const struct catalog *catalog, const struct memory *memory,
		     const struct group *group, enum group_key key, struct text *out)
{
	const struct memory_block *block = group->first;
	const struct memory_tag *tag = &memory->tags[block->tag];

	switch (key) {
	case GROUP_TAG:
		escape_print(out, tag->name, strlen(tag->name), 0);
		break;
	case GROUP_MODULE:
		escape_print(out, owner_module(&group->owner), strlen(owner_module(&group->owner)),
			     0);
		break;
	case GROUP_SITE:
	case GROUP_STACK:
		if (group->owner.address)
			frame_print(catalog, group->owner.address, out);
		else
			text_add(out, "(not known)");
		break;
	case GROUP_PROCESS:
		escape_print(out, block->comm, strlen(block->comm), 0);
		text_addf(out, "[%u]", block->pid);
		break;
	case GROUP_SIZE:
		print_class(out, log2_of(block->bytes), false);
		break;
	case GROUP_AGE:
		print_class(out, log2_of(memory_block_age(memory, block)), true);
		break;
	case GROUP_FAMILY:
		text_add(out, memory_family_name(tag->family));
		break;
	case GROUP_CONTEXT:
		text_add(out, kmn_context_name(block->context));
		break;
	case GROUP_GRADE:
		text_add(out, memory_grade_name((enum memory_grade)block->grade));
		break;
	default:
		break;
	}
}
