/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own counters of memory, to hold what was followed against: objects of each slab
 * cache, free pages, bytes of vmalloc. Each is read together with the net count of what has been
 * followed so far, so that two readings tell by how much the two grew apart.
 */
#ifndef SOURCE_LINUX_MEMORY_CHECKS_H
#define SOURCE_LINUX_MEMORY_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct memory_counter {
	int64_t counted;  /* by the kernel */
	int64_t followed; /* by us, at the same moment */
	int64_t slack;	  /* the kernel counts up to so many too many */
};

struct memory_cache_counter {
	char *name;
	struct memory_counter counter; /* objects */
};

struct memory_counters {
	struct memory_cache_counter *caches; /* sorted by name */
	size_t n_caches;
	bool pages_known, vmalloc_known;
	struct memory_counter pages;   /* in use: not in the zones nor in the processors' lists */
	struct memory_counter vmalloc; /* bytes of areas by vmalloc() and vmap() */
	bool merged;		       /* several names stand for one cache */
};

/* Net counts of what has been followed so far. */
struct memory_followed {
	int64_t (*objects)(void *context, const char *cache);
	int64_t (*pages)(void *context);
	int64_t (*vmalloc)(void *context);
	void *context;
};

/* What can't be read is left out; fails only without memory. */
int memory_counters_read(struct memory_counters *counters, const struct memory_followed *followed,
			 struct error *err);
void memory_counters_fini(struct memory_counters *counters);
/* NULL: there is no such cache. */
const struct memory_cache_counter *memory_counters_cache(const struct memory_counters *counters,
							 const char *name);

#endif
