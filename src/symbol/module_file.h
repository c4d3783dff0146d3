/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a module (.ko, also compressed as .gz, .xz or .zst): its functions and its types, for
 * hooking a module that is not loaded yet.
 */
#ifndef SYMBOL_MODULE_FILE_H
#define SYMBOL_MODULE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct module_function {
	char *name;
	uint64_t offset; /* in its section */
	uint64_t size;
	uint32_t section; /* its number in the file */
	bool init;	  /* in a section that is freed after initialisation */
	bool traceable;	  /* ftrace can hook it, if the file's traceable_known */
	bool alias;	  /* init_module or cleanup_module as a second name of another one */
};

struct module_file {
	char *name; /* as the kernel will call it: '_', never '-' */
	char *path;
	char *release; /* of the kernel it was built for; NULL if it doesn't say */
	struct module_function *functions; /* sorted by name */
	size_t n_functions;
	bool traceable_known;
	void *btf; /* its .BTF section, NULL if it has none */
	size_t btf_size;
};

/*
 * Find a module's file: module is a path (it has a '/' or ends in .ko...), or a name that is looked
 * up in module_path (directories, ':' between; may be NULL) and then in
 * /lib/modules/RELEASE/modules.dep.
 */
int module_file_find(const char *module, const char *module_path, const char *release, char **path,
		     struct error *err);
int module_file_open(const char *path, struct module_file **file, struct error *err);
void module_file_close(struct module_file *file);

#endif
