/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks: put into the table when they are allocated, taken out when they are freed. Everything
 * that allocates or frees comes through memory_allocated() and memory_release().
 */
#ifndef KMN_LINUX_MEMORY_H
#define KMN_LINUX_MEMORY_H

#include "calls.h"
#include "memory_tags.h"

/*
 * An allocation or a free on its way, with what is known of the call. It is handed to global
 * functions, which the verifier looks at once, not at each place that they are called from.
 */
struct memory_event {
	__u64 key;
	__u64 address; /* as its users know it; of pages: the page frame number */
	__u64 bytes;
	__u64 site;
	__u64 cache; /* of a free: the slab cache; 0: to be looked up */
	__u64 stack; /* its hash; 0: none was taken */
	__u64 now;
	__u64 pid_tgid;
	__u32 hook;
	__u32 cpu;
	__u32 level;
	__u32 scratch;
	__u32 gfp;
	__u32 tag;
	__u32 order;
	__u32 fate; /* of a free: enum kmn_memory_fate */
};

static __always_inline struct memory_event memory_event(const struct call *call)
{
	struct memory_event event = {
		.now = call->now,
		.pid_tgid = call->pid_tgid,
		.hook = call->hook,
		.cpu = call->cpu,
		.level = call->level,
	};

	return event;
}

/* Take the stack of the event; its name, or 0. It begins with who asked, if that is known. */
static __always_inline __u64 memory_stack(struct call *call, enum via via, struct scratch *scratch,
					  __u64 site)
{
	stack_take(call, via, scratch, site);
	return scratch->stack.hash;
}

/* Put the tag's name behind the arguments. */
static __always_inline __u32 memory_put_name(struct scratch *scratch, __u32 end, __u32 tag)
{
	struct kmn_memory_cache *entry = memory_tag(tag);
	__u32 length = entry ? entry->length : 0;
	struct kmn_fetched fetched = {};

	BOUND(length, 63);
	if (length > sizeof(entry->name))
		length = 0;
	fetched.length = length;
	*(struct kmn_fetched *)cursor_room(scratch, end) = fetched;
	end += sizeof(fetched);
	if (entry)
		bpf_probe_read_kernel(cursor_room(scratch, end), length, entry->name);
	scratch->header.n_fetches = 1;
	return (end + length + 7) & ~7u;
}

/* Write the record of an event; with_stack: that of the scratch memory, else none. */
__noinline int memory_tell(struct memory_event *event, __u32 kind, __u32 with_stack)
{
	struct scratch *scratch;
	__u32 end = sizeof(struct kmn_header), bytes, index;
	__u64 *args;

	if (!event)
		return 0;
	index = event->scratch;
	scratch = bpf_map_lookup_elem(&scratches, &index);
	if (!scratch)
		return 0;
	header_fill(&scratch->header, kind, event->hook, event->cpu, event->level, event->pid_tgid,
		    event->now);
	scratch->header.n_args = KMN_MEMORY_ARGS;
	if (with_stack) {
		struct kmn_stack *name = (struct kmn_stack *)&scratch->bytes[end];

		name->hash = scratch->stack.hash;
		name->modules = scratch->stack.modules;
		scratch->header.flags |= scratch->stack.flags;
		end += sizeof(*name);
	}
	FORGET(end, scratch->word);
	args = (__u64 *)cursor_room(scratch, end & 0x7f8);
	args[KMN_ARG_ADDRESS] = event->address;
	args[KMN_ARG_BYTES] = event->bytes;
	args[KMN_ARG_TAG] = event->tag;
	args[KMN_ARG_SITE] = event->site;
	args[KMN_ARG_GFP] = kind == KMN_ALLOC ? event->gfp : event->fate;
	end = memory_put_name(scratch, end + KMN_MEMORY_ARGS * 8, event->tag);
	FORGET(end, scratch->word);
	if (with_stack && !scratch->stack.sent) {
		scratch->header.flags |= KMN_STACK_INLINE;
		scratch->header.n_frames = scratch->stack.n;
		bytes = scratch->stack.n * 8;
		BOUND(bytes, 2 * KMN_MAX_FRAMES * 8 - 1);
		bpf_probe_read_kernel(cursor_room(scratch, end), bytes,
				      frame_at(scratch, scratch->stack.first));
		end += bytes;
	}
	FORGET(end, scratch->word);
	if (!emit(&scratch->header, end, event->cpu))
		return 0;
	if (with_stack)
		stack_sent(&scratch->stack);
	return 1;
}

