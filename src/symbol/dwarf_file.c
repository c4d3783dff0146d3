/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/dwarf_file.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
	const char *name;
	uint64_t address;
};

struct dwarf_file {
	char *path;
	Dwfl *dwfl;
	Dwfl_Module *module;
	struct symbol *symbols; /* by name, then by address */
	size_t n_symbols;
	/* What distances are counted from, and up to where they lead: _stext in a kernel, in a
	 * module the first section of code, which the kernel puts at the beginning of its text. */
	uint64_t text, text_end;
};

/* Which files there are, and in which order they are tried, is settled by who opens them. */
static int find_no_other(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
			 const char *file, const char *link, GElf_Word crc, char **out)
{
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_debuginfo = find_no_other,
	.section_address = dwfl_offline_section_address,
};

static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : (one->address > other->address) - (one->address < other->address);
}

static bool is_code(const GElf_Sym *symbol, GElf_Word section)
{
	unsigned char type = GELF_ST_TYPE(symbol->st_info);

	/* The entry code is assembly, not all of it marked as functions. */
	return (type == STT_FUNC || type == STT_NOTYPE) && section != SHN_UNDEF &&
	       section != SHN_ABS && section != SHN_COMMON;
}

/* The section that the kernel puts first among those of a module's text; 0: there is none. */
static size_t first_code(Elf *elf, uint64_t *size)
{
	Elf_Scn *section = NULL;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings))
		return 0;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC) ||
		    !(header.sh_flags & SHF_EXECINSTR) || !header.sh_size)
			continue;
		name = elf_strptr(elf, strings, header.sh_name);
		if (name && !strncmp(name, ".init", 5))
			continue;
		*size = header.sh_size;
		return elf_ndxscn(section);
	}
	return 0;
}

static int read_symbols(struct dwarf_file *file, Elf *elf, struct error *err)
{
	int n = dwfl_module_getsymtab(file->module);
	uint64_t first_size = 0;
	GElf_Ehdr ehdr;
	size_t first = gelf_getehdr(elf, &ehdr) && ehdr.e_type == ET_REL
			       ? first_code(elf, &first_size)
			       : 0;

	if (n <= 1)
		return error_set(err, "%s has no symbol table", file->path);
	file->symbols = calloc((size_t)n, sizeof(file->symbols[0]));
	if (!file->symbols)
		return error_no_memory(err);
	for (int i = 1; i < n; i++) {
		GElf_Word section = SHN_UNDEF;
		GElf_Addr address;
		GElf_Sym symbol;
		const char *name = dwfl_module_getsym_info(file->module, i, &symbol, &address,
							   &section, NULL, NULL);

		if (!name)
			continue;
		if (first && section == first) {
			file->text = address - symbol.st_value;
			file->text_end = file->text + first_size;
		}
		if (!strcmp(name, "_stext"))
			file->text = address;
		else if (!strcmp(name, "_etext"))
			file->text_end = address;
		if (!*name || !is_code(&symbol, section))
			continue;
		file->symbols[file->n_symbols++] = (struct symbol){name, address};
	}
	if (file->n_symbols)
		qsort(file->symbols, file->n_symbols, sizeof(file->symbols[0]), compare_symbols);
	return 0;
}

static int check_build_id(const char *path, Elf *elf, const uint8_t *build_id, size_t length,
			  struct error *err)
{
	const void *id;
	ssize_t id_length = dwelf_elf_gnu_build_id(elf, &id);

	if (id_length <= 0)
		return error_set(err, "%s has no build id", path);
	if ((size_t)id_length != length || memcmp(id, build_id, length))
		return error_set(err, "%s is of another build", path);
	return 0;
}

static int open_file(struct dwarf_file *file, const uint8_t *build_id, size_t length,
		     struct error *err)
{
	GElf_Addr bias;
	Elf *elf;

	file->dwfl = dwfl_begin(&callbacks);
	if (!file->dwfl)
		return error_no_memory(err);
	file->module = dwfl_report_offline(file->dwfl, "", file->path, -1);
	elf = file->module ? dwfl_module_getelf(file->module, &bias) : NULL;
	if (!elf)
		return error_set(err, "%s can't be read: %s", file->path, dwfl_errmsg(-1));
	dwfl_report_end(file->dwfl, NULL, NULL);
	if (check_build_id(file->path, elf, build_id, length, err))
		return -1;
	if (!dwfl_module_getdwarf(file->module, &bias))
		return error_set(err, "%s has no debug information", file->path);
	return read_symbols(file, elf, err);
}

int dwarf_file_open(const char *path, const uint8_t *build_id, size_t length,
		    struct dwarf_file **out, struct error *err)
{
	struct dwarf_file *file = calloc(1, sizeof(*file));

