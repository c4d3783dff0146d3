/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "Did you mean": the known name that is nearest to a mistyped one, by the number of letters to
 * change, insert, remove or swap.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word; /* what was typed */
	const char *best; /* the answer so far; NULL: nothing is near enough to be meant */
	size_t distance;
};

void nearest_init(struct nearest *nearest, const char *word);
/* Offer a known name; it is kept by reference. */
void nearest_offer(struct nearest *nearest, const char *name);

#endif
