/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to watch, read from a session file or from the capture that was made with it.
 */
#ifndef COMMAND_SESSION_FILE_H
#define COMMAND_SESSION_FILE_H

#include "model/spec.h"

/* Add what the file says to the spec; "-" is standard input, which can't be a capture. */
int session_file_read(struct spec *spec, const char *path, struct error *err);

#endif
