/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What records of allocations and frees say: the arguments of KMN_ALLOC and KMN_FREE, and the
 * numbers of tags. A record of either has one fetched string, the name of the tag.
 *
 * A KMN_ALLOC is an allocation, unless
 *
 *	its address is 0: it got nothing;
 *	KMN_TAG_IS_INNER(tag): the pages that are at the address already are what a block of
 *		another family is made of; or, if it is an address and no page frame number, the
 *		block that is there is a part of such a block;
 *	its tag is KMN_TAG_LARGE, and the same process was given as many bytes at the same address
 *		last: the kernel tells it a second time, with the right caller.
 *
 * A KMN_FREE with the fate KMN_FATE_DEFERRED frees nothing yet.
 *
 * On NT a tag's number is its four characters with KMN_TAG_POOL; a record is of a block that the
 * driver follows, and of a free of one that it does not, whose tag is KMN_TAG_POOL_BEFORE. Its time
 * is when the allocation returned, or the free began.
 */
#ifndef KMN_MEMORY_RECORD_H
#define KMN_MEMORY_RECORD_H

/* By position. */
enum kmn_memory_arg {
	KMN_ARG_ADDRESS, /* of pages the page frame number, of per-CPU memory its pointer */
	KMN_ARG_BYTES,	 /* that were asked for; of freed pages: that were freed */
	KMN_ARG_TAG,
	KMN_ARG_SITE,		    /* the caller's address; 0: not known */
	KMN_ARG_GFP,		    /* KMN_ALLOC; on NT the pool type or flags */
	KMN_ARG_FATE = KMN_ARG_GFP, /* KMN_FREE: enum kmn_memory_fate */
	KMN_MEMORY_ARGS
};

enum kmn_memory_fate {
	KMN_FATE_KNOWN,	      /* the block was in the table */
	KMN_FATE_UNKNOWN,     /* it was not: allocated before the start, or never */
	KMN_FATE_FREED_TWICE, /* it had been freed just before */
	KMN_FATE_DEFERRED,    /* handed to kfree_rcu(): a grace period will free it */
};

/*
 * Address spaces: a number in one of them says nothing about the same number in another. Never 0.
 */
enum kmn_memory_family {
	KMN_FAMILY_SLAB = 1, /* slab objects and large kmalloc */
	KMN_FAMILY_PAGES = 2,
	KMN_FAMILY_VMALLOC = 3,
	KMN_FAMILY_PERCPU = 4,
	KMN_FAMILY_POOL = 5, /* NT's */
	KMN_N_FAMILIES
};

/* The block's name in the table: its family and the low bits of its address. */
#define KMN_MEMORY_KEY_BITS 56
#define KMN_MEMORY_KEY(family, address)                                                            \
	((uint64_t)(family) << KMN_MEMORY_KEY_BITS |                                               \
	 ((uint64_t)(address) & ((1ull << KMN_MEMORY_KEY_BITS) - 1)))

/* What a block was asked for as. Slab caches have the numbers from KMN_TAG_CACHES on. */
#define KMN_PAGE_BYTES 4096ull
#define KMN_MAX_ORDER 10 /* of a page allocation; MAX_ORDER - 1, since 6.8 MAX_PAGE_ORDER */
enum kmn_memory_tag_number {
	KMN_TAG_LARGE = 0, /* kmalloc of more than a slab holds */
	KMN_TAG_VMALLOC = 1,
	KMN_TAG_VMAP = 2,
	KMN_TAG_PERCPU = 3,
	KMN_TAG_UNKNOWN = 4,  /* of a cache that found no number any more */
	KMN_TAG_PAGES = 8,    /* plus the order */
	KMN_TAG_MOVABLE = 24, /* plus the order: user memory and page cache */
	/* Pages that other families are made of: counted there, and only followed here. */
	KMN_TAG_OF_SLAB = 40,
	KMN_TAG_OF_LARGE = 41,
	KMN_TAG_OF_VMALLOC = 42,
	KMN_TAG_OF_PERCPU = 43,
	KMN_TAG_CACHES = 64,
	KMN_MAX_CACHES = 1024, /* a power of two */
	KMN_MAX_TAGS = KMN_TAG_CACHES + KMN_MAX_CACHES
};

#define KMN_TAG_POOL (1ull << 32)
#define KMN_TAG_POOL_BEFORE (2ull << 32)
#define KMN_TAG_IS_POOL(tag) ((uint64_t)(tag) >> 32 == 1 || (uint64_t)(tag) == KMN_TAG_POOL_BEFORE)
/* The tag of a block that was allocated before is not known when it is freed. */
#define KMN_POOL_BEFORE "(blocks of before)"

/* An address of the kernel's, as opposed to a page frame number. */
#define KMN_IS_KERNEL_ADDRESS(address) ((uint64_t)(address) >> 63)

#define KMN_TAG_IS_INNER(tag) ((tag) >= KMN_TAG_OF_SLAB && (tag) <= KMN_TAG_OF_PERCPU)

/*
 * The last frees, by memory_hash() of their keys: they tell a second free from one of memory that
 * was never seen.
 */
#define KMN_MEMORY_FREED (1 << 14)
#define KMN_MEMORY_HASH(key) (((key)*0x9e3779b97f4a7c15ull) ^ ((key)*0x9e3779b97f4a7c15ull) >> 32)

#endif
