/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/frames.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_SLOTS 1024

struct entry {
	uint64_t address;
	struct frame frame;
	struct place *places[2]; /* of the address, of the call that returns to it */
	uint8_t n_places[2];
};

/* Names, each once: a million frames lie in a few thousand functions and a hundred modules. */
struct name {
	struct name *next; /* of the same bucket */
	char string[];
};

struct frame_table {
	struct place_finder finder;
	struct entry *entries; /* in order of addition */
	size_t n_entries, capacity;
	uint32_t *slots; /* index of an entry + 1, 0: empty; a power of two, at most half full */
	size_t n_slots;
	struct name **buckets; /* as many as slots */
	size_t n_names;
	uint64_t seed;
};

static size_t find_places(struct place_finder *finder, const struct catalog *catalog,
			  uint64_t address, bool returned, const struct place **places);

struct frame_table *frame_table_create(void)
{
	struct frame_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->slots = calloc(FIRST_SLOTS, sizeof(*table->slots));
	table->buckets = calloc(FIRST_SLOTS, sizeof(*table->buckets));
	if (!table->slots || !table->buckets) {
		frame_table_destroy(table);
		return NULL;
	}
	table->finder.find = find_places;
	table->n_slots = FIRST_SLOTS;
	/* Addresses and names in a capture are anybody's: see stack_table_create(). */
	table->seed = (uint64_t)(uintptr_t)table ^ (uint64_t)time(NULL) << 32;
	return table;
}

static void forget_places(struct entry *entry)
{
	for (int i = 0; i < 2; i++) {
		free(entry->places[i]);
		entry->places[i] = NULL;
		entry->n_places[i] = 0;
	}
}

void frame_table_destroy(struct frame_table *table)
{
	struct name *next;

	if (!table)
		return;
	for (size_t i = 0; i < table->n_slots; i++) {
		for (struct name *name = table->buckets[i]; name; name = next) {
			next = name->next;
			free(name);
		}
	}
	for (size_t i = 0; i < table->n_entries; i++)
		forget_places(&table->entries[i]);
	free(table->entries);
	free(table->slots);
	free(table->buckets);
	free(table);
}

static uint64_t mix(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdull;
	hash ^= hash >> 33;
	hash *= 0xc4ceb9fe1a85ec53ull;
	return hash ^ hash >> 33;
}

static size_t slot_of(const struct frame_table *table, uint64_t address)
{
	size_t at = (size_t)mix(address ^ table->seed) & (table->n_slots - 1);

	while (table->slots[at] && table->entries[table->slots[at] - 1].address != address)
		at = (at + 1) & (table->n_slots - 1);
	return at;
}

static size_t bucket_of(const struct frame_table *table, const char *string)
{
	uint64_t hash = table->seed;

	for (; *string; string++)
		hash = (hash ^ (unsigned char)*string) * 0x100000001b3ull;
	return (size_t)mix(hash) & (table->n_slots - 1);
}

static bool grow(struct frame_table *table)
{
	size_t old_slots = table->n_slots;
	struct name **old_buckets = table->buckets;
	uint32_t *slots = calloc(old_slots * 2, sizeof(*slots));
	struct name **buckets = calloc(old_slots * 2, sizeof(*buckets));
	struct name *next;

	if (!slots || !buckets) {
		free(slots);
		free(buckets);
		return false;
	}
	free(table->slots);
	table->slots = slots;
	table->buckets = buckets;
	table->n_slots = old_slots * 2;
	for (size_t i = 0; i < table->n_entries; i++)
		slots[slot_of(table, table->entries[i].address)] = (uint32_t)i + 1;
	for (size_t i = 0; i < old_slots; i++) {
		for (struct name *name = old_buckets[i]; name; name = next) {
			size_t at = bucket_of(table, name->string);

			next = name->next;
			name->next = buckets[at];
			buckets[at] = name;
		}
	}
	free(old_buckets);
	return true;
}

/* *kept is the table's own copy, or NULL for NULL. */
static int keep_name(struct frame_table *table, const char *string, const char **kept,
		     struct error *err)
{
	struct name *name;
	size_t at, size;

	if (!string) {
		*kept = NULL;
		return 0;
	}
	at = bucket_of(table, string);
	for (name = table->buckets[at]; name; name = name->next) {
		if (!strcmp(name->string, string)) {
			*kept = name->string;
			return 0;
		}
	}
	size = strlen(string) + 1;
	name = malloc(sizeof(*name) + size);
	if (!name)
		return error_no_memory(err);
	memcpy(name->string, string, size);
	name->next = table->buckets[at];
	table->buckets[at] = name;
	table->n_names++;
	*kept = name->string;
	return 0;
}

int frame_table_set(struct frame_table *table, uint64_t address, const struct frame *frame,
		    struct error *err)
{
	struct frame kept = *frame;
	size_t at;

	if ((table->n_entries >= table->n_slots / 2 || table->n_names >= table->n_slots) &&
	    !grow(table))
		return error_no_memory(err);
	if (table->n_entries == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 256;
		struct entry *entries = realloc(table->entries, capacity * sizeof(*entries));

		if (!entries)
			return error_no_memory(err);
		table->entries = entries;
		table->capacity = capacity;
	}
	if (keep_name(table, frame->symbol, &kept.symbol, err) ||
	    keep_name(table, frame->module, &kept.module, err))
		return -1;
	at = slot_of(table, address);
	if (!table->slots[at]) {
		table->entries[table->n_entries] = (struct entry){.address = address};
		table->slots[at] = (uint32_t)++table->n_entries;
	}
	table->entries[table->slots[at] - 1].frame = kept;
	forget_places(&table->entries[table->slots[at] - 1]);
	return 0;
}

int frame_table_set_places(struct frame_table *table, uint64_t address, bool returned,
			   const struct place *places, size_t n_places, struct error *err)
{
	uint32_t index = table->slots[slot_of(table, address)];
	struct entry *entry;
	struct place *copy;

	if (!index)
		return 0;
	if (table->n_names >= table->n_slots && !grow(table))
		return error_no_memory(err);
	copy = calloc(n_places ? n_places : 1, sizeof(*copy));
	if (!copy)
		return error_no_memory(err);
	for (size_t i = 0; i < n_places; i++) {
		copy[i].line = places[i].line;
		if (keep_name(table, places[i].function, &copy[i].function, err) ||
		    keep_name(table, places[i].file, &copy[i].file, err)) {
			free(copy);
			return -1;
		}
	}
	entry = &table->entries[index - 1];
	free(entry->places[returned]);
	entry->places[returned] = copy;
	entry->n_places[returned] = (uint8_t)n_places;
	return 0;
}

static size_t find_places(struct place_finder *finder, const struct catalog *catalog,
			  uint64_t address, bool returned, const struct place **places)
{
	const struct frame_table *table = (const struct frame_table *)finder;
	uint32_t index = table->slots[slot_of(table, address)];

	if (!index)
		return 0;
	*places = table->entries[index - 1].places[returned];
	return table->entries[index - 1].n_places[returned];
}

struct place_finder *frame_table_finder(struct frame_table *table)
{
	return &table->finder;
}

const struct frame *frame_table_find(const struct frame_table *table, uint64_t address)
{
	uint32_t index = table->slots[slot_of(table, address)];

	return index ? &table->entries[index - 1].frame : NULL;
}

size_t frame_table_count(const struct frame_table *table)
{
	return table->n_entries;
}

uint64_t frame_table_address(const struct frame_table *table, size_t index)
{
	return table->entries[index].address;
}
