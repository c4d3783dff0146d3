/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that have been entered and not returned: what was said of their entries, by the processor
 * and the sequence number by which the return names its entry. They stay in order of arrival; there
 * is a bound, since those whose return was lost would wait for ever.
 */
#ifndef FILTER_WAITING_H
#define FILTER_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <record.h>

/* Far beyond what can be under way at a time. */
#define WAITING_MAX (1u << 18)

enum waiting_state {
	WAITING_KEPT,
	WAITING_DROPPED,
	WAITING_HELD, /* the entry waits for the answer that the return brings */
};

struct waiting_call {
	uint64_t sequence;
	uint32_t cpu;
	enum waiting_state state;
	struct kmn_header *entry;     /* a copy, owned; NULL where it is not needed any more */
	uint32_t chain, newer, older; /* numbers of calls */
};

struct waiting {
	struct waiting_call *calls;
	uint32_t n_calls, capacity, free; /* free: a chain of unused ones */
	uint32_t *buckets;		  /* a power of two */
	uint32_t n_buckets;
	uint32_t oldest, newest;
	uint32_t count;
};

void waiting_init(struct waiting *waiting);
void waiting_fini(struct waiting *waiting);
/*
 * The entry is copied when `copy` is set. *evicted: the oldest call, when there was no room; the
 * caller free()s its entry. False: out of memory.
 */
bool waiting_add(struct waiting *waiting, const struct kmn_header *entry, enum waiting_state state,
		 bool copy, struct waiting_call *evicted, bool *has_evicted);
/* Take it out; the caller free()s its entry. */
bool waiting_take(struct waiting *waiting, uint32_t cpu, uint64_t sequence,
		  struct waiting_call *call);
bool waiting_take_oldest(struct waiting *waiting, struct waiting_call *call);

#endif
