/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of what a catalog knows by module and offset only. Who knows names (symbol files, the
 * running kernel) and who shows them don't know each other; this interface is what they share.
 */
#ifndef MODEL_NAMER_H
#define MODEL_NAMER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/catalog.h"

struct namer {
	/*
	 * The symbol `offset` bytes behind the module's base, and how far behind the symbol that
	 * is; the string lives as long as the namer. kernel: the module is the kernel itself.
	 * False: not known, both are left untouched.
	 */
	bool (*name)(struct namer *namer, const struct catalog *catalog,
		     const struct module *module, bool kernel, uint64_t offset, const char **symbol,
		     uint64_t *symbol_offset);
};

#endif
