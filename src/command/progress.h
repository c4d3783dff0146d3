/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far reading a capture has come, on a line of the terminal that is written over and goes away
 * at the end. Nothing is shown where standard error is no terminal, nor of what is done at once.
 */
#ifndef COMMAND_PROGRESS_H
#define COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "source/source.h"

struct progress {
	const struct source *source;
	bool wanted, shown;
	uint64_t size; /* bytes of the capture; 0: not known */
	uint64_t next; /* when to show it again, ns */
};

/*
 * A source of capture_source_open(path). to_file: what is made of it goes to a file; otherwise,
 * when standard output is a terminal as well, that shows how far things are.
 */
void progress_init(struct progress *progress, const struct source *source, const char *path,
		   bool to_file);
/* To be called often: it does something once a second. */
void progress_show(struct progress *progress);
void progress_fini(struct progress *progress);

#endif
