/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source that is watched for a call that fits a filter: all its records are passed on, and it is
 * known when such a call has come, and which. What a filter says of calls that were left out before
 * is not seen here.
 */
#ifndef SESSION_UNTIL_SOURCE_H
#define SESSION_UNTIL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "source/source.h"

/* The expression is as in filter/filter.h. The source is taken over, also when this fails. */
struct source *until_source_create(struct source *inner, const char *expression, struct error *err);

/*
 * When the first call that fits was known to (monotonic): at its entry, or at its return where it
 * takes the result; false: none has come yet.
 */
bool until_source_time(const struct source *until, uint64_t *time);
/* That call as a line of the text view; "" before. */
const char *until_source_call(const struct source *until);

#endif
