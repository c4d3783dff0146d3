/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairs the records of allocations and frees of a recording in which each is one ("memory-log
 * yes"), by the rules by which the kernel pairs them in its table (kernel/linux/memory.h), to the
 * same result. Records come in the order of time:
 *
 *	tracker = tracker_create();
 *	for each record: tracker_add(tracker, record, err)
 *	tracker_result(tracker, catalog, ledger, &memory, err)
 */
#ifndef MEMORY_TRACKER_H
#define MEMORY_TRACKER_H

#include <stdbool.h>

#include "base/error.h"
#include "model/catalog.h"
#include "model/ledger.h"
#include "model/memory.h"

#include <record.h>

struct tracker;

/* Does the recording have a record of each allocation and free? */
bool tracker_fits(const struct catalog *catalog);

struct tracker *tracker_create(void); /* NULL: out of memory */
void tracker_destroy(struct tracker *tracker);
/* Records of other kinds than allocations, frees and losses are passed over. */
int tracker_add(struct tracker *tracker, const struct kmn_header *record, struct error *err);
/*
 * What the records have come to so far, into memory that memory_init() has made empty. The ledger
 * tells which frees were missed; NULL: the recording goes on. What only the kernel knows - its own
 * counters, sizes of objects, when exactly calls were missed - is taken from the catalog's memory
 * if it has that.
 */
int tracker_result(const struct tracker *tracker, const struct catalog *catalog,
		   const struct ledger *ledger, struct memory *memory, struct error *err);

#endif