	if (!file)
		return error_no_memory(err);
	file->path = strdup(path);
	if (!file->path) {
		free(file);
		return error_no_memory(err);
	}
	if (open_file(file, build_id, length, err)) {
		dwarf_file_close(file);
		return -1;
	}
	*out = file;
	return 0;
}

void dwarf_file_close(struct dwarf_file *file)
{
	if (!file)
		return;
	dwfl_end(file->dwfl);
	free(file->symbols);
	free(file->path);
	free(file);
}

const char *dwarf_file_path(const struct dwarf_file *file)
{
	return file->path;
}

/* Number of the first symbol that is not before this name. */
static size_t first_of(const struct dwarf_file *file, const char *name)
{
	size_t low = 0, high = file->n_symbols;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(file->symbols[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool dwarf_file_address(const struct dwarf_file *file, const char *symbol, uint64_t offset,
			uint64_t distance, uint64_t *address)
{
	bool measured = file->text_end > file->text && distance < file->text_end - file->text;
	uint64_t there = file->text + distance;
	size_t first, n = 0;

	if (!symbol) {
		if (measured)
			*address = there;
		return measured;
	}
	first = first_of(file, symbol);
	for (size_t i = first; i < file->n_symbols && !strcmp(file->symbols[i].name, symbol); i++) {
		if (measured && file->symbols[i].address + offset == there) {
			*address = there;
			return true;
		}
		n += i == first || file->symbols[i].address != file->symbols[i - 1].address;
	}
	if (n != 1)
		return false;
	*address = file->symbols[first].address + offset;
	return true;
}

/*
 * Compilers name files from the directory that they were started in, which is joined in front here.
 * What lies below the root of the kernel's tree is shown as from there: a build in a directory of
 * its own is below or beside it.
 */
static const char *shorten(const char *file, Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;
	const char *directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	size_t length = directory ? strlen(directory) : 0;

	if (!length || strncmp(file, directory, length) || file[length] != '/')
		return file;
	file += length + 1;
	for (;;) {
		if (!strncmp(file, "./", 2))
			file += 2;
		else if (!strncmp(file, "../", 3))
			file += 3;
		else
			return file;
	}
}

/* The unit of an address, also where the producer wrote no table of them (clang does not). */
static Dwarf_Die *unit_of(struct dwarf_file *file, uint64_t address, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(file->module, address, bias);

	if (unit)
		return unit;
	while ((unit = dwfl_module_nextcu(file->module, unit, bias)))
		if (dwarf_haspc(unit, address - *bias) == 1)
			break;
	return unit;
}

static bool call_place(Dwarf_Die *inlined, Dwarf_Die *unit, struct place *place)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number, line;
	Dwarf_Files *files;
	const char *file;
	size_t n;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &number) ||
	    dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) ||
	    dwarf_getsrcfiles(unit, &files, &n))
		return false;
	file = dwarf_filesrc(files, number, NULL, NULL);
	if (!file || !line)
		return false;
	place->file = shorten(file, unit);
	place->line = (unsigned)line;
	return true;
}

static bool line_place(Dwarf_Die *unit, Dwarf_Addr address, struct place *place)
{
	Dwarf_Line *found = dwarf_getsrc_die(unit, address);
	const char *file = found ? dwarf_linesrc(found, NULL, NULL) : NULL;
	int line;

	/* Line 0 is code that the compiler made up. */
	if (!file || dwarf_lineno(found, &line) || line <= 0)
		return false;
	place->file = shorten(file, unit);
	place->line = (unsigned)line;
	return true;
}

/*
 * The scopes in the order of what stands in what at this address. Those of dwarf_getscopes() leave
 * an inlined function for where it was written; hence the second step.
 */
static int scopes_at(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die **scopes)
{
	Dwarf_Die innermost;
	int n = dwarf_getscopes(unit, address, scopes);

	if (n <= 0)
		return 0;
	innermost = (*scopes)[0];
	free(*scopes);
	n = dwarf_getscopes_die(&innermost, scopes);
	return n > 0 ? n : 0;
}

size_t dwarf_file_places(struct dwarf_file *file, uint64_t address, struct place *places)
{
	Dwarf_Die *scopes = NULL, *unit;
	struct place place = {0};
	Dwarf_Addr bias;
	size_t n = 0;
	int n_scopes, i;

	unit = unit_of(file, address, &bias);
	if (!unit || !line_place(unit, address - bias, &place))
		return 0;
	n_scopes = scopes_at(unit, address - bias, &scopes);
	for (i = 0; i < n_scopes && n < PLACE_DEPTH - 1; i++) {
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		place.function = dwarf_diename(&scopes[i]);
		if (!place.function)
			place.function = "?";
		places[n++] = place;
		place = (struct place){0};
		if (!call_place(&scopes[i], unit, &place))
			break;
	}
	free(scopes);
	/* Deeper than there is room for, it is not the function's own place. */
	if (place.file && (i == n_scopes || n < PLACE_DEPTH - 1))
		places[n++] = place;
	return n;
}
