/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules of a running NT kernel and the names of what they export, read from their files when
 * they are first asked for.
 */
#ifndef SOURCE_NT_NAMES_H
#define SOURCE_NT_NAMES_H

#include "model/catalog.h"
#include "source/nt_device.h"
#include "symbol/pe_exports.h"

struct nt_module {
	struct trace_module module;
	struct pe_exports exports;
	bool read; /* or tried to */
};

struct nt_names {
	struct nt_module *modules; /* the kernel first */
	size_t n_modules;
};

int nt_names_init(struct nt_names *names, struct nt_device *device, struct error *err);
void nt_names_fini(struct nt_names *names);
/* Of a module whose file can't be read there are none. */
const struct pe_exports *nt_names_exports(struct nt_names *names, size_t module);
/*
 * Call found for each export that is code and that NAME, a glob or MODULE:NAME names (module and
 * glob without regard to case and to ".sys"). Without a module, all are searched. Returns the
 * number, or -1 when a call of found returned -1.
 */
int nt_names_match(struct nt_names *names, const char *pattern,
		   int (*found)(void *context, const struct nt_module *module,
				const struct pe_export *export, struct error *err),
		   void *context, struct error *err);
/* struct catalog's resolve, with resolver a struct nt_names. */
bool nt_names_resolve(const struct catalog *catalog, uint64_t address, struct frame *frame);

#endif
