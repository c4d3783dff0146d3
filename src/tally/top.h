/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that prints no calls but, at the end, how many there were of which kind: a table with a
 * line for each key (tally/key.h).
 */
#ifndef TALLY_TOP_H
#define TALLY_TOP_H

#include <stdbool.h>
#include <stdio.h>

#include "session/sink.h"
#include "tally/order.h"

#define TOP_ROWS 20

struct top_view_options {
	struct key_spec key;
	enum order order;
	size_t rows; /* at most; 0: all */
	bool json;   /* an object for each row, one for all, the ledger */
	bool color;
	FILE *summary; /* where what is missing and the verdict go, except as JSON; NULL: nowhere */
	bool summary_color;
};

/* *options is copied; the files stay the caller's. NULL when out of memory. */
struct sink *top_view_create(FILE *out, const struct top_view_options *options);

#endif
