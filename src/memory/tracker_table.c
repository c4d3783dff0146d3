/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/tracker_table.h"

#include <stdlib.h>

#define FIRST_SLOTS 1024

void tracker_table_fini(struct tracker_table *table)
{
	free(table->slots);
	*table = (struct tracker_table){0};
}

/* Addresses in a capture are anybody's, but who makes them collide waits for himself only. */
static size_t home_of(const struct tracker_table *table, uint64_t key)
{
	uint64_t hash = key * 0x9e3779b97f4a7c15ull;

	return (size_t)(hash ^ hash >> 32) & (table->n_slots - 1);
}

static size_t slot_of(const struct tracker_table *table, uint64_t key)
{
	size_t at = home_of(table, key);

	while (table->slots[at].key && table->slots[at].key != key)
		at = (at + 1) & (table->n_slots - 1);
	return at;
}

struct tracked *tracker_table_find(const struct tracker_table *table, uint64_t key)
{
	struct tracked *slot;

	if (!table->n_full)
		return NULL;
	slot = &table->slots[slot_of(table, key)];
	return slot->key ? slot : NULL;
}

static bool grow(struct tracker_table *table)
{
	struct tracker_table grown = {.n_slots = table->n_slots ? table->n_slots * 2 : FIRST_SLOTS,
				      .n_full = table->n_full};

	grown.slots = calloc(grown.n_slots, sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	for (size_t i = 0; i < table->n_slots; i++) {
		if (table->slots[i].key)
			grown.slots[slot_of(&grown, table->slots[i].key)] = table->slots[i];
	}
	free(table->slots);
	*table = grown;
	return true;
}

bool tracker_table_put(struct tracker_table *table, const struct tracked *block)
{
	struct tracked copy = *block;
	struct tracked *slot;

	if (table->n_full >= table->n_slots / 2 && !grow(table))
		return false;
	slot = &table->slots[slot_of(table, copy.key)];
	table->n_full += !slot->key;
	*slot = copy;
	return true;
}

/* Those behind it move up, so that no search ends at the hole. */
void tracker_table_remove(struct tracker_table *table, uint64_t key)
{
	size_t mask = table->n_slots - 1, hole, at;

	if (!tracker_table_find(table, key))
		return;
	hole = at = slot_of(table, key);
	for (;;) {
		at = (at + 1) & mask;
		if (!table->slots[at].key)
			break;
		if (((at - home_of(table, table->slots[at].key)) & mask) >= ((at - hole) & mask)) {
			table->slots[hole] = table->slots[at];
			hole = at;
		}
	}
	table->slots[hole].key = 0;
	table->n_full--;
}
