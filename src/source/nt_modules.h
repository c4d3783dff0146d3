/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules of a recording on NT, while they come and go: their names, the catalog's table, and
 * the bits that filters ask for.
 */
#ifndef SOURCE_NT_MODULES_H
#define SOURCE_NT_MODULES_H

#include "model/spec.h"
#include "source/nt_names.h"

struct nt_modules {
	struct nt_names *names;
	struct nt_device *device;
	struct module_table
		*table;	  /* those of the names' that came before what was read, in order */
	bool no_loads;	  /* nobody tells of those that come */
	uint32_t changes; /* of the driver, that were seen */
	uint64_t next;	  /* one came then and is not in the table; 0: all are */
};

/*
 * Which modules are meant: a mask of their bits, which each has for itself. Of those that are not
 * loaded too, if somebody tells when they come. After START.
 */
int nt_modules_mask(struct nt_modules *modules, const struct spec_names *wanted, uint64_t *mask,
		    struct error *err);
/*
 * Learn what came and what has gone. Addresses are those of modules that came until that time, ns,
 * or one that was given before: records are read in order, and of two modules in one place only
 * the time tells which is meant.
 */
int nt_modules_learn(struct nt_modules *modules, uint64_t until, struct error *err);

#endif
