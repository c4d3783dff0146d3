/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/calls.h"

#include <stdlib.h>

/*
 * Calls that may wait for their return at a time. Those whose return was lost never get it, so
 * there has to be a bound; it is far beyond what can be under way.
 */
#define MAX_PENDING (1u << 18)

const char *call_state_name(enum call_state state)
{
	static const char *const names[] = {
#define CALL_STATE_NAME(name, text) [CALL_##name] = text,
		CALL_STATES(CALL_STATE_NAME)
#undef CALL_STATE_NAME
	};

	return names[state];
}

const struct record_view *call_record(const struct call *call)
{
	return call->entry ? call->entry : call->ret;
}

bool call_duration(const struct call *call, uint64_t *ns)
{
	if (!call->ret || call->ret->header->flags & KMN_UNPAIRED)
		return false;
	*ns = call->ret->ret->duration;
	return true;
}

uint64_t call_start(const struct call *call)
{
	uint64_t duration = 0;

	if (call->entry)
		return call->entry->header->time;
	/* A damaged capture may say that it took longer than the clock has run. */
	if (call_duration(call, &duration) && duration > call->ret->header->time)
		duration = 0;
	return call->ret->header->time - duration;
}

void calls_init(struct calls *calls, const struct catalog *catalog,
		int (*take)(void *context, const struct call *call, struct error *err),
		void *context)
{
	*calls = (struct calls){.catalog = catalog, .take = take, .context = context};
	pending_init(&calls->pending);
}

void calls_fini(struct calls *calls)
{
	pending_fini(&calls->pending);
}

bool calls_concern(const struct kmn_header *header)
{
	return header->kind == KMN_ENTRY || header->kind == KMN_RETURN ||
	       header->kind == KMN_ALLOC || header->kind == KMN_FREE;
}

static int hand_out(struct calls *calls, enum call_state state, const struct record_view *entry,
		    const struct record_view *ret, struct error *err)
{
	struct call call = {.state = state, .entry = entry, .ret = ret};

	call.api = api_table_find(&calls->catalog->apis, call_record(&call)->header->hook);
	calls->counts[state]++;
	return calls->take(calls->context, &call, err);
}

/* Takes over the pending entry. */
static int hand_out_pending(struct calls *calls, struct pending_entry *pending,
			    const struct record_view *ret, struct error *err)
{
	const struct kmn_header *header = pending_record(pending);
	struct record_view entry;
	int status = -1;

	if (record_parse(header, header->length, &entry, err) >= 0)
		status = hand_out(calls, ret ? CALL_RETURNED : CALL_NOT_RETURNED, &entry, ret, err);
	free(pending);
	return status;
}

static int add_entry(struct calls *calls, const struct record_view *record, struct error *err)
{
	const struct api *api = api_table_find(&calls->catalog->apis, record->header->hook);

	if (!api || !api->returns_hooked)
		return hand_out(calls, CALL_ENTRY_ONLY, record, NULL, err);
	if (calls->pending.count >= MAX_PENDING &&
	    hand_out_pending(calls, pending_take_oldest(&calls->pending), NULL, err))
		return -1;
	return pending_add(&calls->pending, record->header, err);
}

static int add_return(struct calls *calls, const struct record_view *record, struct error *err)
{
	struct pending_entry *pending = NULL;

	if (!(record->header->flags & KMN_UNPAIRED))
		pending = pending_take(&calls->pending, record->ret->entry_cpu,
				       record->ret->entry_sequence);
	if (!pending)
		return hand_out(calls, CALL_NO_ENTRY, NULL, record, err);
	return hand_out_pending(calls, pending, record, err);
}

int calls_add(struct calls *calls, const struct record_view *record, struct error *err)
{
	switch (record->header->kind) {
	case KMN_ENTRY:
		return add_entry(calls, record, err);
	case KMN_RETURN:
		return add_return(calls, record, err);
	default:
		return hand_out(calls, CALL_ENTRY_ONLY, record, NULL, err);
	}
}

int calls_end(struct calls *calls, struct error *err)
{
	while (calls->pending.count) {
		if (hand_out_pending(calls, pending_take_oldest(&calls->pending), NULL, err))
			return -1;
	}
	return 0;
}
