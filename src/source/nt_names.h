/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules of a running NT kernel and the names of their functions: what they export, and what
 * is in their symbol files. Both are read when they are first asked for.
 */
#ifndef SOURCE_NT_NAMES_H
#define SOURCE_NT_NAMES_H

#include "model/catalog.h"
#include "source/nt_device.h"
#include "source/nt_functions.h"
#include "source/nt_symbols.h"

struct nt_module {
	struct trace_module module;
	struct pe_exports exports;
	struct nt_functions functions;
	bool exports_read, symbols_read; /* or tried to */
};

struct nt_images;

struct nt_names {
	struct nt_module **modules; /* the kernel first; in order of appearance, also those gone */
	size_t n_modules, room;
	uint64_t until; /* ns: to nt_names_resolve(), modules that came later are not there */
	struct nt_images *images;   /* files of drivers that need not be loaded, see nt_images.h */
	struct nt_symbols *symbols; /* NULL: exports alone have names */
	bool all; /* a name without module is looked for in all symbol files, not the kernel's alone
		   */
	bool any; /* data in executable sections is matched too */
	/* What the last nt_names_match() passed over: data; data that `any` would have matched. */
	bool data, typed_data;
	size_t n_missing;    /* modules whose symbol file was looked for in vain */
	const char *missing; /* the first of them */
};

int nt_names_init(struct nt_names *names, struct nt_device *device, struct error *err);
void nt_names_fini(struct nt_names *names);
/* Take over which modules have come and gone, as the driver knows it now. */
int nt_names_update(struct nt_names *names, struct nt_device *device, struct error *err);
/* Is it loaded, as far as is known? */
bool nt_module_is_here(const struct nt_module *module);
/* "trace" and "TRACE.SYS" are one module; "kernel" is the first. */
bool nt_names_is_module(const struct nt_names *names, const struct nt_module *module,
			const char *wanted, size_t length);
/* What the kernel calls a file, as programs do. */
void nt_names_path(const char *path, char *to, size_t room);
/* 0: the module is loaded where it was; 1: not; -1 on failure. */
int nt_names_check(struct nt_device *device, const struct nt_module *module, struct error *err);
/* Sorted; symbols: with those of the symbol file. Of a module whose file can't be read there are
 * none. */
const struct nt_functions *nt_names_functions(struct nt_names *names, size_t module, bool symbols);
/*
 * Call found for each function that NAME, a glob or MODULE:NAME names (module and
 * glob without regard to case and to ".sys"). Without a module, all are searched. Returns the
 * number, or -1 when a call of found returned -1.
 */
int nt_names_match(struct nt_names *names, const char *pattern,
		   int (*found)(void *context, const struct nt_module *module,
				const struct nt_function *function, struct error *err),
		   void *context, struct error *err);
/* struct catalog's resolve, with resolver a struct nt_names. */
bool nt_names_resolve(const struct catalog *catalog, uint64_t address, struct frame *frame);

#endif
