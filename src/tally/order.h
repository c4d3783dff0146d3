/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rows of a tally can be sorted by, and the numbers that follow from them.
 */
#ifndef TALLY_ORDER_H
#define TALLY_ORDER_H

#include "tally/tally.h"

/* X(symbol, name) */
#define ORDERS(X)                                                                                  \
	X(CALLS, "calls")                                                                          \
	X(ERRORS, "errors")                                                                        \
	X(TOTAL, "total")                                                                          \
	X(MEAN, "mean")                                                                            \
	X(MEDIAN, "median")                                                                        \
	X(P99, "p99")                                                                              \
	X(MAX, "max")

enum order {
#define ORDER_ENUM(symbol, name) ORDER_##symbol,
	ORDERS(ORDER_ENUM)
#undef ORDER_ENUM
};

int order_parse(const char *text, enum order *order, struct error *err);
/* The number that the row is sorted by. */
uint64_t order_value(const struct tally_row *row, enum order order);
/* Mean duration, ns; 0 when none is known. */
uint64_t row_mean(const struct tally_row *row);
/* A quantile as in histogram_quantile(), but never beyond the shortest and the longest. */
uint64_t row_quantile(const struct tally_row *row, unsigned permille);
/* Names of the key in alphabetical order decide between equals. */
int row_compare(const struct tally *tally, const struct tally_row *a, const struct tally_row *b,
		enum order order);
/* The rows, largest first; free() it. NULL with err when out of memory. */
const struct tally_row **rows_sorted(const struct tally *tally, enum order order,
				     struct error *err);

#endif
