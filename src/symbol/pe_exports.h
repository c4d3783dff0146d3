/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exports of a PE image, from its file: the names that there are without symbol files. Nothing
 * in the file is trusted.
 */
#ifndef SYMBOL_PE_EXPORTS_H
#define SYMBOL_PE_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "symbol/pe_image.h"

struct pe_export {
	const char *name; /* in the file's bytes */
	uint32_t rva;	  /* counted from the image's base */
	bool code;	  /* in an executable section; others are data, or another module's */
};

struct pe_exports {
	struct pe_export *exports; /* by address, then by name */
	size_t n_exports;
	struct pe_section *sections;
	size_t n_sections;
	unsigned char *bytes; /* of the file */
	size_t size;
};

int pe_exports_read(const char *path, struct pe_exports *exports, struct error *err);
/* bytes are taken over, also when it fails. */
int pe_exports_parse(unsigned char *bytes, size_t size, struct pe_exports *exports,
		     struct error *err);
void pe_exports_fini(struct pe_exports *exports);
/* NULL: there is none of that name. */
const struct pe_export *pe_exports_named(const struct pe_exports *exports, const char *name);
/* Is the address in an executable section? */
bool pe_exports_is_code(const struct pe_exports *exports, uint32_t rva);
/* The last one at or before the address; NULL: none. */
const struct pe_export *pe_exports_at(const struct pe_exports *exports, uint32_t rva);

#endif
