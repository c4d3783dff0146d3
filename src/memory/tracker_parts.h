/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tracker.c, which adds records, and tracker_result.c share. */
#ifndef MEMORY_TRACKER_PARTS_H
#define MEMORY_TRACKER_PARTS_H

#include "memory/tracker.h"
#include "memory/tracker_table.h"

struct tracked_tag {
	char *name; /* NULL: no record had it */
	uint64_t number;
	uint64_t allocs, alloc_bytes, frees, free_bytes, unknown, failed, replaced;
};

/* A hook by which memory is freed, and of which families. */
struct tracked_hook {
	uint32_t id;
	uint8_t families; /* bits, by enum memory_family */
};

struct tracker {
	struct tracker_table table;
	struct tracked_tag *tags; /* by number */
	size_t n_tags, max_tags;
	size_t last_tag;		  /* found */
	uint64_t freed[KMN_MEMORY_FREED]; /* keys */
	struct tracked_hook *hooks;
	size_t n_hooks;
	struct memory memory; /* findings, doubts of lost records, and totals */
	uint64_t replaced_last;
	uint64_t lost; /* records, as the records of losses say */
	uint64_t last; /* time of the last record */
	bool pool;     /* there is a record of NT's */
};

/* The families that there are: a kernel is Linux or NT. As bits, by enum memory_family. */
uint8_t tracker_families(const struct tracker *tracker);
/* The index of the tag with the number; -1: out of memory. */
int tracker_tag(struct tracker *tracker, uint64_t number, size_t *index);

#endif
