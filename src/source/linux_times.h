/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the time of a start went: told by "kapimon hook --verbose". */
#ifndef SOURCE_LINUX_TIMES_H
#define SOURCE_LINUX_TIMES_H

#include <stdint.h>

#include "base/text.h"

struct engine;

/* Measured by the source, in ns; what reading symbols took is known to them. */
struct start_times {
	uint64_t load;	 /* maps, and programs that are loaded before any hook */
	uint64_t attach; /* programs of the hooks, and putting them in */
};

/* A line for each phase. */
void start_times_print(const struct engine *engine, const struct start_times *times,
		       struct text *out);

#endif
