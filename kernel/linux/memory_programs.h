/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs that follow memory. None is loaded unless it is asked for; user space finds each by
 * its name, memory_EVENT_COPY, and says what it is attached to (src/source/linux_memory.c).
 */
#ifndef KMN_LINUX_MEMORY_PROGRAMS_H
#define KMN_LINUX_MEMORY_PROGRAMS_H

#include "memory_bulk.h"

/* KMALLOC_MAX_CACHE_SIZE of include/linux/slab.h: above it are pages. */
#define KMALLOC_MAX_CACHE 8192

/* kvfree_call_rcu() gets the offset of the head in its place until Linux 6.3 (04a522b7da3d). */
const volatile bool rcu_by_offset = false;

static __always_inline void memory_count_call(struct call *call, bool taken_in)
{
	if (taken_in) {
		call->count->recorded++;
	} else {
		call->count->lost++;
		count_lost(call->count, call->now);
	}
}

/*
 * Linux 6.11 and 6.12 tell some large allocations twice, by __kmalloc_large_node_noprof() and by
 * its caller __do_kmalloc_node(). The second one knows who asked. It has its record, too.
 */
static __always_inline bool large_repeated(const struct memory_event *event)
{
	__u64 place = memory_find(event->key);
	struct kmn_memory_block *block = memory_block(place);

	if (!block || block->tag != KMN_TAG_LARGE || block->bytes != event->bytes ||
	    block->pid != event->pid_tgid >> 32)
		return false;
	block->site = event->site;
	return true;
}

static __always_inline void kmalloc_event(struct memory_event *event, const __u64 *ctx)
{
	event->address = ctx[1];
	event->key = KMN_MEMORY_KEY(KMN_FAMILY_SLAB, event->address);
	event->site = ctx[0];
	event->bytes = ctx[2];
	event->gfp = ctx[4];
	event->tag = KMN_TAG_LARGE;
}

static __always_inline bool memory_kmalloc(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);
	bool owned = true;

	kmalloc_event(&event, ctx);
	if (is_nothing(event.address)) {
		event.tag = KMN_TAG_UNKNOWN;
		return event.address || memory_failed(call, &event);
	}
	if (ctx[3] > KMALLOC_MAX_CACHE) {
		if (large_repeated(&event))
			return memory_log(call, &event, KMN_ALLOC);
		owned = pages_owned(call, &event, pfn_of_page(page_of_address(event.address)),
				    KMN_TAG_OF_LARGE);
		kmalloc_event(&event, ctx);
	} else {
		event.tag = memory_cache_tag(cache_of_object(event.address));
	}
	return memory_allocated(call, VIA_TRACEPOINT, &event) && owned;
}

static __always_inline bool memory_cache_alloc(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);

	event.address = ctx[1];
	event.key = KMN_MEMORY_KEY(KMN_FAMILY_SLAB, event.address);
	event.site = ctx[0];
	event.gfp = ctx[3];
	event.tag = memory_cache_tag(ctx[2]);
	event.bytes = memory_tag_bytes(event.tag);
	return event.address ? memory_allocated(call, VIA_TRACEPOINT, &event)
			     : memory_failed(call, &event);
}

static __always_inline bool slab_freed(struct call *call, __u64 address, __u64 site, __u64 cache)
{
	struct memory_event event = memory_event(call);

	if (is_nothing(address))
		return true;
	event.address = address;
	event.key = KMN_MEMORY_KEY(KMN_FAMILY_SLAB, address);
	event.site = site;
	event.cache = cache;
	return memory_released(call, VIA_TRACEPOINT, &event);
}

static __always_inline bool memory_kfree(struct call *call, __u64 *ctx)
{
	return slab_freed(call, ctx[1], ctx[0], 0);
}

static __always_inline bool memory_cache_free(struct call *call, __u64 *ctx)
{
	return slab_freed(call, ctx[1], ctx[0], ctx[2]);
}

static __always_inline bool memory_page_alloc(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);

	bool taken;

	pages_event(&event, pfn_of_page(ctx[0]), ctx[1], ctx[2]);
	if (!ctx[0])
		return memory_failed(call, &event);
	taken = memory_allocated(call, VIA_TRACEPOINT, &event);
	if (percpu_growing && call->level == KMN_TASK &&
	    bracket_of(call->pid_tgid) == BRACKET_PERCPU)
		taken &= pages_owned(call, &event, event.address, KMN_TAG_OF_PERCPU);
	return taken;
}

static __always_inline bool memory_page_free(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);

	pages_event(&event, pfn_of_page(ctx[0]), ctx[1], 0);
	pages_take(&event);
	return memory_freed_tell(call, VIA_TRACEPOINT, &event);
}

