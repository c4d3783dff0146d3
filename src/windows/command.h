/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of KAPIMON.EXE; see command/command.h for what they return. */
#ifndef WINDOWS_COMMAND_H
#define WINDOWS_COMMAND_H

#include "base/error.h"

/* X(name, summary) */
#define WINDOWS_COMMANDS(X)                                                                        \
	X(install, "make TRACE.SYS a service")                                                     \
	X(start, "load TRACE.SYS")                                                                 \
	X(stop, "unload TRACE.SYS")                                                                \
	X(remove, "remove the service")                                                            \
	X(hook, "watch the calls of kernel functions")                                             \
	X(mem, "follow pool memory: every allocation has its free, or its culprit")                \
	X(list, "list what can be hooked")                                                         \
	X(show, "print a capture")

#define WINDOWS_COMMAND_DECLARE(name, summary)                                                     \
	int windows_##name(int argc, char **argv, struct error *err);
WINDOWS_COMMANDS(WINDOWS_COMMAND_DECLARE)
#undef WINDOWS_COMMAND_DECLARE

#endif
