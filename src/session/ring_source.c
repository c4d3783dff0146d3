/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/ring_source.h"

#include <stdlib.h>
#include <string.h>

#include "filter/waiting.h"
#include "model/drops.h"

#define CHUNK_BYTES ((size_t)256 << 10)
/* So many records are handed out at a time. */
#define BATCH 1024

/* Records one after the other, as they came. */
struct chunk {
	struct chunk *next;
	size_t first, end; /* bytes */
	uint64_t words[CHUNK_BYTES / 8];
};

struct ring_source {
	struct source base;
	struct source *inner;
	struct ring_limits limits;
	struct chunk *oldest, *newest;
	uint64_t calls, bytes; /* that are kept */
	uint64_t latest;       /* time of a record that came */
	uint64_t passed;       /* latest time of an entry that went */
	struct ring_count count;
	struct drops drops;

	bool ended; /* the inner source has: what is kept is handed out */
	struct waiting waiting;
	const struct kmn_header *batch[BATCH];
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

static const struct kmn_header *first_of(const struct ring_source *me)
{
	const struct chunk *chunk = me->oldest;

	return chunk ? (const struct kmn_header *)((const char *)chunk->words + chunk->first)
		     : NULL;
}

/* Only a chunk that is used up goes. */
static void pass_first(struct ring_source *me)
{
	const struct kmn_header *record = first_of(me);
	struct chunk *chunk = me->oldest;

	me->calls -= is_call(record);
	me->bytes -= record->length;
	chunk->first += record->length;
	if (chunk->first < chunk->end)
		return;
	me->oldest = chunk->next;
	if (!me->oldest)
		me->newest = NULL;
	free(chunk);
}

static void count_drop(struct ring_source *me, const struct kmn_header *record)
{
	if (record->kind > KMN_FREE)
		return;
	me->count.dropped += is_call(record);
	drops_add(&me->drops, record);
}

static void drop_first(struct ring_source *me)
{
	const struct kmn_header *record = first_of(me);

	if (record->kind == KMN_ENTRY && record->time > me->passed)
		me->passed = record->time;
	count_drop(me, record);
	pass_first(me);
}

static int append(struct ring_source *me, const struct kmn_header *record, struct error *err)
{
	struct chunk *chunk = me->newest;

	if (!chunk || CHUNK_BYTES - chunk->end < record->length) {
		chunk = malloc(sizeof(*chunk));
		if (!chunk)
			return error_no_memory(err);
		chunk->next = NULL;
		chunk->first = chunk->end = 0;
		if (me->newest)
			me->newest->next = chunk;
		else
			me->oldest = chunk;
		me->newest = chunk;
	}
	memcpy((char *)chunk->words + chunk->end, record, record->length);
	chunk->end += record->length;
	me->bytes += record->length;
	me->calls += is_call(record);
	return 0;
}

static bool is_too_much(const struct ring_source *me)
{
	const struct ring_limits *limits = &me->limits;
	const struct kmn_header *first = first_of(me);

	if (!first)
		return false;
	return (limits->calls && me->calls > limits->calls) ||
	       (limits->bytes && me->bytes > limits->bytes) ||
	       (limits->time && me->latest - first->time > limits->time &&
		me->latest > first->time);
}

static int keep(struct ring_source *me, const struct kmn_header *record, struct error *err)
{
	if (append(me, record, err))
		return -1;
	me->count.came += is_call(record);
	if (record->time > me->latest)
		me->latest = record->time;
	while (is_too_much(me))
		drop_first(me);
	/* With so many calls, what stands before the first of them goes with the one before. */
	while (me->limits.calls && me->count.came > me->limits.calls &&
	       me->calls == me->limits.calls && !is_call(first_of(me)))
		drop_first(me);
	return 0;
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

static bool returns_later(const struct ring_source *me, const struct kmn_header *record)
{
	const struct catalog *catalog = me->inner->ops->catalog(me->inner);
	const struct api *api;

	if (record->kind != KMN_ENTRY)
		return false;
	api = api_table_find(&catalog->apis, record->hook);
	return api && api->returns_hooked;
}

/*
 * The oldest records, up to the end of their chunk, whose memory stays until the next call. Frees
 * the chunk before.
 */
static int hand_out(struct ring_source *me, size_t *n, struct error *err)
{
	struct waiting_call evicted;
	struct chunk *chunk;
	bool has_evicted;

	*n = 0;
	while (me->oldest && me->oldest->first == me->oldest->end) {
		chunk = me->oldest;
		me->oldest = chunk->next;
		free(chunk);
	}
	chunk = me->oldest;
	while (chunk && chunk->first < chunk->end && *n < BATCH) {
		const struct kmn_header *record = first_of(me);

		if (returns_later(me, record) &&
		    !waiting_add(&me->waiting, record, WAITING_KEPT, false, &evicted, &has_evicted))
			return error_no_memory(err);
		if (is_left_over(me, record))
			count_drop(me, record);
		else
			me->batch[(*n)++] = record;
		chunk->first += record->length;
	}
	return chunk ? 1 : 0;
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
	return 0;
}

static const struct catalog *source_catalog(struct source *source)
{
	return self(source)->inner->ops->catalog(self(source)->inner);
}

static void source_close(struct source *source)
{
	struct ring_source *me = self(source);

	while (me->oldest) {
		struct chunk *chunk = me->oldest;

		me->oldest = chunk->next;
		free(chunk);
	}
	waiting_fini(&me->waiting);
	drops_fini(&me->drops);
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
				  struct error *err)
{
	struct ring_source *me = calloc(1, sizeof(*me));

	if (!me) {
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
