/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/tree.h"

#include <stdlib.h>
#include <string.h>

#include "view/call_tree.h"
#include "view/color.h"
#include "view/escape.h"
#include "view/json_event.h"
#include "view/line.h"
#include "view/number.h"
#include "view/output.h"
#include "view/summary.h"

#define DURATION_WIDTH 8
#define WHO_WIDTH 53 /* columns in front of the durations */
/* Deeper calls are not indented any further. */
#define MAX_INDENT 40

struct tree_view {
	struct sink sink;
	struct tree_view_options options;
	const struct catalog *catalog; /* NULL: it never began */
	struct output output;
	struct line_view line;
	struct call_trees trees;
};

static struct tree_view *tree_view_of(struct sink *sink)
{
	return (struct tree_view *)sink;
}

static void duration_print(struct text *out, uint64_t ns, bool known)
{
	struct text text = TEXT_INIT;

	if (known)
		number_print_duration(&text, ns);
	else
		text_add_char(&text, '-');
	text_pad(out, out->length, DURATION_WIDTH - text.length);
	text_add(out, text_string(&text));
	out->failed |= text.failed;
	text_fini(&text);
}

static const char *remark(const struct tree_node *node, bool cut)
{
	switch (node->state) {
	case NODE_RUNNING:
		return cut ? "  (goes on below)" : "";
	case NODE_NOT_RETURNED:
		return "  (return not seen)";
	case NODE_NO_ENTRY:
		return "  (entry not seen)";
	default:
		return "";
	}
}

static void node_print(struct tree_view *view, const struct tree_node *node, bool cut,
		       struct text *out)
{
	unsigned indent = 2 * (node->depth < MAX_INDENT ? node->depth : MAX_INDENT);
	bool ended = node->state == NODE_RETURNED || node->state == NODE_NO_ENTRY, known;
	uint64_t duration = 0, self = 0;
	struct record_view record, ret;

	tree_node_record(node, &record);
	if (node->state == NODE_NOTE) {
		line_view_note(&view->line, &record, out);
		return;
	}
	ret = record;
	if (node->state == NODE_RETURNED)
		ret.ret = &node->ret;
	line_view_who(&view->line, record.header, out);
	known = tree_node_duration(node, &duration, &self);
	text_add(out, view->options.color ? COLOR_DIM : "");
	duration_print(out, duration, known);
	text_add_char(out, ' ');
	duration_print(out, self, known);
	text_add(out, view->options.color ? COLOR_OFF "  " : "  ");
	text_pad(out, out->length, indent);
	line_view_what(&view->line, record.header, node->state == NODE_NO_ENTRY ? NULL : &record,
		       ended ? &ret : NULL, !ended && node->state != NODE_ENTRY_ONLY,
		       WHO_WIDTH + 2 * DURATION_WIDTH + 3 + indent + strlen(remark(node, cut)),
		       out);
	text_add(out, remark(node, cut));
	text_add(out, node->shown ? "  (continued)\n" : "\n");
}

static void node_json(struct tree_view *view, const struct tree_node *node, struct text *out)
{
	const struct catalog *catalog = view->catalog;
	struct record_view record, ret;
	const struct api *api;
	uint64_t duration, self;

	tree_node_record(node, &record);
	api = api_table_find(&catalog->apis, record.header->hook);
	json_event_print(catalog, &record, false, NULL, out);
	/* More members follow: take back the brace and the newline. */
	if (out->length >= 2)
		out->length -= 2;
	if (node->state == NODE_RETURNED) {
		ret = record;
		ret.ret = &node->ret;
		json_result_print(&catalog->apis, api, &ret, out);
	}
	if (tree_node_duration(node, &duration, &self)) {
		text_add(out, ",\"self\":");
		number_print(out, self);
		if (node->state == NODE_RETURNED) {
			text_add(out, ",\"duration\":");
			number_print(out, duration);
		}
	}
	if (node->state == NODE_RUNNING || node->state == NODE_NOT_RETURNED)
		text_add(out, ",\"open\":true");
	if (node->shown)
		text_add(out, ",\"continued\":true");
}

