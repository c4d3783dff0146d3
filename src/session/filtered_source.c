/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/filtered_source.h"

#include <stdlib.h>

#include "filter/calls.h"

struct filtered_source {
	struct source base;
	struct source *inner;
	struct filter *filter;
	struct filter_calls *calls;
	bool bound;
	bool ended; /* the inner source has; what waited was handed out */
};

static struct filtered_source *self(struct source *source)
{
	return (struct filtered_source *)source;
}

static int source_apply(struct source *source, const struct spec *spec, struct error *err)
{
	return self(source)->inner->ops->apply(self(source)->inner, spec, err);
}

/* Not before there are functions: a pipe's may come with its records. */
static int bind(struct filtered_source *me, struct error *err)
{
	const struct catalog *catalog = me->inner->ops->catalog(me->inner);

	if (filter_bind(me->filter, catalog, true, err))
		return -1;
	me->bound = true;
	return 0;
}

static int source_next(struct source *source, int timeout_ms,
		       const struct kmn_header *const **records, size_t *n, struct error *err)
{
	struct filtered_source *me = self(source);
	const struct kmn_header *const *read;
	size_t n_read = 0;
	int more;

	if (me->ended)
		return 0;
	more = me->inner->ops->next(me->inner, timeout_ms, &read, &n_read, err);
	if (more < 0)
		return -1;
	if (!me->bound && (n_read || !more) && bind(me, err))
		return -1;
	if (more && n_read)
		return filter_calls_push(me->calls, read, n_read, records, n, err) ? -1 : 1;
	*n = 0;
	if (more)
		return 1;
	me->ended = true;
	if (filter_calls_end(me->calls, records, n, err))
		return -1;
	return *n ? 1 : 0;
}

static int source_stop(struct source *source, struct error *err)
{
	return self(source)->inner->ops->stop(self(source)->inner, err);
}

static int source_ledger(struct source *source, struct ledger *ledger, struct error *err)
{
	struct filtered_source *me = self(source);
	struct filter_calls_count count;

	if (me->inner->ops->ledger(me->inner, ledger, err))
		return -1;
	filter_calls_count(me->calls, &count);
	ledger->filtered_reading = true;
	ledger->calls_read = count.calls;
	ledger->calls_left_out = count.dropped;
	return 0;
}

static const struct catalog *source_catalog(struct source *source)
{
	return self(source)->inner->ops->catalog(self(source)->inner);
}

static void source_close(struct source *source)
{
	struct filtered_source *me = self(source);

	filter_calls_destroy(me->calls);
	filter_destroy(me->filter);
	me->inner->ops->close(me->inner);
	free(me);
}

static const struct source_ops ops = {
	.name = "filtered",
	.apply = source_apply,
	.next = source_next,
	.stop = source_stop,
	.ledger = source_ledger,
	.catalog = source_catalog,
	.close = source_close,
};

struct source *filtered_source_create(struct source *inner, struct filter *filter,
				      struct error *err)
{
	struct filtered_source *me = calloc(1, sizeof(*me));

	if (me)
		me->calls = filter_calls_create(filter);
	if (!me || !me->calls) {
		free(me);
		filter_destroy(filter);
		inner->ops->close(inner);
		error_no_memory(err);
		return NULL;
	}
	me->base.ops = &ops;
	me->inner = inner;
	me->filter = filter;
	/* A file's functions are known by now, so a mistake is told before anything is shown. */
	if (inner->ops->catalog(inner)->apis.n_apis && bind(me, err)) {
		source_close(&me->base);
		return NULL;
	}
	return &me->base;
}
