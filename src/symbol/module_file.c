/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/module_file.h"

#include <dirent.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/decompress.h"
#include "symbol/file_read.h"

/*
 * "NAME.ko", "NAME.ko.xz"...: the length of NAME, 0 if it is no module's file.
 */
static size_t module_stem(const char *file)
{
	static const char *const endings[] = {"", ".gz", ".xz", ".zst"};
	const char *ko = NULL;

	for (const char *p = strstr(file, ".ko"); p; p = strstr(p + 1, ".ko"))
		ko = p;
	if (!ko)
		return 0;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (!strcmp(ko + 3, endings[i]))
			return (size_t)(ko - file);
	return 0;
}

static const char *file_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Is this the file of that module? '-' and '_' are the same. */
static bool is_file_of(const char *path, const char *module)
{
	const char *file = file_part(path);
	size_t length = module_stem(file);

	if (!length || strlen(module) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		char a = file[i] == '-' ? '_' : file[i], b = module[i] == '-' ? '_' : module[i];

		if (a != b)
			return false;
	}
	return true;
}

static int join(const char *directory, const char *file, char **path, struct error *err)
{
	return asprintf(path, "%s/%s", directory, file) < 0 ? error_no_memory(err) : 0;
}

/* 1: found; 0: not there; -1: failed. */
static int find_in_directory(const char *directory, const char *module, char **path,
			     struct error *err)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	int result = 0;

	if (!dir)
		return 0;
	while (!result && (entry = readdir(dir)))
		if (is_file_of(entry->d_name, module))
			result = join(directory, entry->d_name, path, err) ? -1 : 1;
	closedir(dir);
	return result;
}

static int find_in_dependencies(const char *release, const char *module, char **path,
				struct error *err)
{
	char directory[256], file[300], *text, *next;
	size_t size;
	int result = 0;

	snprintf(directory, sizeof(directory), "/lib/modules/%s", release);
	snprintf(file, sizeof(file), "%s/modules.dep", directory);
	if (file_read(file, &text, &size, NULL))
		return 0;
	for (char *p = text; *p && !result; p = next) {
		next = p + strcspn(p, "\n");
		if (*next)
			*next++ = '\0';
		p[strcspn(p, ":")] = '\0';
		if (!is_file_of(p, module))
			continue;
		if (*p == '/') {
			*path = strdup(p);
			result = *path ? 1 : error_no_memory(err);
		} else {
			result = join(directory, p, path, err) ? -1 : 1;
		}
	}
	free(text);
	return result;
}

int module_file_find(const char *module, const char *module_path, const char *release, char **path,
		     struct error *err)
{
	char *directories, *place;
	int result = 0;

	if (strchr(module, '/') || module_stem(module)) {
		*path = strdup(module);
		return *path ? 0 : error_no_memory(err);
	}
	if (module_path) {
		directories = strdup(module_path);
		if (!directories)
			return error_no_memory(err);
		for (char *p = strtok_r(directories, ":", &place); p && !result;
		     p = strtok_r(NULL, ":", &place))
			result = find_in_directory(p, module, path, err);
		free(directories);
	}
	if (!result)
		result = find_in_dependencies(release, module, path, err);
	if (result > 0)
		return 0;
	if (result < 0)
		return -1;
	error_set(err, "there is no file of a module %s for kernel %s", module, release);
	return error_hint(err, "give the path of its .ko file, or put its directory in "
			       "KAPIMON_MODULE_PATH");
}

/*
 * Where the calls to ftrace are: entries of __mcount_loc, as relocations against sections. Where
 * the compiler makes room for them with -fpatchable-function-entry (arm64) they are in a section
 * of that name, which on x86 only has the padding in front of functions.
 */
static bool is_ftrace_section(const char *name, bool found)
{
	return !strcmp(name, ".rela__mcount_loc") ||
	       (!found && !strcmp(name, ".rela__patchable_function_entries"));
}

/* The call lies at the entry, or behind the endbr64 or bti that begins the function. */
#define ENTRY_BYTES 16

static void mark_traceable_at(struct module_file *file, uint32_t section, uint64_t offset)
{
	for (size_t i = 0; i < file->n_functions; i++) {
		struct module_function *function = &file->functions[i];

		if (function->section == section && offset >= function->offset &&
		    offset - function->offset <= ENTRY_BYTES &&
		    offset - function->offset < (function->size ? function->size : 1))
			function->traceable = true;
	}
}

