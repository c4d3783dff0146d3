/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/merge.h"

#include <stdlib.h>
#include <string.h>

/* Sequence numbers that were not seen yet, of one processor. */
struct hole {
	uint64_t from, to; /* to: one behind */
	uint64_t before;   /* time of the record before the hole */
	uint64_t after;	   /* time of the one behind it */
};

#define MAX_HOLES 64
/*
 * An interrupt's records overtake the one that it interrupted, and in a storm of them there may be
 * thousands. What is still missing after so many, or after some and a second, was lost.
 */
#define HOLE_PATIENCE 65536
#define HOLE_PATIENCE_AFTER_TIME 64
#define HOLE_PATIENCE_NS 1000000000

struct processor {
	uint64_t next; /* sequence number expected */
	uint64_t last_time;
	bool started;
	struct hole holes[MAX_HOLES];
	size_t n_holes;
};

struct item {
	uint64_t time;
	size_t offset; /* of the record in the arena */
};

struct loss_record {
	struct kmn_header header;
	uint64_t args[2];
};

struct merge {
	struct processor *processors;
	unsigned n_cpus;
	uint64_t window;
	unsigned char *arena;
	size_t used, capacity;
	struct item *items;
	size_t n_items, items_capacity;
	const struct kmn_header **out;
	size_t out_capacity;
	size_t released; /* items handed out by the last call, to be dropped at the next */
	uint64_t newest; /* time of the newest record handed out */
	uint64_t late;
	bool sorted;
};

struct merge *merge_create(unsigned n_cpus, uint64_t window)
{
	struct merge *merge = calloc(1, sizeof(*merge));

	if (!merge)
		return NULL;
	merge->processors = calloc(n_cpus ? n_cpus : 1, sizeof(*merge->processors));
	if (!merge->processors) {
		free(merge);
		return NULL;
	}
	merge->n_cpus = n_cpus;
	merge->window = window;
	merge->sorted = true;
	return merge;
}

void merge_destroy(struct merge *merge)
{
	if (!merge)
		return;
	free(merge->processors);
	free(merge->arena);
	free(merge->items);
	free(merge->out);
	free(merge);
}

/* Forget what was handed out and move the rest to the front. */
static void drop_released(struct merge *merge)
{
	size_t n = merge->n_items - merge->released, used = 0;

	if (!merge->released)
		return;
	memmove(merge->items, merge->items + merge->released, n * sizeof(*merge->items));
	merge->n_items = n;
	merge->released = 0;
	if (!n) {
		merge->used = 0;
		return;
	}
	/* Items are in order of time, the arena is in order of arrival: keep whole what is in use.
	 */
	size_t lowest = merge->used;
	for (size_t i = 0; i < n; i++) {
		if (merge->items[i].offset < lowest)
			lowest = merge->items[i].offset;
	}
	used = merge->used - lowest;
	memmove(merge->arena, merge->arena + lowest, used);
	merge->used = used;
	for (size_t i = 0; i < n; i++)
		merge->items[i].offset -= lowest;
}

static int add(struct merge *merge, const void *record, size_t length, uint64_t time,
	       struct error *err)
{
	if (merge->used + length > merge->capacity) {
		size_t capacity = merge->capacity ? merge->capacity * 2 : 1 << 20;
		unsigned char *arena;

		while (capacity < merge->used + length)
			capacity *= 2;
		arena = realloc(merge->arena, capacity);
		if (!arena)
			return error_no_memory(err);
		merge->arena = arena;
		merge->capacity = capacity;
	}
	if (merge->n_items == merge->items_capacity) {
		size_t capacity = merge->items_capacity ? merge->items_capacity * 2 : 1 << 14;
		struct item *items = realloc(merge->items, capacity * sizeof(*items));

		if (!items)
			return error_no_memory(err);
		merge->items = items;
		merge->items_capacity = capacity;
	}
	memcpy(merge->arena + merge->used, record, length);
	if (merge->n_items && time < merge->items[merge->n_items - 1].time)
		merge->sorted = false;
	merge->items[merge->n_items++] = (struct item){.time = time, .offset = merge->used};
	merge->used += length;
	return 0;
}

static int add_loss(struct merge *merge, unsigned cpu, const struct hole *hole, struct error *err)
{
	struct loss_record loss = {
		.header = {.length = sizeof(loss),
			   .kind = KMN_LOSS,
			   .hook = KMN_NO_HOOK,
			   .time = hole->after ? hole->after - 1 : 0,
			   .sequence = hole->from,
			   .cpu = (uint16_t)cpu,
			   .n_args = 2},
		.args = {hole->to - hole->from, hole->before},
	};

	return add(merge, &loss, sizeof(loss), loss.header.time, err);
}

