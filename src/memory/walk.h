/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The blocks that a report is about, one after the other, each with its owner. */
#ifndef MEMORY_WALK_H
#define MEMORY_WALK_H

#include <stdint.h>

#include "memory/owner.h"
#include "memory/select.h"

/* Returns 0 to go on, or -1 with err. The owner is valid during the call only. */
typedef int memory_visit(void *context, const struct memory_block *block, const struct owner *owner,
			 struct error *err);

/*
 * Those that are selected, in their order. *left_out: how many were not, but for what other
 * families are made of; may be NULL.
 */
int memory_walk(const struct catalog *catalog, const struct memory *memory,
		const struct memory_selection *selection, memory_visit *visit, void *context,
		uint64_t *left_out, struct error *err);

#endif
