/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The blocks that a tracker follows, by their keys (KMN_MEMORY_KEY()). It grows as it has to. */
#ifndef MEMORY_TRACKER_TABLE_H
#define MEMORY_TRACKER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <record.h>

/* As struct kmn_memory_block. */
struct tracked {
	uint64_t key; /* 0: the slot is free */
	uint64_t time, stack, site, bytes;
	uint64_t tag;
	uint32_t pid, gfp;
	uint16_t cpu;
	uint8_t context, order;
	bool deferred, inner, part;
	char comm[KMN_COMM];
};

struct tracker_table {
	struct tracked *slots; /* a power of two, at most half of them full */
	size_t n_slots, n_full;
};

/* A table of zeros is empty. */
void tracker_table_fini(struct tracker_table *table);
/* NULL: not there. Valid until the next call that adds or removes. */
struct tracked *tracker_table_find(const struct tracker_table *table, uint64_t key);
/* Put it in the place of the one with its key, or into a new one. False: out of memory. */
bool tracker_table_put(struct tracker_table *table, const struct tracked *block);
void tracker_table_remove(struct tracker_table *table, uint64_t key);

#endif
