/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: for every hook what became of every call. hits = recorded + filtered + lost +
 * suspended; missed are calls that happened but that the kernel kept from us. One row for a hook's
 * entries, one for its returns.
 */
#ifndef MODEL_LEDGER_H
#define MODEL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum ledger_point { LEDGER_ENTRY, LEDGER_RETURN };

struct ledger_row {
	uint32_t hook; /* api id; KMN_NO_HOOK: what can't be laid to one hook */
	enum ledger_point point;
	uint64_t hits;
	uint64_t recorded;
	uint64_t filtered;
	uint64_t lost;			/* no room in the buffer */
	uint64_t suspended;		/* over the rate limit */
	uint64_t missed;		/* kept from us by the kernel (nesting, no free instance) */
	uint64_t self;			/* made by the monitor's own work; not among the hits */
	uint64_t first_lost, last_lost; /* ns; 0: none */
};

struct ledger {
	struct ledger_row *rows;
	size_t n_rows, capacity;
	bool interrupted; /* the stream ended before the ledger was written */
	bool continued;	  /* a part of a recording; the ledger is in its last part */
	uint64_t damaged; /* places where a capture could not be read */
	/* A recording read through a filter; the rows are those of the recording all the same. */
	bool filtered_reading;
	uint64_t calls_read, calls_left_out;
	uint64_t records_passed; /* earlier than what was asked for, and so not read */
};

void ledger_init(struct ledger *ledger);
void ledger_fini(struct ledger *ledger);
int ledger_add(struct ledger *ledger, const struct ledger_row *row, struct error *err);
/* The sums over all rows; hook and point mean nothing in it. */
void ledger_total(const struct ledger *ledger, struct ledger_row *total);
/*
 * Every call was recorded, filtered or suspended as asked for: nothing lost, nothing missed, the
 * stream whole and the sums right.
 */
bool ledger_complete(const struct ledger *ledger);
/* A row whose sum does not add up, or NULL: a bug of ours that must be shown. */
const struct ledger_row *ledger_broken(const struct ledger *ledger);

#endif