/* call_site, reserved, is_atomic, size, align, base_addr, off, ptr, bytes_alloc, gfp_flags */
static __always_inline bool memory_percpu_alloc(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);

	event.address = ctx[7];
	event.key = KMN_MEMORY_KEY(KMN_FAMILY_PERCPU, event.address);
	event.site = ctx[0];
	event.bytes = ctx[3];
	event.gfp = ctx[9];
	event.tag = KMN_TAG_PERCPU;
	return memory_allocated(call, VIA_TRACEPOINT, &event);
}

static __always_inline bool memory_percpu_free(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);

	event.address = ctx[2];
	event.key = KMN_MEMORY_KEY(KMN_FAMILY_PERCPU, event.address);
	event.tag = KMN_TAG_PERCPU;
	return memory_released(call, VIA_TRACEPOINT, &event);
}

/* vmap(pages, count, flags, prot) = where they are */
static __always_inline bool memory_vmap(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);
	__u64 count = 0;

	bpf_get_func_ret(ctx, &event.address);
	bpf_get_func_arg(ctx, 1, &count);
	event.key = KMN_MEMORY_KEY(KMN_FAMILY_VMALLOC, event.address);
	event.bytes = (__u64)(__u32)count * PAGE_BYTES;
	event.tag = KMN_TAG_VMAP;
	return event.address ? memory_allocated(call, VIA_FENTRY, &event)
			     : memory_failed(call, &event);
}

/* remove_vm_area(addr) */
static __always_inline bool memory_vm_free(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);

	bpf_get_func_arg(ctx, 0, &event.address);
	event.key = KMN_MEMORY_KEY(KMN_FAMILY_VMALLOC, event.address);
	event.tag = KMN_TAG_VMALLOC;
	memory_take(&event);
	if (event.fate != KMN_FATE_UNKNOWN)
		return memory_freed_tell(call, VIA_FENTRY, &event);
	/* It is counted and told of when it is known what it was: memory_area_gone(). */
	bracket_enter(call->pid_tgid, BRACKET_AREA);
	return true;
}

struct vm_struct {
	void *addr;
	unsigned long size;
	unsigned long flags;
} __attribute__((preserve_access_index));

/* include/linux/vmalloc.h */
#define VM_ALLOC 0x2
#define VM_MAP 0x4
#define VM_NO_GUARD 0x40

/* remove_vm_area(addr) = the area, which may be one of ioremap(): of that nothing is known. */
SEC("?fexit/remove_vm_area")
int memory_area_gone(void *ctx)
{
	struct call call = {.ctx = ctx,
			    .hook = KMN_MEMORY_VM_FREE,
			    .cpu = bpf_get_smp_processor_id(),
			    .pid_tgid = bpf_get_current_pid_tgid(),
			    .level = KMN_TASK};
	struct kmn_memory_count *count;
	struct memory_event event;
	struct vm_struct *area;
	__u64 value = 0, flags;

	if (bracket_of(call.pid_tgid) != BRACKET_AREA)
		return 0;
	bracket_leave(call.pid_tgid, BRACKET_AREA);
	bpf_get_func_ret(ctx, &value);
	area = (struct vm_struct *)value;
	flags = BPF_CORE_READ(area, flags);
	if (!value || !(flags & (VM_ALLOC | VM_MAP)))
		return 0;
	call.now = bpf_ktime_get_ns();
	event = memory_event(&call);
	event.tag = flags & VM_MAP ? KMN_TAG_VMAP : KMN_TAG_VMALLOC;
	event.address = (__u64)BPF_CORE_READ(area, addr);
	event.bytes = BPF_CORE_READ(area, size) - (flags & VM_NO_GUARD ? 0 : PAGE_BYTES);
	event.fate = KMN_FATE_UNKNOWN;
	count = memory_count(call.cpu, event.tag);
	if (!count)
		return 0;
	__sync_fetch_and_add(&count->unknown, 1);
	__sync_fetch_and_add(&count->unknown_bytes, event.bytes);
	memory_log(&call, &event, KMN_FREE);
	return 0;
}

/* allocate_slab(s, flags, node) = struct slab *, which is its first page */
static __always_inline bool memory_slab_pages(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);
	__u64 slab = 0;

	bpf_get_func_ret(ctx, &slab);
	return !slab || pages_owned(call, &event, pfn_of_page(slab), KMN_TAG_OF_SLAB);
}

