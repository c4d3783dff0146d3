/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/top.h"

#include <stdlib.h>
#include <string.h>

#include "model/verdict.h"
#include "tally/table.h"
#include "view/color.h"
#include "view/escape.h"
#include "view/json_event.h"
#include "view/number.h"
#include "view/output.h"

struct top_view {
	struct sink sink;
	struct top_view_options options;
	const struct catalog *catalog; /* NULL: it never began */
	struct tally tally;
	struct output output;
};

/* X(title, JSON member, value of `row`, is it a duration) */
#define TOP_COLUMNS(X)                                                                             \
	X("CALLS", "calls", row->calls, false)                                                     \
	X("ERRORS", "errors", row->errors, false)                                                  \
	X("TOTAL", "total", row->sum, true)                                                        \
	X("MEAN", "mean", row_mean(row), true)                                                     \
	X("MIN", "min", row->min, true)                                                            \
	X("P50", "p50", row_quantile(row, 500), true)                                              \
	X("P90", "p90", row_quantile(row, 900), true)                                              \
	X("P99", "p99", row_quantile(row, 990), true)                                              \
	X("MAX", "max", row->max, true)

#define COUNT_COLUMN(title, member, value, is_time) +1
#define N_NUMBERS (0 TOP_COLUMNS(COUNT_COLUMN))

static struct top_view *top_view_of(struct sink *sink)
{
	return (struct top_view *)sink;
}

static int top_view_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	struct top_view *view = top_view_of(sink);

	tally_init(&view->tally, &view->options.key, catalog);
	view->catalog = catalog;
	return 0;
}

static int top_view_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct top_view *view = top_view_of(sink);

	for (size_t i = 0; i < batch->n_records; i++)
		if (tally_add(&view->tally, batch->records[i], err))
			return -1;
	return 0;
}

/* Thousandths of the whole that the row has: of what it is sorted by, if that adds up. */
static uint64_t share_of(const struct top_view *view, const struct tally_row *row)
{
	const struct tally *tally = &view->tally;
	double part = (double)row->calls, whole = (double)tally->calls;

	if (view->options.order == ORDER_ERRORS) {
		part = (double)row->errors;
		whole = (double)tally->errors;
	} else if (view->options.order == ORDER_TOTAL) {
		part = (double)row->sum;
		whole = (double)tally->sum;
	}
	return whole > 0 ? (uint64_t)(part * 1000 / whole + 0.5) : 0;
}

static void duration_cell(struct table *table, uint64_t ns, bool known)
{
	struct text cell = TEXT_INIT;

	if (known)
		number_print_duration(&cell, ns);
	else
		text_add_char(&cell, '-');
	table_add(table, &cell, "");
}

static void count_cell(struct table *table, uint64_t count, bool known, const char *color)
{
	struct text cell = TEXT_INIT;

	if (known)
		number_print_grouped(&cell, count);
	else
		text_add_char(&cell, '-');
	table_add(table, &cell, color);
}

/* A stack has a line for each frame, which stay apart. */
static void name_cell(struct table *table, const char *name)
{
	struct text cell = TEXT_INIT;

	while (*name) {
		size_t length = strcspn(name, "\n");

		escape_print(&cell, name, length, 0);
		name += length;
		if (*name) {
			text_add_char(&cell, '\n');
			name++;
		}
	}
	table_add(table, &cell, "");
}

static void row_cells(const struct top_view *view, const struct tally_row *row, struct table *table)
{
	const struct key_spec *key = &view->options.key;
	uint64_t share = share_of(view, row);
	struct text cell = TEXT_INIT;

	count_cell(table, row->calls, true, "");
	text_addf(&cell, "%llu.%llu%%", (unsigned long long)(share / 10),
		  (unsigned long long)(share % 10));
	table_add(table, &cell, "");
	count_cell(table, row->errors, row->ended,
		   view->options.color && row->errors ? COLOR_RED : "");
#define DURATION_CELL(title, member, value, is_time)                                               \
	if (is_time)                                                                               \
		duration_cell(table, value, row->durations.total);
	TOP_COLUMNS(DURATION_CELL)
#undef DURATION_CELL
	for (unsigned i = 0; i < key->n_parts; i++)
		if (key->parts[i] != KEY_STACK)
			name_cell(table, key_name(&view->tally.keys, row->names[i]));
	/* It goes on below the line: nothing can follow it. */
	for (unsigned i = 0; i < key->n_parts; i++)
		if (key->parts[i] == KEY_STACK)
			name_cell(table, key_name(&view->tally.keys, row->names[i]));
}

static size_t make_columns(const struct key_spec *key, struct table_column *columns)
{
	size_t n = 0;

#define COLUMN_TITLE(title, member, value, is_time)                                                \
	columns[n++] = (struct table_column){title, false};                                        \
	if (n == 1)                                                                                \
		columns[n++] = (struct table_column){"SHARE", false};
	TOP_COLUMNS(COLUMN_TITLE)
#undef COLUMN_TITLE
	for (unsigned i = 0; i < key->n_parts; i++)
		if (key->parts[i] != KEY_STACK)
			columns[n++] = (struct table_column){key_part_title(key->parts[i]), true};
	if (key_spec_has(key, KEY_STACK))
		columns[n++] = (struct table_column){key_part_title(KEY_STACK), true};
	return n;
}

