/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes records apart into columns until a block is full.
 */
#ifndef CAPTURE_COLUMN_PACKER_H
#define CAPTURE_COLUMN_PACKER_H

#include "base/text.h"
#include "capture/columns.h"
#include "capture/index.h"

struct column_packer;

struct column_packer *column_packer_create(void); /* NULL: out of memory */
void column_packer_destroy(struct column_packer *packer);
/* The record has passed record_parse(). After a failure only column_packer_destroy() is left. */
int column_packer_add(struct column_packer *packer, const struct record_view *view,
		      struct error *err);
/* What the index says about the block: how many records, their times, whether they have frames. */
void column_packer_describe(const struct column_packer *packer, struct index_entry *about);
size_t column_packer_count(const struct column_packer *packer);
/* The bytes of the records that were added. */
size_t column_packer_bytes(const struct column_packer *packer);
/*
 * Append the payload of a block to out and begin with the next; n_before: the records in the blocks
 * before this one.
 */
int column_packer_finish(struct column_packer *packer, uint64_t n_before, struct text *out,
			 struct error *err);

#endif
