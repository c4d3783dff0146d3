/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/tracker_sink.h"

#include <stdlib.h>

struct tracker_sink {
	struct sink sink;
	struct tracker *tracker;
};

static int begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	return 0;
}

static int events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct tracker_sink *me = (struct tracker_sink *)sink;

	for (size_t i = 0; i < batch->n_records; i++) {
		if (tracker_add(me->tracker, batch->records[i], err))
			return -1;
	}
	return 0;
}

static int end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	return 0;
}

static void destroy(struct sink *sink)
{
	free(sink);
}

static const struct sink_ops ops = {
	.begin = begin,
	.events = events,
	.end = end,
	.destroy = destroy,
};

struct sink *tracker_sink_create(struct tracker *tracker, struct error *err)
{
	struct tracker_sink *me = calloc(1, sizeof(*me));

	if (!me) {
		error_no_memory(err);
		return NULL;
	}
	me->sink.ops = &ops;
	me->tracker = tracker;
	return &me->sink;
}
