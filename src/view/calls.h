/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls: entries and returns joined, handed out as they complete. A call whose return is not hooked
 * is handed out at its entry; one that has not returned by the end, then.
 */
#ifndef VIEW_CALLS_H
#define VIEW_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/catalog.h"
#include "model/record.h"
#include "view/pending.h"

/* X(name, text) */
#define CALL_STATES(X)                                                                             \
	X(RETURNED, "returned")                                                                    \
	X(ENTRY_ONLY, "entry only")	/* its return is not hooked */                             \
	X(NOT_RETURNED, "not returned") /* until the end of the capture, or the return was lost */ \
	X(NO_ENTRY, "no entry")		/* it was made before the start, or the entry was lost */

enum call_state {
#define CALL_STATE_ENUM(name, text) CALL_##name,
	CALL_STATES(CALL_STATE_ENUM)
#undef CALL_STATE_ENUM
		CALL_N_STATES,
};

/* One of the two records may be missing, never both. Valid during the call of calls.take only. */
struct call {
	enum call_state state;
	const struct api *api; /* NULL: not in the catalog */
	const struct record_view *entry;
	const struct record_view *ret;
};

const char *call_state_name(enum call_state state);
/* The entry's, or what there is. */
const struct record_view *call_record(const struct call *call);
/* False when nothing is known of it: no return was seen, or the kernel had not seen the entry. */
bool call_duration(const struct call *call, uint64_t *ns);
/* ns, monotonic. Without the entry it is reckoned from the return; if it can't be, the return's. */
uint64_t call_start(const struct call *call);

struct calls {
	const struct catalog *catalog;
	struct pending pending;
	int (*take)(void *context, const struct call *call, struct error *err);
	void *context;
	uint64_t counts[CALL_N_STATES]; /* handed out so far */
};

void calls_init(struct calls *calls, const struct catalog *catalog,
		int (*take)(void *context, const struct call *call, struct error *err),
		void *context);
void calls_fini(struct calls *calls);
/* Any record of a call; true if it is one. */
bool calls_concern(const struct kmn_header *header);
int calls_add(struct calls *calls, const struct record_view *record, struct error *err);
/* Hand out those that wait for their return. */
int calls_end(struct calls *calls, struct error *err);

#endif
