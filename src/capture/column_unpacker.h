/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts records together from their columns. Nothing in the columns is believed: whatever they hold,
 * what comes out are records that pass record_parse(), in memory that the block's header may ask
 * for.
 */
#ifndef CAPTURE_COLUMN_UNPACKER_H
#define CAPTURE_COLUMN_UNPACKER_H

#include "capture/columns.h"

struct column_unpacker;

struct column_unpacker *column_unpacker_create(void); /* NULL: out of memory */
void column_unpacker_destroy(struct column_unpacker *unpacker);

struct column_block {
	const struct kmn_header *const *records; /* valid until the next call */
	size_t n_records;
	bool frames; /* some records bring their frames along */
};

/*
 * Unpack a payload. -1 with err when it makes no sense, or without memory; *block then has the
 * records before the place where that showed.
 */
int column_unpack(struct column_unpacker *unpacker, const void *payload, size_t length,
		  struct column_block *block, struct error *err);

#endif
