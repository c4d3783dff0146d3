/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/exporter.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

static const struct export_format *const formats[] = {
#define EXPORT_FORMAT_ADDRESS(identifier, name, summary) &export_format_##identifier,
	EXPORT_FORMATS(EXPORT_FORMAT_ADDRESS)
#undef EXPORT_FORMAT_ADDRESS
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static void unknown_format(const char *name, struct error *err)
{
	struct text names = TEXT_INIT;
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; i < N_FORMATS; i++) {
		nearest_offer(&nearest, formats[i]->name);
		text_addf(&names, "%s%s", i ? ", " : "", formats[i]->name);
	}
	error_usage(err, "there is no format '%s'", name);
	if (nearest.best)
		error_hint(err, "did you mean %s?", nearest.best);
	else
		error_hint(err, "there are: %s", text_string(&names));
	text_fini(&names);
}

const struct export_format *export_format_find(const char *name, struct error *err)
{
	for (size_t i = 0; i < N_FORMATS; i++) {
		if (!strcmp(formats[i]->name, name))
			return formats[i];
	}
	unknown_format(name, err);
	return NULL;
}

const char *export_format_name(const struct export_format *format)
{
	return format->name;
}

bool export_format_weighs(const struct export_format *format)
{
	return format->weighs;
}

static struct exporter *exporter_of(struct sink *sink)
{
	return (struct exporter *)sink;
}

static int take_call(void *context, const struct call *call, struct error *err)
{
	struct exporter *exporter = context;
	uint64_t duration;

	exporter->no_duration += !call_duration(call, &duration);
	return exporter->format->take_call(exporter, call, err);
}

static int sink_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	struct exporter *exporter = exporter_of(sink);

	exporter->catalog = catalog;
	calls_init(&exporter->calls, catalog, take_call, exporter);
	if (exporter->format->begin && exporter->format->begin(exporter, err)) {
		exporter->failed = true;
		return -1;
	}
	return 0;
}

static void count_note(struct exporter *exporter, const struct record_view *record)
{
	switch (record->header->kind) {
	case KMN_LOSS:
		exporter->losses++;
		exporter->lost += record->args[0];
		break;
	case KMN_SUSPEND:
	case KMN_RESUME:
		exporter->suspensions++;
		break;
	case KMN_MODULE_LOAD:
	case KMN_MODULE_UNLOAD:
		exporter->module_events++;
		break;
	}
}

static int take_record(struct exporter *exporter, const struct record_view *record,
		       struct error *err)
{
	const struct export_format *format = exporter->format;
	int status = 0;

	exporter->records++;
	exporter->time = record->header->time;
	if (format->take_record) {
		status = format->take_record(exporter, record, err);
	} else if (calls_concern(record->header)) {
		status = calls_add(&exporter->calls, record, err);
	} else {
		count_note(exporter, record);
		if (format->take_note)
			status = format->take_note(exporter, record, err);
	}
	if (!status && exporter->output.file)
		status = output_spill(&exporter->output, err);
	return status;
}

static int sink_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct exporter *exporter = exporter_of(sink);
	struct record_view record;

	for (size_t i = 0; i < batch->n_records; i++) {
		const struct kmn_header *header = batch->records[i];

		if (record_parse(header, header->length, &record, err) < 0 ||
		    take_record(exporter, &record, err)) {
			exporter->failed = true;
			return -1;
		}
	}
	return 0;
}

static int finish(struct exporter *exporter, const struct ledger *ledger, struct error *err)
{
	if (exporter->failed)
		return error_set(err, "what was exported is not whole and is not kept");
	if (calls_end(&exporter->calls, err))
		return -1;
	if (exporter->format->end && exporter->format->end(exporter, ledger, err))
		return -1;
	if (exporter->output.file && output_flush(&exporter->output, err))
		return -1;
	if (export_file_keep(&exporter->file, err))
		return -1;
	return 0;
}

static int sink_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	struct exporter *exporter = exporter_of(sink);

	if (!exporter->catalog)
		return 0; /* it never began */
	return finish(exporter, ledger, err);
}

static void sink_destroy(struct sink *sink)
{
	struct exporter *exporter = exporter_of(sink);

	if (exporter->format->fini)
		exporter->format->fini(exporter);
	calls_fini(&exporter->calls);
	text_fini(&exporter->output.text);
	export_file_fini(&exporter->file);
	free(exporter);
}

static const struct sink_ops ops = {
	.begin = sink_begin,
	.events = sink_events,
	.end = sink_end,
	.destroy = sink_destroy,
};

struct sink *export_create(const struct export_format *format, const struct export_options *options,
			   struct error *err)
{
	struct exporter *exporter = calloc(1, format->size);

	if (!exporter) {
		error_no_memory(err);
		return NULL;
	}
	exporter->sink.ops = &ops;
	exporter->format = format;
	exporter->options = *options;
	exporter->places = format->places;
	if (export_file_open(&exporter->file, options->path, format->kind, options->force, err)) {
		free(exporter);
		return NULL;
	}
	exporter->output.file = exporter->file.file;
	if (format->init && format->init(exporter, err)) {
		sink_destroy(&exporter->sink);
		return NULL;
	}
	return &exporter->sink;
}
