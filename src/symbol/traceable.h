/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel lets be hooked: the functions that ftrace can reach (tracefs
 * available_filter_functions) and those that kprobes must not touch (debugfs kprobes/blacklist).
 */
#ifndef SYMBOL_TRACEABLE_H
#define SYMBOL_TRACEABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "symbol/kallsyms.h"

struct traceable;

/*
 * Read both lists; a directory given as NULL is looked up among the mounted file systems. Where
 * the kernel lists names only (before 6.5), kallsyms gives the addresses; a name that several
 * functions of one module have then stands for as many of them, in order of address, as it is
 * listed times. A missing blacklist is no failure: traceable_blacklist_known() tells.
 */
int traceable_load(const char *tracefs, const char *debugfs, const struct kallsyms *kallsyms,
		   struct traceable **traceable, struct error *err);
void traceable_destroy(struct traceable *traceable);

bool traceable_has(const struct traceable *traceable, uint64_t address);
bool traceable_blacklisted(const struct traceable *traceable, uint64_t address);
bool traceable_blacklist_known(const struct traceable *traceable);
size_t traceable_count(const struct traceable *traceable);
/* Addresses of functions in ascending order. */
const uint64_t *traceable_addresses(const struct traceable *traceable);

/*
 * Where a file system of this type is mounted ("tracefs", "debugfs", "cgroup2"), looked up in
 * /proc/self/mounts; false when it is nowhere.
 */
bool mount_find(const char *type, char *path, size_t size);

#endif
