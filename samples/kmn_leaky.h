/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of kmn_leaky share. A family is one way to take memory from the kernel and to give
 * it back: its leaky_make_NAME() does that some times, in task, softirq or hardirq context, and
 * tells of each block with leaky_got() and leaky_gave(). A place is a function,
 * kmn_leaky_leak_NAME(), that takes one block and forgets it; it calls the allocator itself, so
 * helpers between them are __always_inline.
 *
 * A block is what the module's own call asked for: a krealloc() that moves takes one and gives one
 * back; of a page block that was split each page counts; an skb is two, its head and its data.
 */
#ifndef KMN_LEAKY_H
#define KMN_LEAKY_H

#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "kmn_sample.h"

enum leaky_context { LEAKY_TASK, LEAKY_SOFTIRQ, LEAKY_HARDIRQ, LEAKY_N_CONTEXTS };

#define LEAKY_T BIT(LEAKY_TASK)
#define LEAKY_TS (LEAKY_T | BIT(LEAKY_SOFTIRQ))
#define LEAKY_TSH (LEAKY_TS | BIT(LEAKY_HARDIRQ))

/*
 * X(name, contexts, every): each every-th pass makes blocks of this family, for those that take
 * much longer than the others.
 */
#define LEAKY_FAMILIES(X)                                                                          \
	X(kmalloc, LEAKY_TSH, 1)                                                                   \
	X(kzalloc, LEAKY_TSH, 1)                                                                   \
	X(kmalloc_node, LEAKY_TSH, 1)                                                              \
	X(kmalloc_array, LEAKY_TSH, 1)                                                             \
	X(kmalloc_track_caller, LEAKY_TSH, 1)                                                      \
	X(kmalloc_large, LEAKY_TSH, 8)                                                             \
	X(krealloc, LEAKY_TSH, 1)                                                                  \
	X(kfree_sensitive, LEAKY_TSH, 2)                                                           \
	X(kvmalloc_small, LEAKY_T, 1)                                                              \
	X(kvmalloc_large, LEAKY_T, 512)                                                            \
	X(kmem_cache, LEAKY_TSH, 1)                                                                \
	X(kmem_cache_bulk, LEAKY_TS, 1)                                                            \
	X(kfree_bulk, LEAKY_TS, 1)                                                                 \
	X(mempool, LEAKY_TSH, 1)                                                                   \
	X(handed_over, LEAKY_TSH, 1)                                                               \
	X(kfree_rcu, LEAKY_TSH, 4)                                                                 \
	X(kvfree_rcu_headless, LEAKY_T, 16)                                                        \
	X(call_rcu, LEAKY_TSH, 4)                                                                  \
	X(vmalloc, LEAKY_T, 16)                                                                    \
	X(vzalloc, LEAKY_T, 32)                                                                    \
	X(vfree_atomic, LEAKY_TS, 32)                                                              \
	X(vmap, LEAKY_T, 16)                                                                       \
	X(get_free_pages, LEAKY_TSH, 4)                                                            \
	X(alloc_pages, LEAKY_TSH, 4)                                                               \
	X(pages_exact, LEAKY_T, 8)                                                                 \
	X(pages_split, LEAKY_T, 8)                                                                 \
	X(pages_bulk, LEAKY_TS, 8)                                                                 \
	X(percpu, LEAKY_TS, 8)                                                                     \
	X(skb, LEAKY_TS, 2)                                                                        \
	X(failed, LEAKY_TSH, 8)                                                                    \
	X(nothing, LEAKY_TSH, 8)

/*
 * X(name, family, context, tag, bytes, blocks, release): kmn_leaky_leak_NAME() leaks `blocks`
 * blocks of together `bytes` bytes at a time, leaky_release_RELEASE() gives them back. The tag is
 * the slab cache's name where there is one.
 */