/* kvfree_call_rcu(head, ptr); see rcu_by_offset */
static __always_inline bool memory_rcu_free(struct call *call, __u64 *ctx)
{
	struct memory_event event = memory_event(call);
	__u64 head = 0, address = 0, place;
	struct kmn_memory_block *block;

	bpf_get_func_arg(ctx, 0, &head);
	bpf_get_func_arg(ctx, 1, &address);
	if (rcu_by_offset && head)
		address = head - address;
	place = memory_find(KMN_MEMORY_KEY(KMN_FAMILY_SLAB, address));
	if (!place)
		place = memory_find(KMN_MEMORY_KEY(KMN_FAMILY_VMALLOC, address));
	block = memory_block(place);
	if (!block)
		return true;
	block->flags |= KMN_BLOCK_DEFERRED;
	event.address = address;
	event.bytes = block->bytes;
	event.tag = block->tag;
	event.fate = KMN_FATE_DEFERRED;
	return memory_log(call, &event, KMN_FREE);
}

/* slab_kmem_cache_release(s) */
static __always_inline bool memory_cache_release(struct call *call, __u64 *ctx)
{
	__u64 cache = 0;

	bpf_get_func_arg(ctx, 0, &cache);
	memory_cache_gone(cache);
	return true;
}

/*
 * On a tracepoint the copies run one after another with preemption off. The first says which event
 * it has taken, and in which state of occupancy: so the next ones need not look that up to know
 * that they are not needed. What an interrupt has written over meanwhile goes the long way.
 */
struct event_taken {
	__u64 event; /* its context's address, a multiple of 8, and which copy saw it last */
	__u64 occupancy;
	__u64 pad[6]; /* a cache line each */
};

static struct event_taken events_taken[KMN_MAX_CPUS] SEC(".data.taken");

static __always_inline volatile struct event_taken *event_taken_here(__u64 cpu)
{
	BOUND(cpu, KMN_MAX_CPUS - 1);
	return &events_taken[cpu];
}

/* The first copy has taken the event; the last thing that it does. */
static __always_inline void event_mark(const struct call *call)
{
	volatile struct event_taken *taken = event_taken_here(call->cpu);

	/* State belongs to the task then. */
	if (fully_preemptible)
		return;
	taken->occupancy = call->cpu * KMN_LEVELS + call->level;
	taken->event = (__u64)call->ctx;
}

/* True: the lower copies have seen the event, one after the other and with nothing in between. */
static __always_inline bool event_was_taken(void *ctx, __u32 copy)
{
	volatile struct event_taken *taken = event_taken_here(bpf_get_smp_processor_id());
	__u64 seen = taken->event, index;

	/* Reading the address back makes it a number: see copy_is_first(). */
	taken->event = (__u64)ctx;
	if (seen != (taken->event | (copy - 1))) {
		taken->event = 0;
		return false;
	}
	taken->event = seen + 1;
	index = taken->occupancy;
	BOUND(index, KMN_MAX_CPUS * KMN_LEVELS - 1);
	/* As if this copy had gone the long way: see copy_is_first(). */
	occupancies[index].seen = (2ull << copy) - 1;
	return true;
}

/* frame: the program's, if this is in a subprogram of it; else NULL. */
static __always_inline void call_of_event(struct call *call, void *ctx, __u32 event, __u32 copy,
					  void *frame)
{
	call->ctx = ctx;
	call->breakpoint = false;
	call->function = 0;
	call->pushed = 0;
	call->hook = event;
	call->copy = copy;
	call->slot = event * KMN_MAX_COPIES + copy;
	call->frame = frame;
}

