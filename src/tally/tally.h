/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls summed up by a key: how many, how many of them failed, how long they took. Feed it records
 * in order of time; entries and returns are put together on the way. Memory grows with the number
 * of different keys and of calls under way, not with the length of the recording.
 *
 * A call is counted once, with its return or, where that is not hooked or not there, without.
 */
#ifndef TALLY_TALLY_H
#define TALLY_TALLY_H

#include "tally/histogram.h"
#include "tally/key.h"
#include "view/calls.h"

struct tally_row {
	uint32_t names[N_KEY_PARTS]; /* for key_name(), as many as the key has parts */
	uint64_t calls;
	uint64_t ended;		    /* of these: it is known what they returned */
	uint64_t errors;	    /* of these: they returned an error */
	uint64_t sum, min, max;	    /* of the durations, ns */
	struct histogram durations; /* of those that are known */
};

struct tally {
	struct key_maker keys;
	struct intern row_keys;
	struct tally_row *rows;
	size_t n_rows, capacity;
	struct calls joining;
	uint64_t calls, errors, sum;
	uint64_t lost;	      /* records lost, as the markers on the way tell */
	uint64_t suspended;   /* calls not recorded while their hook was suspended */
	uint64_t first, last; /* time of the first and the last record, ns; 0: none */
};

/* The tally must not be moved afterwards. */
void tally_init(struct tally *tally, const struct key_spec *spec, const struct catalog *catalog);
void tally_fini(struct tally *tally);
int tally_add(struct tally *tally, const struct kmn_header *header, struct error *err);
/* No more records come: count the calls that are still open. */
int tally_end(struct tally *tally, struct error *err);

/* Calls whose return was hooked but is not there, and calls of which only the return is there. */
uint64_t tally_open(const struct tally *tally);
uint64_t tally_no_entry(const struct tally *tally);

/* The row with these names (one for each part), or NULL. */
const struct tally_row *tally_find(const struct tally *tally, const char *const *names);

#endif
