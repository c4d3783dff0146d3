/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What TRACE.SYS knows of pool memory as a report has it (model/memory.h), so that captures and
 * reports are those of every system; and the kernel's own counts of it, held against that. No OS.
 */
#ifndef SOURCE_NT_MEMORY_H
#define SOURCE_NT_MEMORY_H

#include <nt/ioctl.h>
#include <stddef.h>

#include "model/memory.h"
#include "model/stack.h"

/* What the kernel counts under one tag since it started; the counters wrap at 32 bits. */
struct nt_pool_counter {
	uint32_t tag;
	uint32_t allocs, frees; /* paged and non-paged */
};

/* n is 0 where the system does not tell. */
struct nt_pool_counters {
	struct nt_pool_counter *counters;
	size_t n;
};

/*
 * The counters in an answer to NtQuerySystemInformation(SystemPoolTagInformation) of a system with
 * pointers of so many bytes. What is cut off is left out. -1: out of memory.
 */
int nt_pool_counters_parse(const void *answer, size_t length, size_t pointer,
			   struct nt_pool_counters *counters);
void nt_pool_counters_fini(struct nt_pool_counters *counters);

/* When the kernel's counters are read. What is called while hooks go in or out may be followed. */
enum nt_pool_moment {
	NT_POOL_BEFORE,
	NT_POOL_HOOKED,
	NT_POOL_UNHOOKING,
	NT_POOL_AFTER,
	NT_POOL_MOMENTS
};

struct nt_pool_state {
	const struct trace_block *blocks;
	size_t n_blocks;
	const struct trace_tag *tags; /* the first is the sum */
	size_t n_tags;
	uint64_t missed; /* frees that the driver did not see return, and so did not follow */
};

/*
 * Fill memory, which memory_init() has made empty and whose start and end are set, and the stacks
 * of the blocks. -1: out of memory.
 */
int nt_memory_fill(const struct nt_pool_state *state, struct memory *memory,
		   struct stack_table *stacks);
/*
 * Add a check for each tag that was followed: allocations; and if all tags were, one for the frees
 * of all. wanted: the tag filter's, "" for all. Nothing where the system does not tell. -1: out of
 * memory.
 */
int nt_memory_check(const struct nt_pool_state *state,
		    const struct nt_pool_counters counters[NT_POOL_MOMENTS], const char *wanted,
		    struct memory *memory);

#endif
