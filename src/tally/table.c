/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/table.h"

#include <stdlib.h>
#include <string.h>

#include "view/color.h"

void table_init(struct table *table, const struct table_column *columns, size_t n_columns)
{
	*table = (struct table){.columns = columns, .n_columns = n_columns};
}

void table_fini(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){0};
}

void table_add(struct table *table, struct text *text, const char *color)
{
	if (table->n_cells == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 256;
		struct table_cell *cells = realloc(table->cells, capacity * sizeof(*cells));

		if (!cells) {
			table->failed = true;
			text_clear(text);
			return;
		}
		table->cells = cells;
		table->capacity = capacity;
	}
	text_add(text, "");
	table->failed |= text_failed(text);
	table->cells[table->n_cells++] = (struct table_cell){text_take(text), color};
}

static const char *cell_text(const struct table *table, size_t index)
{
	return table->cells[index].text ? table->cells[index].text : "";
}

/* Columns on a terminal up to the end of the line; every character is one wide. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text && *text != '\n'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void spaces(struct text *out, size_t n)
{
	text_pad(out, out->length, n);
}

static void cell_print(const char *text, bool left, size_t width, bool last, const char *color,
		       struct text *out)
{
	size_t length = strcspn(text, "\n"), own = width_of(text);

	if (!left)
		spaces(out, width - own);
	text_add(out, color);
	text_add_bytes(out, text, length);
	text_add(out, *color ? COLOR_OFF : "");
	if (left && !last)
		spaces(out, width - own);
}

static void below_print(const char *text, struct text *out)
{
	text += strcspn(text, "\n");
	while (*text == '\n') {
		size_t length = strcspn(++text, "\n");

		text_add(out, "    ");
		text_add_bytes(out, text, length);
		text_add_char(out, '\n');
		text += length;
	}
}

static void lines_print(const struct table *table, const size_t *widths, bool color,
			struct text *out)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		text_add(out, i ? "  " : "");
		cell_print(table->columns[i].title, table->columns[i].left, widths[i],
			   i + 1 == table->n_columns, color ? COLOR_BOLD : "", out);
	}
	text_add_char(out, '\n');
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t column = i % table->n_columns;
		bool last = column + 1 == table->n_columns;

		text_add(out, column ? "  " : "");
		cell_print(cell_text(table, i), table->columns[column].left, widths[column], last,
			   table->cells[i].color, out);
		if (last) {
			text_add_char(out, '\n');
			below_print(cell_text(table, i), out);
		}
	}
}

int table_print(const struct table *table, bool color, struct text *out, struct error *err)
{
	size_t *widths = calloc(table->n_columns, sizeof(*widths));

	if (!widths || table->failed) {
		free(widths);
		return error_no_memory(err);
	}
	for (size_t i = 0; i < table->n_columns; i++)
		widths[i] = width_of(table->columns[i].title);
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t width = width_of(cell_text(table, i));

		if (width > widths[i % table->n_columns])
			widths[i % table->n_columns] = width;
	}
	lines_print(table, widths, color, out);
	free(widths);
	return text_failed(out) ? error_no_memory(err) : 0;
}
