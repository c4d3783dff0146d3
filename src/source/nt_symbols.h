/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbol files of NT modules (PDB, DBG, COFF, and DWARF under Wine), by DBGHELP.DLL: the one beside
 * KAPIMON.EXE, or else the system's. It looks for them where the symbol path says.
 */
#ifndef SOURCE_NT_SYMBOLS_H
#define SOURCE_NT_SYMBOLS_H

#include "source/nt_functions.h"

struct nt_symbols;

/*
 * path: directories and "srv*CACHE*SERVER", separated by semicolons; NULL: what _NT_SYMBOL_PATH
 * says. NULL: there is no DBGHELP.DLL that can do it, or no memory.
 */
struct nt_symbols *nt_symbols_create(const char *path);
void nt_symbols_destroy(struct nt_symbols *symbols); /* takes NULL */
/*
 * Add what the symbol file of the module says of its code. image: the path of its file; exports:
 * what is in it. *found: whether there was a symbol file.
 */
int nt_symbols_add(struct nt_symbols *symbols, const char *image, uint64_t base, uint64_t size,
		   const struct pe_exports *exports, struct nt_functions *functions, bool *found,
		   struct error *err);

#endif
