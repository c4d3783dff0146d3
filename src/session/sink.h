/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where records go: a terminal, a capture file, a memory tracker, a remote peer. The pump calls
 * begin once, events for each batch in time order, end once.
 */
#ifndef SESSION_SINK_H
#define SESSION_SINK_H

#include <stddef.h>

#include "base/error.h"
#include "model/catalog.h"
#include "model/record.h"

/* Records in time order; valid during the call only. */
struct batch {
	const struct kmn_header *const *records;
	size_t n_records;
};

struct sink {
	const struct sink_ops *ops;
};

/* All return 0, or -1 with err. The catalog outlives the sink's last call. */
struct sink_ops {
	int (*begin)(struct sink *sink, const struct catalog *catalog, struct error *err);
	int (*events)(struct sink *sink, const struct batch *batch, struct error *err);
	/* Called at least every second, also when nothing happens: flush. May be NULL. */
	int (*tick)(struct sink *sink, struct error *err);
	int (*end)(struct sink *sink, const struct ledger *ledger, struct error *err);
	void (*destroy)(struct sink *sink); /* after end, or instead of it */
};

#endif
