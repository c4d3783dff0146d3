/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of functions that look like one that is not there: misspelt, or renamed between kernels
 * (kmalloc became kmalloc_noprof, read is __x64_sys_read).
 */
#ifndef SYMBOL_SPELLING_H
#define SYMBOL_SPELLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPELLING_MOST 6

struct spelling {
	struct {
		const char *name; /* as it was offered */
		unsigned distance;
	} best[SPELLING_MOST]; /* the closest first */
	size_t count;
	const char *name; /* what is looked for */
};

void spelling_init(struct spelling *spelling, const char *name);
/* Keep the candidate if it is close enough. Its string must outlive the spelling. */
void spelling_offer(struct spelling *spelling, const char *candidate);

/*
 * How far two names are apart: 0 for the same name but for what kernels put around it (__, do_,
 * _noprof, __x64_sys_), else 1 + the number of characters to change, drop, insert or swap; limit
 * when it is that much or more.
 */
unsigned spelling_distance(const char *a, const char *b, unsigned limit);

#endif
