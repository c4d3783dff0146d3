/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/json.h"

#include <stdlib.h>

#include "view/json_event.h"
#include "view/output.h"

struct json_view {
	struct sink sink;
	struct json_view_options options;
	const struct catalog *catalog;
	struct output output;
};

static struct json_view *json_view_of(struct sink *sink)
{
	return (struct json_view *)sink;
}

static int json_view_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	json_view_of(sink)->catalog = catalog;
	return 0;
}

static int json_view_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct json_view *view = json_view_of(sink);
	struct record_view record;

	if (view->options.summary_only)
		return 0;
	for (size_t i = 0; i < batch->n_records; i++) {
		const struct kmn_header *header = batch->records[i];

		if (record_parse(header, header->length, &record, err) < 0)
			return -1;
		json_event_print(view->catalog, &record, view->options.stacks, view->options.places,
				 &view->output.text);
		if (output_spill(&view->output, err))
			return -1;
	}
	return output_flush(&view->output, err);
}

static int json_view_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	struct json_view *view = json_view_of(sink);

	if (!view->catalog)
		return 0; /* it never began */
	json_ledger_print(view->catalog, ledger, &view->output.text);
	return output_finish(&view->output, err);
}

static void json_view_destroy(struct sink *sink)
{
	struct json_view *view = json_view_of(sink);

	text_fini(&view->output.text);
	free(view);
}

static const struct sink_ops json_view_ops = {
	.begin = json_view_begin,
	.events = json_view_events,
	.end = json_view_end,
	.destroy = json_view_destroy,
};

struct sink *json_view_create(FILE *out, const struct json_view_options *options)
{
	struct json_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->sink.ops = &json_view_ops;
	view->options = *options;
	view->output.file = out;
	view->output.outlet = options->outlet;
	return &view->sink;
}
