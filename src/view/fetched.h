/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was fetched from behind a pointer as text, by the form that its API's list gives it.
 */
#ifndef VIEW_FETCHED_H
#define VIEW_FETCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "model/api.h"
#include "model/fetched.h"
#include "model/record.h"

/* Any form, escaped, without quotes; "<fault>" and "NULL" for what could not be fetched. */
void fetched_print(struct text *out, const struct api_fetch *fetch, const struct kmn_fetched *what,
		   const unsigned char *data);
/* Its label; one that has none because it says what the object is, is called by its form. */
const char *fetched_key(const struct api_fetch *fetch);

#endif
