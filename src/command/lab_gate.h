/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "kapimon lab --fail-on": a module is tested for leaks in the guest. It is not loaded by the lab
 * but by "kapimon mem", which watches it from its first instruction until it has gone.
 */
#ifndef COMMAND_LAB_GATE_H
#define COMMAND_LAB_GATE_H

#include "base/error.h"
#include "lab/lab.h"

struct lab_gate {
	char *file;	      /* the module's, with the whole path */
	char *module;	      /* the same, with its parameters */
	char *directory;      /* where it lies, which the guest has to see */
	const char **command; /* what the guest runs */
};

/*
 * Takes the last module from the options, whose file it has to be, and their command, which may be
 * NULL. Shares the module's directory: there is room for one more in shares.
 */
int lab_gate_init(struct lab_gate *gate, struct lab_options *options, struct lab_share *shares,
		  const char *condition, struct error *err);
void lab_gate_fini(struct lab_gate *gate);

#endif
