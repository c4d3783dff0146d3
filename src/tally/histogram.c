/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/histogram.h"

#include <stdlib.h>
#include <string.h>

#define SUB_BITS 4
#define EXACT (2u << SUB_BITS) /* values below have a bucket each */

_Static_assert(EXACT + (64 - SUB_BITS - 1) * (1 << SUB_BITS) == HISTOGRAM_BUCKETS,
	       "the number of buckets follows from their width");

static unsigned bucket_of(uint64_t value)
{
	unsigned octave;

	if (value < EXACT)
		return (unsigned)value;
	octave = 63 - (unsigned)__builtin_clzll(value);
	return EXACT + ((octave - SUB_BITS - 1) << SUB_BITS) +
	       (unsigned)(value >> (octave - SUB_BITS) & ((1u << SUB_BITS) - 1));
}

static uint64_t bucket_middle(unsigned bucket)
{
	unsigned octave, sub;

	if (bucket < EXACT)
		return bucket;
	octave = ((bucket - EXACT) >> SUB_BITS) + SUB_BITS + 1;
	sub = (bucket - EXACT) & ((1u << SUB_BITS) - 1);
	return ((uint64_t)((1u << SUB_BITS) + sub) << (octave - SUB_BITS)) +
	       ((uint64_t)1 << (octave - SUB_BITS) >> 1);
}

void histogram_fini(struct histogram *histogram)
{
	free(histogram->counts);
	*histogram = (struct histogram){0};
}

static int widen(struct histogram *histogram, unsigned bucket, struct error *err)
{
	unsigned end = histogram->first + histogram->n;
	unsigned first = !histogram->n || bucket < histogram->first ? bucket : histogram->first;
	unsigned n = (!histogram->n || bucket >= end ? bucket + 1 : end) - first;
	uint64_t *counts = calloc(n, sizeof(*counts));

	if (!counts)
		return error_no_memory(err);
	if (histogram->n)
		memcpy(counts + (histogram->first - first), histogram->counts,
		       histogram->n * sizeof(*counts));
	free(histogram->counts);
	histogram->counts = counts;
	histogram->first = first;
	histogram->n = n;
	return 0;
}

int histogram_add(struct histogram *histogram, uint64_t value, struct error *err)
{
	unsigned bucket = bucket_of(value);

	if (bucket - histogram->first >= histogram->n && widen(histogram, bucket, err))
		return -1;
	histogram->counts[bucket - histogram->first]++;
	histogram->total++;
	return 0;
}

uint64_t histogram_at(const struct histogram *histogram, unsigned bucket)
{
	return bucket - histogram->first < histogram->n
		       ? histogram->counts[bucket - histogram->first]
		       : 0;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned permille)
{
	uint64_t below = 0;

	for (unsigned i = 0; i < histogram->n; i++) {
		below += histogram->counts[i];
		/* In two parts, so that the product can't overflow. */
		if (below && below >= histogram->total / 1000 * permille +
					      (histogram->total % 1000 * permille + 999) / 1000)
			return bucket_middle(histogram->first + i);
	}
	return 0;
}
