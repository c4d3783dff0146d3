/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's side of the lab: process 1 of the virtual machine. It mounts what a command expects,
 * loads modules, runs the command with its output relayed to the host, tells its exit status and
 * waits for the host to end the machine.
 */
#ifndef LAB_GUEST_H
#define LAB_GUEST_H

#include <stdbool.h>

/* True for process 1 of a guest that the lab built. */
bool guest_is_here(void);
/* Be init. Doesn't return. */
void guest_run(void);

#endif