static void tree_json(struct tree_view *view, const struct call_tree *tree, struct text *out)
{
	unsigned depth = 0;

	for (size_t i = 0; i < tree->n_nodes; i++) {
		const struct tree_node *node = tree->nodes[i];

		if (i) {
			bool deeper = node->depth > depth;

			for (; depth > node->depth; depth--)
				text_add(out, "}]");
			text_add(out, deeper ? ",\"calls\":[" : "},");
			depth = node->depth;
		}
		node_json(view, node, out);
	}
	for (; depth > 0; depth--)
		text_add(out, "}]");
	text_add(out, tree->cut ? ",\"cut\":true}\n" : "}\n");
}

static int take_tree(void *context, const struct call_tree *tree, struct error *err)
{
	struct tree_view *view = context;
	struct text *out = &view->output.text;

	if (view->options.json) {
		tree_json(view, tree, out);
	} else {
		for (size_t i = 0; i < tree->n_nodes; i++)
			node_print(view, tree->nodes[i], tree->cut, out);
		if (tree->cut) {
			text_add(out, "-- ");
			number_print_grouped(out, tree->n_nodes);
			text_add(out, " calls so far: printed before the outermost ended --\n");
		}
	}
	return output_spill(&view->output, err);
}

static int tree_view_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	struct tree_view *view = tree_view_of(sink);

	view->catalog = view->line.catalog = catalog;
	call_trees_init(&view->trees, catalog, take_tree, view);
	if (view->options.json)
		return 0;
	text_add(&view->output.text, view->options.color ? COLOR_BOLD : "");
	text_add(&view->output.text,
		 "TIME             CPU CTX         PID COMM             DURATION     SELF  CALL");
	text_add(&view->output.text, view->options.color ? COLOR_OFF "\n" : "\n");
	return output_flush(&view->output, err);
}

static int take_record(struct tree_view *view, const struct kmn_header *header, struct error *err)
{
	struct record_view record;

	if (record_parse(header, header->length, &record, err) < 0)
		return -1;
	switch (header->kind) {
	case KMN_ENTRY:
	case KMN_RETURN:
	case KMN_ALLOC:
	case KMN_FREE:
		return call_trees_add(&view->trees, &record, err);
	case KMN_LOSS:
		return call_trees_add_loss(&view->trees, &record, err);
	}
	if (view->options.json)
		json_event_print(view->catalog, &record, false, NULL, &view->output.text);
	else
		line_view_note(&view->line, &record, &view->output.text);
	return output_spill(&view->output, err);
}

static int tree_view_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct tree_view *view = tree_view_of(sink);

	for (size_t i = 0; i < batch->n_records; i++)
		if (take_record(view, batch->records[i], err))
			return -1;
	return output_flush(&view->output, err);
}

static int tree_view_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	struct tree_view *view = tree_view_of(sink);
	struct output summary = {.file = view->options.summary};
	int status = 0;

	if (!view->catalog)
		return 0;
	if (call_trees_end(&view->trees, err))
		return -1;
	if (view->options.json)
		json_ledger_print(view->catalog, ledger, &view->output.text);
	if (output_flush(&view->output, err))
		return -1;
	if (view->options.json || !summary.file)
		return 0;
	text_add_char(&summary.text, '\n');
	if (summary_print(ledger, view->catalog, view->options.summary_color, &summary.text, err) ||
	    output_flush(&summary, err))
		status = -1;
	text_fini(&summary.text);
	return status;
}

static void tree_view_destroy(struct sink *sink)
{
	struct tree_view *view = tree_view_of(sink);

	call_trees_fini(&view->trees);
	line_view_fini(&view->line);
	text_fini(&view->output.text);
	free(view);
}

static const struct sink_ops tree_view_ops = {
	.begin = tree_view_begin,
	.events = tree_view_events,
	.end = tree_view_end,
	.destroy = tree_view_destroy,
};

struct sink *tree_view_create(FILE *out, const struct tree_view_options *options)
{
	struct tree_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->sink.ops = &tree_view_ops;
	view->options = *options;
	view->output.file = out;
	line_view_init(&view->line);
	view->line.color = options->color;
	view->line.relative = options->relative;
	view->line.width = options->width;
	return &view->sink;
}
