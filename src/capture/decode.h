/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The payload of a block of tables, read into a catalog. Nothing in the payload is believed: every
 * length, index and enumeration is checked before it is used.
 */
#ifndef CAPTURE_DECODE_H
#define CAPTURE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/format.h"
#include "capture/frames.h"
#include "model/catalog.h"
#include "model/ledger.h"

/* Where the entries of all types of blocks go. */
struct decoded {
	struct catalog *catalog;
	struct frame_table *frames;
	struct ledger *ledger;
	uint64_t n_records;	  /* from the block that ends a capture */
	uint64_t n_memory_blocks; /* that were outstanding, as the blocks of memory say */
};

/*
 * Decode all entries of a block other than BLOCK_EVENTS; a type that is not known is passed over.
 * -1: an entry makes no sense; those before it are in place.
 */
int decode_block(uint16_t type, const void *payload, size_t length, struct decoded *out,
		 struct error *err);

#endif
