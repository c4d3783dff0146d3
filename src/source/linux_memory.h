/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the memory follower share: its state, and its events' table. */
#ifndef SOURCE_LINUX_MEMORY_H
#define SOURCE_LINUX_MEMORY_H

#include "linux/memory_shared.h"
#include "source/linux_engine.h"
#include "source/linux_memory_checks.h"

struct bpf_link;

/* A map that is read where it lies. */
struct mapping {
	void *at; /* NULL: not mapped */
	size_t size;
};

#define N_BRACKETS 3

struct follower {
	uint64_t start;
	uint64_t watched; /* when misses were last looked for */
	uint64_t blocks;  /* the table's capacity */
	struct mapping buckets, counts, totals, tags;
	uint64_t missed[KMN_MEMORY_N_EVENTS]; /* the most that was seen */
	struct memory_doubt *doubts;
	size_t n_doubts;
	struct memory_finding *findings;
	size_t n_findings;
	uint64_t end;			      /* when the recording ended; 0: it goes on */
	struct memory_counters before, after; /* the kernel's own */
	struct bpf_link *brackets[N_BRACKETS][2];
	struct bpf_link *area_gone;
};

/* Read the kernel's counters beside what has been followed so far. */
int memory_count(struct engine *engine, struct memory_counters *counters, struct error *err);

/* The family whose frees come as this event; -1: it is none that frees. */
int memory_event_frees(enum kmn_memory_event event);

#endif
