/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/until_source.h"

#include <stdlib.h>

#include "filter/calls.h"
#include "view/line.h"

struct until_source {
	struct source base;
	struct source *inner;
	struct filter *filter;
	struct filter_calls *calls; /* NULL: the call has come, or nothing is recorded yet */
	bool fits;
	uint64_t time;
	struct text call;
};

static struct until_source *self(struct source *source)
{
	return (struct until_source *)source;
}

static bool waits_for_modules(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_hooks; i++)
		if (spec->hooks[i].on_load)
			return true;
	return false;
}

/* The stacks are taken where they are asked for, as with a filter of the spec. */
static int apply_inner(struct until_source *me, const struct spec *spec, struct error *err)
{
	struct spec with_stacks;
	int status;

	if (!(filter_uses(me->filter) & FILTER_USES_STACK) || spec->stacks)
		return me->inner->ops->apply(me->inner, spec, err);
	if (spec_copy(&with_stacks, spec, err))
		return -1;
	with_stacks.stacks = true;
	status = me->inner->ops->apply(me->inner, &with_stacks, err);
	spec_fini(&with_stacks);
	return status;
}

static int source_apply(struct source *source, const struct spec *spec, struct error *err)
{
	struct until_source *me = self(source);
	const struct catalog *catalog;
	bool first = !filter_catalog(me->filter);

	if (apply_inner(me, spec, err))
		return -1;
	catalog = me->inner->ops->catalog(me->inner);
	/* Later a name may have gone with the functions that were unhooked. */
	if (filter_bind(me->filter, catalog, first && !waits_for_modules(spec), err))
		return -1;
	if (!first)
		return 0;
	me->calls = filter_calls_create(me->filter);
	return me->calls ? 0 : error_no_memory(err);
}

static bool is_return_of(const struct record_view *ret, const struct kmn_header *entry)
{
	return ret->ret && ret->ret->entry_cpu == entry->cpu &&
	       ret->ret->entry_sequence == entry->sequence;
}

/* An entry that had to wait for its return stands right before it. */
static int note_call(struct until_source *me, const struct kmn_header *record,
		     const struct kmn_header *next, struct error *err)
{
	struct record_view first, second = {0};
	struct line_view line;
	bool returned;

	if (record_parse(record, record->length, &first, err) < 0 ||
	    (next && record_parse(next, next->length, &second, err) < 0))
		return -1;
	returned = next && record->kind == KMN_ENTRY && is_return_of(&second, record);
	line_view_init(&line);
	line.catalog = me->inner->ops->catalog(me->inner);
	line_view_call(&line, &first, record->kind == KMN_RETURN ? NULL : &first,
		       returned			    ? &second
		       : record->kind == KMN_RETURN ? &first
						    : NULL,
		       false, &me->call);
	line_view_fini(&line);
	if (text_failed(&me->call))
		return error_no_memory(err);
	me->time = returned ? next->time : record->time;
	me->fits = true;
	return 0;
}

/* What is no call - a loss, a module - may only be let through, it never fits. */
static int look(struct until_source *me, const struct kmn_header *const *records, size_t n,
		struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (records[i]->kind > KMN_FREE)
			continue;
		if (note_call(me, records[i], i + 1 < n ? records[i + 1] : NULL, err))
			return -1;
		filter_calls_destroy(me->calls);
		me->calls = NULL;
		return 0;
	}
	return 0;
}

static int source_next(struct source *source, int timeout_ms,
		       const struct kmn_header *const **records, size_t *n, struct error *err)
{
	struct until_source *me = self(source);
	const struct kmn_header *const *fitting;
	size_t n_fitting;
	int more = me->inner->ops->next(me->inner, timeout_ms, records, n, err);

	if (more <= 0 || !me->calls || !*n)
		return more;
	if (filter_calls_push(me->calls, *records, *n, &fitting, &n_fitting, err) ||
	    look(me, fitting, n_fitting, err))
		return -1;
	return more;
}

static int source_stop(struct source *source, struct error *err)
{
	return self(source)->inner->ops->stop(self(source)->inner, err);
}

static int source_ledger(struct source *source, struct ledger *ledger, struct error *err)
{
	return self(source)->inner->ops->ledger(self(source)->inner, ledger, err);
}

static const struct catalog *source_catalog(struct source *source)
{
	return self(source)->inner->ops->catalog(self(source)->inner);
}

static void source_close(struct source *source)
{
	struct until_source *me = self(source);

	filter_calls_destroy(me->calls);
	filter_destroy(me->filter);
	text_fini(&me->call);
	me->inner->ops->close(me->inner);
	free(me);
}

static const struct source_ops ops = {
	.name = "until",
	.apply = source_apply,
	.next = source_next,
	.stop = source_stop,
	.ledger = source_ledger,
	.catalog = source_catalog,
	.close = source_close,
};

struct source *until_source_create(struct source *inner, const char *expression, struct error *err)
{
	struct until_source *me = calloc(1, sizeof(*me));

	if (me)
		me->filter = filter_create();
	if (!me || !me->filter) {
		free(me);
		inner->ops->close(inner);
		error_no_memory(err);
		return NULL;
	}
	me->base.ops = &ops;
	me->inner = inner;
	if (filter_add(me->filter, expression, err)) {
		source_close(&me->base);
		return NULL;
	}
	return &me->base;
}

bool until_source_time(const struct source *until, uint64_t *time)
{
	const struct until_source *me = (const struct until_source *)until;

	if (me->fits)
		*time = me->time;
	return me->fits;
}

const char *until_source_call(const struct source *until)
{
	return text_string(&((const struct until_source *)until)->call);
}