static void remove_hole(struct processor *processor, size_t i)
{
	processor->n_holes--;
	memmove(&processor->holes[i], &processor->holes[i + 1],
		(processor->n_holes - i) * sizeof(processor->holes[0]));
}

/* A record with a number below the expected one fills a hole, or a part of it. */
static void fill_hole(struct processor *processor, uint64_t sequence)
{
	for (size_t i = 0; i < processor->n_holes; i++) {
		struct hole *hole = &processor->holes[i];

		if (sequence < hole->from || sequence >= hole->to)
			continue;
		if (sequence == hole->from)
			hole->from++;
		else if (sequence + 1 == hole->to)
			hole->to--;
		else if (processor->n_holes < MAX_HOLES) {
			processor->holes[processor->n_holes] = *hole;
			processor->holes[processor->n_holes++].from = sequence + 1;
			hole->to = sequence;
			return;
		} else {
			hole->to--; /* the count stays right */
		}
		if (hole->from >= hole->to)
			remove_hole(processor, i);
		return;
	}
}

static bool is_lost(const struct processor *processor, const struct hole *hole, uint64_t now)
{
	uint64_t behind = processor->next - hole->to;

	return behind > HOLE_PATIENCE || (behind > HOLE_PATIENCE_AFTER_TIME && now > hole->after &&
					  now - hole->after > HOLE_PATIENCE_NS);
}

/* Those that nothing can fill any more are losses. now: a record's time, or UINT64_MAX for all. */
static int settle_holes(struct merge *merge, unsigned cpu, uint64_t now, struct error *err)
{
	struct processor *processor = &merge->processors[cpu];

	while (processor->n_holes &&
	       (now == UINT64_MAX || is_lost(processor, &processor->holes[0], now))) {
		if (add_loss(merge, cpu, &processor->holes[0], err))
			return -1;
		remove_hole(processor, 0);
	}
	return 0;
}

static int follow_sequence(struct merge *merge, const struct kmn_header *record, struct error *err)
{
	struct processor *processor = &merge->processors[record->cpu];

	if (!processor->started) {
		processor->started = true;
		processor->next = 0;
	}
	if (record->sequence < processor->next) {
		fill_hole(processor, record->sequence);
	} else {
		if (record->sequence > processor->next) {
			if (processor->n_holes == MAX_HOLES) {
				if (add_loss(merge, record->cpu, &processor->holes[0], err))
					return -1;
				remove_hole(processor, 0);
			}
			processor->holes[processor->n_holes++] =
				(struct hole){.from = processor->next,
					      .to = record->sequence,
					      .before = processor->last_time,
					      .after = record->time};
		}
		processor->next = record->sequence + 1;
		if (processor->n_holes && settle_holes(merge, record->cpu, record->time, err))
			return -1;
	}
	processor->last_time = record->time;
	return 0;
}

int merge_add(struct merge *merge, const struct kmn_header *record, struct error *err)
{
	drop_released(merge);
	if (record->cpu < merge->n_cpus && follow_sequence(merge, record, err))
		return -1;
	return add(merge, record, record->length, record->time, err);
}

static int by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int merge_release(struct merge *merge, uint64_t now, bool all,
		  const struct kmn_header *const **records, size_t *n, struct error *err)
{
	uint64_t limit = now > merge->window ? now - merge->window : 0;
	size_t count = 0;

	drop_released(merge);
	if (all) {
		for (unsigned cpu = 0; cpu < merge->n_cpus; cpu++) {
			if (settle_holes(merge, cpu, UINT64_MAX, err))
				return -1;
		}
	}
	if (!merge->sorted) {
		qsort(merge->items, merge->n_items, sizeof(*merge->items), by_time);
		merge->sorted = true;
	}
	while (count < merge->n_items && (all || merge->items[count].time < limit))
		count++;
	if (count > merge->out_capacity) {
		const struct kmn_header **out = realloc(merge->out, count * 2 * sizeof(*out));

		if (!out)
			return error_no_memory(err);
		merge->out = out;
		merge->out_capacity = count * 2;
	}
	for (size_t i = 0; i < count; i++) {
		merge->out[i] = (const void *)(merge->arena + merge->items[i].offset);
		if (merge->items[i].time < merge->newest)
			merge->late++;
		else
			merge->newest = merge->items[i].time;
	}
	merge->released = count;
	*records = merge->out;
	*n = count;
	return 0;
}

uint64_t merge_late(const struct merge *merge)
{
	return merge->late;
}

size_t merge_waiting(const struct merge *merge)
{
	return merge->n_items - merge->released;
}