/* memory_take_NAME(): what each copy does that is not late. */
#define MEMORY_BODY(name, event, body, on_tracepoint)                                              \
	static __always_inline int memory_take_##name(__u64 *ctx, __u32 copy, void *frame)         \
	{                                                                                          \
		struct call call;                                                                  \
                                                                                                   \
		call_of_event(&call, ctx, KMN_MEMORY_##event, copy, frame);                        \
		if (!call_begin(&call))                                                            \
			return 0;                                                                  \
		memory_count_call(&call, body(&call, ctx));                                        \
		call_end(&call);                                                                   \
		if (on_tracepoint && !copy)                                                        \
			event_mark(&call);                                                         \
		return 0;                                                                          \
	}

#define MEMORY_PROGRAM(section, name, number)                                                      \
	SEC("?" section)                                                                           \
	int memory_##name##_##number(__u64 *ctx)                                                   \
	{                                                                                          \
		return memory_take_##name(ctx, number, 0);                                         \
	}

/*
 * A copy that almost always comes late. What it does when it does not is a subprogram: so the
 * program itself saves hardly a register.
 */
#define MEMORY_LATE_PROGRAM(section, name, number)                                                 \
	static __noinline int memory_late_##name##_##number(__u64 *ctx, void *frame)               \
	{                                                                                          \
		return memory_take_##name(ctx, number, frame);                                     \
	}                                                                                          \
	SEC("?" section)                                                                           \
	int memory_##name##_##number(__u64 *ctx)                                                   \
	{                                                                                          \
		void *frame;                                                                       \
                                                                                                   \
		if (event_was_taken(ctx, number))                                                  \
			return 0;                                                                  \
		asm volatile("%0 = r10" : "=r"(frame));                                            \
		return memory_late_##name##_##number(ctx, frame);                                  \
	}

/*
 * On a tracepoint preemption is off: three levels, three copies. On a function it may be on, and
 * tasks nest.
 */
#define MEMORY_TRACEPOINT(name, event, body)                                                       \
	MEMORY_BODY(name, event, body, true)                                                       \
	MEMORY_PROGRAM("raw_tp/" #name, name, 0)                                                   \
	MEMORY_LATE_PROGRAM("raw_tp/" #name, name, 1)                                              \
	MEMORY_LATE_PROGRAM("raw_tp/" #name, name, 2)

#define MEMORY_FUNCTION(section, name, event, body)                                                \
	MEMORY_BODY(name, event, body, false)                                                      \
	MEMORY_PROGRAM(section, name, 0)                                                           \
	MEMORY_PROGRAM(section, name, 1)                                                           \
	MEMORY_PROGRAM(section, name, 2)                                                           \
	MEMORY_PROGRAM(section, name, 3)                                                           \
	MEMORY_PROGRAM(section, name, 4)                                                           \
	MEMORY_PROGRAM(section, name, 5)                                                           \
	MEMORY_PROGRAM(section, name, 6)                                                           \
	MEMORY_PROGRAM(section, name, 7)

MEMORY_TRACEPOINT(kmalloc, KMALLOC, memory_kmalloc)
MEMORY_TRACEPOINT(kfree, KFREE, memory_kfree)
MEMORY_TRACEPOINT(kmem_cache_alloc, CACHE_ALLOC, memory_cache_alloc)
MEMORY_TRACEPOINT(kmem_cache_free, CACHE_FREE, memory_cache_free)
MEMORY_TRACEPOINT(mm_page_alloc, PAGE_ALLOC, memory_page_alloc)
MEMORY_TRACEPOINT(mm_page_free, PAGE_FREE, memory_page_free)
MEMORY_TRACEPOINT(percpu_alloc_percpu, PERCPU_ALLOC, memory_percpu_alloc)
MEMORY_TRACEPOINT(percpu_free_percpu, PERCPU_FREE, memory_percpu_free)
MEMORY_FUNCTION("fexit/", bulk_alloc, BULK_ALLOC, memory_bulk_alloc)
MEMORY_FUNCTION("fentry/", bulk_free, BULK_FREE, memory_bulk_free)
MEMORY_FUNCTION("fexit/", pages_bulk, PAGES_BULK, memory_pages_bulk)
MEMORY_FUNCTION("fentry/", vmap_pages, VMAP_PAGES, memory_vmap_pages)
MEMORY_FUNCTION("fexit/", vmap, VMAP, memory_vmap)
MEMORY_FUNCTION("fentry/", vm_free, VM_FREE, memory_vm_free)
MEMORY_FUNCTION("fexit/", slab_pages, SLAB_PAGES, memory_slab_pages)
MEMORY_FUNCTION("fentry/", rcu_free, RCU_FREE, memory_rcu_free)
MEMORY_FUNCTION("fentry/", cache_gone, CACHE_GONE, memory_cache_release)

#define BRACKET_PROGRAMS(name, kind)                                                               \
	SEC("?fentry/" #name)                                                                      \
	int bracket_enter_##name(void *ctx)                                                        \
	{                                                                                          \
		if (kind == BRACKET_PERCPU)                                                        \
			__sync_fetch_and_add(&percpu_growing, 1);                                  \
		bracket_enter(bpf_get_current_pid_tgid(), kind);                                   \
		return 0;                                                                          \
	}                                                                                          \
	SEC("?fexit/" #name)                                                                       \
	int bracket_leave_##name(void *ctx)                                                        \
	{                                                                                          \
		if (kind == BRACKET_PERCPU)                                                        \
			__sync_fetch_and_add(&percpu_growing, -1);                                 \
		bracket_leave(bpf_get_current_pid_tgid(), kind);                                   \
		return 0;                                                                          \
	}

BRACKET_PROGRAMS(vmap, BRACKET_VMAP)
BRACKET_PROGRAMS(pcpu_populate_chunk, BRACKET_PERCPU)
BRACKET_PROGRAMS(vm_map_ram, BRACKET_MAP_RAM)

#endif
