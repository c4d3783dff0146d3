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
#include "capture/codec.h"
#include "capture/file.h"
#include "capture/format.h"

struct block_writer {
	struct capture_output *output;
	struct packer *packer;
	uint32_t number; /* of the next block */
	struct text block;
};

int block_writer_init(struct block_writer *writer, const char *path, bool force, struct error *err);
void block_writer_fini(struct block_writer *writer);
/* Empties the file and writes its header. */
int block_writer_begin(struct block_writer *writer, struct error *err);
int block_writer_write(struct block_writer *writer, enum block_type type, const void *payload,
		       size_t length, struct error *err);

#endif
