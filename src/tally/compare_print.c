/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/compare_print.h"

#include <string.h>

#include "tally/order.h"
#include "tally/table.h"
#include "view/color.h"
#include "view/escape.h"
#include "view/number.h"

#define MAX_COLUMNS (6 + N_KEY_PARTS)
#define MAX_NAMED 5

static void recording_print(const char *name, const char *path, const struct recording *recording,
			    struct text *out)
{
	text_addf(out, "%s: ", name);
	escape_print(out, path, strlen(path), 0);
	text_add(out, ", ");
	number_print_duration(out, recording->duration);
	text_add(out, ", ");
	number_print_grouped(out, recording->tallies[0].calls);
	text_add(out, recording->tallies[0].calls == 1 ? " call, " : " calls, ");
	escape_print(out, text_string(&recording->verdict), recording->verdict.length, 0);
	text_add_char(out, '\n');
}

/* Functions that `one` watched and `other` did not. */
static void only_print(const char *name, const struct recording *one, const struct recording *other,
		       struct text *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < one->watched.count; i++) {
		const char *api = intern_bytes(&one->watched, i);

		if (recording_watched(other, api))
			continue;
		if (n < MAX_NAMED) {
			if (n)
				text_add(out, ", ");
			else
				text_addf(out, "Watched only in %s and not compared: ", name);
			escape_print(out, api, strlen(api), 0);
		}
		n++;
	}
	if (n > MAX_NAMED)
		text_addf(out, " and %zu more", n - MAX_NAMED);
	if (n)
		text_add_char(out, '\n');
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

void compare_print_head(const struct compare_print *print, struct text *out)
{
	const struct recording *before = print->before, *after = print->after;

	recording_print("A", print->path_before, before, out);
	recording_print("B", print->path_after, after, out);
	if (print->scaled)
		text_add(out, "They differ in length: calls are compared by how many there were in "
			      "the same time.\n");
	if (before->keys[0].no_offsets)
		text_add(out, "They are of different kernels: places are compared by function, "
			      "without offsets.\n");
	if (!before->complete || !after->complete)
		text_addf(out, "%s INCOMPLETE: %s counts are lower bounds.\n",
			  before->complete  ? "B is"
			  : after->complete ? "A is"
					    : "Both are",
			  before->complete || after->complete ? "its" : "their");
	if (!same_text(before->catalog->spec, after->catalog->spec))
		text_add(out,
			 "They were not asked to watch the same: \"kapimon session FILE\" tells "
			 "what each was.\n");
	only_print("A", before, after, out);
	only_print("B", after, before, out);
}

static void key_title(const struct key_spec *key, struct text *out)
{
	for (unsigned i = 0; i < key->n_parts; i++)
		text_addf(out, i ? " and %s" : "%s", key_part_name(key->parts[i]));
}

static void calls_cell(struct table *table, const struct tally_row *row)
{
	struct text cell = TEXT_INIT;

	number_print_grouped(&cell, row ? row->calls : 0);
	table_add(table, &cell, "");
}

static void median_cell(struct table *table, const struct tally_row *row)
{
	struct text cell = TEXT_INIT;

	if (row && row->durations.total)
		number_print_duration(&cell, row_quantile(row, 500));
	else
		text_add_char(&cell, '-');
	table_add(table, &cell, "");
}