static int rows_print(struct top_view *view, const struct tally_row **rows, size_t n,
		      struct error *err)
{
	struct table_column columns[N_NUMBERS + 1 + N_KEY_PARTS];
	struct table table;
	int status;

	table_init(&table, columns, make_columns(&view->options.key, columns));
	for (size_t i = 0; i < n; i++)
		row_cells(view, rows[i], &table);
	status = table_print(&table, view->options.color, &view->output.text, err);
	table_fini(&table);
	if (!status && n < view->tally.n_rows) {
		text_add(&view->output.text, "... and ");
		number_print_grouped(&view->output.text, view->tally.n_rows - n);
		text_add(&view->output.text, " more\n");
	}
	return status;
}

static void row_json(const struct top_view *view, const struct tally_row *row, struct text *out)
{
	const char *separator = "{";

	for (unsigned i = 0; i < view->options.key.n_parts; i++) {
		const char *name = key_name(&view->tally.keys, row->names[i]);

		text_addf(out, "%s\"%s\":", separator, key_part_name(view->options.key.parts[i]));
		escape_json(out, name, strlen(name));
		separator = ",";
	}
#define JSON_MEMBER(title, member, value, is_time)                                                 \
	if (!(is_time) || row->durations.total) {                                                  \
		text_add(out, ",\"" member "\":");                                                 \
		number_print(out, value);                                                          \
	}
	TOP_COLUMNS(JSON_MEMBER)
#undef JSON_MEMBER
	text_addf(out, ",\"share\":%.3f}\n", (double)share_of(view, row) / 1000);
}

static void total_json(const struct top_view *view, struct text *out)
{
	const struct tally *tally = &view->tally;

	text_addf(out,
		  "{\"top\":{\"rows\":%zu,\"calls\":%llu,\"errors\":%llu,\"total\":%llu,"
		  "\"not_returned\":%llu,\"entry_not_seen\":%llu,\"lost\":%llu,"
		  "\"suspended\":%llu}}\n",
		  tally->n_rows, (unsigned long long)tally->calls,
		  (unsigned long long)tally->errors, (unsigned long long)tally->sum,
		  (unsigned long long)tally_open(tally), (unsigned long long)tally_no_entry(tally),
		  (unsigned long long)tally->lost, (unsigned long long)tally->suspended);
}

static void note(struct text *out, uint64_t n, const char *one, const char *many)
{
	if (!n)
		return;
	number_print_grouped(out, n);
	text_add(out, n == 1 ? one : many);
}

static int summary_print_top(struct top_view *view, const struct ledger *ledger, struct error *err)
{
	struct output summary = {.file = view->options.summary};
	const struct tally *tally = &view->tally;
	bool color = view->options.summary_color;
	struct text verdict = TEXT_INIT;
	int status;

	text_add_char(&summary.text, '\n');
	note(&summary.text, tally->calls, " call\n", " calls\n");
	note(&summary.text, tally_open(tally),
	     " of them has no return: its duration is not known\n",
	     " of them have no return: their durations are not known\n");
	note(&summary.text, tally_no_entry(tally),
	     " of them has no entry: its caller may not be known\n",
	     " of them have no entry: their callers may not be known\n");
	note(&summary.text, tally->lost, " record was lost\n", " records were lost\n");
	note(&summary.text, tally->suspended,
	     " call was not recorded while its hook was suspended\n",
	     " calls were not recorded while their hooks were suspended\n");
	ledger_verdict(ledger, view->catalog, &verdict);
	text_add(&summary.text, !color ? "" : ledger_complete(ledger) ? COLOR_GREEN : COLOR_RED);
	escape_print(&summary.text, text_string(&verdict), verdict.length, 0);
	text_add(&summary.text, color ? COLOR_OFF "\n" : "\n");
	summary.text.failed |= verdict.failed;
	text_fini(&verdict);
	status = output_flush(&summary, err);
	text_fini(&summary.text);
	return status;
}

static int top_view_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	struct top_view *view = top_view_of(sink);
	const struct tally_row **rows;
	size_t n;
	int status = 0;

	if (!view->catalog)
		return 0;
	if (tally_end(&view->tally, err))
		return -1;
	rows = rows_sorted(&view->tally, view->options.order, err);
	if (!rows)
		return -1;
	n = view->tally.n_rows;
	if (view->options.rows && view->options.rows < n)
		n = view->options.rows;
	if (view->options.json) {
		for (size_t i = 0; i < n; i++)
			row_json(view, rows[i], &view->output.text);
		total_json(view, &view->output.text);
		json_ledger_print(view->catalog, ledger, &view->output.text);
	} else {
		status = rows_print(view, rows, n, err);
	}
	free(rows);
	if (status || output_flush(&view->output, err))
		return -1;
	if (view->options.json || !view->options.summary)
		return 0;
	return summary_print_top(view, ledger, err);
}

static void top_view_destroy(struct sink *sink)
{
	struct top_view *view = top_view_of(sink);

	if (view->catalog)
		tally_fini(&view->tally);
	text_fini(&view->output.text);
	free(view);
}

static const struct sink_ops top_view_ops = {
	.begin = top_view_begin,
	.events = top_view_events,
	.end = top_view_end,
	.destroy = top_view_destroy,
};

struct sink *top_view_create(FILE *out, const struct top_view_options *options)
{
	struct top_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->sink.ops = &top_view_ops;
	view->options = *options;
	view->output.file = out;
	return &view->sink;
}
