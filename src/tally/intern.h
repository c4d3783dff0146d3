/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte strings numbered in order of appearance, each kept once: names, and what is put together
 * from the numbers of names.
 */
#ifndef TALLY_INTERN_H
#define TALLY_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct intern {
	struct intern_string **strings; /* by number */
	uint32_t *slots;		/* number + 1; 0: free. A power of two, at most half full */
	size_t n_slots;
	uint32_t count;
	uint64_t seed;
};

void intern_init(struct intern *intern);
void intern_fini(struct intern *intern);
/* Forget them all; the next one is number 0 again. */
void intern_clear(struct intern *intern);
/* The string's number, and whether it is a new one. */
int intern_add(struct intern *intern, const void *bytes, size_t length, uint32_t *number,
	       bool *added, struct error *err);
/* False when it is not there. */
bool intern_find(const struct intern *intern, const void *bytes, size_t length, uint32_t *number);
/* The bytes, 8-aligned and with a NUL behind them; they stay where they are. */
const void *intern_bytes(const struct intern *intern, uint32_t number);
size_t intern_length(const struct intern *intern, uint32_t number);

#endif
