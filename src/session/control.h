/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes while recording: lines of a session file read from a FIFO, as well as "unhook PATTERN".
 * Each line is brought into force as it comes; one that can't be is told and changes nothing.
 */
#ifndef SESSION_CONTROL_H
#define SESSION_CONTROL_H

#include <stdio.h>

#include "base/error.h"
#include "model/spec.h"
#include "source/source.h"

struct control;

/* The FIFO must exist. *spec is what is in force and is changed along; it outlives the control. */
struct control *control_open(const char *path, struct spec *spec, struct error *err);
/* Do what has come since the last call; does not wait. What fails is told to `log`. */
void control_poll(struct control *control, struct source *source, FILE *log);
void control_close(struct control *control); /* takes NULL */

#endif
