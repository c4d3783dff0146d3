/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies a capture and puts names and source lines into the copy, behind each block of frames. All
 * other blocks are copied as they are, without looking at the events in them.
 */
#ifndef CAPTURE_ADD_SYMBOLS_H
#define CAPTURE_ADD_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/namer.h"
#include "model/place.h"

struct symbols_added {
	uint64_t n_frames; /* addresses in the capture */
	uint64_t n_named;  /* of these, those that got a name */
	uint64_t n_found;  /* those that the finder has places of */
	uint64_t n_added;  /* of these, those that got lines, or others than they had */
	bool cut;	   /* the capture has no end: it stays without one, and without an index */
};

/*
 * Write what is in `from` to the file `to`, with the namer's names (NULL: none) for frames that it
 * has by module and offset only, and the finder's places. A damaged capture is refused: the copy
 * would lack what may still be got out of it.
 */
int capture_add_symbols(const char *from, const char *to, struct namer *namer,
			struct place_finder *finder, struct symbols_added *added,
			struct error *err);

#endif
