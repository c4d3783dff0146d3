/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages. A block of pages may be split and freed piece by piece, and pages that other families are
 * made of are told from those that were asked for as pages.
 */
#ifndef KMN_LINUX_MEMORY_PAGES_H
#define KMN_LINUX_MEMORY_PAGES_H

#include "memory.h"

#define PAGE_BYTES KMN_PAGE_BYTES

static __always_inline __u64 pages_key(__u64 pfn)
{
	return KMN_MEMORY_KEY(KMN_FAMILY_PAGES, pfn);
}

static __always_inline void pages_event(struct memory_event *event, __u64 pfn, __u32 order,
					__u32 gfp)
{
	event->key = pages_key(pfn);
	event->address = pfn;
	event->bytes = PAGE_BYTES << (order & 31);
	event->gfp = gfp;
	event->tag = pages_tag(order, gfp);
	event->order = order;
}

/* A part of a block of pages that has been split, with all that is known of the whole. */
__noinline __u64 pages_put_part(__u64 pfn, __u64 order, __u64 whole, __u64 cpu)
{
	struct kmn_memory_block *from = memory_block(whole);
	struct kmn_memory_block *to = memory_block(memory_claim(pages_key(pfn)));
	struct kmn_memory_count *count;

	if (!from || !to) {
		struct kmn_memory_total *total = memory_total(cpu);

		if (total)
			__sync_fetch_and_add(&total->no_room, 1);
		return 0;
	}
	to->stack = from->stack;
	to->site = from->site;
	to->bytes = PAGE_BYTES << (order & 31);
	__builtin_memcpy(to->comm, from->comm, sizeof(to->comm));
	to->pid = from->pid;
	to->gfp = from->gfp;
	to->tag = from->tag;
	to->cpu = from->cpu;
	to->context = from->context;
	to->flags = from->flags | KMN_BLOCK_PART;
	to->order = order;
	count = memory_count(cpu, from->tag);
	if (count)
		__sync_fetch_and_add(&count->allocs, 1);
	*(volatile __u64 *)&to->time = from->time;
	return 1;
}

/*
 * The block that holds a page, its place plus one; 0: none. *first: the block's first page. Most
 * blocks begin with the page that is freed.
 */
static __always_inline __u64 pages_find(__u64 pfn, __u64 *first)
{
	__u64 at = pfn;

	for (__u32 order = 0; order <= KMN_MAX_ORDER; order++) {
		__u64 place;

		at = pfn & ~((1ull << order) - 1);
		if (order && at == *first)
			continue;
		*first = at;
		place = memory_find(pages_key(at));
		if (place) {
			struct kmn_memory_block *block = memory_block(place);

			return block && pfn - at < 1ull << (block->order & 31) ? place : 0;
		}
	}
	return 0;
}

/* Halve the block until what is freed stands alone; the other halves stay, as blocks. */
static __always_inline void pages_split(__u32 cpu, __u64 place, __u64 first, __u32 order, __u64 pfn,
					__u32 freed_order)
{
	for (int i = 0; i < KMN_MAX_ORDER; i++) {
		__u64 half;

		if (order <= freed_order)
			break;
		order--;
		half = first + (1ull << (order & 31));
		if (pfn >= half) {
			/* The first of the first halves keeps the block's place: see below. */
			pages_put_part(first, order, place, cpu);
			first = half;
		} else {
			pages_put_part(half, order, place, cpu);
		}
	}
}

/* Take pages out of the table, which may be a part of a block; tag and fate are filled in. */
__noinline int pages_take(struct memory_event *event)
{
	struct kmn_memory_block *block;
	struct kmn_memory_count *count;
	struct memory_spot spot;
	__u64 first, place, hash;
	__u32 whole;

	if (!event)
		return 0;
	first = event->address;
	place = pages_find(event->address, &first);
	block = memory_block(place);
	if (!block) {
		/* Migration moves pages without a word, so that a free of any may be the first. */
		event->fate = KMN_FATE_UNKNOWN;
		count = memory_count(event->cpu, event->tag);
		if (count) {
			__sync_fetch_and_add(&count->unknown, 1);
			__sync_fetch_and_add(&count->unknown_bytes, event->bytes);
		}
		return 0;
	}
	event->tag = block->tag;
	event->fate = KMN_FATE_KNOWN;
	memory_count_free(event, block);
	whole = block->order;
	if (whole > event->order)
		pages_split(event->cpu, place, first, whole, event->address, event->order);
	/* Else the block's place is now that of the first of the parts that stay. */
	if (whole > event->order && first != event->address)
		return 1;
	hash = memory_hash(pages_key(first));
	if (spot_find(&spot, pages_key(first), hash))
		spot_free(&spot, block, hash);
	return 1;
}

/*
 * These pages are part of a block of another family, which was asked for. Returns how many bytes
 * have changed their tag.
 */
__noinline __u64 pages_belong(__u64 pfn, __u64 tag, __u64 cpu)
{
	__u64 place = memory_find(pages_key(pfn)), bytes;
	struct kmn_memory_block *block = memory_block(place);
	struct kmn_memory_count *old, *new;

	if (!block || block->tag == tag)
		return 0;
	bytes = block->bytes;
	old = memory_count(cpu, block->tag);
	new = memory_count(cpu, tag & 63);
	block->tag = tag;
	if (!old || !new)
		return bytes;
	__sync_fetch_and_add(&old->allocs, -1);
	__sync_fetch_and_add(&old->alloc_bytes, -bytes);
	__sync_fetch_and_add(&new->allocs, 1);
	__sync_fetch_and_add(&new->alloc_bytes, bytes);
	return bytes;
}

/*
 * The same, and its record, for which an event is used that says nothing (any more): there is not
 * stack enough for two. False: as memory_log().
 */
static __always_inline bool pages_owned(struct call *call, struct memory_event *event, __u64 pfn,
					__u32 tag)
{
	event->address = pfn;
	event->tag = tag;
	event->bytes = pages_belong(pfn, tag, call->cpu);
	return !event->bytes || memory_log(call, event, KMN_ALLOC);
}

#endif
