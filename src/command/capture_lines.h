/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source lines put into a capture file, for the commands that do so. The capture is replaced by a
 * copy when that is whole; a signal that ends the program removes the copy.
 */
#ifndef COMMAND_CAPTURE_LINES_H
#define COMMAND_CAPTURE_LINES_H

#include "base/error.h"
#include "command/lines_options.h"

/* Says on standard error, as the command, what came of it. No frame with a line is an error. */
int capture_lines_add(struct line_options *lines, const char *command, const char *file,
		      struct error *err);

#endif