#define LEAKY_PLACES(X)                                                                            \
	X(kmalloc, kmalloc, LEAKY_TASK, "kmalloc-128", 100, 1, slab)                               \
	X(kzalloc, kzalloc, LEAKY_TASK, "kmalloc-256", 200, 1, slab)                               \
	X(kmalloc_node, kmalloc_node, LEAKY_TASK, "kmalloc-512", 500, 1, slab)                     \
	X(kmalloc_array, kmalloc_array, LEAKY_TASK, "kmalloc-1k", 900, 1, slab)                    \
	X(kstrdup, kmalloc_track_caller, LEAKY_TASK, "kmalloc-32", 28, 1, slab)                    \
	X(kmemdup, kmalloc_track_caller, LEAKY_TASK, "kmalloc-64", 60, 1, slab)                    \
	X(kmalloc_large, kmalloc_large, LEAKY_TASK, "kmalloc-large", 20000, 1, slab)               \
	X(krealloc, krealloc, LEAKY_TASK, "kmalloc-2k", 1500, 1, slab)                             \
	X(kvmalloc_small, kvmalloc_small, LEAKY_TASK, "kmalloc-4k", 3000, 1, kvmalloc)             \
	X(kvmalloc_large, kvmalloc_large, LEAKY_TASK, "vmalloc", LEAKY_KVMALLOC_LARGE, 1,          \
	  kvmalloc)                                                                                \
	X(kmem_cache, kmem_cache, LEAKY_TASK, "kmn_leaky_cache", LEAKY_CACHE_SIZE, 1, cache)       \
	X(kmem_cache_bulk, kmem_cache_bulk, LEAKY_TASK, "kmn_leaky_cache", LEAKY_CACHE_SIZE, 1,    \
	  cache)                                                                                   \
	X(kfree_bulk, kfree_bulk, LEAKY_TASK, "kmalloc-192", 150, 1, slab)                         \
	X(mempool, mempool, LEAKY_TASK, "kmn_leaky_pool", LEAKY_POOL_SIZE, 1, mempool)             \
	X(kvfree_rcu_headless, kvfree_rcu_headless, LEAKY_TASK, "kmalloc-96", 90, 1, slab)         \
	X(call_rcu, call_rcu, LEAKY_TASK, "kmalloc-64", 48, 1, slab)                               \
	X(vmalloc, vmalloc, LEAKY_TASK, "vmalloc", 10000, 1, vmalloc)                              \
	X(vzalloc, vzalloc, LEAKY_TASK, "vmalloc", 20000, 1, vmalloc)                              \
	X(vmap, vmap, LEAKY_TASK, "vmap", 16384, 1, vmap)                                          \
	X(get_free_pages, get_free_pages, LEAKY_TASK, "pages-order-1", 8192, 1, pages1)            \
	X(alloc_page, alloc_pages, LEAKY_TASK, "pages-order-0", 4096, 1, pages0)                   \
	X(alloc_pages, alloc_pages, LEAKY_TASK, "pages-order-3", 32768, 1, pages3)                 \
	X(pages_exact, pages_exact, LEAKY_TASK, "pages-order-3", LEAKY_EXACT_SIZE, 1, exact)       \
	X(pages_split, pages_split, LEAKY_TASK, "pages-order-2", 4096, 1, split)                   \
	X(pages_bulk, pages_bulk, LEAKY_TASK, "pages-order-0", 4096, 1, pages0)                    \
	X(percpu, percpu, LEAKY_TASK, "percpu", 72, 1, percpu)                                     \
	X(skb, skb, LEAKY_TASK, "skbuff_head_cache+kmalloc-2k", LEAKY_SKB_SIZE, 2, skb)            \
	X(softirq_kmalloc, kmalloc, LEAKY_SOFTIRQ, "kmalloc-256", 240, 1, slab)                    \
	X(softirq_cache, kmem_cache, LEAKY_SOFTIRQ, "kmn_leaky_cache", LEAKY_CACHE_SIZE, 1, cache) \
	X(softirq_bulk, kmem_cache_bulk, LEAKY_SOFTIRQ, "kmn_leaky_cache", LEAKY_CACHE_SIZE, 1,    \
	  cache)                                                                                   \
	X(softirq_page, alloc_pages, LEAKY_SOFTIRQ, "pages-order-0", 4096, 1, pages0)              \
	X(softirq_percpu, percpu, LEAKY_SOFTIRQ, "percpu", 40, 1, percpu)                          \
	X(hardirq_kmalloc, kmalloc, LEAKY_HARDIRQ, "kmalloc-512", 400, 1, slab)                    \
	X(hardirq_cache, kmem_cache, LEAKY_HARDIRQ, "kmn_leaky_cache", LEAKY_CACHE_SIZE, 1, cache) \
	X(hardirq_mempool, mempool, LEAKY_HARDIRQ, "kmn_leaky_pool", LEAKY_POOL_SIZE, 1, mempool)  \
	X(hardirq_pages, get_free_pages, LEAKY_HARDIRQ, "pages-order-1", 8192, 1, pages1)

