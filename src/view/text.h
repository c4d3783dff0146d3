/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that prints calls for a person, one line each, as they complete. A hook of entries
 * prints at entry. A hook of returns too prints when the return arrives, with the arguments of the
 * entry; what has not returned by the end is printed then, with "= ?". Lines of what is not a call
 * (records lost, a hook suspended, a module loaded) begin with "--" behind their time. At the end
 * come the ledger and the verdict.
 */
#ifndef VIEW_TEXT_H
#define VIEW_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "model/place.h"
#include "session/sink.h"

struct text_view_options {
	bool color;
	bool stacks;
	struct place_finder *places; /* source lines of the frames; NULL: none */
	bool relative;	       /* times since the start of the recording, not of the wall clock */
	struct outlet *outlet; /* to write through, see view/output.h; NULL: none */
	bool summary_only;     /* no calls, only what comes at the end */
	unsigned width; /* columns of the terminal: arguments are cut to fit; 0: nothing is cut */
	FILE *summary;	/* where the ledger and the verdict go; NULL: nowhere */
	bool summary_color;
};

/* *options is copied; the files stay the caller's. NULL when out of memory. */
struct sink *text_view_create(FILE *out, const struct text_view_options *options);

#endif
