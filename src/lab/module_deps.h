/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modules a module needs, from the modules.dep of a module tree (lib/modules/RELEASE), the
 * file that depmod writes; and what a .ko file says about itself.
 */
#ifndef LAB_MODULE_DEPS_H
#define LAB_MODULE_DEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct module_deps {
	struct text deps;    /* modules.dep */
	struct text builtin; /* modules.builtin, "" if there is none */
};

int module_deps_open(const char *tree, struct module_deps *deps, struct error *err);
void module_deps_close(struct module_deps *deps);

/*
 * Add to paths (relative to the tree, a line each) the module of that name and all it needs, in the
 * order to load them, without those that are there already. True if the tree has it.
 * '-' and '_' are the same in a name.
 */
bool module_deps_add(const struct module_deps *deps, const char *name, struct text *paths);
bool module_deps_is_builtin(const struct module_deps *deps, const char *name);

/* "kernel/net/9p/9p.ko.xz" -> "9p", with '-' as '_'. A string to free(). */
char *module_name_of_path(const char *path);

/*
 * The value of a key ("depends", "vermagic") in an unpacked .ko's .modinfo section: a string in
 * image, NULL if it isn't there.
 */
const char *module_info(const struct text *image, const char *key);

#endif
