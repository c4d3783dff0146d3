/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many records of each hook were dropped after the kernel had recorded them: what the ledger
 * has to count as filtered, because somebody wished it, or as lost.
 */
#ifndef MODEL_DROPS_H
#define MODEL_DROPS_H

#include <stddef.h>
#include <stdint.h>

#include <record.h>

#include "model/ledger.h"

struct drops {
	struct drops_hook {
		uint64_t entries, returns;
	} * hooks;
	size_t n_hooks;
};

/* Drops of zeros are none. */
void drops_fini(struct drops *drops);
void drops_add(struct drops *drops, const struct kmn_header *record);
uint64_t drops_of(const struct drops *drops, uint32_t hook, enum ledger_point point);
/* From recorded to filtered, in the rows from number `first` on: their sums stay. */
void drops_settle(const struct drops *drops, struct ledger *ledger, size_t first);
/* From recorded to lost, between these times, where anything was dropped. */
void drops_lose(const struct drops *drops, uint64_t begin, uint64_t end, struct ledger *ledger,
		size_t first);

#endif
