/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as the kernel's ring buffer keeps them: pages for each processor, with the time since the
 * page's first moment in each event's header (include/linux/ring_buffer.h, kernel/trace/
 * ring_buffer.c). Full pages go to a scratch file and are handed out at the end, processor by
 * processor.
 */
#ifndef EXPORT_RING_H
#define EXPORT_RING_H

#include <stdint.h>
#include <stdio.h>

#include "base/text.h"
#include "view/output.h"

/* The largest page size of a Linux kernel, so that every event has room in one. */
#define RING_PAGE 65536u
#define RING_MAX_EVENT 65000u /* bytes */

struct ring_cpu {
	struct text data; /* of the page under way */
	uint64_t begin;	  /* its time */
	uint64_t last;	  /* time of its last event */
	uint32_t *pages;  /* those that are full, by their number in the scratch file */
	size_t n_pages, capacity;
};

struct ring {
	FILE *scratch; /* not owned */
	uint32_t n_scratch;
	struct ring_cpu *cpus;
	size_t n_cpus;
};

void ring_fini(struct ring *ring);
/* There are as many processors at least. */
int ring_grow(struct ring *ring, size_t n_cpus, struct error *err);
int ring_add(struct ring *ring, uint16_t cpu, uint64_t time, const struct text *event,
	     struct error *err);
/* No more events come: the pages under way are done as well. */
int ring_flush(struct ring *ring, struct error *err);
/* All pages of a processor. */
int ring_copy(struct ring *ring, size_t cpu, struct output *output, struct error *err);

#endif
