/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a recording for a person: the ledger as a table, then the verdict.
 */
#ifndef VIEW_SUMMARY_H
#define VIEW_SUMMARY_H

#include <stdbool.h>

#include "base/text.h"
#include "model/catalog.h"
#include "model/ledger.h"

/* Rows shown when there are more; those with loss are shown in any case. */
#define SUMMARY_ROWS 20

/* What of a recording was chosen, in a line; nothing when all of it was. */
void summary_print_reading(const struct ledger *ledger, struct text *out);
int summary_print(const struct ledger *ledger, const struct catalog *catalog, bool color,
		  struct text *out, struct error *err);

#endif
