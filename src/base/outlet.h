/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that writes what it is given, piece by piece, so that who gives it does not wait for a
 * slow disk or reader: what is not written yet waits in a spool (base/spool.h), in memory and
 * beyond a limit in a temporary file. Only when that file can't grow is there a wait.
 *
 * One thread gives. What the write function uses belongs to the outlet's thread until
 * outlet_drain() returns or a call has failed.
 */
#ifndef BASE_OUTLET_H
#define BASE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct outlet;

/* write(): one piece, all of it, or -1 with err, after which it is not called again. */
struct outlet *outlet_create(uint64_t memory,
			     int (*write)(void *context, const void *bytes, size_t length,
					  struct error *err),
			     void *context, struct error *err);
/* Writes what is left, unless writing has failed. Takes NULL. */
void outlet_destroy(struct outlet *outlet);
/* A piece, which is copied. -1: an earlier one could not be written, and nothing will be. */
int outlet_put(struct outlet *outlet, const void *bytes, size_t length, struct error *err);
/* -1: a piece could not be written. */
int outlet_check(struct outlet *outlet, struct error *err);
/* Wait until everything is written. */
int outlet_drain(struct outlet *outlet, struct error *err);
/*
 * Has there been a wait because the temporary file could not grow? True once, with the reason in
 * *why, then again only after the next such wait.
 */
bool outlet_was_full(struct outlet *outlet, struct error *why);

#endif
