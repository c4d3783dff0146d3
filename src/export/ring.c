/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* enum ring_buffer_type: lengths up to so many words are in the header, 30 prolongs the time. */
#define MAX_TYPE_LENGTH 28u
#define TYPE_TIME_EXTEND 30u
#define TIME_BITS 27
#define TIME_MASK ((1u << TIME_BITS) - 1)

/* The page's time and how much of it is filled. */
#define PAGE_HEADER 16u
/* A header and a length before an event, and a prolongation of the time before these. */
#define EVENT_OVERHEAD 16u

void ring_fini(struct ring *ring)
{
	for (size_t i = 0; i < ring->n_cpus; i++) {
		text_fini(&ring->cpus[i].data);
		free(ring->cpus[i].pages);
	}
	free(ring->cpus);
	*ring = (struct ring){0};
}

int ring_grow(struct ring *ring, size_t n_cpus, struct error *err)
{
	struct ring_cpu *cpus;

	if (n_cpus <= ring->n_cpus)
		return 0;
	cpus = realloc(ring->cpus, n_cpus * sizeof(*cpus));
	if (!cpus)
		return error_no_memory(err);
	memset(cpus + ring->n_cpus, 0, (n_cpus - ring->n_cpus) * sizeof(*cpus));
	ring->cpus = cpus;
	ring->n_cpus = n_cpus;
	return 0;
}

static int remember_page(struct ring *ring, struct ring_cpu *cpu, struct error *err)
{
	size_t capacity = cpu->capacity ? cpu->capacity * 2 : 16;
	uint32_t *pages;

	if (cpu->n_pages == cpu->capacity) {
		pages = realloc(cpu->pages, capacity * sizeof(*pages));
		if (!pages)
			return error_no_memory(err);
		cpu->pages = pages;
		cpu->capacity = capacity;
	}
	cpu->pages[cpu->n_pages++] = ring->n_scratch++;
	return 0;
}

static int page_done(struct ring *ring, struct ring_cpu *cpu, struct error *err)
{
	uint64_t header[] = {cpu->begin, cpu->data.length};
	static const char zeros[RING_PAGE];

	_Static_assert(sizeof(header) == PAGE_HEADER, "a page begins with these");
	if (text_failed(&cpu->data))
		return error_no_memory(err);
	if (remember_page(ring, cpu, err))
		return -1;
	if (fwrite(header, sizeof(header), 1, ring->scratch) != 1 ||
	    fwrite(cpu->data.data, 1, cpu->data.length, ring->scratch) != cpu->data.length ||
	    fwrite(zeros, 1, RING_PAGE - PAGE_HEADER - cpu->data.length, ring->scratch) !=
		    RING_PAGE - PAGE_HEADER - cpu->data.length)
		return error_set(err, "can't write the events to a scratch file: %s",
				 strerror(errno));
	text_clear(&cpu->data);
	return 0;
}

static void add_word(struct text *data, uint32_t word)
{
	text_add_bytes(data, &word, sizeof(word));
}

static void add_event(struct text *data, uint64_t delta, const struct text *event)
{
	uint32_t words = (uint32_t)((event->length + 3) / 4);

	if (delta > TIME_MASK) {
		add_word(data, TYPE_TIME_EXTEND | (uint32_t)(delta & TIME_MASK) << 5);
		add_word(data, (uint32_t)(delta >> TIME_BITS));
		delta = 0;
	}
	add_word(data, (words <= MAX_TYPE_LENGTH ? words : 0) | (uint32_t)delta << 5);
	/* The length counts itself. */
	if (words > MAX_TYPE_LENGTH)
		add_word(data, words * 4 + 4);
	text_add_bytes(data, event->data, event->length);
	text_add_bytes(data, "\0\0\0", words * 4 - event->length);
}

int ring_add(struct ring *ring, uint16_t number, uint64_t time, const struct text *event,
	     struct error *err)
{
	struct ring_cpu *cpu;

	if (text_failed(event))
		return error_no_memory(err);
	if (event->length > RING_MAX_EVENT)
		return error_set(err, "an event of %zu bytes has no room in a page", event->length);
	if (ring_grow(ring, (size_t)number + 1, err))
		return -1;
	cpu = &ring->cpus[number];
	/* Times that go back, or far ahead, begin a page: it has a time of its own. */
	if (cpu->data.length &&
	    (time < cpu->last || (time - cpu->last) >> (TIME_BITS + 32) ||
	     cpu->data.length + event->length + EVENT_OVERHEAD > RING_PAGE - PAGE_HEADER) &&
	    page_done(ring, cpu, err))
		return -1;
	if (!cpu->data.length)
		cpu->begin = cpu->last = time;
	add_event(&cpu->data, time - cpu->last, event);
	cpu->last = time;
	return 0;
}

int ring_flush(struct ring *ring, struct error *err)
{
	for (size_t i = 0; i < ring->n_cpus; i++) {
		if (ring->cpus[i].data.length && page_done(ring, &ring->cpus[i], err))
			return -1;
	}
	if (fflush(ring->scratch))
		return error_set(err, "can't write the events to a scratch file: %s",
				 strerror(errno));
	return 0;
}

int ring_copy(struct ring *ring, size_t number, struct output *output, struct error *err)
{
	const struct ring_cpu *cpu = &ring->cpus[number];
	char page[RING_PAGE];

	for (size_t i = 0; i < cpu->n_pages; i++) {
		if (fseeko(ring->scratch, (off_t)cpu->pages[i] * RING_PAGE, SEEK_SET) ||
		    fread(page, sizeof(page), 1, ring->scratch) != 1)
			return error_set(err, "can't read the events from a scratch file: %s",
					 strerror(errno));
		text_add_bytes(&output->text, page, sizeof(page));
		if (output_spill(output, err))
			return -1;
	}
	return 0;
}
