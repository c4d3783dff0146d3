/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/text.h"

#include <stdlib.h>
#include <string.h>

#include "view/calls.h"
#include "view/color.h"
#include "view/line.h"
#include "view/output.h"
#include "view/stack.h"
#include "view/summary.h"

struct text_view {
	struct sink sink;
	struct text_view_options options;
	const struct catalog *catalog;
	struct output output;
	struct line_view line;
	struct stack_view stacks;
	struct calls calls;
};

static struct text_view *text_view_of(struct sink *sink)
{
	return (struct text_view *)sink;
}

static void print_stack(struct text_view *view, const struct record_view *record)
{
	if (!view->options.stacks || !record->stack)
		return;
	if (view->options.color)
		text_add(&view->output.text, COLOR_DIM);
	stack_view_print(&view->stacks, view->catalog, record, &view->output.text);
	if (view->options.color)
		text_add(&view->output.text, COLOR_OFF);
}

static int take_call(void *context, const struct call *call, struct error *err)
{
	struct text_view *view = context;

	line_view_call(&view->line, call->ret ? call->ret : call->entry, call->entry, call->ret,
		       call->state == CALL_NOT_RETURNED, &view->output.text);
	print_stack(view, call_record(call));
	return output_spill(&view->output, err);
}

static int text_view_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	struct text_view *view = text_view_of(sink);

	view->catalog = view->line.catalog = catalog;
	calls_init(&view->calls, catalog, take_call, view);
	if (view->options.summary_only)
		return 0;
	line_view_header(&view->line, &view->output.text);
	return output_flush(&view->output, err);
}

static int take_record(struct text_view *view, const struct kmn_header *header, struct error *err)
{
	struct record_view record;

	if (record_parse(header, header->length, &record, err) < 0)
		return -1;
	if (calls_concern(header))
		return calls_add(&view->calls, &record, err);
	if (header->kind == KMN_MODULE_LOAD || header->kind == KMN_MODULE_UNLOAD)
		stack_view_forget(&view->stacks);
	line_view_note(&view->line, &record, &view->output.text);
	return 0;
}

static int text_view_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct text_view *view = text_view_of(sink);

	if (view->options.summary_only)
		return 0;
	for (size_t i = 0; i < batch->n_records; i++)
		if (take_record(view, batch->records[i], err) || output_spill(&view->output, err))
			return -1;
	return output_flush(&view->output, err);
}

static int text_view_tick(struct sink *sink, struct error *err)
{
	return output_flush(&text_view_of(sink)->output, err);
}

static int text_view_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	struct text_view *view = text_view_of(sink);
	struct output summary = {.file = view->options.summary};
	int status = 0;

	if (!view->catalog)
		return 0; /* it never began */
	if (calls_end(&view->calls, err) || output_finish(&view->output, err))
		return -1;
	if (!summary.file)
		return 0;
	if (!view->options.summary_only)
		text_add_char(&summary.text, '\n');
	if (summary_print(ledger, view->catalog, view->options.summary_color, &summary.text, err) ||
	    output_flush(&summary, err))
		status = -1;
	text_fini(&summary.text);
	return status;
}

static void text_view_destroy(struct sink *sink)
{
	struct text_view *view = text_view_of(sink);

	calls_fini(&view->calls);
	stack_view_fini(&view->stacks);
	line_view_fini(&view->line);
	text_fini(&view->output.text);
	free(view);
}

static const struct sink_ops text_view_ops = {
	.begin = text_view_begin,
	.events = text_view_events,
	.tick = text_view_tick,
	.end = text_view_end,
	.destroy = text_view_destroy,
};

struct sink *text_view_create(FILE *out, const struct text_view_options *options)
{
	struct text_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->sink.ops = &text_view_ops;
	view->options = *options;
	view->output.file = out;
	view->output.outlet = options->outlet;
	line_view_init(&view->line);
	view->line.color = options->color;
	view->line.relative = options->relative;
	view->line.width = options->width;
	stack_view_init(&view->stacks);
	view->stacks.places = options->places;
	return &view->sink;
}
