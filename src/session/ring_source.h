/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flight recorder: a source of which only the newest records are kept, in memory and beyond a
 * limit in a temporary file (base/spool.h), to be handed out when it ends, also when it ends by a
 * failure. A call whose entry is too old is dropped with its return. What is dropped was recorded
 * by the kernel: in the ledger it moves from recorded to filtered, as with filtering_source.h. When
 * the file can't grow the oldest calls go although they are wanted: these move to lost.
 */
#ifndef SESSION_RING_SOURCE_H
#define SESSION_RING_SOURCE_H

#include <stdint.h>

#include "source/source.h"

/* What is kept; 0: no limit of this kind. Of several limits the narrowest counts. */
struct ring_limits {
	uint64_t calls;
	uint64_t bytes; /* of records */
	uint64_t time;	/* ns, back from the newest record */
};

/* memory: bytes before the file. The source is taken over, also when this fails. */
struct source *ring_source_create(struct source *inner, const struct ring_limits *limits,
				  uint64_t memory, struct error *err);

struct ring_count {
	uint64_t came;	  /* calls */
	uint64_t dropped; /* of these */
	uint64_t lost;	  /* of these, for want of room */
};

void ring_source_count(const struct source *ring, struct ring_count *count);
/* Why calls were lost; NULL: none were. */
const struct error *ring_source_full(const struct source *ring);

#endif
