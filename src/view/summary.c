/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/summary.h"

#include <stdlib.h>
#include <string.h>

#include <record.h>

#include "model/verdict.h"
#include "view/color.h"
#include "view/escape.h"
#include "view/number.h"

#define COUNT_COLUMNS(X)                                                                           \
	X(HITS, hits)                                                                              \
	X(RECORDED, recorded)                                                                      \
	X(FILTERED, filtered)                                                                      \
	X(LOST, lost)                                                                              \
	X(SUSPENDED, suspended)                                                                    \
	X(MISSED, missed)

enum column {
	COLUMN_HOOK,
	COLUMN_POINT,
	COLUMN_METHOD,
#define COLUMN_ENUM(title, field) COLUMN_##title,
	COUNT_COLUMNS(COLUMN_ENUM)
#undef COLUMN_ENUM
		COLUMNS,
};

#define MAX_CELL 96

struct line {
	char cells[COLUMNS][MAX_CELL];
	bool bad; /* calls are not there */
};

static const struct line titles = {
	.cells = {"HOOK", "POINT", "METHOD",
#define COLUMN_TITLE(title, field) #title,
		  COUNT_COLUMNS(COLUMN_TITLE)
#undef COLUMN_TITLE
	},
};

static void cell_set(char cell[MAX_CELL], struct text *text)
{
	size_t length = text->length < MAX_CELL - 1 ? text->length : MAX_CELL - 1;

	memcpy(cell, text_string(text), length);
	cell[length] = '\0';
	text_clear(text);
}