/* More than kmalloc() ever gives, so that kvmalloc() comes to vmalloc(). */
#define LEAKY_KVMALLOC_LARGE (5 << 20)
#define LEAKY_CACHE_SIZE 200
#define LEAKY_POOL_SIZE 328
#define LEAKY_EXACT_SIZE (5 * 4096)
#define LEAKY_SKB_SIZE 1000

enum leaky_family {
#define X(name, contexts, every) LEAKY_FAMILY_##name,
	LEAKY_FAMILIES(X)
#undef X
		LEAKY_N_FAMILIES
};

enum leaky_what { LEAKY_ALLOCATIONS, LEAKY_FREES, LEAKY_FAILURES, LEAKY_N_WHATS };

/* One pass through the families, on one processor. */
struct leaky_turn {
	enum leaky_context context;
	gfp_t gfp; /* what this context may ask for */
	u64 nth;
};

#define X(name, contexts, every) void leaky_make_##name(const struct leaky_turn *turn);
LEAKY_FAMILIES(X)
#undef X

/* What kmn_leaky_leak_NAME() gives is for leaky_release_RELEASE(), and NULL when there was no
 * memory. */
#define X(name, family, context, tag, bytes, blocks, release)                                      \
	void *kmn_leaky_leak_##name(gfp_t gfp);                                                    \
	void leaky_release_##release(void *block);
LEAKY_PLACES(X)
#undef X

/* kmn_leaky_book.c: how many blocks were taken and given back, and which ones are leaked */
void leaky_count(enum leaky_family family, enum leaky_what what, unsigned int n);
u64 leaky_cpu_allocations(unsigned int cpu);
int leaky_leaks_plan(unsigned int leaks, const char *list, bool interrupts);
bool leaky_leaks_made(void);
void leaky_leak_next(enum leaky_context context, gfp_t gfp, unsigned int *cursor);
unsigned int leaky_leaked(enum leaky_family family);
u64 leaky_release(void);
extern u64 leaky_work_ns; /* of the last run, without waiting for deferred frees */
int leaky_counts_show(struct seq_file *out, void *unused);

static inline void *leaky_got(enum leaky_family family, void *block)
{
	leaky_count(family, block ? LEAKY_ALLOCATIONS : LEAKY_FAILURES, 1);
	/* So that the compiler neither pairs it with its free nor ends a function with the call. */
	OPTIMIZER_HIDE_VAR(block);
	return block;
}

static inline void leaky_gave(enum leaky_family family, unsigned int n)
{
	leaky_count(family, LEAKY_FREES, n);
}

/* The caches and pools of a file are there from init to exit; deferred frees are done after settle.
 */
int leaky_caches_init(void);
void leaky_caches_fini(void);
int leaky_vmalloc_init(void);
void leaky_vmalloc_fini(void);
void leaky_handed_over_settle(void);
void leaky_rcu_settle(void);
void leaky_vmalloc_settle(void);

#endif
