/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source that is asked to record (a running kernel), with the spec's filter expressions in force.
 * What the kernel can settle becomes a setting of the spec that the source gets, see filter/push.h;
 * the rest is judged here. Calls that are dropped here were recorded by the kernel: in the ledger
 * they move from recorded to filtered, so that recorded counts what is handed out and every row
 * still adds up to its hits.
 */
#ifndef SESSION_FILTERING_SOURCE_H
#define SESSION_FILTERING_SOURCE_H

#include "source/source.h"

/* The source is taken over, also when this fails. */
struct source *filtering_source_create(struct source *inner, struct error *err);

/*
 * Where each condition of the spec's filters runs, a line each. A mistake in an expression is an
 * error.
 */
int filtering_explain(const struct spec *spec, struct text *out, struct error *err);

#endif
