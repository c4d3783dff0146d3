/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/lookup.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64

void lookup_fini(struct lookup *lookup)
{
	free(lookup->slots);
}

void lookup_clear(struct lookup *lookup)
{
	lookup->n_full = 0;
	/* After so many rounds an old slot could pass for a new one. */
	if (++lookup->round == 0 && lookup->slots)
		memset(lookup->slots, 0xff, lookup->n_slots * sizeof(*lookup->slots));
}

static size_t slot_of(const struct lookup *lookup, uint64_t key)
{
	uint64_t hash = key * 0x9e3779b97f4a7c15ull;
	size_t at = (size_t)(hash ^ hash >> 32) & (lookup->n_slots - 1);

	while (lookup->slots[at].round == lookup->round && lookup->slots[at].key != key)
		at = (at + 1) & (lookup->n_slots - 1);
	return at;
}

bool lookup_find(const struct lookup *lookup, uint64_t key, uint32_t *number)
{
	const struct lookup_slot *slot;

	if (!lookup->n_full)
		return false;
	slot = &lookup->slots[slot_of(lookup, key)];
	if (slot->round != lookup->round)
		return false;
	*number = slot->number;
	return true;
}

static bool grow(struct lookup *lookup)
{
	struct lookup old = *lookup;
	struct lookup_slot *slots;

	lookup->n_slots = old.n_slots ? old.n_slots * 2 : FIRST_SLOTS;
	slots = malloc(lookup->n_slots * sizeof(*slots));
	if (!slots) {
		*lookup = old;
		return false;
	}
	/* No round is the one before the present one. */
	memset(slots, 0, lookup->n_slots * sizeof(*slots));
	for (size_t i = 0; i < lookup->n_slots; i++)
		slots[i].round = old.round - 1;
	lookup->slots = slots;
	for (size_t i = 0; i < old.n_slots; i++) {
		if (old.slots[i].round == old.round)
			slots[slot_of(lookup, old.slots[i].key)] = old.slots[i];
	}
	free(old.slots);
	return true;
}

bool lookup_add(struct lookup *lookup, uint64_t key, uint32_t number)
{
	size_t at;

	if (lookup->n_full >= lookup->n_slots / 2 && !grow(lookup))
		return false;
	at = slot_of(lookup, key);
	lookup->n_full += lookup->slots[at].round != lookup->round;
	lookup->slots[at] = (struct lookup_slot){key, number, lookup->round};
	return true;
}