static void mark_traceable(Elf *elf, Elf_Scn *relocations, Elf_Scn *table, struct module_file *file)
{
	Elf_Data *data = elf_getdata(relocations, NULL), *symbols = elf_getdata(table, NULL);

	if (!data || !symbols)
		return;
	for (int i = 0; i < (int)(data->d_size / sizeof(Elf64_Rela)); i++) {
		GElf_Rela relocation;
		GElf_Sym symbol;

		if (!gelf_getrela(data, i, &relocation) ||
		    !gelf_getsym(symbols, (int)GELF_R_SYM(relocation.r_info), &symbol))
			continue;
		mark_traceable_at(file, symbol.st_shndx,
				  symbol.st_value + (uint64_t)relocation.r_addend);
		file->traceable_known = true;
	}
}

static int compare_functions(const void *a, const void *b)
{
	return strcmp(((const struct module_function *)a)->name,
		      ((const struct module_function *)b)->name);
}

static int add_function(struct module_file *file, size_t *capacity, const char *name,
			const GElf_Sym *symbol, bool init, struct error *err)
{
	struct module_function *function;

	if (file->n_functions == *capacity) {
		size_t larger = *capacity ? *capacity * 2 : 256;

		function = realloc(file->functions, larger * sizeof(*function));
		if (!function)
			return error_no_memory(err);
		file->functions = function;
		*capacity = larger;
	}
	function = &file->functions[file->n_functions];
	*function = (struct module_function){
		.name = strdup(name),
		.offset = symbol->st_value,
		.size = symbol->st_size,
		.section = symbol->st_shndx,
		.init = init,
	};
	if (!function->name)
		return error_no_memory(err);
	file->n_functions++;
	return 0;
}

/* Which sections hold code, and which of it is init text. */
static bool is_code(Elf *elf, size_t strings, size_t section, bool *init)
{
	Elf_Scn *scn = elf_getscn(elf, section);
	GElf_Shdr header;
	const char *name;

	if (!scn || !gelf_getshdr(scn, &header) || !(header.sh_flags & SHF_EXECINSTR) ||
	    !(header.sh_flags & SHF_ALLOC))
		return false;
	name = elf_strptr(elf, strings, header.sh_name);
	*init = name && !strncmp(name, ".init", 5);
	return true;
}

static int read_functions(Elf *elf, size_t strings, Elf_Scn *table, struct module_file *file,
			  struct error *err)
{
	size_t capacity = 0;
	GElf_Shdr header;
	Elf_Data *data = elf_getdata(table, NULL);

	if (!data || !gelf_getshdr(table, &header))
		return error_set(err, "%s: the symbol table can't be read", file->path);
	for (int i = 0; i < (int)(data->d_size / sizeof(Elf64_Sym)); i++) {
		GElf_Sym symbol;
		const char *name;
		bool init;

		if (!gelf_getsym(data, i, &symbol))
			break;
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF ||
		    symbol.st_shndx >= SHN_LORESERVE ||
		    !is_code(elf, strings, symbol.st_shndx, &init))
			continue;
		name = elf_strptr(elf, header.sh_link, symbol.st_name);
		if (name && *name && add_function(file, &capacity, name, &symbol, init, err))
			return -1;
	}
	return 0;
}

static bool is_entry_name(const char *name)
{
	return !strcmp(name, "init_module") || !strcmp(name, "cleanup_module");
}

/*
 * module_init(foo_init) makes init_module a second name of foo_init: mark the one of two names
 * that says less.
 */
static void mark_aliases(struct module_file *file)
{
	for (size_t i = 0; i < file->n_functions; i++) {
		struct module_function *a = &file->functions[i];

		if (!is_entry_name(a->name))
			continue;
		for (size_t j = 0; j < file->n_functions && !a->alias; j++) {
			const struct module_function *b = &file->functions[j];

			a->alias = j != i && b->section == a->section && b->offset == a->offset;
		}
	}
}

static int copy_btf(Elf_Scn *section, struct module_file *file, struct error *err)
{
	Elf_Data *data = elf_getdata(section, NULL);

	if (!data || !data->d_size)
		return 0;
	file->btf = malloc(data->d_size);
	if (!file->btf)
		return error_no_memory(err);
	memcpy(file->btf, data->d_buf, data->d_size);
	file->btf_size = data->d_size;
	return 0;
}

