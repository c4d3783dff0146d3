/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ORC, the tables by which the kernel unwinds its stacks: where they lie and how their entries are
 * laid out in this kernel.
 */
#ifndef SYMBOL_ORC_H
#define SYMBOL_ORC_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stdint.h>

#include "linux/orc.h"
#include "symbol/kallsyms.h"

/* Where the kernel's own table is and which text it is for. */
struct orc_table {
	uint64_t text, text_size;
	uint64_t ips, entries; /* addresses of the two arrays */
	uint64_t n;
	uint64_t lookup; /* the first entry for each 256 bytes of text; 0: there is no such table */
};

/* False when this kernel has no such entries, or some that are laid out in an unknown way. */
bool orc_layout_find(const struct btf *btf, struct kmn_orc_layout *layout);
/* False when the symbols don't tell. */
bool orc_table_find(const struct kallsyms *kallsyms, struct orc_table *table);

#endif
