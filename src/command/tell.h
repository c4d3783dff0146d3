/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command that records tells on standard error, its name before each line. */
#ifndef COMMAND_TELL_H
#define COMMAND_TELL_H

#include "source/source.h"

/* command: "hook". */
void tell_lines(const char *command, const char *lines);
/* See linux_source_stacks(). */
void tell_stacks(const char *command, struct source *source, bool counts);

#endif
