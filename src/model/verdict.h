/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict: the one line that says whether a run or a capture has every call, and if not, what
 * share of which hook's calls is not there, and when they happened.
 */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include "base/text.h"
#include "model/catalog.h"
#include "model/ledger.h"

/*
 * Add "COMPLETE" or "INCOMPLETE: ..." to out, without a newline:
 *
 *	INCOMPLETE: 0.3% lost, kfree, 12:01:03-12:01:05, and 3 more hooks
 *	INCOMPLETE: 3 of 1,000,000 missed, kfree
 *	INCOMPLETE: the capture ends before its ledger (the writer was killed?)
 *
 * The hook that is named is the one with the most calls lost and missed; shares are of its own
 * calls, entries and returns together. Times are local. "COMPLETE" exactly when ledger_complete().
 */
void ledger_verdict(const struct ledger *ledger, const struct catalog *catalog, struct text *out);

#endif
