/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is called here: "Debug Help Library" in Microsoft's documentation. */
#include "source/nt_symbols.h"

#include <stdlib.h>
#include <windows.h>

/* Its structures and options, without its old 32-bit names. */
#define _NO_CVCONST_H
#include <dbghelp.h>

/* X(name, result, parameters); old systems lack some, or all of it */
#define ROUTINES(X)                                                                                \
	X(SymSetOptions, DWORD, (DWORD))                                                           \
	X(SymInitialize, BOOL, (HANDLE, PCSTR, BOOL))                                              \
	X(SymCleanup, BOOL, (HANDLE))                                                              \
	X(SymLoadModule64, DWORD64, (HANDLE, HANDLE, PCSTR, PCSTR, DWORD64, DWORD))                \
	X(SymEnumSymbols, BOOL, (HANDLE, ULONG64, PCSTR, PSYM_ENUMERATESYMBOLS_CALLBACK, PVOID))   \
	X(SymUnloadModule64, BOOL, (HANDLE, DWORD64))

struct nt_symbols {
	HMODULE library;
#define ROUTINE_FIELD(name, result, parameters) result(WINAPI *name) parameters;
	ROUTINES(ROUTINE_FIELD)
#undef ROUTINE_FIELD
};

/* DbgHelp knows its users by a handle, which need not be a process's. */
static HANDLE handle_of(struct nt_symbols *symbols)
{
	return (HANDLE)symbols;
}

static bool find_routines(struct nt_symbols *symbols)
{
#define ROUTINE_FIND(name, result, parameters)                                                     \
	symbols->name =                                                                            \
		(result(WINAPI *) parameters)(void *)GetProcAddress(symbols->library, #name);      \
	if (!symbols->name)                                                                        \
		return false;
	ROUTINES(ROUTINE_FIND)
#undef ROUTINE_FIND
	return true;
}

struct nt_symbols *nt_symbols_create(const char *path)
{
	struct nt_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	symbols->library = LoadLibraryA("dbghelp.dll");
	if (!symbols->library || !find_routines(symbols))
		goto fail;
	symbols->SymSetOptions(SYMOPT_UNDNAME | SYMOPT_FAIL_CRITICAL_ERRORS | SYMOPT_NO_PROMPTS);
	if (symbols->SymInitialize(handle_of(symbols), path, FALSE))
		return symbols;
fail:
	if (symbols->library)
		FreeLibrary(symbols->library);
	free(symbols);
	return NULL;
}

void nt_symbols_destroy(struct nt_symbols *symbols)
{
	if (!symbols)
		return;
	symbols->SymCleanup(handle_of(symbols));
	FreeLibrary(symbols->library);
	free(symbols);
}

/* cvconst.h, "enum SymTagEnum" */
enum { TAG_FUNCTION = 5, TAG_DATA = 7, TAG_PUBLIC = 10 };

struct listing {
	const struct pe_exports *exports;
	struct nt_functions *functions;
	uint64_t base;
	size_t n; /* that are no exports */
	bool failed;
	struct error *err;
};

/*
 * Exports are known already, and of data nobody asks. What is left shows that there is a symbol
 * file, better than SymGetModuleInfo64() does: Wine's tells of one where it could read nothing.
 */
static BOOL CALLBACK add_symbol(SYMBOL_INFO *symbol, ULONG size, void *context)
{
	struct listing *listing = context;
	bool code = symbol->Tag == TAG_FUNCTION || symbol->Tag == TAG_PUBLIC;
	uint64_t rva = symbol->Address - listing->base;

	if ((!code && symbol->Tag != TAG_DATA) || symbol->Flags & SYMFLAG_EXPORT ||
	    rva > UINT32_MAX || !pe_exports_is_code(listing->exports, (uint32_t)rva))
		return TRUE;
	listing->n++;
	listing->failed |= nt_functions_add(listing->functions, symbol->Name, (uint32_t)rva, code,
					    false, listing->err) != 0;
	if (!listing->failed && !code)
		listing->functions->functions[listing->functions->n - 1].typed_data = true;
	return !listing->failed;
}

int nt_symbols_add(struct nt_symbols *symbols, const char *image, uint64_t base, uint64_t size,
		   const struct pe_exports *exports, struct nt_functions *functions, bool *found,
		   struct error *err)
{
	struct listing listing = {
		.exports = exports, .functions = functions, .base = base, .err = err};
	HANDLE handle = handle_of(symbols);

	*found = false;
	if (!symbols->SymLoadModule64(handle, NULL, image, NULL, base, (DWORD)size))
		return 0;
	symbols->SymEnumSymbols(handle, base, "*", add_symbol, &listing);
	*found = listing.n > 0;
	symbols->SymUnloadModule64(handle, base);
	return listing.failed ? -1 : 0;
}
