/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the running system's symbols, for builds that run here: a module, or the kernel, is
 * named only when its build id is the one that is loaded now, whatever it was called and wherever
 * it lay in memory when it was recorded.
 */
#ifndef SYMBOL_RUNNING_H
#define SYMBOL_RUNNING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "symbol/builds.h"
#include "symbol/modules.h"

struct running;

/* Where to look; a NULL member means the system's own. */
struct running_paths {
	const char *kallsyms; /* /proc/kallsyms */
	struct modules_paths modules;
};

/* paths: NULL, the system's own; its strings must outlive this. Nothing is read yet. */
struct running *running_create(const struct running_paths *paths, struct error *err);
void running_destroy(struct running *running); /* takes NULL */
/*
 * The symbol `offset` bytes behind the base of the build. False: it is not running, or what lies
 * there has no name; *why is then filled if it runs but its symbols can't be read. The string is
 * valid as long as the running system's names are.
 */
bool running_name(struct running *running, const struct build *build, uint64_t offset,
		  const char **symbol, uint64_t *symbol_offset, struct error *why);

#endif
