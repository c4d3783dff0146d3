/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/tag.h"

#define OTHER_TAGS "(other tags)"

/* counts: the new tag's, of which only the counts are looked at. */
static int add_tag(struct memory *memory, const char *name, const struct memory_tag *counts)
{
	struct memory_tag *tag = memory_add_tag(memory);

	if (!tag)
		return -1;
	*tag = *counts;
	tag->family = MEMORY_POOL;
	tag->name = strdup(name);
	return tag->name ? 0 : -1;
}

static struct memory_tag counts_of(const struct trace_tag *tag)
{
	return (struct memory_tag){
		.allocs = tag->allocs,
		.alloc_bytes = tag->alloc_bytes,
		.frees = tag->frees,
		.free_bytes = tag->free_bytes,
		.failed = tag->failed,
		.replaced = tag->replaced,
	};
}

static void take_off(struct memory_tag *from, const struct memory_tag *counts)
{
	from->allocs -= counts->allocs;
	from->alloc_bytes -= counts->alloc_bytes;
	from->frees -= counts->frees;
	from->free_bytes -= counts->free_bytes;
	from->failed -= counts->failed;
	from->replaced -= counts->replaced;
}

/* index: of each of the driver's tags but the sum, in the memory; two may read alike. */
static int fill_tags(const struct nt_pool_state *state, struct memory *memory, uint32_t *index)
{
	const struct trace_tag *sum = state->tags;
	struct memory_tag other;

	if (!state->n_tags)
		return 0;
	other = counts_of(sum);
	for (size_t i = 1; i < state->n_tags; i++) {
		const struct memory_tag counts = counts_of(&state->tags[i]);
		char name[5];

		tag_of_pool(state->tags[i].tag, name);
		if (add_tag(memory, name, &counts))
			return -1;
		index[i] = (uint32_t)memory->n_tags - 1;
		take_off(&other, &counts);
	}
	memory->replaced = sum->replaced;
	memory->no_room = sum->no_room;
	if ((other.allocs || other.failed) && add_tag(memory, OTHER_TAGS, &other))
		return -1;
	index[0] = (uint32_t)memory->n_tags - 1;
	if (sum->unknown) {
		const struct memory_tag before = {.unknown = sum->unknown};

		return add_tag(memory, KMN_POOL_BEFORE, &before);
	}
	return 0;
}

static size_t find_tag(const struct nt_pool_state *state, uint32_t tag)
{
	for (size_t i = 1; i < state->n_tags; i++)
		if (state->tags[i].tag == tag)
			return i;
	return 0;
}

/* FNV-1a over words, with the last bits mixed; never 0. */
static uint64_t hash_frames(const uint64_t *frames, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < n; i++) {
		hash = (hash ^ frames[i]) * 0x100000001b3ull;
		hash ^= hash >> 29;
	}
	return hash ? hash : 1;
}

static int fill_block(const struct trace_block *from, uint32_t tag, struct memory *memory,
		      struct stack_table *stacks)
{
	struct memory_block *to = memory_add_block(memory);
	uint32_t n = from->n_frames < TRACE_BLOCK_FRAMES ? from->n_frames : TRACE_BLOCK_FRAMES;
	struct stack stack = {
		.modules = from->modules,
		.flags = n == TRACE_BLOCK_FRAMES ? KMN_STACK_TRUNCATED : 0,
		.n_frames = (uint16_t)n,
		.frames = from->frame,
	};
	bool added;

	if (!to)
		return -1;
	*to = (struct memory_block){
		.address = from->address,
		.bytes = from->bytes,
		.time = from->time,
		.tag = tag,
		.pid = from->pid,
		.cpu = from->cpu,
		.context = from->context,
	};
	memcpy(to->comm, from->comm, KMN_COMM);
	if (!n)
		return 0;
	memory->stacks = true;
	to->stack = stack.hash = hash_frames(from->frame, n);
	return stack_table_add(stacks, &stack, &added, NULL);
}

static int add_doubt(struct memory *memory, uint64_t missed)
{
	const struct memory_doubt doubt = {memory->start, memory->end, MEMORY_POOL, missed};

	return missed ? memory_put_doubt(memory, &doubt) : 0;
}

int nt_memory_fill(const struct nt_pool_state *state, struct memory *memory,
		   struct stack_table *stacks)
{
	uint32_t *index = calloc(state->n_tags + 1, sizeof(*index));
	int code = index ? fill_tags(state, memory, index) : -1;

	for (size_t i = 0; !code && i < state->n_blocks; i++) {
		const struct trace_block *block = &state->blocks[i];

		code = fill_block(block, index[find_tag(state, block->tag)], memory, stacks);
	}
	free(index);
	if (!code)
		code = add_doubt(memory, memory->replaced);
	if (!code)
		code = add_doubt(memory, state->missed);
	if (code)
		return -1;
	memory_sort(memory);
	memory_grade(memory);
	return 0;
}
