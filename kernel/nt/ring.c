/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring.h"

#include "counter.h"

#define POSITION_BITS 24
#define POSITION_MASK ((1u << POSITION_BITS) - 1)

/* In ring.next: the ring was passed on. */
#define PASSED (1ull << 63)
/* All of it: the number to begin with is not known yet. */
#define UNKNOWN UINT64_MAX

/* What fills the end of the memory when a record does not fit there: a kind that no record has. */
#define PADDING 0xff

/* Length, kind and context: the word that says that a record is there. */
static uint32_t first_word(const struct kmn_header *header)
{
	return (uint32_t)header->length | (uint32_t)header->kind << 16 |
	       (uint32_t)header->context << 24;
}

static void copy(void *to, const void *from, size_t n)
{
	uint64_t *target = to;
	const uint64_t *source = from;

	for (size_t i = 0; i < n / 8; i++)
		target[i] = source[i];
}

void ring_init(struct ring *ring, void *memory, size_t size)
{
	*ring = (struct ring){.units = (uint32_t)(size / 8), .memory = memory};
}

/* Whoever comes first hands the number on: next is what the passed ring stopped with. */
static struct ring *follow(struct ring *ring, uint64_t next)
{
	ring = ring->successor;
	counter_swap(&ring->next, UNKNOWN, next & ~(PASSED | POSITION_MASK));
	return ring;
}

struct kmn_header *ring_reserve(struct ring *ring, uint16_t length, uint64_t *sequence)
{
	uint32_t need = length / 8u;

	for (;;) {
		uint64_t next = counter_read(&ring->next);
		uint32_t position = (uint32_t)next & POSITION_MASK;
		uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
		uint32_t used = (position - tail) & POSITION_MASK;
		uint32_t index = position & (ring->units - 1);
		uint32_t padding = index + need > ring->units ? ring->units - index : 0;
		uint64_t number = next >> POSITION_BITS;
		bool fits = used <= ring->units && used + padding + need <= ring->units;
		uint32_t after = fits ? position + padding + need : position;

		if (next & PASSED) {
			ring = follow(ring, next);
			continue;
		}
		if (!counter_swap(&ring->next, next,
				  (number + 1) << POSITION_BITS | (after & POSITION_MASK)))
			continue;
		*sequence = number;
		if (!fits)
			return NULL;
		if (padding) {
			struct kmn_header *filler = (struct kmn_header *)(ring->memory + index);
			struct kmn_header mark = {.length = (uint16_t)(padding * 8),
						  .kind = PADDING};

			__atomic_store_n((uint32_t *)filler, first_word(&mark), __ATOMIC_RELEASE);
			index = 0;
		}
		return (struct kmn_header *)(ring->memory + index);
	}
}

void ring_commit(struct kmn_header *record, const struct kmn_header *header)
{
	record->hook = header->hook;
	copy((uint64_t *)record + 1, (const uint64_t *)header + 1, sizeof(*header) - 8);
	__atomic_store_n((uint32_t *)record, first_word(header), __ATOMIC_RELEASE);
}

size_t ring_read(struct ring *ring, void *bytes, size_t size)
{
	uint32_t tail = ring->tail;
	size_t done = 0;

	while (((uint32_t)counter_read(&ring->next) & POSITION_MASK) != (tail & POSITION_MASK)) {
		uint64_t *record = ring->memory + (tail & (ring->units - 1));
		uint32_t word = __atomic_load_n((uint32_t *)record, __ATOMIC_ACQUIRE);
		uint32_t length = word & 0xffff;

		if (!word)
			break;
		if ((word >> 16 & 0xff) != PADDING) {
			if (length > size - done)
				break;
			copy((char *)bytes + done, record, length);
			done += length;
		}
		/* Zero again, before a writer can have it. */
		for (uint32_t i = 0; i < length / 8; i++)
			record[i] = 0;
		tail = (tail + length / 8) & POSITION_MASK;
		__atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
	}
	return done;
}

bool ring_empty(const struct ring *ring)
{
	return ((uint32_t)counter_read(&ring->next) & POSITION_MASK) == ring->tail;
}

void ring_pass(struct ring *ring, struct ring *successor)
{
	uint64_t next;

	successor->next = UNKNOWN;
	__atomic_store_n(&ring->successor, successor, __ATOMIC_RELEASE);
	do
		next = counter_read(&ring->next);
	while (!counter_swap(&ring->next, next, next | PASSED));
	follow(ring, next);
}

bool ring_drained(const struct ring *ring)
{
	return counter_read(&ring->next) & PASSED && ring_empty(ring);
}
