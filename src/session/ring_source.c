/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/ring_source.h"

#include <stdlib.h>

#include "base/spool.h"
#include "filter/waiting.h"
#include "model/drops.h"

/* So many records are handed out at a time. */
#define BATCH 1024

struct ring_source {
	struct source base;
	struct source *inner;
	struct ring_limits limits;
	struct spool *kept;    /* records one after the other, as they came */
	uint64_t calls, bytes; /* that are kept */
	uint64_t latest;       /* time of a record that came */
	uint64_t passed;       /* latest time of an entry that went */
	struct ring_count count;
	struct drops drops;  /* what was too old */
	struct drops losses; /* what there was no room for any more */
	uint64_t first_lost, last_lost;
	struct error why; /* there was no room; STATUS_OK: there was */

	bool ended; /* the inner source has: what is kept is handed out */
	struct waiting waiting;
	const struct kmn_header *batch[BATCH];
	size_t handed;	      /* bytes of the batch, which go with the next one */
	struct error failure; /* to be told when all was handed out; STATUS_OK: none */
};

static struct ring_source *self(struct source *source)
{
	return (struct ring_source *)source;
}

/* A return that has no entry stands for a call, as it does in the views. */
static bool is_call(const struct kmn_header *record)
{
	return record->kind == KMN_ENTRY || record->kind == KMN_ALLOC || record->kind == KMN_FREE ||
	       (record->kind == KMN_RETURN && record->flags & KMN_UNPAIRED);
}

/* *first is NULL when nothing is kept. */
static int first_of(struct ring_source *me, const struct kmn_header **first, struct error *err)
{
	const void *bytes;
	size_t length;

	if (spool_front(me->kept, &bytes, &length, err))
		return -1;
	*first = bytes;
	return 0;
}

static void count_drop(struct ring_source *me, struct drops *drops, const struct kmn_header *record)
{
	if (record->kind > KMN_FREE)
		return;
	me->count.dropped += is_call(record);
	drops_add(drops, record);
}

static void drop(struct ring_source *me, struct drops *drops, const struct kmn_header *first)
{
	if (first->kind == KMN_ENTRY && first->time > me->passed)
		me->passed = first->time;
	count_drop(me, drops, first);
	me->calls -= is_call(first);
	me->bytes -= first->length;
	spool_take(me->kept, first->length);
}

/* The oldest goes to make room, although it is wanted. */
static int lose_first(struct ring_source *me, struct error *err)
{
	const struct kmn_header *first;

	if (first_of(me, &first, err))
		return -1;
	if (!first)
		return error_no_memory(err);
	if (!me->first_lost)
		me->first_lost = first->time;
	me->last_lost = first->time;
	me->count.lost += is_call(first);
	drop(me, &me->losses, first);
	return 0;
}

static int append(struct ring_source *me, const struct kmn_header *record, struct error *err)
{
	int result;

	while ((result = spool_put(me->kept, record, record->length, &me->why)) == SPOOL_FULL)
		if (lose_first(me, err))
			return -1;
	if (result) {
		*err = me->why;
		return -1;
	}
	me->bytes += record->length;
	me->calls += is_call(record);
	return 0;
}

static bool is_too_much(const struct ring_source *me, const struct kmn_header *first)
{
	const struct ring_limits *limits = &me->limits;

	return (limits->calls && me->calls > limits->calls) ||
	       (limits->bytes && me->bytes > limits->bytes) ||
	       (limits->time && me->latest - first->time > limits->time &&
		me->latest > first->time);
}

/* With so many calls, what stands before the first of them goes with the one before. */
static bool is_left_before(const struct ring_source *me, const struct kmn_header *first)
{
	return me->limits.calls && me->count.came > me->limits.calls &&
	       me->calls == me->limits.calls && !is_call(first);
}

static int keep(struct ring_source *me, const struct kmn_header *record, struct error *err)
{
	const struct kmn_header *first;

	if (append(me, record, err))
		return -1;
	me->count.came += is_call(record);
	if (record->time > me->latest)
		me->latest = record->time;
	for (;;) {
		if (first_of(me, &first, err))
			return -1;
		if (!first || (!is_too_much(me, first) && !is_left_before(me, first)))
			return 0;
		drop(me, &me->drops, first);
	}
}

static int source_apply(struct source *source, const struct spec *spec, struct error *err)
{
	return self(source)->inner->ops->apply(self(source)->inner, spec, err);
}

/*
 * Is it the return of a call whose entry went? One whose entry was lost in the kernel is not, when
 * the entry would still be here.
 */
static bool is_left_over(struct ring_source *me, const struct kmn_header *record)
{
	const struct kmn_return *ret = (const struct kmn_return *)(record + 1);
	struct waiting_call call;

	if (record->kind != KMN_RETURN || record->flags & KMN_UNPAIRED)
		return false;
	if (waiting_take(&me->waiting, ret->entry_cpu, ret->entry_sequence, &call))
		return false;
	return record->time - ret->duration <= me->passed;
}

