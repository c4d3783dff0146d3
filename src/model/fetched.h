/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was fetched from behind a pointer, as a number or as a path, by the form that its API's list
 * gives it.
 */
#ifndef MODEL_FETCHED_H
#define MODEL_FETCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "model/api.h"
#include "model/record.h"

/* A number of FETCH_UNSIGNED, FETCH_SIGNED, FETCH_BE16 or FETCH_FAMILY; signed ones extended. */
uint64_t fetched_number(enum fetch_form form, const unsigned char *data, size_t length);
/* "/usr/lib/x" from its components, not escaped; "..." at the front when it is not all. */
void fetched_path(const unsigned char *data, size_t length, bool truncated, struct text *out);

#endif
