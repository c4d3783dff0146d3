/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modules: the kernel itself (always number 0, name "vmlinux" on Linux, "ntoskrnl.exe" on NT) and
 * what is loaded into it, with the times between which each was there. Addresses are ranges of
 * executable text.
 */
#ifndef MODEL_MODULE_H
#define MODEL_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MODULE_NO_BIT 0xff
/* The bit that all modules share for which no bit of their own was left. */
#define MODULE_SHARED_BIT 63

struct module {
	char *name;
	uint64_t base;
	uint64_t size;
	uint8_t bit;	   /* in struct kmn_stack.modules, or MODULE_NO_BIT */
	uint64_t loaded;   /* ns; 0: before the start */
	uint64_t unloaded; /* ns; 0: still there */
	uint8_t build_id[20];
	uint8_t build_id_length;
};

struct module_table {
	struct module *modules; /* in order of appearance */
	size_t n_modules, capacity;
};

void module_table_init(struct module_table *table);
void module_table_fini(struct module_table *table);
/* A copy of *module is added; strings are copied. Returns its index or -1. */
int module_table_add(struct module_table *table, const struct module *module, struct error *err);
/* The module that held address at that time, or NULL. 0: now, or else the last that did. */
const struct module *module_table_find(const struct module_table *table, uint64_t address,
				       uint64_t time);

#endif
