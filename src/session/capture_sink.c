/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/capture_sink.h"

#include <stdlib.h>

#include "capture/writer.h"

struct capture_sink {
	struct sink base;
	struct capture_writer *writer;
};

static struct capture_writer *writer_of(struct sink *sink)
{
	return ((struct capture_sink *)sink)->writer;
}

static int sink_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	return capture_writer_begin(writer_of(sink), catalog, err);
}

static int sink_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	return capture_writer_add(writer_of(sink), batch->records, batch->n_records, err);
}

static int sink_tick(struct sink *sink, struct error *err)
{
	return capture_writer_flush(writer_of(sink), err);
}

static int sink_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	return capture_writer_end(writer_of(sink), ledger, err);
}

static void sink_destroy(struct sink *sink)
{
	capture_writer_destroy(writer_of(sink));
	free(sink);
}

static const struct sink_ops ops = {
	.begin = sink_begin,
	.events = sink_events,
	.tick = sink_tick,
	.end = sink_end,
	.destroy = sink_destroy,
};

struct sink *capture_sink_create(const char *path, bool force, struct error *err)
{
	struct capture_writer *writer = capture_writer_create(path, force, err);
	struct capture_sink *sink;

	if (!writer)
		return NULL;
	sink = malloc(sizeof(*sink));
	if (!sink) {
		capture_writer_destroy(writer);
		error_no_memory(err);
		return NULL;
	}
	*sink = (struct capture_sink){.base.ops = &ops, .writer = writer};
	return &sink->base;
}
