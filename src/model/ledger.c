/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/ledger.h"

#include <stdlib.h>
#include <string.h>

#include <record.h>

void ledger_init(struct ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
}

void ledger_fini(struct ledger *ledger)
{
	free(ledger->rows);
	ledger_init(ledger);
}

int ledger_add(struct ledger *ledger, const struct ledger_row *row, struct error *err)
{
	if (ledger->n_rows == ledger->capacity) {
		size_t capacity = ledger->capacity ? ledger->capacity * 2 : 16;
		struct ledger_row *rows = realloc(ledger->rows, capacity * sizeof(*rows));

		if (!rows)
			return error_no_memory(err);
		ledger->rows = rows;
		ledger->capacity = capacity;
	}
	ledger->rows[ledger->n_rows++] = *row;
	return 0;
}

void ledger_total(const struct ledger *ledger, struct ledger_row *total)
{
	struct ledger_row sum = {.hook = KMN_NO_HOOK};

	for (size_t i = 0; i < ledger->n_rows; i++) {
		const struct ledger_row *row = &ledger->rows[i];

		sum.hits += row->hits;
		sum.recorded += row->recorded;
		sum.filtered += row->filtered;
		sum.lost += row->lost;
		sum.suspended += row->suspended;
		sum.missed += row->missed;
		sum.self += row->self;
		if (row->first_lost && (!sum.first_lost || row->first_lost < sum.first_lost))
			sum.first_lost = row->first_lost;
		if (row->last_lost > sum.last_lost)
			sum.last_lost = row->last_lost;
	}
	*total = sum;
}

bool ledger_complete(const struct ledger *ledger)
{
	if (ledger->interrupted || ledger->continued || ledger->damaged || ledger_broken(ledger))
		return false;
	for (size_t i = 0; i < ledger->n_rows; i++) {
		if (ledger->rows[i].lost || ledger->rows[i].missed)
			return false;
	}
	return true;
}

const struct ledger_row *ledger_broken(const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->n_rows; i++) {
		const struct ledger_row *row = &ledger->rows[i];

		if (row->hits != row->recorded + row->filtered + row->lost + row->suspended)
			return row;
	}
	return NULL;
}
