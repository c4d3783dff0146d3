/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switches of the classic Kapimon as a second way in: -A -C [HOST] -F FILE -H[R][F] [API...]
 * -M -P PATH -S, upper or lower case. They are translated into a command line of today.
 */
#ifndef COMMAND_CLASSIC_H
#define COMMAND_CLASSIC_H

#include <stdbool.h>

#include "base/error.h"

/* Is this, the first argument, one of the switches? */
bool classic_is_switch(const char *argument);
/*
 * Translate all arguments (without the program's name). *argv is a command line whose first is the
 * command; its strings are those of the arguments, free() it. What is asked for but not there yet
 * is an error.
 */
int classic_translate(int n_arguments, char **arguments, int *argc, char ***argv,
		      struct error *err);

#endif
