/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes while recording: lines of a session file that other programs write to an inlet, a FIFO or
 * a named pipe, as well as "unhook PATTERN".
 * Each line is brought into force as it comes; one that can't be is told and changes nothing.
 */
#ifndef SESSION_CONTROL_H
#define SESSION_CONTROL_H

#include <stdio.h>

#include "base/error.h"
#include "model/spec.h"
#include "source/source.h"

struct control;

/* name: as of inlet_open(). *spec is what is in force and is changed along; it outlives the
 * control. */
struct control *control_open(const char *name, struct spec *spec, struct error *err);
/* Do what has come since the last call; does not wait. What fails is told to `log`. */
void control_poll(struct control *control, struct source *source, FILE *log);
void control_close(struct control *control); /* takes NULL */

#endif
