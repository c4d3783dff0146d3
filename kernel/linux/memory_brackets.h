/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of the functions that map pages a task is in: the same function underneath serves
 * vmalloc(), which makes memory of pages, and others, which only show pages that somebody has.
 */
#ifndef KMN_LINUX_MEMORY_BRACKETS_H
#define KMN_LINUX_MEMORY_BRACKETS_H

#include "maps.h"

enum bracket {
	BRACKET_NONE,
	BRACKET_VMAP,	 /* vmap() */
	BRACKET_PERCPU,	 /* the per-CPU allocator grows */
	BRACKET_AREA,	 /* remove_vm_area(), of an area that is not in the table */
	BRACKET_MAP_RAM, /* vm_map_ram(): its unmapping passes no function that could be hooked */
};

#define BRACKET_SETS 1024
#define BRACKET_WAYS 4

/* Task number | bracket << 32; 0: free. None of these functions is called by interrupts. */
static __u64 brackets[BRACKET_SETS * BRACKET_WAYS] SEC(".data.brackets");

/* How many tasks are in BRACKET_PERCPU: allocations of pages are looked at only meanwhile. */
static __u64 percpu_growing SEC(".data.brackets");

static __always_inline __u64 *bracket_at(__u32 tid, __u32 way)
{
	__u64 index = (tid & (BRACKET_SETS - 1)) * BRACKET_WAYS + way;

	BOUND(index, BRACKET_SETS * BRACKET_WAYS - 1);
	return &brackets[index];
}

static __always_inline void bracket_enter(__u32 tid, enum bracket kind)
{
	for (__u32 way = 0; way < BRACKET_WAYS; way++) {
		if (!__sync_val_compare_and_swap(bracket_at(tid, way), 0, (__u64)kind << 32 | tid))
			return;
	}
}

static __always_inline enum bracket bracket_of(__u32 tid)
{
	for (__u32 way = 0; way < BRACKET_WAYS; way++) {
		__u64 value = *bracket_at(tid, way);

		if (value && (__u32)value == tid)
			return value >> 32;
	}
	return BRACKET_NONE;
}

static __always_inline void bracket_leave(__u32 tid, enum bracket kind)
{
	for (__u32 way = 0; way < BRACKET_WAYS; way++) {
		if (*bracket_at(tid, way) == ((__u64)kind << 32 | tid)) {
			*bracket_at(tid, way) = 0;
			return;
		}
	}
}

#endif
