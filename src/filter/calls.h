/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter on a stream of records. A call is kept or dropped as a whole: the answer is given when
 * its entry comes, or, where that takes the result, when its return comes; then the entry, which
 * had to wait, is handed out right before its return, as the kernel's own filters do it. The answer
 * for a call that has not returned by the end is given then, without a result. A return whose entry
 * was made before the recording began is dropped by any filter: what it was called with is not
 * known, and the kernel's filters drop it as well.
 */
#ifndef FILTER_CALLS_H
#define FILTER_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "filter/filter.h"
#include "model/drops.h"

struct filter_calls;

/* The filter is used, not owned, and must be bound before the first records. NULL: no memory. */
struct filter_calls *filter_calls_create(struct filter *filter);
void filter_calls_destroy(struct filter_calls *calls); /* takes NULL */
/* From now on another filter judges, also the calls that wait. */
void filter_calls_change(struct filter_calls *calls, struct filter *filter);
/* Keep no more than so many calls; 0: as many as there are. */
void filter_calls_limit(struct filter_calls *calls, uint64_t count);

/* Records in, those to keep out; *kept is valid until the next call. */
int filter_calls_push(struct filter_calls *calls, const struct kmn_header *const *records, size_t n,
		      const struct kmn_header *const **kept, size_t *n_kept, struct error *err);
/* The stream has ended: hand out those that waited and are kept. */
int filter_calls_end(struct filter_calls *calls, const struct kmn_header *const **kept,
		     size_t *n_kept, struct error *err);

/* Calls whose entry or, where there is none, whose return came, and those among them dropped. */
struct filter_calls_count {
	uint64_t calls;
	uint64_t dropped;
};

void filter_calls_count(const struct filter_calls *calls, struct filter_calls_count *count);
const struct drops *filter_calls_drops(const struct filter_calls *calls);

#endif