static __always_inline void memory_fill(struct kmn_memory_block *block,
					const struct memory_event *event)
{
	block->stack = event->stack;
	block->site = event->site;
	block->bytes = event->bytes;
	comm_get((__u64 *)block->comm);
	block->pid = event->pid_tgid >> 32;
	block->gfp = event->gfp;
	block->tag = event->tag;
	block->cpu = event->cpu;
	block->context = event->level;
	block->flags = 0;
	block->order = event->order;
	*(volatile __u64 *)&block->time = event->now;
}

/* An allocation that found no room: whoever frees it will not have freed it twice. */
static __always_inline void memory_no_room(const struct memory_event *event)
{
	struct kmn_memory_total *total = memory_total(event->cpu);
	struct kmn_memory_freed *freed = memory_freed_at(memory_hash(event->key));

	if (total) {
		if (!total->first_no_room)
			total->first_no_room = event->now;
		__sync_fetch_and_add(&total->no_room, 1);
	}
	if (freed->key == event->key)
		freed->key = 0;
}

/* A record without a stack, if each event is recorded. False: it should have been and was not. */
static __always_inline bool memory_log(struct call *call, struct memory_event *event, __u32 kind)
{
	struct scratch *scratch;
	bool told;

	if (!(config.flags & KMN_LOG_MEMORY))
		return true;
	scratch = call_scratch(call);
	event->scratch = call->scratch;
	if (!scratch)
		return false;
	told = memory_tell(event, kind, 0);
	scratch_put(scratch);
	return told;
}

static __always_inline void memory_count_failed(const struct memory_event *event)
{
	struct kmn_memory_count *count = memory_count(event->cpu, event->tag);

	if (count)
		__sync_fetch_and_add(&count->failed, 1);
}

/* An allocation that got nothing. False: as memory_log(). */
static __always_inline bool memory_failed(struct call *call, struct memory_event *event)
{
	memory_count_failed(event);
	event->address = 0;
	event->bytes = 0;
	return memory_log(call, event, KMN_ALLOC);
}

/* The block that is still there under this address was freed, and we were not told. */
static __always_inline void memory_count_replaced(const struct memory_event *event,
						  const struct kmn_memory_block *old)
{
	struct kmn_memory_count *count = memory_count(event->cpu, old->tag);
	struct kmn_memory_total *total = memory_total(event->cpu);

	if (count) {
		__sync_fetch_and_add(&count->frees, 1);
		__sync_fetch_and_add(&count->free_bytes, old->bytes);
		__sync_fetch_and_add(&count->replaced, 1);
	}
	if (total) {
		__sync_fetch_and_add(&total->replaced, 1);
		total->last_replaced = event->now;
	}
}

/* Put a block into the table. Returns how many found no room: 0 or 1. */
__noinline int memory_put(struct memory_event *event)
{
	struct kmn_memory_block *block = 0;
	struct kmn_memory_count *count;
	struct memory_spot spot;
	bool replaced;
	__u64 hash;

	if (!event)
		return 0;
	count = memory_count(event->cpu, event->tag);
	if (count) {
		__sync_fetch_and_add(&count->allocs, 1);
		__sync_fetch_and_add(&count->alloc_bytes, event->bytes);
	}
	hash = memory_hash(event->key);
	replaced = spot_find(&spot, event->key, hash);
	if (replaced || spot_claim(&spot, event->key, hash))
		block = spot_block(&spot);
	if (!block) {
		memory_no_room(event);
		return 1;
	}
	if (replaced)
		memory_count_replaced(event, block);
	memory_fill(block, event);
	return 0;
}

/* False: there was no room for it, or for its record where each is wanted. */
static __always_inline bool memory_allocated(struct call *call, enum via via,
					     struct memory_event *event)
{
	bool with_stacks = config.flags & KMN_WITH_STACKS, log = config.flags & KMN_LOG_MEMORY;
	bool told = !log;
	struct scratch *scratch;

