/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/tail_sink.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "filter/waiting.h"

/* So many records are passed on at a time. */
#define BATCH 1024

struct tail_sink {
	struct sink base;
	struct sink *behind;
	uint64_t wanted;
	uint64_t calls; /* among the records that are kept */
	/* A ring of copies, oldest at `first`. */
	struct kmn_header **records;
	size_t first, count, capacity;
	bool began;
};

static struct tail_sink *self(struct sink *sink)
{
	return (struct tail_sink *)sink;
}

static struct kmn_header **at(const struct tail_sink *me, size_t index)
{
	return &me->records[(me->first + index) % me->capacity];
}

/* A return that has no entry stands for a call, as it does in the views. */
static bool is_call(const struct kmn_header *record)
{
	return record->kind == KMN_ENTRY || record->kind == KMN_ALLOC || record->kind == KMN_FREE ||
	       (record->kind == KMN_RETURN && record->flags & KMN_UNPAIRED);
}

static int grow(struct tail_sink *me, struct error *err)
{
	size_t capacity = me->capacity ? me->capacity * 2 : 256;
	struct kmn_header **records = malloc(capacity * sizeof(*records));

	if (!records)
		return error_no_memory(err);
	for (size_t i = 0; i < me->count; i++)
		records[i] = *at(me, i);
	free(me->records);
	me->records = records;
	me->capacity = capacity;
	me->first = 0;
	return 0;
}

static void drop_first(struct tail_sink *me)
{
	me->calls -= is_call(*at(me, 0));
	free(*at(me, 0));
	me->first = (me->first + 1) % me->capacity;
	me->count--;
}

static int keep(struct tail_sink *me, const struct kmn_header *record, struct error *err)
{
	struct kmn_header *copy;

	if (me->count == me->capacity && grow(me, err))
		return -1;
	copy = malloc(record->length);
	if (!copy)
		return error_no_memory(err);
	memcpy(copy, record, record->length);
	me->count++;
	*at(me, me->count - 1) = copy;
	me->calls += is_call(record);
	/* What stands before the first call that is kept goes with the one before it. */
	while (me->count &&
	       (me->calls > me->wanted || (me->calls == me->wanted && !is_call(*at(me, 0)))))
		drop_first(me);
	return 0;
}

static int tail_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	self(sink)->began = true;
	return self(sink)->behind->ops->begin(self(sink)->behind, catalog, err);
}

static int tail_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	for (size_t i = 0; i < batch->n_records; i++)
		if (keep(self(sink), batch->records[i], err))
			return -1;
	return 0;
}

/* Is this the return of a call that went? */
static bool is_left_over(struct waiting *kept, const struct kmn_header *record)
{
	const struct kmn_return *ret = (const struct kmn_return *)(record + 1);
	struct waiting_call call;

	if (record->kind != KMN_RETURN || record->flags & KMN_UNPAIRED)
		return false;
	return !waiting_take(kept, ret->entry_cpu, ret->entry_sequence, &call);
}

static int pass_on(struct tail_sink *me, struct error *err)
{
	const struct kmn_header *records[BATCH];
	struct batch batch = {.records = records};
	struct waiting_call evicted;
	struct waiting kept;
	bool has_evicted;
	int status = 0;

	waiting_init(&kept);
	for (size_t i = 0; i < me->count && !status; i++) {
		const struct kmn_header *record = *at(me, i);

		if (record->kind == KMN_ENTRY &&
		    !waiting_add(&kept, record, WAITING_KEPT, false, &evicted, &has_evicted))
			status = error_no_memory(err);
		if (!is_left_over(&kept, record))
			records[batch.n_records++] = record;
		if (batch.n_records == BATCH && !status) {
			status = me->behind->ops->events(me->behind, &batch, err);
			batch.n_records = 0;
		}
	}
	if (batch.n_records && !status)
		status = me->behind->ops->events(me->behind, &batch, err);
	waiting_fini(&kept);
	return status;
}

static int tail_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	struct tail_sink *me = self(sink);

	if (me->began && pass_on(me, err))
		return -1;
	return me->behind->ops->end(me->behind, ledger, err);
}

static void tail_destroy(struct sink *sink)
{
	struct tail_sink *me = self(sink);

	while (me->count)
		drop_first(me);
	free(me->records);
	me->behind->ops->destroy(me->behind);
	free(me);
}

static const struct sink_ops ops = {
	.begin = tail_begin,
	.events = tail_events,
	.end = tail_end,
	.destroy = tail_destroy,
};

struct sink *tail_sink_create(struct sink *behind, uint64_t calls, struct error *err)
{
	struct tail_sink *me = calloc(1, sizeof(*me));

	if (!me) {
		behind->ops->destroy(behind);
		error_no_memory(err);
		return NULL;
	}
	me->base.ops = &ops;
	me->behind = behind;
	me->wanted = calls;
	return &me->base;
}
