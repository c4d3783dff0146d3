/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modules are in a stack: address ranges, sorted, each with its bit. Any number of readers,
 * at any IRQL, look while one writer changes them: there are two tables, and the writer fills the
 * one that is not in force. Who reads that one still looks again. No OS, no lock, no allocation.
 */
#ifndef NT_RANGES_H
#define NT_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t begin, end;
	uint32_t bit;
};

struct ranges {
	size_t room;	  /* of each table */
	uint32_t version; /* its lowest bit says which table is in force */
	size_t n[2];	  /* never above room */
	struct range *table[2];
};

/* Bytes of memory for `room` ranges. */
size_t ranges_size(size_t room);
/* memory: so many bytes, which stay the caller's. */
void ranges_init(struct ranges *ranges, void *memory, size_t room);
/*
 * The writer, one at a time: from, in any order and none within another, is in force when it
 * returns. What there is no room for is left out.
 */
void ranges_set(struct ranges *ranges, const struct range *from, size_t n);
/* A reader: the bits of all modules that these addresses are in. */
uint64_t ranges_mask(const struct ranges *ranges, const uint64_t *addresses, size_t n);

#endif
