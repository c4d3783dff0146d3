/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live view: the report again and again while memory is followed. On a terminal it is written
 * over, 's' sets a mark and growth is shown from there, 'q' ends.
 */
#ifndef COMMAND_MEM_LIVE_H
#define COMMAND_MEM_LIVE_H

#include <stdbool.h>

#include "command/mem_options.h"
#include "source/source.h"

struct mem_live;

/* The options and the source stay the caller's and have to outlive it. */
struct mem_live *mem_live_create(const struct mem_options *options, struct source *source,
				 struct error *err);
/* NULL is fine. The terminal is as it was. */
void mem_live_destroy(struct mem_live *live);
/* Called often: shows the view when it is time. True: the user wants to end. */
bool mem_live_turn(struct mem_live *live);

#endif
