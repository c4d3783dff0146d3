/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/order.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define ORDER_NAME(symbol, name) name,
	ORDERS(ORDER_NAME)
#undef ORDER_NAME
};

#define N_ORDERS (sizeof(names) / sizeof(names[0]))

int order_parse(const char *text, enum order *order, struct error *err)
{
	struct text all = TEXT_INIT;

	for (unsigned i = 0; i < N_ORDERS; i++) {
		if (!strcmp(names[i], text)) {
			*order = (enum order)i;
			text_fini(&all);
			return 0;
		}
		text_addf(&all, i ? ", %s" : "%s", names[i]);
	}
	error_usage(err, "there is no column '%s' to sort by", text);
	error_hint(err, "expected one of %s", text_string(&all));
	text_fini(&all);
	return -1;
}

uint64_t row_mean(const struct tally_row *row)
{
	return row->durations.total ? row->sum / row->durations.total : 0;
}

uint64_t row_quantile(const struct tally_row *row, unsigned permille)
{
	uint64_t value = histogram_quantile(&row->durations, permille);

	if (!row->durations.total)
		return 0;
	return value < row->min ? row->min : value > row->max ? row->max : value;
}

uint64_t order_value(const struct tally_row *row, enum order order)
{
	switch (order) {
	case ORDER_CALLS:
		return row->calls;
	case ORDER_ERRORS:
		return row->errors;
	case ORDER_TOTAL:
		return row->sum;
	case ORDER_MEAN:
		return row_mean(row);
	case ORDER_MEDIAN:
		return row_quantile(row, 500);
	case ORDER_P99:
		return row_quantile(row, 990);
	case ORDER_MAX:
		return row->max;
	}
	return 0;
}

int row_compare(const struct tally *tally, const struct tally_row *a, const struct tally_row *b,
		enum order order)
{
	uint64_t left = order_value(a, order), right = order_value(b, order);
	int names_order = 0;

	if (left != right)
		return left < right ? 1 : -1;
	if (a->calls != b->calls)
		return a->calls < b->calls ? 1 : -1;
	for (unsigned i = 0; i < tally->keys.spec.n_parts && !names_order; i++)
		names_order = strcmp(key_name(&tally->keys, a->names[i]),
				     key_name(&tally->keys, b->names[i]));
	return names_order;
}

struct sorting {
	const struct tally *tally;
	enum order order;
};

static int compare(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;

	return row_compare(sorting->tally, *(const struct tally_row *const *)left,
			   *(const struct tally_row *const *)right, sorting->order);
}

const struct tally_row **rows_sorted(const struct tally *tally, enum order order, struct error *err)
{
	const struct tally_row **rows = calloc(tally->n_rows + 1, sizeof(*rows));
	struct sorting sorting = {tally, order};

	if (!rows) {
		error_no_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < tally->n_rows; i++)
		rows[i] = &tally->rows[i];
	qsort_r(rows, tally->n_rows, sizeof(*rows), compare, &sorting);
	return rows;
}
