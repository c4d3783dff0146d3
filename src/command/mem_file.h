/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "kapimon mem FILE": report again of what a capture holds. */
#ifndef COMMAND_MEM_FILE_H
#define COMMAND_MEM_FILE_H

#include <signal.h>

#include "command/mem_options.h"
#include "memory/growth.h"

/*
 * Of the table of blocks that the kernel kept or, with options->spec.memory_log, of the calls that
 * were recorded. growth: since another capture, or NULL. Returns an exit status, or -1 with err.
 */
int mem_file_report(struct mem_options *options, const struct growth *growth,
		    const volatile sig_atomic_t *stop, struct error *err);

#endif
