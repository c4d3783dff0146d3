/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in the source code an address is. Who knows places (debug information, a capture) and who
 * shows them don't know each other; this interface is what they share.
 */
#ifndef MODEL_PLACE_H
#define MODEL_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/catalog.h"

/* Functions inlined into each other at one address, with the one that they are all in. */
#define PLACE_DEPTH 32

struct place {
	const char *function; /* inlined there; NULL: the frame's own function */
	const char *file;     /* never NULL */
	unsigned line;
};

struct place_finder {
	/*
	 * The places of a stack's frame: the innermost inlined function first, then that which it
	 * is inlined into, at last the frame's own function. returned: the address is where a call
	 * returns to, so the call before it is meant. 0: not known. *places is valid until the
	 * next call.
	 */
	size_t (*find)(struct place_finder *finder, const struct catalog *catalog, uint64_t address,
		       bool returned, const struct place **places);
};

#endif
