/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/symbol_file.h"

#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/kallsyms.h"

/* A section of code. */
struct part {
	uint64_t begin, end; /* from the beginning of the text */
	uint64_t address;    /* what values of symbols in it are counted from */
};

struct function {
	uint64_t offset; /* from the beginning of the text */
	uint32_t part;
	char type; /* as kallsyms has it */
	const char *name;
};

struct symbol_file {
	char *path;
	Dwfl *dwfl;
	Elf *elf;
	bool relocatable;
	struct part *parts; /* by number of the section; not of code: begin is end */
	size_t n_parts;
	struct function *functions; /* by offset, the plainest of a place first */
	size_t n_functions;
};

/* What was separated from the file is a candidate of its own. */
static int find_no_other(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
			 const char *file, const char *link, GElf_Word crc, char **out)
{
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_debuginfo = find_no_other,
	.section_address = dwfl_offline_section_address,
};

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

/* The section with the symbol table. */
static Elf_Scn *symbol_table(Elf *elf, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, header) && header->sh_type == SHT_SYMTAB)
			return section;
	return NULL;
}

/*
 * A module's code is laid out as the kernel's layout_sections() does: all sections of code but
 * those for initialisation, in the order of the file, each aligned as it wants to be
 * (kernel/module/main.c; __layout_sections() since ac3b43283923).
 */
static int lay_out(struct symbol_file *file, struct error *err)
{
	Elf_Scn *section = NULL;
	size_t strings, n = 0;
	uint64_t end = 0;

	if (elf_getshdrnum(file->elf, &n) || elf_getshdrstrndx(file->elf, &strings))
		return error_set(err, "%s has no sections", file->path);
	file->n_parts = n;
	file->parts = calloc(n ? n : 1, sizeof(file->parts[0]));
	if (!file->parts)
		return error_no_memory(err);
	while ((section = elf_nextscn(file->elf, section))) {
		struct part *part = &file->parts[elf_ndxscn(section)];
		const char *name;
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC) ||
		    !(header.sh_flags & SHF_EXECINSTR))
			continue;
		if (!file->relocatable) {
			*part = (struct part){header.sh_addr, header.sh_addr + header.sh_size, 0};
			continue;
		}
		name = elf_strptr(file->elf, strings, header.sh_name);
		if (!name || !strncmp(name, ".init", 5))
			continue;
		if (header.sh_addralign > 1)
			end = (end + header.sh_addralign - 1) / header.sh_addralign *
			      header.sh_addralign;
		*part = (struct part){end, end + header.sh_size, end};
		end += header.sh_size;
	}
	return 0;
}

/* Where a kernel's text begins is _stext; its sections and functions are counted from there. */
static void count_from(struct symbol_file *file, uint64_t text)
{
	for (size_t i = 0; i < file->n_parts; i++) {
		struct part *part = &file->parts[i];

		if (part->end <= text)
			*part = (struct part){0};
		else if (part->end > part->begin)
			*part = (struct part){part->begin < text ? 0 : part->begin - text,
					      part->end - text, 0};
	}
	for (size_t i = 0; i < file->n_functions; i++)
		file->functions[i].offset -= text;
}

static char type_of(const GElf_Sym *symbol)
{
	switch (GELF_ST_BIND(symbol->st_info)) {
	case STB_LOCAL:
		return 't';
	case STB_WEAK:
		return 'W';
	default:
		return 'T';
	}
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *one = a, *other = b;
	const struct symbol first = {.name = one->name, .module = "", .type = one->type};
	const struct symbol second = {.name = other->name, .module = "", .type = other->type};

	if (one->offset != other->offset)
		return one->offset < other->offset ? -1 : 1;
	return symbol_compare_plainness(&first, &second);
}

static int read_functions(struct symbol_file *file, struct error *err)
{
	GElf_Shdr header;
	Elf_Scn *section = symbol_table(file->elf, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	size_t n = data && header.sh_entsize ? header.sh_size / header.sh_entsize : 0;
	uint64_t text = 0;

	if (n <= 1)
		return error_set(err, "%s has no symbol table", file->path);
	file->functions = calloc(n, sizeof(file->functions[0]));
	if (!file->functions)
		return error_no_memory(err);
	for (size_t i = 1; i < n; i++) {
		const struct part *part;
		const char *name;
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol))
			continue;
		name = elf_strptr(file->elf, header.sh_link, symbol.st_name);
		/* Labels of the assembler's are none of kallsyms' either. */
		if (!name || !*name || !strncmp(name, ".L", 2) || symbol.st_shndx == SHN_UNDEF ||
		    symbol.st_shndx >= file->n_parts)
			continue;
		if (!file->relocatable && !strcmp(name, "_stext"))
			text = symbol.st_value;
		part = &file->parts[symbol.st_shndx];
		if (part->begin == part->end || (GELF_ST_TYPE(symbol.st_info) != STT_FUNC &&
						 GELF_ST_TYPE(symbol.st_info) != STT_NOTYPE))
			continue;
		file->functions[file->n_functions++] = (struct function){
			part->address + symbol.st_value, symbol.st_shndx, type_of(&symbol), name};
	}
	if (!file->relocatable && !text)
		return error_set(err, "%s does not say where its text begins: _stext is missing",
				 file->path);
	if (!file->relocatable)
		count_from(file, text);
	qsort(file->functions, file->n_functions, sizeof(file->functions[0]), compare_functions);
	return 0;
}

static int open_file(struct symbol_file *file, const uint8_t *build_id, size_t length,
		     struct error *err)
{
	Dwfl_Module *module;
	GElf_Ehdr ehdr;
	GElf_Addr bias;

	file->dwfl = dwfl_begin(&callbacks);
	if (!file->dwfl)
		return error_no_memory(err);
	module = dwfl_report_offline(file->dwfl, "", file->path, -1);
	file->elf = module ? dwfl_module_getelf(module, &bias) : NULL;
	if (!file->elf || !gelf_getehdr(file->elf, &ehdr))
		return error_set(err, "%s can't be read: %s", file->path, dwfl_errmsg(-1));
	dwfl_report_end(file->dwfl, NULL, NULL);
	file->relocatable = ehdr.e_type == ET_REL;
	if (check_build_id(file->path, file->elf, build_id, length, err) || lay_out(file, err))
		return -1;
	return read_functions(file, err);
}

int symbol_file_open(const char *path, const uint8_t *build_id, size_t length,
		     struct symbol_file **out, struct error *err)
{
	struct symbol_file *file = calloc(1, sizeof(*file));

	if (!file)
		return error_no_memory(err);
	file->path = strdup(path);
	if (!file->path) {
		free(file);
		return error_no_memory(err);
	}
	if (open_file(file, build_id, length, err)) {
		symbol_file_close(file);
		return -1;
	}
	*out = file;
	return 0;
}

void symbol_file_close(struct symbol_file *file)
{
	if (!file)
		return;
	dwfl_end(file->dwfl);
	free(file->functions);
	free(file->parts);
	free(file->path);
	free(file);
}

bool symbol_file_name(const struct symbol_file *file, uint64_t offset, const char **symbol,
		      uint64_t *symbol_offset)
{
	const struct function *found;
	const struct part *part;
	size_t low = 0, high = file->n_functions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (file->functions[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	found = &file->functions[low - 1];
	while (found > file->functions && found[-1].offset == found->offset)
		found--;
	part = &file->parts[found->part];
	if (offset < part->begin || offset >= part->end)
		return false;
	*symbol = found->name;
	*symbol_offset = offset - found->offset;
	return true;
}
