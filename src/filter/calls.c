/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/calls.h"

#include <stdlib.h>
#include <string.h>

#include "filter/waiting.h"

struct filter_calls {
	struct filter *filter;
	struct waiting waiting;
	const struct kmn_header **kept;
	size_t n_kept, kept_capacity;
	/* Entries that waited and are handed out now; freed with the next call. */
	struct kmn_header **released;
	size_t n_released, released_capacity;
	struct drops drops;
	struct filter_calls_count count;
	bool limited;
	uint64_t left; /* calls that may still be kept */
};

struct filter_calls *filter_calls_create(struct filter *filter)
{
	struct filter_calls *calls = calloc(1, sizeof(*calls));

	if (!calls)
		return NULL;
	calls->filter = filter;
	waiting_init(&calls->waiting);
	return calls;
}

static void release_all(struct filter_calls *calls)
{
	while (calls->n_released)
		free(calls->released[--calls->n_released]);
}

void filter_calls_destroy(struct filter_calls *calls)
{
	if (!calls)
		return;
	release_all(calls);
	waiting_fini(&calls->waiting);
	free(calls->released);
	free(calls->kept);
	drops_fini(&calls->drops);
	free(calls);
}

void filter_calls_change(struct filter_calls *calls, struct filter *filter)
{
	calls->filter = filter;
}

void filter_calls_limit(struct filter_calls *calls, uint64_t count)
{
	calls->limited = count != 0;
	calls->left = count;
}

/* Room for n more pointers in a list of `count`. */
static int list_reserve(void **list, size_t count, size_t *capacity, size_t n, struct error *err)
{
	size_t wanted = *capacity ? *capacity : 256;
	void *grown;

	while (wanted < count + n)
		wanted *= 2;
	if (wanted == *capacity)
		return 0;
	grown = realloc(*list, wanted * sizeof(void *));
	if (!grown)
		return error_no_memory(err);
	*list = grown;
	*capacity = wanted;
	return 0;
}

static int reserve(struct filter_calls *calls, size_t n, struct error *err)
{
	void *kept = (void *)calls->kept;

	if (list_reserve(&kept, calls->n_kept, &calls->kept_capacity, n, err))
		return -1;
	calls->kept = kept;
	return 0;
}

static void keep(struct filter_calls *calls, const struct kmn_header *record)
{
	calls->kept[calls->n_kept++] = record;
}

static void drop(struct filter_calls *calls, const struct kmn_header *record)
{
	if (record->kind != KMN_RETURN || record->flags & KMN_UNPAIRED)
		calls->count.dropped++;
	drops_add(&calls->drops, record);
}

/* Keep a call if there is room under the limit. */
static bool may_keep(struct filter_calls *calls)
{
	if (!calls->limited)
		return true;
	if (!calls->left)
		return false;
	calls->left--;
	return true;
}

static bool says_yes(struct filter_calls *calls, const struct kmn_header *record,
		     const struct kmn_header *entry, const struct kmn_header *ret)
{
	const struct filter_call call = {.record = record, .entry = entry, .ret = ret};

	return filter_judge(calls->filter, &call) == FILTER_YES;
}

/* The entry, which had to wait, is handed out or dropped; it is the caller's no more. */
static int settle(struct filter_calls *calls, struct kmn_header *entry, bool yes, struct error *err)
{
	void *released = (void *)calls->released;

	if (!yes) {
		drop(calls, entry);
		free(entry);
		return 0;
	}
	if (list_reserve(&released, calls->n_released, &calls->released_capacity, 1, err)) {
		free(entry);
		return -1;
	}
	calls->released = released;
	calls->released[calls->n_released++] = entry;
	keep(calls, entry);
	return 0;
}

/* Its return never came. */
static int settle_alone(struct filter_calls *calls, struct waiting_call *call, struct error *err)
{
	if (call->state == WAITING_HELD)
		return settle(calls, call->entry,
			      says_yes(calls, call->entry, call->entry, NULL) && may_keep(calls),
			      err);
	free(call->entry);
	return 0;
}

static bool depends_on_call(const struct filter_calls *calls)
{
	/* Which function and which process is the same at entry and return. */
	return calls->limited ||
	       filter_uses(calls->filter) & (FILTER_USES_CALL | FILTER_USES_RESULT);
}

static bool returns_later(const struct filter_calls *calls, const struct catalog *catalog,
			  const struct kmn_header *entry)
{
	const struct api *api = api_table_find(&catalog->apis, entry->hook);

	return api && api->returns_hooked;
}

