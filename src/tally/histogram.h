/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often which duration came: buckets of which each power of two has sixteen, so that what is
 * read from it is right to about 3 percent, from nanoseconds to centuries. Only the range that was
 * seen takes memory. Two histograms have the same buckets and can be compared.
 */
#ifndef TALLY_HISTOGRAM_H
#define TALLY_HISTOGRAM_H

#include <stdint.h>

#include "base/error.h"

#define HISTOGRAM_BUCKETS 976

struct histogram {
	uint64_t *counts; /* of the buckets first .. first + n - 1 */
	unsigned first, n;
	uint64_t total;
};

/* All zero is an empty one. */
void histogram_fini(struct histogram *histogram);
int histogram_add(struct histogram *histogram, uint64_t value, struct error *err);
/* How many values lie in that bucket, below HISTOGRAM_BUCKETS. */
uint64_t histogram_at(const struct histogram *histogram, unsigned bucket);
/*
 * The value that `permille` thousandths of the values don't exceed: 500 is the median. The middle
 * of its bucket; 0 for an empty histogram.
 */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned permille);

#endif
