/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "tally/order.h"

static const char *const names[] = {
#define DIFFERENCE_NAME(symbol, name) name,
	DIFFERENCES(DIFFERENCE_NAME)
#undef DIFFERENCE_NAME
};

const char *difference_name(enum difference_kind kind)
{
	return names[kind];
}

static int unknown_kind(const char *word, size_t length, struct error *err)
{
	struct text text = TEXT_INIT;
	struct nearest nearest;

	text_add_bytes(&text, word, length);
	nearest_init(&nearest, text_string(&text));
	for (unsigned i = 0; i < N_DIFFERENCES; i++)
		nearest_offer(&nearest, names[i]);
	error_usage(err, "there is no kind of difference '%s'", text_string(&text));
	if (nearest.best)
		error_hint(err, "did you mean '%s'?", nearest.best);
	else
		error_hint(err, "expected new, gone, more, fewer, slower, faster or any");
	text_fini(&text);
	return -1;
}

int difference_parse(const char *text, unsigned *kinds, struct error *err)
{
	unsigned parsed = 0;

	for (;;) {
		size_t length = strcspn(text, ",");
		unsigned kind = 0;

		while (kind < N_DIFFERENCES &&
		       (strlen(names[kind]) != length || strncmp(names[kind], text, length) != 0))
			kind++;
		if (kind < N_DIFFERENCES)
			parsed |= 1u << kind;
		else if (length == 3 && !strncmp(text, "any", length))
			parsed |= (1u << N_DIFFERENCES) - 1;
		else
			return unknown_kind(text, length, err);
		if (!text[length])
			break;
		text += length + 1;
	}
	*kinds = parsed;
	return 0;
}

double compare_counts(uint64_t before, uint64_t after, double scale)
{
	double n = (double)before + (double)after, share = scale / (1 + scale);
	double spread = sqrt(n * share * (1 - share));

	return spread > 0 ? ((double)after - n * share) / spread : 0;
}

double compare_durations(const struct histogram *before, const struct histogram *after)
{
	double a = (double)before->total, b = (double)after->total, n = a + b;
	double below = 0, wins = 0, ties = 0, variance;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		double in_a = (double)histogram_at(before, i),
		       in_b = (double)histogram_at(after, i);
		double in_both = in_a + in_b;

		wins += in_b * (below + in_a / 2);
		below += in_a;
		ties += in_both * (in_both * in_both - 1);
	}
	/* Of the number of pairs in which the second is longer, with the correction for ties. */
	variance = n > 1 ? a * b / 12 * (n + 1 - ties / (n * (n - 1))) : 0;
	return variance > 0 ? (wins - a * b / 2) / sqrt(variance) : 0;
}

static int add(struct comparison *comparison, enum difference_kind kind,
	       const struct tally_row *before, const struct tally_row *after, double ratio,
	       struct error *err)
{
	if (comparison->n_differences == comparison->capacity) {
		size_t capacity = comparison->capacity ? comparison->capacity * 2 : 64;
		struct difference *differences =
			realloc(comparison->differences, capacity * sizeof(*differences));

		if (!differences)
			return error_no_memory(err);
		comparison->differences = differences;
		comparison->capacity = capacity;
	}
	comparison->differences[comparison->n_differences++] =
		(struct difference){kind, before, after, ratio};
	comparison->counts[kind]++;
	return 0;
}

static bool large_enough(struct comparison *comparison, double ratio,
			 const struct compare_options *options)
{
	if (fabs(ratio - 1) < 1e-9)
		return false;
	if (ratio >= 1 + options->change || ratio <= 1 / (1 + options->change))
		return true;
	comparison->small++;
	return false;
}

static int compare_calls(struct comparison *comparison, const struct tally_row *before,
			 const struct tally_row *after, const struct compare_options *options,
			 struct error *err)
{
	double ratio = (double)after->calls / ((double)before->calls * options->scale);
	double deviations = compare_counts(before->calls, after->calls, options->scale);

	if (!large_enough(comparison, ratio, options))
		return 0;
	if (fabs(deviations) < options->deviations) {
		comparison->small++;
		return 0;
	}
	return add(comparison, ratio > 1 ? DIFFERENCE_MORE : DIFFERENCE_FEWER, before, after, ratio,
		   err);
}

