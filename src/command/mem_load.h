/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --load: the command that runs in the place of the user's loads the module, waits until it is told
 * that the loading was seen, runs the user's command and unloads the module.
 */
#ifndef COMMAND_MEM_LOAD_H
#define COMMAND_MEM_LOAD_H

#include <stdbool.h>

#include "base/error.h"

struct mem_load {
	char *file; /* NULL: nothing is loaded */
	char *parameters;
	char *directory; /* of the file */
	char *module;	 /* its name in the kernel */
	char **argv;	 /* what is run, from mem_load_command() on */
	int seen[2];	 /* a pipe: a line in it says that the loading was seen */
	char end[16];	 /* the number of its reading end */
};

/* value: the file, then parameters behind a blank. To be ended by mem_load_fini(). */
int mem_load_init(struct mem_load *load, const char *value, struct error *err);
/* Make argv. command may be NULL and is borrowed. */
int mem_load_command(struct mem_load *load, char *const *command, struct error *err);
/* The loading was seen: let the command go on. Once; later calls do nothing. */
void mem_load_seen(struct mem_load *load);
/* What the command's status, as of waitpid(), says. */
int mem_load_check(const struct mem_load *load, int status, struct error *err);
/* Also of a zeroed one. */
void mem_load_fini(struct mem_load *load);

#endif
