/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processors' rings: made, replaced by others of another size while calls are recorded, and
 * read. PASSIVE_LEVEL; the requests' lock is held.
 */
#include "trace.h"

/* Rings of one size, one for each processor. They stay to the end: who is late may still come. */
#define MAX_GENERATIONS 256
static struct ring *generations[MAX_GENERATIONS];
static unsigned n_generations;
static uint32_t ring_size;

/* Of each processor, the oldest one that is not drained. */
static struct ring **reading;

static void free_generation(struct ring *rings)
{
	for (uint32_t i = 0; rings && i < trace.processors; i++)
		trace_free(rings[i].memory);
	trace_free(rings);
}

static struct ring *make_generation(uint32_t size)
{
	struct ring *rings = trace_allocate(trace.processors * sizeof(*rings));

	for (uint32_t i = 0; rings && i < trace.processors; i++) {
		void *memory = trace_allocate(size);

		if (!memory) {
			free_generation(rings);
			return NULL;
		}
		ring_init(&rings[i], memory, size);
	}
	return rings;
}

bool rings_make(uint32_t size)
{
	struct ring *rings;

	if (size == ring_size)
		return true;
	if (!reading)
		reading = trace_allocate(trace.processors * sizeof(*reading));
	if (!reading || n_generations == MAX_GENERATIONS)
		return false;
	rings = make_generation(size);
	if (!rings)
		return false;
	for (uint32_t i = 0; i < trace.processors; i++) {
		if (n_generations)
			ring_pass(&generations[n_generations - 1][i], &rings[i]);
		else
			reading[i] = &rings[i];
	}
	generations[n_generations++] = rings;
	ring_size = size;
	__atomic_store_n(&trace.rings, rings, __ATOMIC_RELEASE);
	return true;
}

size_t rings_read(void *bytes, size_t n)
{
	size_t done = 0;

	for (uint32_t i = 0; trace.rings && i < trace.processors; i++) {
		done += ring_read(reading[i], (char *)bytes + done, n - done);
		while (ring_drained(reading[i])) {
			trace_free(reading[i]->memory);
			reading[i]->memory = NULL;
			reading[i] = reading[i]->successor;
			done += ring_read(reading[i], (char *)bytes + done, n - done);
		}
	}
	return done;
}

void rings_fini(void)
{
	trace.rings = NULL;
	ring_size = 0;
	while (n_generations)
		free_generation(generations[--n_generations]);
	trace_free(reading);
	reading = NULL;
}
