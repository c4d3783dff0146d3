/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switches of the classic Kapimon as a second way in: -A -C [HOST] -F FILE -H[R][F] [API...]
 * -M -P PATH -S, upper or lower case, on NT with / too. They are translated into a command line of
 * today.
 */
#ifndef COMMAND_CLASSIC_H
#define COMMAND_CLASSIC_H

#include <stdbool.h>

#include "base/error.h"

/* What differs from system to system. */
struct classic_ways {
	const char *prefixes; /* of a switch: characters */
	char separator;	      /* between directories of a path */
	bool looks_up;	      /* "kapimon show" takes symbols from -P and -A */
	bool commands;	      /* a command can be watched, behind "--" */
};

extern const struct classic_ways classic_linux, classic_nt;

/* Is this, the first argument, one of the switches? */
bool classic_is_switch(const char *argument, const struct classic_ways *ways);
/*
 * Translate all arguments (without the program's name). *argv is a command line whose first is the
 * command; its strings are those of the arguments, free() it. What is asked for but not there yet
 * is an error.
 */
int classic_translate(int n_arguments, char **arguments, const struct classic_ways *ways, int *argc,
		      char ***argv, struct error *err);

#endif
