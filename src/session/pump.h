/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pump moves records from a source to sinks until the source ends or it is told to stop.
 */
#ifndef SESSION_PUMP_H
#define SESSION_PUMP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "session/sink.h"
#include "source/source.h"

struct pump {
	struct source *source;
	struct sink **sinks;
	size_t n_sinks;
	const volatile sig_atomic_t *stop; /* becomes nonzero: stop. May be NULL */
	uint64_t deadline;		   /* ns, monotonic; 0: none */
	uint64_t count;			   /* stop after so many entries; 0: none */
	/* Asked once a turn; true: stop. May be NULL. */
	bool (*finished)(void *context);
	void *context;
	/* Set by pump_run(): how long ending the recording took, ns. */
	uint64_t stopping;
};

/*
 * Run until the end. *ledger (initialised by the caller) holds the final rows also when a sink
 * failed. Returns -1 when the source or a sink failed; everything is stopped all the same.
 */
int pump_run(struct pump *pump, struct ledger *ledger, struct error *err);

#endif
