/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules that are loaded now, with their ranges of text and build ids. The kernel itself is
 * number 0, "vmlinux".
 */
#ifndef SYMBOL_MODULES_H
#define SYMBOL_MODULES_H

#include <stdbool.h>

#include "base/error.h"
#include "model/module.h"
#include "symbol/kallsyms.h"

#define MODULE_KERNEL "vmlinux"

/* Where to look; a NULL member means the system's own. */
struct modules_paths {
	const char *proc_modules; /* /proc/modules */
	const char *sys_module;	  /* /sys/module */
	const char *kernel_notes; /* /sys/kernel/notes */
};

/*
 * Append the kernel and its modules to *table. A module's range is its text alone, from the
 * module's symbols and section list, as far as these can be read; else all of its memory. bit is
 * MODULE_NO_BIT and loaded is 0 throughout: whoever records fills them.
 */
int modules_load(const struct modules_paths *paths, const struct kallsyms *kallsyms,
		 struct module_table *table, struct error *err);
/* Fill the build id of a module that is loaded, by its name; it is left as it is if it has none. */
void modules_read_build_id(const struct modules_paths *paths, struct module *module);
/* The same of the kernel itself. */
void modules_read_kernel_build_id(const struct modules_paths *paths, struct module *kernel);
/* Is a module of this name loaded, after /proc/modules? '-' and '_' are the same in names. */
bool modules_loaded(const struct modules_paths *paths, const char *name);
bool module_name_equal(const char *a, const char *b);
/* "vmlinux" and "kernel" are names of the kernel itself. */
bool module_name_is_kernel(const char *name);

#endif
