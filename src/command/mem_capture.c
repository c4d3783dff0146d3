/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/mem_capture.h"

#include <stdio.h>

#include "session/pump.h"
#include "session/tracker_sink.h"
#include "source/capture_source.h"

static int read_all(struct mem_capture *capture, bool log, struct sink *sink,
		    const volatile sig_atomic_t *stop, struct error *err)
{
	struct sink *sinks[2], *pairing = NULL;
	struct pump pump = {.source = capture->source, .sinks = sinks, .stop = stop};
	int code;

	if (log) {
		capture->tracker = tracker_create();
		if (!capture->tracker)
			return error_no_memory(err);
		pairing = tracker_sink_create(capture->tracker, err);
		if (!pairing)
			return -1;
		sinks[pump.n_sinks++] = pairing;
	}
	if (sink)
		sinks[pump.n_sinks++] = sink;
	code = pump_run(&pump, &capture->ledger, err);
	if (pairing)
		pairing->ops->destroy(pairing);
	fputs(capture_source_trouble(capture->source), stderr);
	return code;
}

int mem_capture_init(struct mem_capture *capture, const char *path, bool log, struct sink *sink,
		     const volatile sig_atomic_t *stop, struct error *err)
{
	*capture = (struct mem_capture){.path = path, .source = capture_source_open(path, err)};
	if (!capture->source)
		return -1;
	ledger_init(&capture->ledger);
	memory_init(&capture->paired);
	if (!read_all(capture, log, sink, stop, err))
		return 0;
	mem_capture_fini(capture);
	return -1;
}

void mem_capture_fini(struct mem_capture *capture)
{
	memory_fini(&capture->paired);
	tracker_destroy(capture->tracker);
	ledger_fini(&capture->ledger);
	capture->source->ops->close(capture->source);
}

/* What the kernel's table held. */
static const struct memory *find_table(const struct mem_capture *capture, struct error *err)
{
	const struct catalog *catalog = capture->source->ops->catalog(capture->source);

	if (catalog->memory)
		return catalog->memory;
	error_set(err, "%s has no report of memory: %s", capture->path,
		  capture->ledger.interrupted ? "its end is missing" : "none was followed");
	if (tracker_fits(catalog))
		error_hint(err, "\"kapimon mem --log %s\" makes one of the calls that are in it",
			   capture->path);
	else
		error_hint(err, "record one with \"kapimon mem -o FILE\"");
	return NULL;
}

/* What the calls come to. */
static const struct memory *pair(struct mem_capture *capture, struct error *err)
{
	const struct catalog *catalog = capture->source->ops->catalog(capture->source);

	if (!tracker_fits(catalog)) {
		error_set(err, "%s has no record of each allocation and free", capture->path);
		error_hint(err, "record them with \"kapimon mem --log -o FILE\"");
		return NULL;
	}
	if (tracker_result(capture->tracker, catalog, &capture->ledger, &capture->paired, err))
		return NULL;
	return &capture->paired;
}

const struct memory *mem_capture_memory(struct mem_capture *capture, struct error *err)
{
	return capture->tracker ? pair(capture, err) : find_table(capture, err);
}
