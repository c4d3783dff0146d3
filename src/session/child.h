/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command that is watched: started but held before its first instruction until the hooks are
 * in.
 */
#ifndef SESSION_CHILD_H
#define SESSION_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct child {
	pid_t pid;
	int hold;   /* closing it after a byte lets the command go */
	int report; /* the command's errno if it can't be executed */
	bool ended;
	int status; /* as of waitpid() */
};

/* argv is ended by NULL. The child dies with us if it was never let go. */
int child_start(char *const argv[], struct child *child, struct error *err);
/* Fails when the command can't be executed. */
int child_go(struct child *child, const char *name, struct error *err);
/* Has it ended? Does not wait. */
bool child_ended(struct child *child);
/* Let it go unwatched never: end it if it is still held. */
void child_fini(struct child *child);

#endif
