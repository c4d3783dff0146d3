/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that prints calls nested as they were made, see call_tree.h: each tree when its
 * outermost call has ended, each call with its duration and the part of it that was not spent in
 * hooked calls below it. At the end come the ledger and the verdict.
 *
 *	TIME             CPU CTX         PID COMM             DURATION     SELF  CALL
 *	12:01:03.123456    1             412 bash               12.3us   4.10us  do_open(...) = 3
 *	12:01:03.123458    1             412 bash               8.20us   8.20us    walk(...) = 0
 */
#ifndef VIEW_TREE_H
#define VIEW_TREE_H

#include <stdbool.h>
#include <stdio.h>

#include "session/sink.h"

struct tree_view_options {
	bool json; /* an object for each tree, with the calls in it as "calls"; then the ledger */
	bool color;
	bool relative;	/* as in text.h */
	unsigned width; /* as in text.h */
	FILE *summary;	/* where the ledger and the verdict go, except as JSON; NULL: nowhere */
	bool summary_color;
};

/* *options is copied; the files stay the caller's. NULL when out of memory. */
struct sink *tree_view_create(FILE *out, const struct tree_view_options *options);

#endif
