/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mark to tell growth from: how many blocks and bytes there were of each group. Groups are known
 * by how they read, so that a mark taken from another recording serves too.
 */
#ifndef MEMORY_GROWTH_H
#define MEMORY_GROWTH_H

#include <stdint.h>

#include "memory/group.h"

struct growth;

struct growth *growth_create(struct error *err);
void growth_destroy(struct growth *growth); /* NULL is fine */
/* Forget what was marked and mark these. */
int growth_mark(struct growth *growth, const struct catalog *catalog, const struct memory *memory,
		const struct groups *groups, struct error *err);
/* How a group has changed since; what was not there then has grown from nothing. */
void growth_since(const struct growth *growth, const struct catalog *catalog,
		  const struct memory *memory, const struct groups *groups,
		  const struct group *group, int64_t *blocks, int64_t *bytes);

#endif
