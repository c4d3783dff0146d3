/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/mem_file.h"

#include <stdio.h>

#include "command/mem_report.h"
#include "memory/tracker.h"
#include "session/pump.h"
#include "session/tracker_sink.h"
#include "source/capture_source.h"

/* A capture that is reported of. */
struct reading {
	struct mem_options *options;
	const struct growth *growth;
	struct source *source;
	struct tracker *tracker; /* NULL: what the kernel's table held is reported */
	struct memory paired;	 /* what the tracker has come to */
	struct ledger ledger;
};

static int read_capture(struct reading *reading, const volatile sig_atomic_t *stop,
			struct error *err)
{
	struct pump pump = {.source = reading->source, .stop = stop};
	struct sink *sink = NULL;
	int code;

	if (reading->options->spec.memory_log) {
		reading->tracker = tracker_create();
		if (!reading->tracker)
			return error_no_memory(err);
		sink = tracker_sink_create(reading->tracker, err);
		if (!sink)
			return -1;
		pump.sinks = &sink;
		pump.n_sinks = 1;
	}
	code = pump_run(&pump, &reading->ledger, err);
	if (sink)
		sink->ops->destroy(sink);
	fputs(capture_source_trouble(reading->source), stderr);
	return code;
}

/* What the kernel's table held; NULL with err: it is not in the capture. */
static const struct memory *find_table(const struct reading *reading, struct error *err)
{
	const struct catalog *catalog = reading->source->ops->catalog(reading->source);
	const char *file = reading->options->file;

	if (catalog->memory)
		return catalog->memory;
	error_set(err, "%s has no report of memory: %s", file,
		  reading->ledger.interrupted ? "its end is missing" : "none was followed");
	if (tracker_fits(catalog))
		error_hint(err, "\"kapimon mem --log %s\" makes one of the calls that are in it",
			   file);
	else
		error_hint(err, "record one with \"kapimon mem -o FILE\"");
	return NULL;
}

/* What the calls come to; NULL with err: they are not in the capture. */
static const struct memory *pair(struct reading *reading, struct error *err)
{
	const struct catalog *catalog = reading->source->ops->catalog(reading->source);

	if (!tracker_fits(catalog)) {
		error_set(err, "%s has no record of each allocation and free",
			  reading->options->file);
		error_hint(err, "record them with \"kapimon mem --log -o FILE\"");
		return NULL;
	}
	if (tracker_result(reading->tracker, catalog, &reading->ledger, &reading->paired, err))
		return NULL;
	return &reading->paired;
}

static int report(struct reading *reading, struct error *err)
{
	const struct memory *memory =
		reading->tracker ? pair(reading, err) : find_table(reading, err);
	struct mem_options *options = reading->options;
	struct place_finder *places = NULL;
	struct memory_report about;
	struct namer *namer;
	int status;

	if (!memory)
		return -1;
	options->symbols.names = true;
	if (symbol_options_begin(&options->symbols, &places, &namer, err))
		return -1;
	capture_source_set_namer(reading->source, namer);
	mem_report_init(options, reading->source->ops->catalog(reading->source), &reading->ledger,
			&about);
	about.memory = memory;
	about.growth = reading->growth;
	about.places = places;
	status = mem_report_put(options, &about, err);
	capture_source_set_namer(reading->source, NULL);
	symbol_options_end(&options->symbols, "mem");
	return status;
}

int mem_file_report(struct mem_options *options, const struct growth *growth,
		    const volatile sig_atomic_t *stop, struct error *err)
{
	struct reading reading = {.options = options, .growth = growth};
	int status = -1;

	reading.source = capture_source_open(options->file, err);
	if (!reading.source)
		return -1;
	ledger_init(&reading.ledger);
	memory_init(&reading.paired);
	if (!read_capture(&reading, stop, err))
		status = report(&reading, err);
	memory_fini(&reading.paired);
	tracker_destroy(reading.tracker);
	ledger_fini(&reading.ledger);
	reading.source->ops->close(reading.source);
	return status;
}