static int take_entry(struct filter_calls *calls, const struct catalog *catalog,
		      const struct kmn_header *entry, struct error *err)
{
	bool open = returns_later(calls, catalog, entry), has_evicted;
	const struct filter_call call = {.record = entry, .entry = entry, .open = open};
	enum filter_answer answer = filter_judge(calls->filter, &call);
	bool apart = filter_uses(calls->filter) & FILTER_USES_KIND;
	enum waiting_state state;
	struct waiting_call evicted;

	calls->count.calls++;
	if (answer == FILTER_YES && !may_keep(calls))
		answer = FILTER_NO;
	if (answer == FILTER_YES)
		keep(calls, entry);
	else if (answer == FILTER_NO)
		drop(calls, entry);
	if (!open || !depends_on_call(calls))
		return 0;
	state = answer == FILTER_YES  ? WAITING_KEPT
		: answer == FILTER_NO ? WAITING_DROPPED
				      : WAITING_HELD;
	if (!waiting_add(&calls->waiting, entry, state, state == WAITING_HELD || apart, &evicted,
			 &has_evicted))
		return error_no_memory(err);
	return has_evicted ? settle_alone(calls, &evicted, err) : 0;
}

/* The return of a call whose entry is known. */
static int end_call(struct filter_calls *calls, struct waiting_call *call,
		    const struct kmn_header *ret, struct error *err)
{
	bool apart = filter_uses(calls->filter) & FILTER_USES_KIND;
	bool yes = call->state == WAITING_KEPT;
	int status = 0;

	if (call->state == WAITING_HELD)
		yes = says_yes(calls, call->entry, call->entry, ret) && may_keep(calls);
	/* With "kind" the return is judged for itself, but with all that the call had. */
	if (apart && call->entry) {
		bool mine = says_yes(calls, ret, call->entry, ret);

		if (call->state == WAITING_HELD) {
			/* Before the entry goes: its memory is needed no more. */
			status = settle(calls, call->entry, yes, err);
			call->entry = NULL;
		}
		yes = mine;
	} else if (call->state == WAITING_HELD) {
		status = settle(calls, call->entry, yes, err);
		call->entry = NULL;
	}
	free(call->entry);
	if (yes)
		keep(calls, ret);
	else
		drop(calls, ret);
	return status;
}

static int take_return(struct filter_calls *calls, const struct kmn_header *ret, struct error *err)
{
	const struct kmn_return *result = (const struct kmn_return *)(ret + 1);
	struct waiting_call call;

	if (ret->flags & KMN_UNPAIRED) {
		calls->count.calls++;
		drop(calls, ret);
		return 0;
	}
	if (depends_on_call(calls) &&
	    waiting_take(&calls->waiting, result->entry_cpu, result->entry_sequence, &call))
		return end_call(calls, &call, ret, err);
	/* The entry was lost on the way: what the return has must do. */
	if (says_yes(calls, ret, NULL, ret))
		keep(calls, ret);
	else
		drop(calls, ret);
	return 0;
}

static int take(struct filter_calls *calls, const struct catalog *catalog,
		const struct kmn_header *record, struct error *err)
{
	switch (record->kind) {
	case KMN_ENTRY:
		return take_entry(calls, catalog, record, err);
	case KMN_RETURN:
		return take_return(calls, record, err);
	case KMN_MODULE_LOAD:
	case KMN_MODULE_UNLOAD:
		filter_forget(calls->filter);
		break;
	case KMN_ALLOC:
	case KMN_FREE:
		calls->count.calls++;
		if (says_yes(calls, record, record, NULL))
			keep(calls, record);
		else
			drop(calls, record);
		return 0;
	}
	if (says_yes(calls, record, record, NULL))
		keep(calls, record);
	return 0;
}

int filter_calls_push(struct filter_calls *calls, const struct kmn_header *const *records, size_t n,
		      const struct kmn_header *const **kept, size_t *n_kept, struct error *err)
{
	const struct catalog *catalog = filter_catalog(calls->filter);

	calls->n_kept = 0;
	release_all(calls);
	/* A return may bring its entry along, or push out the oldest that waits. */
	if (reserve(calls, n * 2, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (take(calls, catalog, records[i], err))
			return -1;
	*kept = calls->kept;
	*n_kept = calls->n_kept;
	return 0;
}

int filter_calls_end(struct filter_calls *calls, const struct kmn_header *const **kept,
		     size_t *n_kept, struct error *err)
{
	struct waiting_call call;

	calls->n_kept = 0;
	release_all(calls);
	if (reserve(calls, calls->waiting.count, err))
		return -1;
	while (waiting_take_oldest(&calls->waiting, &call))
		if (settle_alone(calls, &call, err))
			return -1;
	*kept = calls->kept;
	*n_kept = calls->n_kept;
	return 0;
}

void filter_calls_count(const struct filter_calls *calls, struct filter_calls_count *count)
{
	*count = calls->count;
}

const struct drops *filter_calls_drops(const struct filter_calls *calls)
{
	return &calls->drops;
}
