/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open addressing over pointers; stacks and their frames lie in chunks that never move, so that
 * what stack_table_find() gave stays valid while the table grows.
 */
#include "model/stack.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK_BYTES ((size_t)256 << 10)
#define FIRST_SLOTS 1024

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	uint64_t bytes[];
};

struct stack_table {
	struct stack **slots; /* a power of two of them, at most half full */
	size_t n_slots;
	struct stack **stacks; /* in order of addition */
	size_t n_stacks, capacity;
	struct chunk *chunks; /* the one being filled first */
	uint64_t seed;
};

struct stack_table *stack_table_create(void)
{
	struct stack_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->slots = calloc(FIRST_SLOTS, sizeof(*table->slots));
	if (!table->slots) {
		free(table);
		return NULL;
	}
	table->n_slots = FIRST_SLOTS;
	/* Hashes in a capture are anybody's: without a seed they could be made to collide here. */
	table->seed = (uint64_t)(uintptr_t)table ^ (uint64_t)time(NULL) << 32;
	return table;
}

void stack_table_destroy(struct stack_table *table)
{
	struct chunk *next;

	if (!table)
		return;
	for (struct chunk *chunk = table->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(table->slots);
	free(table->stacks);
	free(table);
}

static size_t slot_of(const struct stack_table *table, uint64_t hash)
{
	/* The finalizer of MurmurHash3: every bit of the hash reaches the low bits. */
	hash ^= table->seed;
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdull;
	hash ^= hash >> 33;
	hash *= 0xc4ceb9fe1a85ec53ull;
	hash ^= hash >> 33;
	return (size_t)hash & (table->n_slots - 1);
}

/* The slot that holds the hash, or the empty one where it belongs. */
static struct stack **find_slot(const struct stack_table *table, uint64_t hash)
{
	size_t at = slot_of(table, hash);

	while (table->slots[at] && table->slots[at]->hash != hash)
		at = (at + 1) & (table->n_slots - 1);
	return &table->slots[at];
}

static bool grow_slots(struct stack_table *table)
{
	struct stack **slots = calloc(table->n_slots * 2, sizeof(*slots));

	if (!slots)
		return false;
	free(table->slots);
	table->slots = slots;
	table->n_slots *= 2;
	for (size_t i = 0; i < table->n_stacks; i++)
		*find_slot(table, table->stacks[i]->hash) = table->stacks[i];
	return true;
}

static bool grow_order(struct stack_table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 256;
	struct stack **stacks = realloc(table->stacks, capacity * sizeof(*stacks));

	if (!stacks)
		return false;
	table->stacks = stacks;
	table->capacity = capacity;
	return true;
}

static void *take_bytes(struct stack_table *table, size_t bytes)
{
	struct chunk *chunk = table->chunks;
	void *taken;

	if (!chunk || chunk->size - chunk->used < bytes) {
		size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;

		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return NULL;
		chunk->size = size;
		chunk->used = 0;
		chunk->next = table->chunks;
		table->chunks = chunk;
	}
	taken = (char *)chunk->bytes + chunk->used;
	chunk->used += bytes;
	return taken;
}

int stack_table_add(struct stack_table *table, const struct stack *stack, bool *added,
		    struct error *err)
{
	size_t frame_bytes = stack->n_frames * sizeof(*stack->frames);
	struct stack *copy;

	if (*find_slot(table, stack->hash)) {
		*added = false;
		return 0;
	}
	if (table->n_stacks * 2 >= table->n_slots && !grow_slots(table))
		return error_no_memory(err);
	if (table->n_stacks == table->capacity && !grow_order(table))
		return error_no_memory(err);
	/* struct stack is a multiple of 8 bytes long, so the frames behind it are aligned. */
	copy = take_bytes(table, sizeof(*copy) + frame_bytes);
	if (!copy)
		return error_no_memory(err);
	*copy = *stack;
	copy->frames = (const uint64_t *)(copy + 1);
	if (frame_bytes)
		memcpy(copy + 1, stack->frames, frame_bytes);
	*find_slot(table, stack->hash) = copy;
	table->stacks[table->n_stacks++] = copy;
	*added = true;
	return 0;
}

const struct stack *stack_table_find(const struct stack_table *table, uint64_t hash)
{
	return *find_slot(table, hash);
}

const struct stack *stack_table_at(const struct stack_table *table, size_t index)
{
	return index < table->n_stacks ? table->stacks[index] : NULL;
}

size_t stack_table_count(const struct stack_table *table)
{
	return table->n_stacks;
}
