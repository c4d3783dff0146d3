/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/spool.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/temporary.h"

/* The one that is read, the one that is filled, and one between them. */
#define LEAST_CHUNKS 3

/* Bytes that lie together, in memory or, when it is full, in the file. */
struct chunk {
	struct chunk *next;
	uint64_t *words; /* NULL: it is in the file */
	uint64_t slot;	 /* there */
	size_t first, end;
};

struct spool {
	struct chunk *oldest, *newest;
	uint64_t n_words, most; /* chunks in memory, and how many there may be */
	uint64_t bytes, in_file;
	struct temporary *file; /* NULL: nothing had to be written yet */
	uint64_t n_slots;	/* that the file has */
	uint64_t *free_slots;	/* of these */
	size_t n_free, capacity;
};

struct spool *spool_create(uint64_t memory, struct error *err)
{
	struct spool *spool = calloc(1, sizeof(*spool));

	if (!spool) {
		error_no_memory(err);
		return NULL;
	}
	spool->most = memory / SPOOL_CHUNK;
	if (spool->most < LEAST_CHUNKS)
		spool->most = LEAST_CHUNKS;
	return spool;
}

void spool_destroy(struct spool *spool)
{
	struct chunk *next;

	if (!spool)
		return;
	for (struct chunk *chunk = spool->oldest; chunk; chunk = next) {
		next = chunk->next;
		free(chunk->words);
		free(chunk);
	}
	temporary_close(spool->file);
	free(spool->free_slots);
	free(spool);
}

/* A slot that can be given back later: there is room to note it. */
static int take_slot(struct spool *spool, uint64_t *slot, struct error *err)
{
	if (spool->n_free) {
		*slot = spool->free_slots[--spool->n_free];
		return 0;
	}
	if (spool->n_slots == spool->capacity) {
		size_t capacity = spool->capacity ? spool->capacity * 2 : 64;
		uint64_t *slots = realloc(spool->free_slots, capacity * sizeof(*slots));

		if (!slots)
			return error_no_memory(err);
		spool->free_slots = slots;
		spool->capacity = capacity;
	}
	*slot = spool->n_slots++;
	return 0;
}

/* A slot at the file's end that could not be written is none. */
static void give_slot(struct spool *spool, uint64_t slot)
{
	spool->free_slots[spool->n_free++] = slot;
}

/* The memory of a chunk that is full, which goes to the file. */
static int put_away(struct spool *spool, struct chunk *chunk, uint64_t **words, struct error *err)
{
	uint64_t slot = 0;

	if (!spool->file && !(spool->file = temporary_create(err)))
		return SPOOL_FULL;
	if (take_slot(spool, &slot, err))
		return -1;
	if (temporary_write(spool->file, slot * SPOOL_CHUNK, chunk->words, chunk->end, err)) {
		give_slot(spool, slot);
		return SPOOL_FULL;
	}
	chunk->slot = slot;
	*words = chunk->words;
	chunk->words = NULL;
	spool->in_file += chunk->end - chunk->first;
	return SPOOL_PUT;
}

static int add_chunk(struct spool *spool, struct error *err)
{
	struct chunk *chunk = calloc(1, sizeof(*chunk));
	uint64_t *words = NULL;
	int result = SPOOL_PUT;

	if (!chunk)
		return error_no_memory(err);
	/* The oldest is being read, and with so many chunks the newest is another one. */
	if (spool->n_words >= spool->most) {
		result = put_away(spool, spool->newest, &words, err);
	} else {
		words = malloc(SPOOL_CHUNK);
		if (words)
			spool->n_words++;
		else
			result = error_no_memory(err);
	}
	if (result != SPOOL_PUT) {
		free(chunk);
		return result;
	}
	chunk->words = words;
	if (spool->newest)
		spool->newest->next = chunk;
	else
		spool->oldest = chunk;
	spool->newest = chunk;
	return SPOOL_PUT;
}

int spool_put(struct spool *spool, const void *bytes, size_t length, struct error *err)
{
	struct chunk *chunk = spool->newest;
	int result;

	if (length > SPOOL_CHUNK)
		return error_set(err, "%zu bytes are too many for a buffer", length);
	if (!chunk || SPOOL_CHUNK - chunk->end < length) {
		result = add_chunk(spool, err);
		if (result != SPOOL_PUT)
			return result;
		chunk = spool->newest;
	}
	memcpy((char *)chunk->words + chunk->end, bytes, length);
	chunk->end += length;
	spool->bytes += length;
	return SPOOL_PUT;
}

void spool_widen(struct spool *spool)
{
	spool->most++;
}

/* The oldest chunk goes when it is used up, unless more may still come to it. */
static void drop_used(struct spool *spool)
{
	while (spool->oldest && spool->oldest->first == spool->oldest->end) {
		struct chunk *chunk = spool->oldest;

		if (chunk == spool->newest) {
			chunk->first = chunk->end = 0;
			return;
		}
		spool->oldest = chunk->next;
		free(chunk->words);
		spool->n_words--;
		free(chunk);
	}
}

static int bring_back(struct spool *spool, struct chunk *chunk, struct error *err)
{
	uint64_t *words = malloc(SPOOL_CHUNK);

	if (!words)
		return error_no_memory(err);
	if (temporary_read(spool->file, chunk->slot * SPOOL_CHUNK, words, chunk->end, err)) {
		free(words);
		return -1;
	}
	chunk->words = words;
	spool->n_words++;
	spool->in_file -= chunk->end - chunk->first;
	give_slot(spool, chunk->slot);
	return 0;
}

int spool_front(struct spool *spool, const void **bytes, size_t *length, struct error *err)
{
	struct chunk *chunk;

	drop_used(spool);
	chunk = spool->oldest;
	*bytes = NULL;
	*length = 0;
	if (!chunk || chunk->first == chunk->end)
		return 0;
	if (!chunk->words && bring_back(spool, chunk, err))
		return -1;
	*bytes = (const char *)chunk->words + chunk->first;
	*length = chunk->end - chunk->first;
	return 0;
}

void spool_take(struct spool *spool, size_t length)
{
	spool->oldest->first += length;
	spool->bytes -= length;
	drop_used(spool);
}

uint64_t spool_bytes(const struct spool *spool)
{
	return spool->bytes;
}

uint64_t spool_bytes_in_file(const struct spool *spool)
{
	return spool->in_file;
}
