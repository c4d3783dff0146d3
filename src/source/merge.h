/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting the processors' records in one order of time. Each processor's records come in nearly in
 * order; how long one can be late is bounded by the window: a record is handed out once the window
 * has passed since its time. Gaps in a processor's sequence numbers become LOSS records where they
 * are.
 */
#ifndef SOURCE_MERGE_H
#define SOURCE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record.h"

struct merge;

/* window: ns. */
struct merge *merge_create(unsigned n_cpus, uint64_t window);
void merge_destroy(struct merge *merge);
/* A copy of the record (whole and consistent) is taken. */
int merge_add(struct merge *merge, const struct kmn_header *record, struct error *err);
/*
 * Hand out, in order of time, all records older than now - window, or with `all` every one. Valid
 * until the next call of any function of this merge.
 */
int merge_release(struct merge *merge, uint64_t now, bool all,
		  const struct kmn_header *const **records, size_t *n, struct error *err);
/* Records that came after a later one had been handed out. */
uint64_t merge_late(const struct merge *merge);
size_t merge_waiting(const struct merge *merge);

#endif
