/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <record.h>

static void add_grouped(struct text *out, uint64_t number)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			text_add_char(out, ',');
		text_add_char(out, digits[i]);
	}
}

/* "0.3% lost", or in numbers where a percentage would read like none or like all of them. */
static void add_share(struct text *out, uint64_t part, uint64_t whole, const char *what)
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	if (part == whole)
		text_add(out, "100%");
	else if (part < whole && percent >= 0.1 && percent < 99.95)
		text_addf(out, "%.1f%%", percent);
	else {
		add_grouped(out, part);
		if (part < whole) {
			text_add(out, " of ");
			add_grouped(out, whole);
		}
	}
	text_addf(out, " %s", what);
}

static void add_name(struct text *out, const struct catalog *catalog, uint32_t hook)
{
	const struct api *api = api_table_find(&catalog->apis, hook);

	if (api && api->name)
		text_add(out, api->name);
	else if (hook == KMN_NO_HOOK)
		text_add(out, "of no single hook");
	else
		text_addf(out, "hook %" PRIu32, hook);
}

static void clock_text(const struct catalog *catalog, uint64_t time, char *buffer, size_t size)
{
	time_t seconds = (time_t)((int64_t)(time + (uint64_t)catalog->clock_offset) / 1000000000);
	const struct tm *local = localtime(&seconds);

	if (!local || !strftime(buffer, size, "%H:%M:%S", local))
		snprintf(buffer, size, "?");
}

static void add_times(struct text *out, const struct catalog *catalog, const struct ledger_row *row)
{
	char first[32], last[32];

	if (!row->first_lost && !row->last_lost)
		return;
	clock_text(catalog, row->first_lost ? row->first_lost : row->last_lost, first,
		   sizeof(first));
	clock_text(catalog, row->last_lost ? row->last_lost : row->first_lost, last, sizeof(last));
	text_addf(out, ", %s", first);
	if (strcmp(first, last))
		text_addf(out, "-%s", last);
}

static int by_hook(const void *left, const void *right)
{
	const struct ledger_row *a = left, *b = right;

	return a->hook < b->hook ? -1 : a->hook > b->hook;
}

/*
 * The hook with the most calls that are not there, its rows (entries, returns) together, and how
 * many hooks have any such. False: out of memory.
 */
static bool find_worst(const struct ledger *ledger, struct ledger_row *worst, size_t *n_hooks)
{
	struct ledger_row *rows = malloc(ledger->n_rows * sizeof(*rows));
	struct ledger_row most = {.hook = KMN_NO_HOOK};
	size_t n = 0, end;

	if (!rows)
		return false;
	memcpy(rows, ledger->rows, ledger->n_rows * sizeof(*rows));
	qsort(rows, ledger->n_rows, sizeof(*rows), by_hook);
	for (size_t start = 0; start < ledger->n_rows; start = end) {
		struct ledger one = {.rows = rows + start};
		struct ledger_row sum;

		for (end = start; end < ledger->n_rows && rows[end].hook == rows[start].hook; end++)
			one.n_rows++;
		ledger_total(&one, &sum);
		sum.hook = rows[start].hook;
		if (!sum.lost && !sum.missed)
			continue;
		if (!n++ || sum.lost + sum.missed > most.lost + most.missed)
			most = sum;
	}
	free(rows);
	*worst = most;
	*n_hooks = n;
	return true;
}

static void add_losses(struct text *out, const struct catalog *catalog, const struct ledger *ledger)
{
	struct ledger_row worst, total;
	uint64_t calls;
	size_t n_hooks;

	if (!find_worst(ledger, &worst, &n_hooks)) {
		out->failed = true;
		return;
	}
	ledger_total(ledger, &total);
	calls = worst.hits + worst.missed;
	/* What can't be laid to one hook is a share of everything. */
	if (worst.hook == KMN_NO_HOOK)
		calls = total.hits + total.missed;
	if (worst.lost)
		add_share(out, worst.lost, calls, "lost");
	if (worst.lost && worst.missed)
		text_add(out, ", ");
	if (worst.missed)
		add_share(out, worst.missed, calls, "missed");
	text_add(out, ", ");
	add_name(out, catalog, worst.hook);
	add_times(out, catalog, &worst);
	if (n_hooks > 1)
		text_addf(out, ", and %zu more %s", n_hooks - 1, n_hooks > 2 ? "hooks" : "hook");
}

void ledger_verdict(const struct ledger *ledger, const struct catalog *catalog, struct text *out)
{
	const struct ledger_row *broken = ledger_broken(ledger);
	const char *separator = "";
	struct ledger_row total;

	if (ledger_complete(ledger)) {
		text_add(out, "COMPLETE");
		return;
	}
	text_add(out, "INCOMPLETE: ");
	ledger_total(ledger, &total);
	if (total.lost || total.missed) {
		add_losses(out, catalog, ledger);
		separator = "; ";
	}
	if (ledger->damaged) {
		text_addf(out,
			  "%sthe capture is damaged in %" PRIu64 " place%s, what was there is "
			  "not shown",
			  separator, ledger->damaged, ledger->damaged > 1 ? "s" : "");
		separator = "; ";
	}
	if (ledger->interrupted) {
		text_addf(out, "%sthe capture ends before its ledger (the writer was killed?)",
			  separator);
		separator = "; ";
	}
	if (ledger->continued) {
		text_addf(out, "%sa part of a recording whose ledger is in its last part",
			  separator);
		separator = "; ";
	}
	if (broken) {
		text_addf(out, "%sthe counts of ", separator);
		add_name(out, catalog, broken->hook);
		text_add(out, " do not add up (a fault of Kapimon)");
	}
}
