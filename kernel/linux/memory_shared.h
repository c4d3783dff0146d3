/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory tracking: what the BPF programs and user space tell each other. The programs keep a table
 * of the blocks that are allocated now; user space reads it where it lies
 * (src/source/linux_memory.c).
 */
#ifndef KMN_LINUX_MEMORY_SHARED_H
#define KMN_LINUX_MEMORY_SHARED_H

#include "memory_record.h"
#include "shared.h"

/*
 * The events that memory is followed by; each is a hook of its own in the ledger, by this number.
 * X(name)
 */
#define KMN_MEMORY_EVENTS(X)                                                                       \
	X(KMALLOC)                                                                                 \
	X(KFREE)                                                                                   \
	X(CACHE_ALLOC)                                                                             \
	X(CACHE_FREE)                                                                              \
	X(PAGE_ALLOC)                                                                              \
	X(PAGE_FREE)                                                                               \
	X(PERCPU_ALLOC)                                                                            \
	X(PERCPU_FREE)                                                                             \
	X(BULK_ALLOC)                                                                              \
	X(BULK_FREE)                                                                               \
	X(PAGES_BULK)                                                                              \
	X(VMAP_PAGES)                                                                              \
	X(VMAP)                                                                                    \
	X(VM_FREE)                                                                                 \
	X(SLAB_PAGES)                                                                              \
	X(RCU_FREE)                                                                                \
	X(CACHE_GONE)

enum kmn_memory_event {
#define KMN_MEMORY_EVENT_ENUM(name) KMN_MEMORY_##name,
	KMN_MEMORY_EVENTS(KMN_MEMORY_EVENT_ENUM)
#undef KMN_MEMORY_EVENT_ENUM
		KMN_MEMORY_N_EVENTS
};

enum kmn_memory_flag {
	KMN_BLOCK_DEFERRED = 1 << 0, /* handed to kfree_rcu(): a grace period will free it */
	KMN_BLOCK_INNER = 1 << 1,    /* another block's: vmalloc's list of its pages */
	KMN_BLOCK_PART = 1 << 2,     /* of a block of pages that was freed in part */
};

struct kmn_memory_block {
	uint64_t time;	/* of the allocation; 0: being filled in */
	uint64_t stack; /* its hash; 0: none was taken */
	uint64_t site;	/* the caller's address; 0: not known */
	uint64_t bytes; /* that were asked for */
	char comm[KMN_COMM];
	uint32_t pid;
	uint32_t gfp;
	uint16_t tag;
	uint16_t cpu;
	uint8_t context; /* enum kmn_context */
	uint8_t flags;	 /* enum kmn_memory_flag */
	uint8_t order;	 /* pages */
	uint8_t reserved;
};

/* Blocks, behind a cache line of their keys and a counter. */
#define KMN_MEMORY_WAYS 8 /* words of that */
#define KMN_MEMORY_KEYS 7

struct kmn_memory_bucket {
	uint64_t key[KMN_MEMORY_KEYS]; /* KMN_MEMORY_KEY(); 0: free */
	uint64_t elsewhere;	       /* keys that are in their second bucket for lack of room */
	struct kmn_memory_block block[KMN_MEMORY_KEYS];
};

/* Counts of one tag on one processor. Index: the processor's times KMN_MAX_TAGS plus the tag. */
struct kmn_memory_count {
	uint64_t allocs, alloc_bytes;
	uint64_t frees, free_bytes; /* of blocks in the table */
	uint64_t unknown;	    /* frees of blocks that are not in the table... */
	uint64_t unknown_bytes;	    /* ...of pages and vmalloc, whose size can be known */
	uint64_t failed;	    /* allocations that got nothing */
	uint64_t replaced;	    /* blocks that were there when their address came again */
};

/* A tag. Index: its number. User space fills in those below KMN_TAG_CACHES. */
struct kmn_memory_cache {
	uint64_t cache;	 /* its struct kmem_cache; 0: free; KMN_CACHE_GONE: it was destroyed */
	uint32_t size;	 /* bytes of an object with its padding */
	uint32_t object; /* and without */
	uint32_t length; /* of the name; 0: it is not there yet */
	char name[44];
};

#define KMN_CACHE_GONE 1ull

/* Of the last frees; see KMN_MEMORY_FREED. */
struct kmn_memory_freed {
	uint64_t key, time;
};

/* What else happened, on one processor. */
struct kmn_memory_total {
	uint64_t no_room;	/* allocations that found no room in the table */
	uint64_t replaced;	/* allocations of an address that was still in the table */
	uint64_t freed_twice;	/* frees of what had just been freed */
	uint64_t bulk_too_long; /* blocks of a bulk call beyond KMN_BULK_AT_MOST */
	uint64_t no_stack;	/* allocations whose stack could not be taken */
	uint64_t first_no_room; /* ns */
	uint64_t last_replaced; /* ns */
	uint64_t reserved;
	uint64_t lifetime[64]; /* frees by the logarithm of the block's age in ns */
};

#define KMN_BULK_AT_MOST 4096

_Static_assert(sizeof(struct kmn_memory_bucket) == 512, "shared with BPF");
_Static_assert(sizeof(struct kmn_memory_block) == 64, "shared with BPF");
_Static_assert(sizeof(struct kmn_memory_count) == 64, "shared with BPF");
_Static_assert(sizeof(struct kmn_memory_cache) == 64, "shared with BPF");
_Static_assert(sizeof(struct kmn_memory_total) == 72 * 8, "shared with BPF");

#endif
