/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command that --load runs in the place of the user's: load the module, run the user's command,
 * unload the module.
 */
#ifndef COMMAND_MEM_LOAD_H
#define COMMAND_MEM_LOAD_H

#include "base/error.h"

/*
 * file: "FILE.ko", or "FILE.ko PARAMETER=VALUE..."; command: ended by NULL, or NULL for none.
 * Returns an argument vector to free() in one piece together with its strings; NULL with err.
 */
char **mem_load_command(const char *file, const char *module, char *const *command,
			struct error *err);

/* What the wait status of such a command says went wrong; 0 if nothing did. */
int mem_load_check(int status, const char *file, struct error *err);

#endif
