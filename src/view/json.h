/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that prints one JSON object a line: one for each record, entries and returns apart (a
 * return names its entry by "entry": [cpu, sequence]), and at the end one with the ledger and the
 * verdict. Addresses are strings, all other numbers are numbers.
 */
#ifndef VIEW_JSON_H
#define VIEW_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "model/place.h"
#include "session/sink.h"

struct json_view_options {
	bool stacks;
	struct place_finder *places; /* source lines of the frames; NULL: none */
	struct outlet *outlet;	     /* to write through, see view/output.h; NULL: none */
	bool summary_only;	     /* only the ledger's line */
};

/* The file stays the caller's. NULL when out of memory. */
struct sink *json_view_create(FILE *out, const struct json_view_options *options);

#endif