static int compare_speed(struct comparison *comparison, const struct tally_row *before,
			 const struct tally_row *after, const struct compare_options *options,
			 struct error *err)
{
	/* Half a nanosecond stands for none. */
	double first = (double)row_quantile(before, 500) + 0.5;
	double second = (double)row_quantile(after, 500) + 0.5, ratio = second / first;
	double deviations;

	if (before->durations.total < COMPARE_LEAST_DURATIONS ||
	    after->durations.total < COMPARE_LEAST_DURATIONS)
		return 0;
	if (!large_enough(comparison, ratio, options))
		return 0;
	deviations = compare_durations(&before->durations, &after->durations);
	if (ratio > 1 ? deviations < options->deviations : deviations > -options->deviations) {
		comparison->small++;
		return 0;
	}
	return add(comparison, ratio > 1 ? DIFFERENCE_SLOWER : DIFFERENCE_FASTER, before, after,
		   ratio, err);
}

/* A key that is in one of them only; expected: how many calls the other should have had. */
static int compare_single(struct comparison *comparison, enum difference_kind kind,
			  const struct tally_row *before, const struct tally_row *after,
			  double expected, const struct compare_options *options, struct error *err)
{
	if (expected >= options->least)
		return add(comparison, kind, before, after, 0, err);
	comparison->small++;
	return 0;
}

/* The row of the other tally that has the same names. */
static const struct tally_row *same_row(const struct tally *tally, const struct tally_row *row,
					const struct tally *other)
{
	const char *row_names[N_KEY_PARTS] = {NULL};

	for (unsigned i = 0; i < tally->keys.spec.n_parts; i++)
		row_names[i] = key_name(&tally->keys, row->names[i]);
	return tally_find(other, row_names);
}

static double weight(const struct difference *difference)
{
	double before = difference->before ? (double)difference->before->calls : 0;
	double after = difference->after ? (double)difference->after->calls : 0;

	if (difference->kind == DIFFERENCE_SLOWER || difference->kind == DIFFERENCE_FASTER)
		return fabs((double)row_quantile(difference->after, 500) -
			    (double)row_quantile(difference->before, 500)) *
		       after;
	return fabs(after - before);
}

static int by_kind_and_weight(const void *left, const void *right)
{
	const struct difference *a = left, *b = right;
	double first = weight(a), second = weight(b);

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (first > second || first < second)
		return first > second ? -1 : 1;
	return 0;
}

int comparison_make(struct comparison *comparison, const struct recording *before,
		    const struct recording *after, size_t key,
		    const struct compare_options *options, struct error *err)
{
	const struct tally *first = &before->tallies[key], *second = &after->tallies[key];
	int code = 0;

	*comparison = (struct comparison){0};
	for (size_t i = 0; i < first->n_rows && !code; i++) {
		const struct tally_row *row = &first->rows[i], *other;

		if (!recording_watched(after, key_name(&first->keys, row->names[0])))
			continue;
		comparison->compared++;
		other = same_row(first, row, second);
		if (!other)
			code = compare_single(comparison, DIFFERENCE_GONE, row, NULL,
					      (double)row->calls * options->scale, options, err);
		else if (!compare_calls(comparison, row, other, options, err))
			code = compare_speed(comparison, row, other, options, err);
		else
			code = -1;
	}
	for (size_t i = 0; i < second->n_rows && !code; i++) {
		const struct tally_row *row = &second->rows[i];

		if (same_row(second, row, first) ||
		    !recording_watched(before, key_name(&second->keys, row->names[0])))
			continue;
		comparison->compared++;
		code = compare_single(comparison, DIFFERENCE_NEW, NULL, row,
				      (double)row->calls / options->scale, options, err);
	}
	if (comparison->n_differences)
		qsort(comparison->differences, comparison->n_differences,
		      sizeof(*comparison->differences), by_kind_and_weight);
	return code;
}

void comparison_fini(struct comparison *comparison)
{
	free(comparison->differences);
	*comparison = (struct comparison){0};
}
