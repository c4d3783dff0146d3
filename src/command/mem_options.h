/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of "kapimon mem": what they are and what they ask for. */
#ifndef COMMAND_MEM_OPTIONS_H
#define COMMAND_MEM_OPTIONS_H

#include <stdbool.h>

#include "capture/codec.h"
#include "command/mem_load.h"
#include "command/symbol_options.h"
#include "command/terminal.h"
#include "memory/group.h"
#include "memory/select.h"
#include "model/spec.h"

/* What --fail-on may ask for; X(NAME, text, help) */
#define MEM_CONDITIONS(X)                                                                          \
	X(LEAK, "leak", "a block that nobody can free any more")                                   \
	X(OUTSTANDING, "outstanding", "any block that is still there")                             \
	X(FREED_TWICE, "freed-twice", "memory that was freed twice, or never allocated")           \
	X(UNEXPLAINED, "unexplained", "a counter of the kernel's that says otherwise")

enum mem_condition {
#define MEM_CONDITION_ENUM(name, text, help) MEM_##name,
	MEM_CONDITIONS(MEM_CONDITION_ENUM)
#undef MEM_CONDITION_ENUM
		MEM_N_CONDITIONS
};

#define MEM_WRITES 8

struct mem_write {
	const char *form, *path; /* path "-": standard output */
};

struct mem_options {
	struct spec spec;
	struct memory_selection selection;
	const char *file;  /* a capture to report of; NULL: the running kernel */
	const char *since; /* a capture that growth is told against */
	struct mem_load load;
	bool until_unload;
	bool fail_on[MEM_N_CONDITIONS];
	uint64_t time;	    /* ns; 0: no limit */
	uint64_t settle;    /* ns that what kfree_rcu() has is waited for */
	const char *output; /* a capture; NULL: none */
	bool force;
	const char *pack; /* how it is packed; NULL: as is best here */
	enum codec codec; /* of that */
	struct group_by by;
	size_t rows, stacks;
	bool histogram, counters;
	struct mem_write writes[MEM_WRITES];
	size_t n_writes;
	bool live;
	uint64_t interval; /* ns between two views with live */
	struct symbol_options symbols;
	bool verbose;
	enum color_when color;
	char **child; /* the command to watch; NULL: none */
};

/* Returns 1 if --help was all that was asked for. The strings are argv's. */
int mem_options_parse(int argc, char **argv, struct mem_options *options, struct error *err);
void mem_options_fini(struct mem_options *options);

#endif