static void line_set_counts(struct line *line, const struct ledger_row *row)
{
	struct text text = TEXT_INIT;

#define COLUMN_CELL(title, field)                                                                  \
	number_print_grouped(&text, row->field);                                                   \
	cell_set(line->cells[COLUMN_##title], &text);
	COUNT_COLUMNS(COLUMN_CELL)
#undef COLUMN_CELL
	line->bad = row->lost || row->missed;
	text_fini(&text);
}

static void line_set_row(struct line *line, const struct ledger_row *row,
			 const struct catalog *catalog)
{
	const struct api *api = api_table_find(&catalog->apis, row->hook);
	struct text name = TEXT_INIT;

	memset(line, 0, sizeof(*line));
	if (api && api->name)
		escape_print(&name, api->name, strlen(api->name), 0);
	else if (row->hook == KMN_NO_HOOK)
		text_add(&name, "(no single hook)");
	else
		text_addf(&name, "hook#%u", row->hook);
	if (api && api->module) {
		text_add(&name, " [");
		escape_print(&name, api->module, strlen(api->module), 0);
		text_add_char(&name, ']');
	}
	cell_set(line->cells[COLUMN_HOOK], &name);
	text_fini(&name);
	strcpy(line->cells[COLUMN_POINT], row->point == LEDGER_RETURN ? "return" : "entry");
	strcpy(line->cells[COLUMN_METHOD], api ? hook_method_name(api->method) : "-");
	line_set_counts(line, row);
}

/* Most hits first; a hook's entries before its returns. */
static int by_hits(const void *left, const void *right)
{
	const struct ledger_row *a = *(const struct ledger_row *const *)left;
	const struct ledger_row *b = *(const struct ledger_row *const *)right;

	if (a->hits != b->hits)
		return a->hits < b->hits ? 1 : -1;
	if (a->hook != b->hook)
		return a->hook < b->hook ? -1 : 1;
	return (int)a->point - (int)b->point;
}

static void line_print(const struct line *line, const size_t *widths, const char *color,
		       struct text *out)
{
	text_add(out, color);
	for (int i = 0; i < COLUMNS; i++) {
		size_t length = strlen(line->cells[i]), from = out->length;

		if (i)
			text_add(out, "  ");
		from = out->length;
		if (i < COLUMN_HITS) {
			text_add(out, line->cells[i]);
			text_pad(out, from, widths[i]);
		} else {
			text_pad(out, from, widths[i] - length);
			text_add(out, line->cells[i]);
		}
	}
	text_add(out, *color ? COLOR_OFF "\n" : "\n");
}

static void lines_print(const struct line *lines, size_t n, bool color, struct text *out)
{
	size_t widths[COLUMNS];

	for (int i = 0; i < COLUMNS; i++) {
		widths[i] = strlen(titles.cells[i]);
		for (size_t k = 0; k < n; k++)
			if (strlen(lines[k].cells[i]) > widths[i])
				widths[i] = strlen(lines[k].cells[i]);
	}
	line_print(&titles, widths, color ? COLOR_BOLD : "", out);
	for (size_t k = 0; k < n; k++)
		line_print(&lines[k], widths, color && lines[k].bad ? COLOR_RED : "", out);
}

static size_t lines_fill(struct line *lines, const struct ledger_row **rows,
			 const struct ledger *ledger, const struct catalog *catalog)
{
	size_t n = 0, hidden = 0;
	struct ledger_row total;
	struct text text = TEXT_INIT;

	for (size_t i = 0; i < ledger->n_rows; i++) {
		if (i < SUMMARY_ROWS || rows[i]->lost || rows[i]->missed)
			line_set_row(&lines[n++], rows[i], catalog);
		else
			hidden++;
	}
	if (ledger->n_rows > 1) {
		ledger_total(ledger, &total);
		memset(&lines[n], 0, sizeof(lines[n]));
		text_add(&text, "total");
		if (hidden)
			text_addf(&text, " (with %zu more)", hidden);
		cell_set(lines[n].cells[COLUMN_HOOK], &text);
		line_set_counts(&lines[n++], &total);
	}
	text_fini(&text);
	return n;
}

static int table_print(const struct ledger *ledger, const struct catalog *catalog, bool color,
		       struct text *out, struct error *err)
{
	const struct ledger_row **rows = calloc(ledger->n_rows, sizeof(*rows));
	struct line *lines = calloc(ledger->n_rows + 1, sizeof(*lines));
	int status = 0;

	if (rows && lines) {
		for (size_t i = 0; i < ledger->n_rows; i++)
			rows[i] = &ledger->rows[i];
		qsort(rows, ledger->n_rows, sizeof(*rows), by_hits);
		lines_print(lines, lines_fill(lines, rows, ledger, catalog), color, out);
	} else {
		status = error_no_memory(err);
	}
	free(rows);
	free(lines);
	return status;
}

void summary_print_reading(const struct ledger *ledger, struct text *out)
{
	if (!ledger->filtered_reading)
		return;
	text_add(out, "Filter: ");
	number_print_grouped(out, ledger->calls_left_out);
	text_add(out, " of the ");
	number_print_grouped(out, ledger->calls_read);
	text_add(out, ledger->calls_read == 1 ? " call" : " calls");
	text_add(out, " read were left out");
	if (ledger->records_passed) {
		text_add(out, "; ");
		number_print_grouped(out, ledger->records_passed);
		text_add(out, ledger->records_passed == 1 ? " earlier record was not read"
							  : " earlier records were not read");
	}
	text_add(out, ".\n");
}

int summary_print(const struct ledger *ledger, const struct catalog *catalog, bool color,
		  struct text *out, struct error *err)
{
	struct text verdict = TEXT_INIT;
	struct ledger_row total;

	if (ledger->n_rows && table_print(ledger, catalog, color, out, err))
		return -1;
	ledger_total(ledger, &total);
	if (total.self) {
		text_add(out, "Not counted: ");
		number_print_grouped(out, total.self);
		text_add(out, " calls that Kapimon's own work made.\n");
	}
	summary_print_reading(ledger, out);
	if (color)
		text_add(out, ledger_complete(ledger) ? COLOR_GREEN : COLOR_RED);
	ledger_verdict(ledger, catalog, &verdict);
	/* It names a hook, and a capture's names are anybody's. */
	escape_print(out, text_string(&verdict), verdict.length, 0);
	out->failed |= verdict.failed;
	text_fini(&verdict);
	text_add(out, color ? COLOR_OFF "\n" : "\n");
	return text_failed(out) ? error_no_memory(err) : 0;
}
