/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packs payloads into blocks, with their checksums, and writes them one after the other.
 */
#ifndef CAPTURE_BLOCK_WRITER_H
#define CAPTURE_BLOCK_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "capture/block_reader.h"
#include "capture/codec.h"
#include "capture/file.h"
#include "capture/format.h"
#include "capture/index.h"

struct block_writer {
	struct capture_output *output;
	uint16_t major, minor; /* the version, for block_writer_begin() */
	struct packer *packer;
	uint32_t number;	    /* of the next block */
	uint64_t offset;	    /* in the capture, of the next block */
	struct capture_index index; /* of the blocks so far */
	struct text block;
};

int block_writer_init(struct block_writer *writer, const char *path, bool force, struct error *err);
/* Pack like this, not as the build does best; before the first block. */
int block_writer_pack(struct block_writer *writer, enum codec codec, struct error *err);
void block_writer_fini(struct block_writer *writer);
/* Empties the file and writes its header. */
int block_writer_begin(struct block_writer *writer, struct error *err);
int block_writer_write(struct block_writer *writer, enum block_type type, const void *payload,
		       size_t length, struct error *err);
/* The same with records; the index gets of `events` what tells about them. */
int block_writer_write_events(struct block_writer *writer, const void *payload, size_t length,
			      const struct index_entry *events, struct error *err);
/*
 * A block as another capture has it. events: what that one's index says, unless it has none, whose
 * copy gets none either.
 */
int block_writer_copy(struct block_writer *writer, const struct block *block,
		      const struct index_entry *events, struct error *err);
/*
 * The same with the block that ends the other capture: with an index of what was written, or, when
 * it is not indexed, without. The writer has the other's version.
 */
int block_writer_copy_end(struct block_writer *writer, const struct block *block, bool indexed,
			  struct error *err);
/* How many records are in the blocks that are written, see capture_output_written(). */
uint64_t block_writer_written(const struct block_writer *writer);
/* Write the index and the block that ends the capture; `n_records` are in all of it. */
int block_writer_end(struct block_writer *writer, uint64_t n_records, struct error *err);

#endif
