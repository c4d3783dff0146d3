/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/intern.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_SLOTS 64
#define MAX_STRINGS (1u << 30)

struct intern_string {
	uint64_t hash;
	uint64_t length;
	char bytes[];
};

_Static_assert(offsetof(struct intern_string, bytes) % 8 == 0, "bytes are promised to be aligned");

void intern_init(struct intern *intern)
{
	*intern = (struct intern){0};
	/* Names in a capture are anybody's: without a seed they could be made to collide here. */
	intern->seed = (uint64_t)(uintptr_t)intern ^ (uint64_t)time(NULL) << 32;
}

void intern_clear(struct intern *intern)
{
	for (uint32_t i = 0; i < intern->count; i++)
		free(intern->strings[i]);
	intern->count = 0;
	if (intern->slots)
		memset(intern->slots, 0, intern->n_slots * sizeof(*intern->slots));
}

void intern_fini(struct intern *intern)
{
	intern_clear(intern);
	free(intern->strings);
	free(intern->slots);
	*intern = (struct intern){0};
}

static uint64_t hash_of(const struct intern *intern, const void *bytes, size_t length)
{
	uint64_t hash = intern->seed ^ length;
	const unsigned char *p = bytes;

	for (; length >= 8; length -= 8, p += 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		hash = (hash ^ word) * 0xff51afd7ed558ccdull;
		hash ^= hash >> 32;
	}
	for (; length; length--)
		hash = (hash ^ *p++) * 0x100000001b3ull;
	hash ^= hash >> 33;
	hash *= 0xc4ceb9fe1a85ec53ull;
	return hash ^ hash >> 33;
}

/* The slot that holds the string, or the free one where it belongs. */
static uint32_t *slot_of(const struct intern *intern, uint64_t hash, const void *bytes,
			 size_t length)
{
	size_t at = (size_t)hash & (intern->n_slots - 1);

	while (intern->slots[at]) {
		const struct intern_string *string = intern->strings[intern->slots[at] - 1];

		if (string->hash == hash && string->length == length &&
		    !memcmp(string->bytes, bytes, length))
			break;
		at = (at + 1) & (intern->n_slots - 1);
	}
	return &intern->slots[at];
}

static int grow(struct intern *intern, struct error *err)
{
	size_t n = intern->n_slots ? intern->n_slots * 2 : FIRST_SLOTS;
	struct intern_string **strings;
	uint32_t *slots;

	if (n > MAX_STRINGS)
		return error_set(err, "there are too many different names to tell apart");
	strings = realloc(intern->strings, n / 2 * sizeof(*strings));
	if (!strings)
		return error_no_memory(err);
	intern->strings = strings;
	slots = calloc(n, sizeof(*slots));
	if (!slots)
		return error_no_memory(err);
	free(intern->slots);
	intern->slots = slots;
	intern->n_slots = n;
	for (uint32_t i = 0; i < intern->count; i++) {
		const struct intern_string *string = strings[i];

		*slot_of(intern, string->hash, string->bytes, string->length) = i + 1;
	}
	return 0;
}

int intern_add(struct intern *intern, const void *bytes, size_t length, uint32_t *number,
	       bool *added, struct error *err)
{
	uint64_t hash = hash_of(intern, bytes, length);
	struct intern_string *string;
	uint32_t *slot;

	if (intern->count * (size_t)2 >= intern->n_slots && grow(intern, err))
		return -1;
	slot = slot_of(intern, hash, bytes, length);
	*added = !*slot;
	if (!*slot) {
		string = malloc(sizeof(*string) + length + 1);
		if (!string)
			return error_no_memory(err);
		string->hash = hash;
		string->length = length;
		memcpy(string->bytes, bytes, length);
		string->bytes[length] = '\0';
		intern->strings[intern->count++] = string;
		*slot = intern->count;
	}
	*number = *slot - 1;
	return 0;
}

bool intern_find(const struct intern *intern, const void *bytes, size_t length, uint32_t *number)
{
	const uint32_t *slot;

	if (!intern->count)
		return false;
	slot = slot_of(intern, hash_of(intern, bytes, length), bytes, length);
	if (*slot)
		*number = *slot - 1;
	return *slot;
}

const void *intern_bytes(const struct intern *intern, uint32_t number)
{
	return intern->strings[number]->bytes;
}

size_t intern_length(const struct intern *intern, uint32_t number)
{
	return intern->strings[number]->length;
}
