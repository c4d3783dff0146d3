/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command has to know of the terminal it prints to.
 */
#ifndef COMMAND_TERMINAL_H
#define COMMAND_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* "auto", "always" or "never"; NULL is always. */
int color_when_parse(const char *text, enum color_when *when, struct error *err);
/* Auto: on a terminal, unless NO_COLOR is set (https://no-color.org). */
bool color_wanted(enum color_when when, FILE *out);
/* Columns; 0 if out is no terminal or its width is not known. */
unsigned terminal_width(FILE *out);

#endif
