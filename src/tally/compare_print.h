/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparisons of two recordings as tables for a person and as JSON, one object a line.
 */
#ifndef TALLY_COMPARE_PRINT_H
#define TALLY_COMPARE_PRINT_H

#include "tally/compare.h"

struct compare_print {
	const char *path_before, *path_after;
	const struct recording *before, *after;
	bool scaled; /* calls are compared by the recordings' lengths */
	bool color;
	size_t rows; /* of each comparison, at most; 0: all */
};

/* Which recordings they are, and what has to be known to read what follows. */
void compare_print_head(const struct compare_print *print, struct text *out);
/* The differences by one key, under a title. */
int compare_print_table(const struct compare_print *print, size_t key,
			const struct comparison *comparison, struct text *out, struct error *err);

/* An object for each difference. */
void compare_json(const struct compare_print *print, size_t key,
		  const struct comparison *comparison, struct text *out);
/* The last line: an object with the member "diff". */
void compare_json_end(const struct compare_print *print, size_t n_differences, struct text *out);

#endif
