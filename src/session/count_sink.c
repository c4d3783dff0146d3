/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/count_sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct count_sink {
	struct sink base;
	FILE *out;
	uint64_t calls;
};

static int count_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	return 0;
}

static int count_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct count_sink *me = (struct count_sink *)sink;

	for (size_t i = 0; i < batch->n_records; i++) {
		const struct kmn_header *record = batch->records[i];

		me->calls += record->kind == KMN_ENTRY || record->kind == KMN_ALLOC ||
			     record->kind == KMN_FREE ||
			     (record->kind == KMN_RETURN && record->flags & KMN_UNPAIRED);
	}
	return 0;
}

static int count_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	struct count_sink *me = (struct count_sink *)sink;

	if (fprintf(me->out, "%" PRIu64 "\n", me->calls) < 0 || fflush(me->out))
		return error_set(err, "can't write the output: %s", strerror(errno));
	return 0;
}

static void count_destroy(struct sink *sink)
{
	free(sink);
}

static const struct sink_ops ops = {
	.begin = count_begin,
	.events = count_events,
	.end = count_end,
	.destroy = count_destroy,
};

struct sink *count_sink_create(FILE *out, struct error *err)
{
	struct count_sink *me = calloc(1, sizeof(*me));

	if (!me) {
		error_no_memory(err);
		return NULL;
	}
	me->base.ops = &ops;
	me->out = out;
	return &me->base;
}
