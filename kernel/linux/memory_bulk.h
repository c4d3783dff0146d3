/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of memory in which many blocks are allocated, freed or shown at once. */
#ifndef KMN_LINUX_MEMORY_BULK_H
#define KMN_LINUX_MEMORY_BULK_H

#include "memory_brackets.h"
#include "memory_pages.h"

/* An index that no scratch memory has. */
#define NO_SCRATCH 0xffffffffu

/* What a bulk call has in its array, one after another. */
struct bulk {
	struct memory_event event; /* what all have in common */
	__u64 array;
	__u64 lost; /* found no room, or their records none */
};

static __always_inline __u64 bulk_element(const struct bulk *bulk, __u32 i)
{
	__u64 address = 0;

	if (bpf_probe_read_kernel(&address, 8, (void *)bulk->array + i * 8ull))
		return 0;
	return address;
}

static __always_inline __u32 bulk_length(struct call *call, __u64 n)
{
	struct kmn_memory_total *total = memory_total(call->cpu);

	if (n <= KMN_BULK_AT_MOST)
		return n;
	if (total)
		__sync_fetch_and_add(&total->bulk_too_long, n - KMN_BULK_AT_MOST);
	return KMN_BULK_AT_MOST;
}

/* The scratch memory of a bulk call, with its caller and, if wanted, its stack. */
static __always_inline struct scratch *bulk_begin(struct call *call, struct bulk *bulk,
						  bool with_stack)
{
	struct scratch *scratch = call_scratch(call);
	__u64 function;

	bulk->event = memory_event(call);
	bulk->event.scratch = scratch ? call->scratch : NO_SCRATCH;
	if (!scratch)
		return 0;
	call_origin(call, VIA_FENTRY, scratch, &function, &bulk->event.site);
	if (with_stack && config.flags & KMN_WITH_STACKS)
		bulk->event.stack = memory_stack(call, VIA_FENTRY, scratch, bulk->event.site);
	return scratch;
}

static __always_inline void bulk_put(struct bulk *bulk)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &bulk->event.scratch);
	bool log = config.flags & KMN_LOG_MEMORY;
	__u64 told = !log;

	if (scratch && (log || (bulk->event.stack && !scratch->stack.sent)))
		told |= memory_tell(&bulk->event, KMN_ALLOC, bulk->event.stack != 0);
	/* A sum that the verifier knows nothing of: else each turn would be another state. */
	bulk->lost += memory_put(&bulk->event) + (1 - told);
}

static long bulk_alloc_one(__u32 i, struct bulk *bulk)
{
	bulk->event.address = bulk_element(bulk, i);
	bulk->event.key = KMN_MEMORY_KEY(KMN_FAMILY_SLAB, bulk->event.address);
	if (bulk->event.address)
		bulk_put(bulk);
	return 0;
}

static __always_inline void bulk_failed(struct bulk *bulk)
{
	memory_count_failed(&bulk->event);
	bulk->event.bytes = 0;
	if (config.flags & KMN_LOG_MEMORY)
		bulk->lost += 1 - memory_tell(&bulk->event, KMN_ALLOC, 0);
}

/* kmem_cache_alloc_bulk(s, flags, size, p) = how many */
static __always_inline bool memory_bulk_alloc(struct call *call, __u64 *ctx)
{
	struct bulk bulk = {};
	struct scratch *scratch = bulk_begin(call, &bulk, true);
	__u64 n = 0, cache = 0, gfp = 0;

	bpf_get_func_ret(ctx, &n);
	bpf_get_func_arg(ctx, 0, &cache);
	bpf_get_func_arg(ctx, 1, &gfp);
	bpf_get_func_arg(ctx, 3, &bulk.array);
	bulk.event.tag = memory_cache_tag(cache);
	bulk.event.bytes = memory_tag_bytes(bulk.event.tag);
	bulk.event.gfp = gfp;
	if ((__s32)n > 0)
		bpf_loop(bulk_length(call, (__u32)n), bulk_alloc_one, &bulk, 0);
	else
		bulk_failed(&bulk);
	if (scratch)
		scratch_put(scratch);
	return !bulk.lost;
}

static long bulk_free_one(__u32 i, struct bulk *bulk)
{
	struct memory_event *event = &bulk->event;

	event->address = bulk_element(bulk, i);
	event->key = KMN_MEMORY_KEY(KMN_FAMILY_SLAB, event->address);
	event->bytes = 0;
	if (is_nothing(event->address))
		return 0;
	memory_take(event);
	if (event->fate == KMN_FATE_FREED_TWICE || config.flags & KMN_LOG_MEMORY)
		bulk->lost += 1 - memory_tell(event, KMN_FREE, 0);
	return 0;
}

/* kmem_cache_free_bulk(s, size, p) */
static __always_inline bool memory_bulk_free(struct call *call, __u64 *ctx)
{
	struct bulk bulk = {};
	struct scratch *scratch = bulk_begin(call, &bulk, false);
	__u64 n = 0;

	bpf_get_func_arg(ctx, 0, &bulk.event.cache);
	bpf_get_func_arg(ctx, 1, &n);
	bpf_get_func_arg(ctx, 2, &bulk.array);
	bpf_loop(bulk_length(call, n), bulk_free_one, &bulk, 0);
	if (scratch)
		scratch_put(scratch);
	return !bulk.lost;
}

