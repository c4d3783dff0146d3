/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of an ELF file with a symbol table - a vmlinux, a module's .ko, what was separated
 * from one of them - by how far they are from where the kernel's or the module's text begins. So it
 * does not matter where they were in memory. Debug information is not needed.
 */
#ifndef SYMBOL_SYMBOL_FILE_H
#define SYMBOL_SYMBOL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct symbol_file;

/* A build id that is not this one is an error, and so is a file without a symbol table. */
int symbol_file_open(const char *path, const uint8_t *build_id, size_t length,
		     struct symbol_file **out, struct error *err);
void symbol_file_close(struct symbol_file *file);
/*
 * The function that is `offset` bytes behind the beginning of the text, or the nearest one before
 * in the same section. Of several at one place it is the one that kallsyms_resolve() takes. The
 * string is valid as long as the file is open.
 */
bool symbol_file_name(const struct symbol_file *file, uint64_t offset, const char **symbol,
		      uint64_t *symbol_offset);

#endif
