/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands, one file each. A command gets its own name as argv[0]; it returns an exit status
 * (enum status), or -1 with err filled.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "base/error.h"

/* X(name, summary) */
#define COMMANDS(X)                                                                                \
	X(hook, "watch the calls of kernel functions")                                             \
	X(run, "watch again what a capture watched")                                               \
	X(mem, "follow kernel memory: every allocation has its free, or its culprit")              \
	X(list, "list what can be hooked, and tell why something can't")                           \
	X(show, "print a capture")                                                                 \
	X(diff, "tell what differs between two captures")                                          \
	X(export, "write a capture in the format of another program")                              \
	X(session, "print what is watched as a session file")                                      \
	X(symbols, "put source lines into a capture")                                              \
	X(pack, "copy a capture, packed in another way")                                           \
	X(lab, "run a command in a throw-away virtual machine")                                    \
	X(audit, "tell which functions of a driver of NT can be hooked")                           \
	X(doctor, "tell what this machine allows")                                                 \
	X(completion, "print what a shell needs to complete command lines")

#define COMMAND_DECLARE(name, summary) int command_##name(int argc, char **argv, struct error *err);
COMMANDS(COMMAND_DECLARE)
#undef COMMAND_DECLARE

/* Their option tables. */
struct options;
#define COMMAND_OPTIONS(name, summary) const struct options *command_##name##_options(void);
COMMANDS(COMMAND_OPTIONS)
#undef COMMAND_OPTIONS

#endif
