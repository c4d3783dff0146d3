/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A FILE that text is gathered for, to write it in large pieces.
 */
#ifndef VIEW_OUTPUT_H
#define VIEW_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"

struct output {
	FILE *file;
	struct text text; /* add to it, then call output_spill() */
	bool failed;	  /* something is missing in the file: every further call fails too */
};

/* Write when a good deal has gathered. */
int output_spill(struct output *output, struct error *err);
/* Write everything, through to the system. */
int output_flush(struct output *output, struct error *err);

#endif
