/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture that memory is reported of, on every system: read to its end, it gives what the
 * kernel's table of blocks held or, with log, what the allocations and frees in it come to.
 */
#ifndef COMMAND_MEM_CAPTURE_H
#define COMMAND_MEM_CAPTURE_H

#include <signal.h>
#include <stdbool.h>

#include "memory/tracker.h"
#include "session/sink.h"
#include "source/source.h"

struct mem_capture {
	const char *path;
	struct source *source;
	struct tracker *tracker; /* NULL: what the kernel's table held is reported */
	struct memory paired;	 /* what the tracker has come to */
	struct ledger ledger;
};

/*
 * Read it; what is wrong with the file is told on standard error. sink: gets its events too, or
 * NULL. After a failure nothing is left to be finished.
 */
int mem_capture_init(struct mem_capture *capture, const char *path, bool log, struct sink *sink,
		     const volatile sig_atomic_t *stop, struct error *err);
void mem_capture_fini(struct mem_capture *capture);
/* NULL with err: it has none. Valid until mem_capture_fini(). */
const struct memory *mem_capture_memory(struct mem_capture *capture, struct error *err);

#endif
