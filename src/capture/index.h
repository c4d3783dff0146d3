/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a capture's blocks are and what times their events have, so that a reader of a file finds a
 * time without reading what is before it. The writer collects it and puts it at the end; what is
 * written to a pipe has it as well, for the file that the pipe may end in.
 */
#ifndef CAPTURE_INDEX_H
#define CAPTURE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "capture/file.h"
#include "capture/format.h"

struct index_entry {
	uint64_t offset; /* of the block's header */
	uint32_t number; /* of the block */
	uint16_t type;	 /* enum block_type */
	uint8_t flags;	 /* enum index_flag */
	/* Of a block of events; else 0. */
	uint32_t n_records;
	uint64_t n_before; /* records in the blocks before it */
	uint64_t first, last;
};

struct capture_index {
	struct index_entry *entries; /* by offset, without the index's own blocks and the end's */
	size_t n_entries, capacity;
};

/* An index of zeros is empty. */
void index_fini(struct capture_index *index);
int index_add(struct capture_index *index, const struct index_entry *entry, struct error *err);
/*
 * The entry of the block at this offset; NULL: there is none. *next goes through the entries, from
 * 0, as the offsets go up.
 */
const struct index_entry *index_next(const struct capture_index *index, size_t *next,
				     uint64_t offset);
/*
 * Append entries from number `from` on to the payload of a block until it is full; returns the
 * number of the first that is not in it.
 */
size_t index_encode(const struct capture_index *index, size_t from, struct text *payload);
/*
 * Read the index of a whole capture from an input that can seek, whose place is somewhere else
 * afterwards. Returns 1; 0 and nothing in *index when there is none to be had or it makes no sense;
 * -1 when the input can't be read.
 */
int index_read(struct capture_input *input, struct capture_index *index, struct error *err);
/* Does the block that the entry is about begin where it says? Returns as index_read() does. */
int index_check(struct capture_input *input, const struct index_entry *entry, struct error *err);

#endif
