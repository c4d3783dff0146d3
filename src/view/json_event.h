/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON objects themselves; json.h is the sink that prints them.
 */
#ifndef VIEW_JSON_EVENT_H
#define VIEW_JSON_EVENT_H

#include <stdbool.h>

#include "base/text.h"
#include "model/catalog.h"
#include "model/ledger.h"
#include "model/place.h"
#include "model/record.h"

/* Each adds one object and a newline. places: source lines of the stacks' frames; may be NULL. */
void json_event_print(const struct catalog *catalog, const struct record_view *record, bool stacks,
		      struct place_finder *places, struct text *out);
void json_ledger_print(const struct catalog *catalog, const struct ledger *ledger,
		       struct text *out);

/* The arguments of an entry alone: an object, or an array of words where there is no type. */
void json_args_print(const struct api_table *table, const struct api *api,
		     const struct record_view *record, struct text *out);
/* The members of a return's object that tell its result, each with a comma before it. */
void json_result_print(const struct api_table *table, const struct api *api,
		       const struct record_view *record, struct text *out);

#endif
