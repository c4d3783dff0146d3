/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of cells, printed in columns as wide as they have to be.
 *
 *	CALLS  ERRORS  API
 *	1,234       0  vfs_open
 */
#ifndef TALLY_TABLE_H
#define TALLY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct table_column {
	const char *title;
	bool left; /* aligned left; numbers are aligned right */
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	struct table_cell {
		char *text;
		const char *color;
	} * cells; /* line by line */
	size_t n_cells, capacity;
	bool failed; /* out of memory */
};

/* The columns stay the caller's. */
void table_init(struct table *table, const struct table_column *columns, size_t n_columns);
void table_fini(struct table *table);
/*
 * The next cell of the line; *text, which is empty afterwards, is what stands in it. What follows
 * its first newline is printed below the line, indented, a line each; only a line's last cell may
 * have that. color is "" or one of view/color.h.
 */
void table_add(struct table *table, struct text *text, const char *color);
/* Titles in bold if color is set. -1 when something is missing for lack of memory. */
int table_print(const struct table *table, bool color, struct text *out, struct error *err);

#endif
