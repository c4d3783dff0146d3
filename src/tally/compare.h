/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between two recordings: calls that are new or gone, more or fewer, slower or faster.
 *
 * A difference is told when it is large enough to matter (a relative change) and unlikely to be
 * chance:
 *
 * - new, gone: had the calls been as frequent in the other recording, at least `least` would have
 *   been there. With 3, none would be seen by chance in 5 percent of the cases at most.
 * - more, fewer: the calls are split between the recordings as their lengths are, but for
 *   `deviations` standard deviations of the binomial distribution.
 * - slower, faster: the medians differ, and so do the durations by the rank test of Mann and
 *   Whitney, by `deviations` standard deviations. A test of ranks takes the long tail of durations
 *   for what it is.
 *
 * The first part of the key must be the function: functions that only one of the recordings
 * watched are left out, since their calls are neither new nor gone.
 */
#ifndef TALLY_COMPARE_H
#define TALLY_COMPARE_H

#include "tally/recording.h"

/* X(symbol, name) */
#define DIFFERENCES(X)                                                                             \
	X(NEW, "new")                                                                              \
	X(GONE, "gone")                                                                            \
	X(MORE, "more")                                                                            \
	X(FEWER, "fewer")                                                                          \
	X(SLOWER, "slower")                                                                        \
	X(FASTER, "faster")

enum difference_kind {
#define DIFFERENCE_ENUM(symbol, name) DIFFERENCE_##symbol,
	DIFFERENCES(DIFFERENCE_ENUM)
#undef DIFFERENCE_ENUM
		N_DIFFERENCES
};

#define COMPARE_CHANGE 0.25
#define COMPARE_DEVIATIONS 4.0
#define COMPARE_LEAST 3.0
/* Durations of fewer calls say nothing about the others. */
#define COMPARE_LEAST_DURATIONS 8

struct compare_options {
	double change;	   /* least relative change: 0.25 is a quarter more */
	double deviations; /* least number of standard deviations */
	double least;	   /* calls, see above */
	double scale;	   /* how much longer the second recording is; 1 compares counts */
};

struct difference {
	enum difference_kind kind;
	const struct tally_row *before, *after; /* NULL: not there */
	double ratio; /* after by before: of the calls or, slower and faster, of the medians; 0:
			 none */
};

struct comparison {
	struct difference *differences; /* by kind, largest first */
	size_t n_differences, capacity;
	size_t compared; /* keys that were held against each other */
	size_t small;	 /* differences that were not large or not sure enough */
	size_t counts[N_DIFFERENCES];
};

const char *difference_name(enum difference_kind kind);
/* "new,slower": a bit for each kind; "any" is all of them. */
int difference_parse(const char *text, unsigned *kinds, struct error *err);

/* Compare what key number `key` made of the two. comparison_fini() also after a failure. */
int comparison_make(struct comparison *comparison, const struct recording *before,
		    const struct recording *after, size_t key,
		    const struct compare_options *options, struct error *err);
void comparison_fini(struct comparison *comparison);

/* How many standard deviations the second share of calls is off what `scale` makes expected. */
double compare_counts(uint64_t before, uint64_t after, double scale);
/* The same of the durations' ranks: positive when the second ones are longer. */
double compare_durations(const struct histogram *before, const struct histogram *after);

#endif
