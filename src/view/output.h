/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A FILE that text is gathered for, to write it in large pieces; or an outlet (base/outlet.h) whose
 * thread does that, so that who prints does not wait for who reads.
 */
#ifndef VIEW_OUTPUT_H
#define VIEW_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/outlet.h"
#include "base/text.h"

struct output {
	FILE *file;
	struct outlet *outlet; /* NULL: the file is written */
	struct text text;      /* add to it, then call output_spill() */
	bool failed;	       /* something is missing in the file: every further call fails too */
};

/* Write when a good deal has gathered. */
int output_spill(struct output *output, struct error *err);
/* Write everything, through to the system; with an outlet, as soon as it can be. */
int output_flush(struct output *output, struct error *err);
/* The same, and wait until it is written. */
int output_finish(struct output *output, struct error *err);

#endif
