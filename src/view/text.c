/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/text.h"

#include <stdlib.h>
#include <string.h>

#include "view/color.h"
#include "view/line.h"
#include "view/output.h"
#include "view/pending.h"
#include "view/stack.h"
#include "view/summary.h"

/*
 * Calls that may wait for their return at a time. Those whose return was lost never get it, so
 * there has to be a bound; it is far beyond what can be under way.
 */
#define MAX_PENDING (1u << 18)

struct text_view {
	struct sink sink;
	struct text_view_options options;
	const struct catalog *catalog;
	struct output output;
	struct line_view line;
	struct stack_view stacks;
	struct pending pending;
};

static struct text_view *text_view_of(struct sink *sink)
{
	return (struct text_view *)sink;
}

static int text_view_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	struct text_view *view = text_view_of(sink);

	view->catalog = view->line.catalog = catalog;
	if (view->options.summary_only)
		return 0;
	line_view_header(&view->line, &view->output.text);
	return output_flush(&view->output, err);
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

/* An entry without its result; pending: it should have one. */
static void print_entry(struct text_view *view, const struct record_view *entry, bool pending)
{
	line_view_call(&view->line, entry, entry, NULL, pending, &view->output.text);
	print_stack(view, entry);
}

static int print_oldest(struct text_view *view, struct error *err)
{
	struct pending_entry *entry = pending_take_oldest(&view->pending);
	const struct kmn_header *header = pending_record(entry);
	struct record_view record;
	int status = record_parse(header, header->length, &record, err);

	if (status >= 0)
		print_entry(view, &record, true);
	free(entry);
	return status < 0 ? -1 : output_spill(&view->output, err);
}

static int take_entry(struct text_view *view, const struct record_view *record, struct error *err)
{
	const struct api *api = api_table_find(&view->catalog->apis, record->header->hook);

	if (!api || !api->returns_hooked) {
		print_entry(view, record, false);
		return 0;
	}
	if (view->pending.count >= MAX_PENDING && print_oldest(view, err))
		return -1;
	return pending_add(&view->pending, record->header, err);
}

static int take_return(struct text_view *view, const struct record_view *ret, struct error *err)
{
	struct pending_entry *pending = NULL;
	const struct kmn_header *header;
	struct record_view entry;
	int status = 0;

	if (!(ret->header->flags & KMN_UNPAIRED))
		pending =
			pending_take(&view->pending, ret->ret->entry_cpu, ret->ret->entry_sequence);
	if (!pending) {
		line_view_call(&view->line, ret, NULL, ret, false, &view->output.text);
		print_stack(view, ret);
		return 0;
	}
	header = pending_record(pending);
	status = record_parse(header, header->length, &entry, err);
	if (status >= 0) {
		line_view_call(&view->line, ret, &entry, ret, false, &view->output.text);
		print_stack(view, &entry);
	}
	free(pending);
	return status < 0 ? -1 : 0;
}

static int take_record(struct text_view *view, const struct kmn_header *header, struct error *err)
{
	struct record_view record;

	if (record_parse(header, header->length, &record, err) < 0)
		return -1;
	switch (header->kind) {
	case KMN_ENTRY:
		return take_entry(view, &record, err);
	case KMN_RETURN:
		return take_return(view, &record, err);
	case KMN_ALLOC:
	case KMN_FREE:
		print_entry(view, &record, false);
		return 0;
	case KMN_MODULE_LOAD:
	case KMN_MODULE_UNLOAD:
		stack_view_forget(&view->stacks);
		break;
	}
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
	while (view->pending.count)
		if (print_oldest(view, err))
			return -1;
	if (output_flush(&view->output, err))
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

	pending_fini(&view->pending);
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
	line_view_init(&view->line);
	view->line.color = options->color;
	view->line.relative = options->relative;
	view->line.width = options->width;
	stack_view_init(&view->stacks);
	pending_init(&view->pending);
	return &view->sink;
}