static __always_inline void bulk_page(struct bulk *bulk, __u64 page)
{
	__u64 pfn = pfn_of_page(page);

	/* Those that the function had to ask for one by one are there already. */
	if (!page || memory_find(pages_key(pfn)))
		return;
	bulk->event.address = pfn;
	bulk->event.key = pages_key(pfn);
	bulk_put(bulk);
}

static long bulk_array_one(__u32 i, struct bulk *bulk)
{
	bulk_page(bulk, bulk_element(bulk, i));
	return 0;
}

static long bulk_list_one(__u32 i, struct bulk *bulk)
{
	__u64 next = 0;

	if (bpf_probe_read_kernel(&next, 8, (void *)bulk->array))
		return 1;
	bulk->array = next;
	bulk_page(bulk, next - bpf_core_field_offset(struct page, lru));
	return 0;
}

/* __alloc_pages_bulk(gfp, preferred_nid, nodemask, nr_pages, page_list, page_array) = how many */
static __always_inline bool memory_pages_bulk(struct call *call, __u64 *ctx)
{
	struct bulk bulk = {};
	struct scratch *scratch = bulk_begin(call, &bulk, true);
	__u64 n = 0, list = 0, gfp = 0;

	bpf_get_func_ret(ctx, &n);
	bpf_get_func_arg(ctx, 0, &gfp);
	bpf_get_func_arg(ctx, 4, &list);
	bpf_get_func_arg(ctx, 5, &bulk.array);
	pages_event(&bulk.event, 0, 0, gfp);
	n = bulk_length(call, n);
	if (bulk.array) {
		bpf_loop(n, bulk_array_one, &bulk, 0);
	} else {
		bulk.array = list;
		bpf_loop(n, bulk_list_one, &bulk, 0);
	}
	if (scratch)
		scratch_put(scratch);
	return !bulk.lost;
}

static long mapped_page(__u32 i, struct bulk *bulk)
{
	__u64 page = bulk_element(bulk, i);

	if (!page)
		return 0;
	bulk->event.address = pfn_of_page(page);
	bulk->event.bytes = pages_belong(bulk->event.address, bulk->event.tag, bulk->event.cpu);
	if (bulk->event.bytes && config.flags & KMN_LOG_MEMORY)
		bulk->lost += 1 - memory_tell(&bulk->event, KMN_ALLOC, 0);
	return 0;
}

/* The list of its pages is a part of what was asked for. */
static __always_inline void pages_list_belongs(struct bulk *bulk)
{
	__u64 place = memory_find(KMN_MEMORY_KEY(KMN_FAMILY_SLAB, bulk->array));
	struct kmn_memory_block *block;

	if (!place)
		place = memory_find(KMN_MEMORY_KEY(KMN_FAMILY_VMALLOC, bulk->array));
	block = memory_block(place);
	if (!block)
		return;
	block->flags |= KMN_BLOCK_INNER;
	bulk->event.address = bulk->array;
	bulk->event.bytes = block->bytes;
	if (config.flags & KMN_LOG_MEMORY)
		bulk->lost += 1 - memory_tell(&bulk->event, KMN_ALLOC, 0);
}

/* The pages that are shown at an address are what the block there is made of. */
static __always_inline void mapped_pages(struct call *call, struct bulk *bulk, __u64 n)
{
	struct scratch *scratch = 0;

	bulk->event.tag = KMN_TAG_OF_VMALLOC;
	if (config.flags & KMN_LOG_MEMORY) {
		scratch = call_scratch(call);
		bulk->event.scratch = scratch ? call->scratch : NO_SCRATCH;
	}
	bpf_loop(n > 1 << 20 ? 1 << 20 : n, mapped_page, bulk, 0);
	pages_list_belongs(bulk);
	if (scratch)
		scratch_put(scratch);
}

/*
 * __vmap_pages_range_noflush(addr, end, prot, pages, page_shift): a vmalloc() has its memory. The
 * others that come here only show pages that somebody has.
 */
static __always_inline bool memory_vmap_pages(struct call *call, __u64 *ctx)
{
	struct bulk bulk = {.event = memory_event(call)};
	__u64 start = 0, end = 0;

	if (bracket_of(call->pid_tgid) != BRACKET_NONE)
		return true;
	bpf_get_func_arg(ctx, 0, &start);
	bpf_get_func_arg(ctx, 1, &end);
	bpf_get_func_arg(ctx, 3, &bulk.array);
	mapped_pages(call, &bulk, (end - start) / PAGE_BYTES);
	/* The same event, as there is not stack enough for two. */
	bulk.event.address = start;
	bulk.event.key = KMN_MEMORY_KEY(KMN_FAMILY_VMALLOC, start);
	bulk.event.bytes = end - start;
	bulk.event.tag = KMN_TAG_VMALLOC;
	return memory_allocated(call, VIA_FENTRY, &bulk.event) && !bulk.lost;
}

#endif
