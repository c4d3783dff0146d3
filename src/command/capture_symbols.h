/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and source lines put into a capture file, for the commands that do so. The capture is
 * replaced by a copy when that is whole; a signal that ends the program removes the copy.
 */
#ifndef COMMAND_CAPTURE_SYMBOLS_H
#define COMMAND_CAPTURE_SYMBOLS_H

#include "base/error.h"
#include "command/symbol_options.h"

/*
 * Says on standard error, as the command, what came of it. No name and no line for any frame is an
 * error.
 */
int capture_symbols_add(struct symbol_options *symbols, const char *command, const char *file,
			struct error *err);

#endif
