/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that is known about the functions of the running kernel, loaded when it is first asked for:
 * symbols, what can be hooked, types, files of modules. One handle for a run; not for two threads
 * at once.
 */
#ifndef SYMBOL_SYMBOLS_H
#define SYMBOL_SYMBOLS_H

#include "base/error.h"
#include "model/api.h"
#include "symbol/btf_types.h"
#include "symbol/kallsyms.h"
#include "symbol/match.h"
#include "symbol/module_file.h"
#include "symbol/modules.h"
#include "symbol/prototype.h"
#include "symbol/traceable.h"

struct symbols;

/* Where things are; a NULL member means the system's own. For tests and for looking elsewhere. */
struct symbols_paths {
	const char *kallsyms; /* /proc/kallsyms */
	const char *btf;      /* directory /sys/kernel/btf */
	const char *tracefs;  /* where it is mounted */
	const char *debugfs;
	const char *release;	 /* uname -r */
	const char *module_path; /* directories of .ko files, ':' between; $KAPIMON_MODULE_PATH */
	const char *debug_info;	 /* the kernel's ELF file with DWARF */
	struct modules_paths modules;
};

/* Opens the handle and loads nothing yet but the paths, which are copied. */
int symbols_open(struct symbols **symbols, struct error *err);
int symbols_open_at(const struct symbols_paths *paths, struct symbols **symbols, struct error *err);
void symbols_close(struct symbols *symbols);

const struct symbols_paths *symbols_get_paths(const struct symbols *symbols);
/* Begin to read the symbols meanwhile, in a thread that ends by itself. */
void symbols_prefetch(struct symbols *symbols);
/* Each loads its part at the first call; NULL with err on failure, at every call again. */
const struct kallsyms *symbols_kallsyms(struct symbols *symbols, struct error *err);
const struct traceable *symbols_traceable(struct symbols *symbols, struct error *err);
/* The lists if they were loaded already, else NULL. */
const struct traceable *symbols_traceable_loaded(const struct symbols *symbols);
struct btf_types *symbols_types(struct symbols *symbols, struct error *err);
/* The .ko file of a module that need not be loaded; owned by the handle. */
const struct module_file *symbols_module_file(struct symbols *symbols, const char *module,
					      struct error *err);
/* How long reading each part took, in ns; 0: it was not read. */
struct symbols_times {
	uint64_t kallsyms, traceable, types;
};

const struct symbols_times *symbols_get_times(const struct symbols *symbols);
/* Forget symbols and lists, keep types: after modules came or went. Names of symbols die. */
void symbols_refresh(struct symbols *symbols);

/*
 * All that struct api says about a function: name, module, address and, where types are known,
 * prototype and fetches (string_length bytes of a string). id, method and returns_hooked are left
 * as they are. *traits may be NULL; without types it is all zero.
 */
int symbols_describe(struct symbols *symbols, const struct function *function,
		     uint16_t string_length, struct api_table *table, struct api *api,
		     struct prototype_traits *traits, struct error *err);

#endif
