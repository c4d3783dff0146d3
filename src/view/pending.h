/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries whose return has not come yet, found again by the processor and the sequence number that
 * the return names. They stay in order of arrival, so that what is left can be told at the end.
 */
#ifndef VIEW_PENDING_H
#define VIEW_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/record.h"

struct pending_entry {
	struct pending_entry *chain; /* of the same bucket */
	struct pending_entry *older, *newer;
	uint64_t record[]; /* a whole record */
};

struct pending {
	struct pending_entry **buckets;
	size_t n_buckets; /* a power of two */
	size_t count;
	struct pending_entry *oldest, *newest;
};

void pending_init(struct pending *pending);
void pending_fini(struct pending *pending);
/* The record is copied. */
int pending_add(struct pending *pending, const struct kmn_header *entry, struct error *err);
/* Take out the entry of this number; the caller free()s it. NULL: there is none. */
struct pending_entry *pending_take(struct pending *pending, uint32_t cpu, uint64_t sequence);
/* Take out the one that waits longest; NULL: none is left. */
struct pending_entry *pending_take_oldest(struct pending *pending);
const struct kmn_header *pending_record(const struct pending_entry *entry);

#endif
