/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where other programs write to this one while it does something else: a FIFO that must exist; on
 * Windows a named pipe, which this program makes, for one writer after another.
 */
#ifndef BASE_INLET_H
#define BASE_INLET_H

#include <stddef.h>

#include "base/error.h"

struct inlet;

/* name: of the FIFO; on Windows NAME of \\.\pipe\NAME, or all of that. */
struct inlet *inlet_open(const char *name, struct error *err);
/* What has come, up to n bytes; does not wait. 0: nothing. */
size_t inlet_read(struct inlet *inlet, void *bytes, size_t n);
void inlet_close(struct inlet *inlet); /* takes NULL */

#endif
