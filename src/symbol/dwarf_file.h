/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF file with debug information: a vmlinux, a module's .ko, or what was separated from one of
 * them. It tells where in the source code something is, and what is inlined there.
 *
 * Modules are relocatable files. libdwfl lays their sections out one behind the other and relocates
 * them; the addresses here are those of that layout, which only a symbol or the distance from the
 * beginning of the text leads to. So it does not matter where the kernel had put them.
 */
#ifndef SYMBOL_DWARF_FILE_H
#define SYMBOL_DWARF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/place.h"

struct dwarf_file;

/* A build id that is not this one is an error, and so is a file without debug information. */
int dwarf_file_open(const char *path, const uint8_t *build_id, size_t length,
		    struct dwarf_file **out, struct error *err);
void dwarf_file_close(struct dwarf_file *file);
const char *dwarf_file_path(const struct dwarf_file *file);

/*
 * The address in the file of symbol + offset. distance is how far that is from the beginning of the
 * text: it decides between several symbols of one name, and is all that there is when symbol is
 * NULL. False: there is no such symbol, or it can't be told which.
 */
bool dwarf_file_address(const struct dwarf_file *file, const char *symbol, uint64_t offset,
			uint64_t distance, uint64_t *address);
/*
 * The places of that address, as in struct place_finder; at most PLACE_DEPTH. The strings are valid
 * as long as the file is open.
 */
size_t dwarf_file_places(struct dwarf_file *file, uint64_t address, struct place *places);

#endif