static void change_cell(struct table *table, double ratio)
{
	struct text cell = TEXT_INIT;

	if (ratio >= 10)
		text_addf(&cell, "x%.0f", ratio);
	else if (ratio > 0)
		text_addf(&cell, "%+.0f%%", (ratio - 1) * 100);
	else
		text_add_char(&cell, '-');
	table_add(table, &cell, "");
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

static const char *kind_color(enum difference_kind kind)
{
	switch (kind) {
	case DIFFERENCE_NEW:
	case DIFFERENCE_MORE:
	case DIFFERENCE_SLOWER:
		return COLOR_RED;
	default:
		return COLOR_GREEN;
	}
}

/* The tally that a difference's names are to be looked up in, and its row. */
static const struct tally *names_of(const struct compare_print *print, size_t key,
				    const struct difference *difference,
				    const struct tally_row **row)
{
	*row = difference->before ? difference->before : difference->after;
	return difference->before ? &print->before->tallies[key] : &print->after->tallies[key];
}

static void difference_cells(const struct compare_print *print, size_t key,
			     const struct difference *difference, struct table *table)
{
	const struct tally_row *row;
	const struct tally *tally = names_of(print, key, difference, &row);
	struct text cell = TEXT_INIT;

	text_add(&cell, difference_name(difference->kind));
	table_add(table, &cell, print->color ? kind_color(difference->kind) : "");
	calls_cell(table, difference->before);
	calls_cell(table, difference->after);
	median_cell(table, difference->before);
	median_cell(table, difference->after);
	change_cell(table, difference->ratio);
	for (unsigned i = 0; i < tally->keys.spec.n_parts; i++)
		name_cell(table, key_name(&tally->keys, row->names[i]));
}

static size_t make_columns(const struct key_spec *key, struct table_column *columns)
{
	static const struct table_column numbers[] = {
		{"WHAT", true},	     {"CALLS A", false},  {"CALLS B", false},
		{"MEDIAN A", false}, {"MEDIAN B", false}, {"CHANGE", false},
	};
	size_t n = sizeof(numbers) / sizeof(numbers[0]);

	memcpy(columns, numbers, sizeof(numbers));
	for (unsigned i = 0; i < key->n_parts; i++)
		columns[n++] = (struct table_column){key_part_title(key->parts[i]), true};
	return n;
}

static void foot_print(const struct comparison *comparison, size_t shown, struct text *out)
{
	if (shown < comparison->n_differences) {
		text_add(out, "... and ");
		number_print_grouped(out, comparison->n_differences - shown);
		text_add(out, " more\n");
	}
	if (!comparison->small)
		return;
	number_print_grouped(out, comparison->small);
	text_add(out, comparison->small == 1 ? " difference is" : " differences are");
	text_add(out, " too small or may be chance\n");
}

int compare_print_table(const struct compare_print *print, size_t key,
			const struct comparison *comparison, struct text *out, struct error *err)
{
	const struct key_spec *spec = &print->before->keys[key];
	struct table_column columns[MAX_COLUMNS];
	size_t shown = comparison->n_differences;
	struct table table;
	int status = 0;

	if (print->rows && print->rows < shown)
		shown = print->rows;
	text_add(out, "\nBy ");
	key_title(spec, out);
	if (!comparison->n_differences) {
		text_add(out, ": no difference among ");
		number_print_grouped(out, comparison->compared);
		text_add_char(out, '\n');
	} else {
		text_add(out, ":\n");
		table_init(&table, columns, make_columns(spec, columns));
		for (size_t i = 0; i < shown; i++)
			difference_cells(print, key, &comparison->differences[i], &table);
		status = table_print(&table, print->color, out, err);
		table_fini(&table);
	}
	foot_print(comparison, shown, out);
	return status;
}

static void row_json(const char *name, const struct tally_row *row, struct text *out)
{
	text_addf(out, ",\"%s\":", name);
	if (!row) {
		text_add(out, "null");
		return;
	}
	text_addf(out, "{\"calls\":%llu,\"errors\":%llu", (unsigned long long)row->calls,
		  (unsigned long long)row->errors);
	if (row->durations.total)
		text_addf(out, ",\"mean\":%llu,\"median\":%llu,\"p99\":%llu",
			  (unsigned long long)row_mean(row),
			  (unsigned long long)row_quantile(row, 500),
			  (unsigned long long)row_quantile(row, 990));
	text_add_char(out, '}');
}

void compare_json(const struct compare_print *print, size_t key,
		  const struct comparison *comparison, struct text *out)
{
	const struct key_spec *spec = &print->before->keys[key];

	for (size_t i = 0; i < comparison->n_differences; i++) {
		const struct difference *difference = &comparison->differences[i];
		const struct tally_row *row;
		const struct tally *tally = names_of(print, key, difference, &row);

		text_addf(out, "{\"difference\":\"%s\",\"by\":\"%s\"",
			  difference_name(difference->kind),
			  key_part_name(spec->parts[spec->n_parts - 1]));
		for (unsigned k = 0; k < spec->n_parts; k++) {
			const char *name = key_name(&tally->keys, row->names[k]);

			text_addf(out, ",\"%s\":", key_part_name(spec->parts[k]));
			escape_json(out, name, strlen(name));
		}
		row_json("before", difference->before, out);
		row_json("after", difference->after, out);
		if (difference->ratio > 0)
			text_addf(out, ",\"ratio\":%.3f", difference->ratio);
		text_add(out, "}\n");
	}
}

static void recording_json(const char *name, const char *path, const struct recording *recording,
			   struct text *out)
{
	text_addf(out, "\"%s\":{\"file\":", name);
	escape_json(out, path, strlen(path));
	text_addf(out, ",\"duration\":%llu,\"calls\":%llu,\"complete\":%s,\"verdict\":",
		  (unsigned long long)recording->duration,
		  (unsigned long long)recording->tallies[0].calls,
		  recording->complete ? "true" : "false");
	escape_json(out, text_string(&recording->verdict), recording->verdict.length);
	text_add(out, "},");
}

void compare_json_end(const struct compare_print *print, size_t n_differences, struct text *out)
{
	text_add(out, "{\"diff\":{");
	recording_json("before", print->path_before, print->before, out);
	recording_json("after", print->path_after, print->after, out);
	text_addf(out, "\"scaled\":%s,\"offsets\":%s,\"same_session\":%s,\"differences\":%zu}}\n",
		  print->scaled ? "true" : "false",
		  print->before->keys[0].no_offsets ? "false" : "true",
		  same_text(print->before->catalog->spec, print->after->catalog->spec) ? "true"
										       : "false",
		  n_differences);
}
