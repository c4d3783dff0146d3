/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real work of real libraries, the same each time it is done: what it gives is summed up in a
 * number that hooks may not change. Nothing here is checked; a failure makes another number.
 */
#ifndef HOOK_WORKLOAD_H
#define HOOK_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

/* alone: no other thread runs, so processes and threads may be made too. */
uint64_t workload_libc(void *library, int alone);
uint64_t workload_zlib(void *library, int alone);
uint64_t workload_crypto(void *library, int alone);

/* FNV-1a, continued. */
static inline uint64_t sum_bytes(uint64_t sum, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
	return sum;
}

static inline uint64_t sum_number(uint64_t sum, uint64_t number)
{
	return sum_bytes(sum, &number, sizeof(number));
}

#define SUM_INIT 0xcbf29ce484222325u

#endif
