/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 64-bit counters that all processors count with, at any IRQL. __sync: what GCC makes of __atomic
 * for 64 bits on i386 uses the x87, which is not ours in a kernel.
 */
#ifndef NT_COUNTER_H
#define NT_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t counter_read(const uint64_t *counter)
{
	return __sync_val_compare_and_swap((uint64_t *)counter, 0, 0);
}

static inline bool counter_swap(uint64_t *counter, uint64_t old, uint64_t new)
{
	return __sync_bool_compare_and_swap(counter, old, new);
}

/* The value before. */
static inline uint64_t counter_add(uint64_t *counter, uint64_t n)
{
	uint64_t old;

	do
		old = counter_read(counter);
	while (!counter_swap(counter, old, old + n));
	return old;
}

#endif