	if (!(config.flags & (KMN_WITH_STACKS | KMN_LOG_MEMORY)))
		return !memory_put(event);
	scratch = call_scratch(call);
	event->scratch = call->scratch;
	if (scratch) {
		if (with_stacks)
			event->stack = memory_stack(call, via, scratch, event->site);
		if (log || (event->stack && !scratch->stack.sent))
			told |= memory_tell(event, KMN_ALLOC, event->stack != 0);
		scratch_put(scratch);
	}
	return !memory_put(event) && told;
}

static __always_inline __u32 log2_of(__u64 number)
{
	__u32 n = 0;

#pragma unroll
	for (int bits = 32; bits; bits /= 2) {
		if (number >= 1ull << bits) {
			number >>= bits;
			n += bits;
			/* Keeps it a branch: each selection in its place takes twice as long. */
			asm volatile("" : "+r"(n), "+r"(number));
		}
	}
	return n;
}

static __always_inline void memory_count_free(const struct memory_event *event,
					      const struct kmn_memory_block *block)
{
	struct kmn_memory_count *count = memory_count(event->cpu, block->tag);
	struct kmn_memory_total *total = memory_total(event->cpu);
	__u64 age = log2_of(event->now - block->time);

	if (count) {
		__sync_fetch_and_add(&count->frees, 1);
		__sync_fetch_and_add(&count->free_bytes, event->bytes);
	}
	BOUND(age, 63);
	if (total)
		__sync_fetch_and_add(&total->lifetime[age], 1);
}

/* A free of what is not in the table. */
static __always_inline void memory_unknown(struct memory_event *event)
{
	struct kmn_memory_total *total = memory_total(event->cpu);
	struct kmn_memory_freed *freed = memory_freed_at(memory_hash(event->key));
	struct kmn_memory_count *count;

	if (freed->key == event->key) {
		event->fate = KMN_FATE_FREED_TWICE;
		if (total)
			__sync_fetch_and_add(&total->freed_twice, 1);
		return;
	}
	event->fate = KMN_FATE_UNKNOWN;
	/* What kind of area it was is known when it is gone: memory_area_gone(). */
	if (event->key >> KMN_MEMORY_KEY_BITS == KMN_FAMILY_VMALLOC)
		return;
	count = memory_count(event->cpu, event->tag);
	if (count)
		__sync_fetch_and_add(&count->unknown, 1);
}

/* Take a block out of the table; tag, bytes and fate of the event are filled in. */
__noinline int memory_take(struct memory_event *event)
{
	struct kmn_memory_block *block;
	struct kmn_memory_freed *freed;
	struct memory_spot spot;
	__u64 hash;

	if (!event)
		return 0;
	hash = memory_hash(event->key);
	block = spot_find(&spot, event->key, hash) ? spot_block(&spot) : 0;
	if (!block) {
		if (event->key >> KMN_MEMORY_KEY_BITS == KMN_FAMILY_SLAB)
			event->tag = memory_cache_tag(
				event->cache ? event->cache : cache_of_object(event->address));
		memory_unknown(event);
		return 0;
	}
	event->tag = block->tag;
	event->bytes = block->bytes;
	event->fate = KMN_FATE_KNOWN;
	memory_count_free(event, block);
	freed = memory_freed_at(hash);
	freed->key = event->key;
	freed->time = event->now;
	spot_free(&spot, block, hash);
	return 1;
}

/* A second free is told with its stack, the others if they are all wanted. */
static __always_inline bool memory_freed_tell(struct call *call, enum via via,
					      struct memory_event *event)
{
	struct scratch *scratch;
	bool told;

	if (event->fate != KMN_FATE_FREED_TWICE)
		return memory_log(call, event, KMN_FREE);
	scratch = call_scratch(call);
	event->scratch = call->scratch;
	if (!scratch)
		return false;
	event->stack = memory_stack(call, via, scratch, event->site);
	told = memory_tell(event, KMN_FREE, event->stack != 0);
	scratch_put(scratch);
	return told;
}

static __always_inline bool memory_released(struct call *call, enum via via,
					    struct memory_event *event)
{
	memory_take(event);
	return memory_freed_tell(call, via, event);
}

/* kmalloc(0) yields 16, and NULL may be freed: include/linux/slab.h, ZERO_OR_NULL_PTR(). */
static __always_inline bool is_nothing(__u64 address)
{
	return address <= 16;
}

#endif
