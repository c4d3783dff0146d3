/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pool memory that is followed: each allocation with its free. Pool routines call each other
 * (ExFreePool is ExFreePoolWithTag in other clothes), and all of them are hooked: what an inner
 * call does is not counted again for the outer one.
 *
 * No OS, no allocation; one caller at a time: the driver holds a spin lock.
 */
#ifndef NT_POOL_H
#define NT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ioctl.h"

#define POOL_TAGS 1024

struct pool_entry {
	struct trace_block block; /* address 0: free */
	uint64_t thread;	  /* that allocated it, or that is freeing it */
	bool freeing;
};

struct pool {
	size_t blocks; /* that are followed at most */
	size_t used;
	size_t slots; /* a power of 2 */
	struct pool_entry *entries;
	struct trace_tag tags[POOL_TAGS]; /* [0] is the sum */
	size_t n_tags;
};

/* Bytes of zeroed memory for so many blocks. */
size_t pool_size(size_t blocks);
void pool_init(struct pool *pool, void *memory, size_t blocks);
/* What came of an allocation. */
enum pool_alloc {
	POOL_FOLLOWED,
	POOL_FAILED,
	POOL_OUTER,   /* the outer call of one that was counted */
	POOL_NO_ROOM, /* its block is not followed */
};
/* A call that began at `began` has returned block->address (0: it failed). block->time: now. */
enum pool_alloc pool_alloc(struct pool *pool, const struct trace_block *block, uint64_t thread,
			   uint64_t began);
/* What a free found. */
enum pool_free {
	POOL_FREED,
	POOL_INNER,   /* the inner call of a free that was counted */
	POOL_UNKNOWN, /* the block is not followed */
};
/* A free begins; count_unknown: count it if it is unknown. *tag: of the block, if followed. */
enum pool_free pool_free(struct pool *pool, uint64_t address, uint64_t thread, bool count_unknown,
			 uint32_t *tag);
/* The free that returned POOL_FREED is over. */
void pool_freed(struct pool *pool, uint64_t address, uint64_t thread);
size_t pool_blocks(const struct pool *pool, struct trace_block *blocks, size_t n);
size_t pool_tags(const struct pool *pool, struct trace_tag *tags, size_t n);

#endif
