/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load.h"

#include <stdio.h>
#include <string.h>

#define STACKS 290

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t stack_hash(uint64_t number)
{
	return (number + 1) * 0x9e3779b97f4a7c15ull;
}

/* The inverse of stack_hash(): the product of the two factors is 1, modulo 2^64. */
static uint64_t stack_number(uint64_t hash)
{
	return hash * 0xf1de83e19937733dull - 1;
}

void load_add_stacks(struct catalog *catalog)
{
	uint64_t frames[20];
	struct stack stack = {.modules = 1, .n_frames = 20, .frames = frames};
	bool added;

	for (uint64_t i = 0; i < STACKS; i++) {
		for (int j = 0; j < 20; j++)
			frames[j] = 0xffffffff81000000ull + next_random() % 4000 * 16;
		stack.hash = stack_hash(i);
		stack_table_add(catalog->stacks, &stack, &added, NULL);
	}
}

static void *add_part(struct kmn_header *record, size_t bytes)
{
	void *part = (char *)record + record->length;

	record->length = (uint16_t)(record->length + bytes);
	return part;
}

static uint64_t make_entry(struct kmn_header *record)
{
	/* A product of two: small numbers are frequent. */
	uint64_t hash = stack_hash(next_random() % 17 * (next_random() % 17));
	struct kmn_stack *stack;
	uint64_t *args;

	record->kind = KMN_ENTRY;
	record->hook = (uint32_t)(next_random() % 8);
	record->pid = record->tid = 1000 + (uint32_t)(next_random() % 4);
	snprintf(record->comm, sizeof(record->comm), "process%u", record->pid);
	stack = add_part(record, sizeof(*stack));
	*stack = (struct kmn_stack){hash, 1};
	args = add_part(record, 3 * sizeof(*args));
	args[0] = 0xffff888100000000ull + next_random() % 5000 * 192;
	args[1] = 0xffff888200000000ull + next_random() % 3000 * 64;
	args[2] = next_random() % 4096;
	record->n_args = 3;
	return hash;
}

static void make_return(struct kmn_header *record, const struct kmn_header *entry, uint64_t hash)
{
	struct kmn_return *ret = add_part(record, sizeof(*ret));
	struct kmn_stack *stack = add_part(record, sizeof(*stack));

	record->kind = KMN_RETURN;
	record->hook = entry->hook;
	record->pid = record->tid = entry->pid;
	memcpy(record->comm, entry->comm, sizeof(record->comm));
	ret->value = next_random() % 8 ? 0 : (uint64_t)-2;
	ret->duration = record->time - entry->time;
	ret->entry_sequence = entry->sequence;
	ret->entry_cpu = entry->cpu;
	*stack = (struct kmn_stack){hash, 1};
}

/* The frames of the stack that the record names. */
static void add_frames(struct kmn_header *record, const struct stack *stack)
{
	uint64_t *frames = add_part(record, stack->n_frames * sizeof(*frames));

	memcpy(frames, stack->frames, stack->n_frames * sizeof(*frames));
	record->flags |= KMN_STACK_INLINE;
	record->n_frames = (uint8_t)stack->n_frames;
}

size_t load_make(unsigned char *bytes, const struct kmn_header **records,
		 const struct stack_table *stacks, size_t *n_stacks)
{
	bool sent[STACKS] = {false};
	uint64_t sequence[LOAD_PROCESSORS] = {0};
	uint64_t time = 5000000000ull;
	uint64_t hash = 0;
	size_t used = 0, n = 0;

	for (size_t i = 0; i < LOAD_EVENTS; i++) {
		struct kmn_header *record = (struct kmn_header *)(bytes + used);
		uint16_t cpu = (uint16_t)(i / 2 % LOAD_PROCESSORS);

		memset(record, 0, sizeof(*record));
		record->length = sizeof(*record);
		record->flags = KMN_HAS_STACK;
		record->cpu = cpu;
		record->time = time += 200 + next_random() % 3000;
		record->sequence = sequence[cpu]++;
		if (i % 2)
			make_return(record, records[i - 1], hash);
		else
			hash = make_entry(record);
		if (!sent[stack_number(hash)]) {
			sent[stack_number(hash)] = true;
			n++;
			if (stacks)
				add_frames(record, stack_table_find(stacks, hash));
		}
		records[i] = record;
		used += record->length;
	}
	if (n_stacks)
		*n_stacks = n;
	return used;
}
