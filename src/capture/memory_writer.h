/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the memory of a catalog as blocks of memory: what was outstanding at the end, under which
 * tags, and how complete that is. The blocks that were outstanding stand in columns, so that like
 * values come side by side; docs/kmn.md has them.
 */
#ifndef CAPTURE_MEMORY_WRITER_H
#define CAPTURE_MEMORY_WRITER_H

#include "base/error.h"
#include "capture/block_writer.h"
#include "model/memory.h"

/*
 * As many blocks as it takes; what was outstanding is in the order of time. Of more than
 * MEMORY_MAX_BLOCKS outstanding blocks the latest are left out, and counted with those that found
 * no room in the first place.
 */
int memory_write_blocks(struct block_writer *writer, const struct memory *memory,
			struct error *err);

#endif
