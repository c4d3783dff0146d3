/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/drops.h"

#include <stdlib.h>
#include <string.h>

/* Hooks above this number have no counts of their own: live ones are numbered from 0 on. */
#define MAX_COUNTED (1u << 20)

void drops_fini(struct drops *drops)
{
	free(drops->hooks);
	*drops = (struct drops){0};
}

static struct drops_hook *hook_of(struct drops *drops, uint32_t hook)
{
	size_t n = drops->n_hooks ? drops->n_hooks : 64;
	struct drops_hook *hooks;

	if (hook < drops->n_hooks)
		return &drops->hooks[hook];
	if (hook >= MAX_COUNTED)
		return NULL;
	while (n <= hook)
		n *= 2;
	hooks = realloc(drops->hooks, n * sizeof(*hooks));
	if (!hooks)
		return NULL;
	memset(hooks + drops->n_hooks, 0, (n - drops->n_hooks) * sizeof(*hooks));
	drops->hooks = hooks;
	drops->n_hooks = n;
	return &hooks[hook];
}

void drops_add(struct drops *drops, const struct kmn_header *record)
{
	struct drops_hook *hook = hook_of(drops, record->hook);

	if (!hook)
		return;
	if (record->kind == KMN_RETURN)
		hook->returns++;
	else
		hook->entries++;
}

uint64_t drops_of(const struct drops *drops, uint32_t hook, enum ledger_point point)
{
	if (hook >= drops->n_hooks)
		return 0;
	return point == LEDGER_RETURN ? drops->hooks[hook].returns : drops->hooks[hook].entries;
}

void drops_settle(const struct drops *drops, struct ledger *ledger, size_t first)
{
	for (size_t i = first; i < ledger->n_rows; i++) {
		struct ledger_row *row = &ledger->rows[i];
		uint64_t dropped = drops_of(drops, row->hook, row->point);

		row->recorded -= dropped;
		row->filtered += dropped;
	}
}

void drops_lose(const struct drops *drops, uint64_t begin, uint64_t end, struct ledger *ledger,
		size_t first)
{
	for (size_t i = first; i < ledger->n_rows; i++) {
		struct ledger_row *row = &ledger->rows[i];
		uint64_t dropped = drops_of(drops, row->hook, row->point);

		if (!dropped)
			continue;
		row->recorded -= dropped;
		row->lost += dropped;
		if (!row->first_lost || begin < row->first_lost)
			row->first_lost = begin;
		if (end > row->last_lost)
			row->last_lost = end;
	}
}