/* What became of the entry of a return that is left over. */
static struct drops *drops_of_call(struct ring_source *me, const struct kmn_header *record)
{
	const struct kmn_return *ret = (const struct kmn_return *)(record + 1);

	return me->first_lost && record->time - ret->duration <= me->last_lost ? &me->losses
									       : &me->drops;
}

static bool returns_later(const struct ring_source *me, const struct kmn_header *record)
{
	const struct catalog *catalog = me->inner->ops->catalog(me->inner);
	const struct api *api;

	if (record->kind != KMN_ENTRY)
		return false;
	api = api_table_find(&catalog->apis, record->hook);
	return api && api->returns_hooked;
}

/* Some of the oldest records, which stay until the next call. */
static int hand_out(struct ring_source *me, size_t *n, struct error *err)
{
	struct waiting_call evicted;
	const void *bytes;
	size_t length;
	bool has_evicted;

	*n = 0;
	if (me->handed)
		spool_take(me->kept, me->handed);
	me->handed = 0;
	if (spool_front(me->kept, &bytes, &length, err))
		return -1;
	while (me->handed < length && *n < BATCH) {
		const struct kmn_header *record =
			(const struct kmn_header *)((const char *)bytes + me->handed);

		if (returns_later(me, record) &&
		    !waiting_add(&me->waiting, record, WAITING_KEPT, false, &evicted, &has_evicted))
			return error_no_memory(err);
		if (is_left_over(me, record))
			count_drop(me, drops_of_call(me, record), record);
		else
			me->batch[(*n)++] = record;
		me->handed += record->length;
	}
	return bytes ? 1 : 0;
}

static int take(struct ring_source *me, int timeout_ms, struct error *err)
{
	const struct kmn_header *const *records;
	size_t n = 0;
	int more = me->inner->ops->next(me->inner, timeout_ms, &records, &n, err);

	for (size_t i = 0; more > 0 && i < n; i++)
		if (keep(me, records[i], err))
			return -1;
	return more;
}

static int source_next(struct source *source, int timeout_ms,
		       const struct kmn_header *const **records, size_t *n, struct error *err)
{
	struct ring_source *me = self(source);
	int more;

	*records = me->batch;
	*n = 0;
	if (!me->ended) {
		struct error failure = {0};

		more = take(me, timeout_ms, &failure);
		if (more > 0)
			return 1;
		/* What is kept is worth having all the more. */
		if (more < 0)
			me->failure = failure;
		me->ended = true;
	}
	more = hand_out(me, n, err);
	if (more)
		return more;
	if (me->failure.status == STATUS_OK)
		return 0;
	*err = me->failure;
	return -1;
}

static int source_stop(struct source *source, struct error *err)
{
	return self(source)->inner->ops->stop(self(source)->inner, err);
}

static int source_ledger(struct source *source, struct ledger *ledger, struct error *err)
{
	struct ring_source *me = self(source);
	size_t first = ledger->n_rows;

	if (me->inner->ops->ledger(me->inner, ledger, err))
		return -1;
	drops_settle(&me->drops, ledger, first);
	drops_lose(&me->losses, me->first_lost, me->last_lost, ledger, first);
	return 0;
}

static const struct catalog *source_catalog(struct source *source)
{
	return self(source)->inner->ops->catalog(self(source)->inner);
}

static void source_close(struct source *source)
{
	struct ring_source *me = self(source);

	spool_destroy(me->kept);
	waiting_fini(&me->waiting);
	drops_fini(&me->drops);
	drops_fini(&me->losses);
	me->inner->ops->close(me->inner);
	free(me);
}

static const struct source_ops ops = {
	.name = "ring",
	.apply = source_apply,
	.next = source_next,
	.stop = source_stop,
	.ledger = source_ledger,
	.catalog = source_catalog,
	.close = source_close,
};

struct source *ring_source_create(struct source *inner, const struct ring_limits *limits,
				  uint64_t memory, struct error *err)
{
	struct ring_source *me = calloc(1, sizeof(*me));

	if (me)
		me->kept = spool_create(memory, err);
	if (!me || !me->kept) {
		free(me);
		inner->ops->close(inner);
		error_no_memory(err);
		return NULL;
	}
	me->base.ops = &ops;
	me->inner = inner;
	me->limits = *limits;
	waiting_init(&me->waiting);
	return &me->base;
}

void ring_source_count(const struct source *ring, struct ring_count *count)
{
	*count = ((const struct ring_source *)ring)->count;
}

const struct error *ring_source_full(const struct source *ring)
{
	const struct ring_source *me = (const struct ring_source *)ring;

	return me->first_lost ? &me->why : NULL;
}
