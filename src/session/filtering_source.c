/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/filtering_source.h"

#include <stdlib.h>
#include <string.h>

#include "filter/calls.h"
#include "filter/push.h"

struct filtering_source {
	struct source base;
	struct source *inner;
	struct filter *filter;	    /* what is judged here; NULL: nothing, ever */
	struct filter_calls *calls; /* as old as the first filter */
	bool ended;
};

static struct filtering_source *self(struct source *source)
{
	return (struct filtering_source *)source;
}

static struct filter *read_filters(const struct spec *spec, struct error *err)
{
	struct filter *filter = filter_create();

	if (!filter) {
		error_no_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < spec->filters.count; i++) {
		if (filter_add(filter, spec->filters.names[i], err)) {
			filter_destroy(filter);
			return NULL;
		}
	}
	return filter;
}

/* What the kernel is asked to do: the spec with all that can be settled there. */
static int push(const struct spec *spec, struct filter *filter, struct spec *pushed,
		struct error *err)
{
	if (spec_copy(pushed, spec, err))
		return -1;
	/* As with only-module: stacks are taken where something asks for them. */
	pushed->stacks |= (filter_uses(filter) & FILTER_USES_STACK) != 0;
	if (filter_push(filter, pushed, NULL, err)) {
		spec_fini(pushed);
		return -1;
	}
	/* The kernel would stop at calls that are dropped here. */
	if (!filter_is_empty(filter))
		pushed->count = 0;
	return 0;
}

static bool waits_for_modules(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_hooks; i++)
		if (spec->hooks[i].on_load)
			return true;
	return false;
}

/* Once the functions are known more can be told to the kernel. */
static int narrow(struct filtering_source *me, struct filter *filter, struct spec *pushed,
		  struct error *err)
{
	const struct catalog *catalog = me->inner->ops->catalog(me->inner);
	struct error why = {0};
	struct spec narrower;
	bool added;

	if (filter_bind(filter, catalog, !waits_for_modules(pushed), err))
		return -1;
	/* A function that comes later may not have what is compared, and would be refused. */
	if (waits_for_modules(pushed))
		return 0;
	if (spec_copy(&narrower, pushed, err))
		return -1;
	/* It is judged here in any case: a source that can't do it changes nothing. */
	if (!filter_narrow(filter, &narrower, &added, &why) && added)
		me->inner->ops->apply(me->inner, &narrower, &why);
	spec_fini(&narrower);
	return 0;
}

static int change_filter(struct filtering_source *me, struct filter *filter, uint64_t count,
			 struct error *err)
{
	if (!me->calls) {
		if (filter_is_empty(filter)) {
			filter_destroy(filter);
			return 0;
		}
		me->calls = filter_calls_create(filter);
		if (!me->calls) {
			filter_destroy(filter);
			return error_no_memory(err);
		}
		filter_calls_limit(me->calls, count);
	}
	filter_calls_change(me->calls, filter);
	filter_destroy(me->filter);
	me->filter = filter;
	return 0;
}

static int source_apply(struct source *source, const struct spec *spec, struct error *err)
{
	struct filtering_source *me = self(source);
	struct filter *filter = read_filters(spec, err);
	struct spec pushed;
	int status;

	if (!filter)
		return -1;
	if (push(spec, filter, &pushed, err)) {
		filter_destroy(filter);
		return -1;
	}
	status = me->inner->ops->apply(me->inner, &pushed, err);
	if (!status && (!filter_is_empty(filter) || me->calls))
		status = narrow(me, filter, &pushed, err);
	spec_fini(&pushed);
	if (status) {
		filter_destroy(filter);
		return -1;
	}
	return change_filter(me, filter, spec->count, err);
}

static int source_next(struct source *source, int timeout_ms,
		       const struct kmn_header *const **records, size_t *n, struct error *err)
{
	struct filtering_source *me = self(source);
	const struct kmn_header *const *read;
	size_t n_read = 0;
	int more;

	if (!me->calls)
		return me->inner->ops->next(me->inner, timeout_ms, records, n, err);
	if (me->ended)
		return 0;
	more = me->inner->ops->next(me->inner, timeout_ms, &read, &n_read, err);
	*n = 0;
	if (more < 0)
		return -1;
	if (more && n_read)
		return filter_calls_push(me->calls, read, n_read, records, n, err) ? -1 : 1;
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
	struct filtering_source *me = self(source);
	size_t first = ledger->n_rows;

	if (me->inner->ops->ledger(me->inner, ledger, err))
		return -1;
	if (me->calls)
		drops_settle(filter_calls_drops(me->calls), ledger, first);
	return 0;
}

static const struct catalog *source_catalog(struct source *source)
{
	return self(source)->inner->ops->catalog(self(source)->inner);
}

static void source_close(struct source *source)
{
	struct filtering_source *me = self(source);

	filter_calls_destroy(me->calls);
	filter_destroy(me->filter);
	me->inner->ops->close(me->inner);
	free(me);
}

static const struct source_ops ops = {
	.name = "filtering",
	.apply = source_apply,
	.next = source_next,
	.stop = source_stop,
	.ledger = source_ledger,
	.catalog = source_catalog,
	.close = source_close,
};

struct source *filtering_source_create(struct source *inner, struct error *err)
{
	struct filtering_source *me = calloc(1, sizeof(*me));

	if (!me) {
		inner->ops->close(inner);
		error_no_memory(err);
		return NULL;
	}
	me->base.ops = &ops;
	me->inner = inner;
	return &me->base;
}

int filtering_explain(const struct spec *spec, struct text *out, struct error *err)
{
	struct filter *filter = read_filters(spec, err);
	struct spec pushed;
	int status;

	if (!filter)
		return -1;
	if (spec_copy(&pushed, spec, err)) {
		filter_destroy(filter);
		return -1;
	}
	status = filter_push(filter, &pushed, out, err);
	spec_fini(&pushed);
	filter_destroy(filter);
	return status;
}