/* ".modinfo" is a list of "KEY=VALUE" strings. */
static char *copy_info(Elf_Scn *section, const char *key)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t length = strlen(key);
	const char *p, *end;

	if (!data || !data->d_size)
		return NULL;
	p = data->d_buf;
	end = p + data->d_size;
	while (p < end && memchr(p, 0, (size_t)(end - p))) {
		if (!strncmp(p, key, length) && p[length] == '=')
			return strdup(p + length + 1);
		p += strlen(p) + 1;
	}
	return NULL;
}

/* What the kernel will call it: .modinfo has it, else it is the file's name. */
static int name_module(struct module_file *file, struct error *err)
{
	const char *part = file_part(file->path);
	size_t stem = module_stem(part);

	if (!file->name)
		file->name = strndup(part, stem ? stem : strlen(part));
	if (!file->name)
		return error_no_memory(err);
	for (char *p = file->name; *p; p++)
		if (*p == '-')
			*p = '_';
	return 0;
}

/* The first word of vermagic is the release of the kernel that the module was built for. */
static void read_info(Elf_Scn *section, struct module_file *file)
{
	free(file->name);
	free(file->release);
	file->name = copy_info(section, "name");
	file->release = copy_info(section, "vermagic");
	if (file->release)
		file->release[strcspn(file->release, " ")] = '\0';
}

static int read_elf(Elf *elf, struct module_file *file, struct error *err)
{
	Elf_Scn *section = NULL, *symbols = NULL, *calls = NULL;
	bool base = false;
	size_t strings;
	GElf_Ehdr ehdr;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &ehdr) || ehdr.e_type != ET_REL ||
	    elf_getshdrstrndx(elf, &strings))
		return error_set(err, "%s is not a kernel module", file->path);
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64)
		return error_set(err, "%s is a module of a 32-bit kernel", file->path);
	while ((section = elf_nextscn(elf, section))) {
		const char *name;
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(elf, strings, header.sh_name);
		if (header.sh_type == SHT_SYMTAB)
			symbols = section;
		else if (name && is_ftrace_section(name, calls))
			calls = section;
		else if (name && !strcmp(name, ".modinfo"))
			read_info(section, file);
		else if (name && !strcmp(name, ".BTF.base"))
			base = true;
		else if (name && !strcmp(name, ".BTF") && copy_btf(section, file, err))
			return -1;
	}
	/*
	 * Since 6.11 BTF of modules from outside the tree may stand on a small base of its own,
	 * which the kernel relocates when it loads them (8646db238997). libbpf can since 1.5.
	 */
	if (base) {
		free(file->btf);
		file->btf = NULL;
		file->btf_size = 0;
	}
	if (!symbols)
		return error_set(err, "%s has no symbol table: it was stripped", file->path);
	if (name_module(file, err) || read_functions(elf, strings, symbols, file, err))
		return -1;
	if (file->n_functions)
		qsort(file->functions, file->n_functions, sizeof(file->functions[0]),
		      compare_functions);
	mark_aliases(file);
	if (calls)
		mark_traceable(elf, calls, symbols, file);
	return 0;
}

int module_file_open(const char *path, struct module_file **out, struct error *err)
{
	struct module_file *file = calloc(1, sizeof(*file));
	void *image = NULL;
	size_t size, image_size;
	Elf *elf = NULL;
	char *data;
	int result;

	if (!file)
		return error_no_memory(err);
	file->path = strdup(path);
	if (!file->path) {
		module_file_close(file);
		return error_no_memory(err);
	}
	if (file_read(path, &data, &size, err)) {
		module_file_close(file);
		return -1;
	}
	result = decompress(path, data, size, &image, &image_size, err);
	free(data);
	if (!result) {
		elf_version(EV_CURRENT);
		elf = elf_memory(image, image_size);
		result = elf ? read_elf(elf, file, err)
			     : error_set(err, "%s is not a kernel module", path);
		elf_end(elf);
	}
	free(image);
	if (result) {
		module_file_close(file);
		return -1;
	}
	*out = file;
	return 0;
}

void module_file_close(struct module_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->n_functions; i++)
		free(file->functions[i].name);
	free(file->functions);
	free(file->btf);
	free(file->path);
	free(file->release);
	free(file->name);
	free(file);
}
