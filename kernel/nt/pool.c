/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool.h"

static size_t slots_for(size_t blocks)
{
	size_t slots = 16;

	/* Half full at most, so that runs stay short. */
	while (slots < 2 * blocks)
		slots *= 2;
	return slots;
}

size_t pool_size(size_t blocks)
{
	return slots_for(blocks) * sizeof(struct pool_entry);
}

void pool_init(struct pool *pool, void *memory, size_t blocks)
{
	pool->blocks = blocks;
	pool->used = 0;
	pool->slots = slots_for(blocks);
	pool->entries = memory;
	pool->n_tags = 1;
	pool->tags[0] = (struct trace_tag){0};
}

/* Blocks are aligned to 8 or 16 bytes. */
static size_t home(const struct pool *pool, uint64_t address)
{
	return (size_t)((address >> 3) * 0x9e3779b97f4a7c15ull >> 32) & (pool->slots - 1);
}

/* The address's entry, or the free one where it would be. */
static struct pool_entry *find(const struct pool *pool, uint64_t address)
{
	size_t i = home(pool, address);

	while (pool->entries[i].block.address && pool->entries[i].block.address != address)
		i = (i + 1) & (pool->slots - 1);
	return &pool->entries[i];
}

/* Close the gap: entries behind it that could not be at home move up. */
static void entry_remove(struct pool *pool, struct pool_entry *entry)
{
	size_t gap = (size_t)(entry - pool->entries), mask = pool->slots - 1;

	for (size_t i = (gap + 1) & mask; pool->entries[i].block.address; i = (i + 1) & mask) {
		size_t wanted = home(pool, pool->entries[i].block.address);

		if (((i - wanted) & mask) >= ((i - gap) & mask)) {
			pool->entries[gap] = pool->entries[i];
			gap = i;
		}
	}
	pool->entries[gap] = (struct pool_entry){0};
	pool->used--;
}

/* NULL: the table of tags is full, the sum alone counts it. */
static struct trace_tag *find_tag(struct pool *pool, uint32_t tag)
{
	for (size_t i = 1; i < pool->n_tags; i++)
		if (pool->tags[i].tag == tag)
			return &pool->tags[i];
	if (pool->n_tags == POOL_TAGS)
		return NULL;
	pool->tags[pool->n_tags] = (struct trace_tag){.tag = tag};
	return &pool->tags[pool->n_tags++];
}

#define COUNT(pool, number, field, n)                                                              \
	do {                                                                                       \
		struct trace_tag *of_tag = find_tag(pool, number);                                 \
                                                                                                   \
		(pool)->tags[0].field += (n);                                                      \
		if (of_tag)                                                                        \
			of_tag->field += (n);                                                      \
	} while (0)

enum pool_alloc pool_alloc(struct pool *pool, const struct trace_block *block, uint64_t thread,
			   uint64_t began)
{
	struct pool_entry *entry;

	if (!block->address) {
		COUNT(pool, block->tag, failed, 1);
		return POOL_FAILED;
	}
	entry = find(pool, block->address);
	if (entry->block.address && !entry->freeing) {
		if (entry->thread == thread && entry->block.time >= began)
			return POOL_OUTER;
		/* The free that was missed. */
		COUNT(pool, entry->block.tag, replaced, 1);
		COUNT(pool, entry->block.tag, frees, 1);
		COUNT(pool, entry->block.tag, free_bytes, entry->block.bytes);
	} else if (!entry->block.address) {
		if (pool->used >= pool->blocks) {
			COUNT(pool, block->tag, no_room, 1);
			return POOL_NO_ROOM;
		}
		pool->used++;
	}
	*entry = (struct pool_entry){.block = *block, .thread = thread};
	COUNT(pool, block->tag, allocs, 1);
	COUNT(pool, block->tag, alloc_bytes, block->bytes);
	return POOL_FOLLOWED;
}

enum pool_free pool_free(struct pool *pool, uint64_t address, uint64_t thread, bool count_unknown,
			 uint32_t *tag)
{
	struct pool_entry *entry = find(pool, address);

	if (!address || !entry->block.address) {
		pool->tags[0].unknown += count_unknown && address;
		return POOL_UNKNOWN;
	}
	*tag = entry->block.tag;
	if (entry->freeing && entry->thread == thread)
		return POOL_INNER;
	entry->freeing = true;
	entry->thread = thread;
	COUNT(pool, *tag, frees, 1);
	COUNT(pool, *tag, free_bytes, entry->block.bytes);
	return POOL_FREED;
}

void pool_freed(struct pool *pool, uint64_t address, uint64_t thread)
{
	struct pool_entry *entry = find(pool, address);

	if (entry->block.address && entry->freeing && entry->thread == thread)
		entry_remove(pool, entry);
}

size_t pool_blocks(const struct pool *pool, struct trace_block *blocks, size_t n)
{
	size_t done = 0;

	for (size_t i = 0; i < pool->slots && done < n; i++)
		if (pool->entries[i].block.address && !pool->entries[i].freeing)
			blocks[done++] = pool->entries[i].block;
	return done;
}

size_t pool_tags(const struct pool *pool, struct trace_tag *tags, size_t n)
{
	if (n > pool->n_tags)
		n = pool->n_tags;
	for (size_t i = 0; i < n; i++)
		tags[i] = pool->tags[i];
	return n;
}
