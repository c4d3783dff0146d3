/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What watching cost: how long the hooks' programs ran, by the kernel's own statistics
 * (BPF_ENABLE_STATS), what share of the machine's time that was, and how much they sent. The way
 * into a program and out of it is not in these times; the statistics themselves read the clock
 * twice for each run of a program, which makes every call a little dearer while they are on.
 */
#ifndef SOURCE_LINUX_COST_H
#define SOURCE_LINUX_COST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "model/ledger.h"

struct engine;

/* Runs of one program, or of several that belong together. */
struct cost_runs {
	uint64_t time; /* ns */
	uint64_t runs;
};

/* The programs of one hook's entry or return, or one that many hooks share. */
struct cost_part {
	uint32_t hook;	  /* KMN_NO_HOOK: shared */
	const char *what; /* entry, return, or what kind of program many share */
	enum ledger_point point;
	struct cost_runs all;
};

struct cost {
	int stats_fd;	 /* keeps the statistics on; -1: nothing is counted */
	uint64_t began;	 /* ns, monotonic */
	uint64_t lasted; /* ns; 0: it goes on */
	struct cost_part *parts;
	size_t n_parts;
};

#define COST_INIT                                                                                  \
	{                                                                                          \
		.stats_fd = -1                                                                     \
	}

/* Count from here on. */
int cost_begin(struct cost *cost, struct error *err);
/* Take the counts while the programs are still there, and count no more. */
int cost_end(struct cost *cost, const struct engine *engine, struct error *err);
void cost_fini(struct cost *cost);
/*
 * A line for each hook's entries and returns and one for the whole. The ledger says how many calls
 * there were.
 */
void cost_print(const struct cost *cost, const struct engine *engine, const struct ledger *ledger,
		struct text *out);

#endif
