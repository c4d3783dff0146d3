/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/pending.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 1024

void pending_init(struct pending *pending)
{
	*pending = (struct pending){0};
}

void pending_fini(struct pending *pending)
{
	struct pending_entry *entry;

	while ((entry = pending_take_oldest(pending)))
		free(entry);
	free(pending->buckets);
	*pending = (struct pending){0};
}

const struct kmn_header *pending_record(const struct pending_entry *entry)
{
	return (const struct kmn_header *)entry->record;
}

static size_t bucket_of(size_t n_buckets, uint32_t cpu, uint64_t sequence)
{
	/* Sequences count up: multiplying by an odd constant keeps neighbours apart. */
	uint64_t mixed = (sequence ^ (uint64_t)cpu << 48) * 0x9e3779b97f4a7c15u;

	return (size_t)(mixed >> 32) & (n_buckets - 1);
}

static int grow(struct pending *pending, struct error *err)
{
	size_t n = pending->n_buckets ? pending->n_buckets * 2 : FIRST_BUCKETS;
	struct pending_entry **buckets = calloc(n, sizeof(*buckets));

	if (!buckets)
		return error_no_memory(err);
	for (struct pending_entry *entry = pending->oldest; entry; entry = entry->newer) {
		const struct kmn_header *header = pending_record(entry);
		size_t bucket = bucket_of(n, header->cpu, header->sequence);

		entry->chain = buckets[bucket];
		buckets[bucket] = entry;
	}
	free(pending->buckets);
	pending->buckets = buckets;
	pending->n_buckets = n;
	return 0;
}

int pending_add(struct pending *pending, const struct kmn_header *record, struct error *err)
{
	struct pending_entry *entry;
	size_t bucket;

	if (pending->count >= pending->n_buckets && grow(pending, err))
		return -1;
	entry = malloc(sizeof(*entry) + record->length);
	if (!entry)
		return error_no_memory(err);
	memcpy(entry->record, record, record->length);
	bucket = bucket_of(pending->n_buckets, record->cpu, record->sequence);
	entry->chain = pending->buckets[bucket];
	pending->buckets[bucket] = entry;
	entry->newer = NULL;
	entry->older = pending->newest;
	if (pending->newest)
		pending->newest->newer = entry;
	else
		pending->oldest = entry;
	pending->newest = entry;
	pending->count++;
	return 0;
}

struct pending_entry *pending_take(struct pending *pending, uint32_t cpu, uint64_t sequence)
{
	struct pending_entry **link, *entry;

	if (!pending->count)
		return NULL;
	link = &pending->buckets[bucket_of(pending->n_buckets, cpu, sequence)];
	for (; (entry = *link); link = &entry->chain)
		if (pending_record(entry)->cpu == cpu &&
		    pending_record(entry)->sequence == sequence)
			break;
	if (!entry)
		return NULL;
	*link = entry->chain;
	*(entry->older ? &entry->older->newer : &pending->oldest) = entry->newer;
	*(entry->newer ? &entry->newer->older : &pending->newest) = entry->older;
	pending->count--;
	return entry;
}

struct pending_entry *pending_take_oldest(struct pending *pending)
{
	const struct kmn_header *header;

	if (!pending->oldest)
		return NULL;
	header = pending_record(pending->oldest);
	return pending_take(pending, header->cpu, header->sequence);
}
