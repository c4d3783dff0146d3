/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A number for a key of 64 bits. A key that is added again gets the new number. Clearing costs as
 * much as was added.
 */
#ifndef CAPTURE_LOOKUP_H
#define CAPTURE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup_slot {
	uint64_t key;
	uint32_t number;
	uint32_t round; /* it is empty unless this is the lookup's */
};

struct lookup {
	struct lookup_slot *slots; /* a power of two, at most half of them full */
	size_t n_slots, n_full;
	uint32_t round;
};

/* A lookup of zeros is empty. */
void lookup_fini(struct lookup *lookup);
void lookup_clear(struct lookup *lookup);
/* *number is left as it is when the key is not there. */
bool lookup_find(const struct lookup *lookup, uint64_t key, uint32_t *number);
/* False: out of memory. */
bool lookup_add(struct lookup *lookup, uint64_t key, uint32_t number);

#endif
