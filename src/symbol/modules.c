/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/modules.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/file_read.h"

/* A line of /proc/modules: "NAME SIZE USERS DEPENDENCIES STATE 0xBASE". */
struct line {
	char name[64];
	uint64_t size;
	uint64_t base;
};

static const char *or_default(const char *path, const char *standard)
{
	return path ? path : standard;
}

bool module_name_equal(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return *a == *b;
}

bool module_name_is_kernel(const char *name)
{
	return !strcmp(name, MODULE_KERNEL) || !strcmp(name, "kernel");
}

static bool parse_line(const char *text, struct line *line)
{
	return sscanf(text, "%63s %" SCNu64 " %*s %*s %*s %" SCNx64, line->name, &line->size,
		      &line->base) == 3;
}

/* Call each() with every line; it returns nonzero to stop. */
static int each_line(char *text, int (*each)(const struct line *line, void *context), void *context)
{
	char *next, *p;
	int result = 0;

	for (p = text; *p && !result; p = next) {
		struct line line;

		next = p + strcspn(p, "\n");
		if (*next)
			*next++ = '\0';
		if (parse_line(p, &line))
			result = each(&line, context);
	}
	return result;
}

/* Keep the build id of ELF notes, as the kernel shows them in files called notes. */
static void find_build_id(const char *path, struct module *module)
{
	char *data;
	size_t size, at = 0;

	if (file_read(path, &data, &size, NULL))
		return;
	while (at + sizeof(Elf64_Nhdr) <= size) {
		Elf64_Nhdr note;
		size_t name, descriptor;

		memcpy(&note, data + at, sizeof(note));
		name = at + sizeof(note);
		descriptor = name + (((size_t)note.n_namesz + 3) & ~(size_t)3);
		if (descriptor > size || note.n_descsz > size - descriptor)
			break;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    !memcmp(data + name, "GNU", 4) && note.n_descsz > 0 &&
		    note.n_descsz <= sizeof(module->build_id)) {
			memcpy(module->build_id, data + descriptor, note.n_descsz);
			module->build_id_length = (uint8_t)note.n_descsz;
			break;
		}
		at = descriptor + (((size_t)note.n_descsz + 3) & ~(size_t)3);
	}
	free(data);
}

static void build_id_below(const char *sys_module, struct module *module)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/notes/.note.gnu.build-id", sys_module, module->name);
	find_build_id(path, module);
}

void modules_read_build_id(const struct modules_paths *paths, struct module *module)
{
	build_id_below(or_default(paths ? paths->sys_module : NULL, "/sys/module"), module);
}

void modules_read_kernel_build_id(const struct modules_paths *paths, struct module *kernel)
{
	find_build_id(or_default(paths ? paths->kernel_notes : NULL, "/sys/kernel/notes"), kernel);
}

static bool is_text_section(const char *name)
{
	return !strncmp(name, ".text", 5) || !strcmp(name, ".noinstr.text") ||
	       !strcmp(name, ".exit.text") || !strcmp(name, ".static_call.text") ||
	       !strcmp(name, ".ref.text");
}

static bool is_init_section(const char *name)
{
	return !strncmp(name, ".init", 5);
}

/*
 * Narrow the module's range to its text. The section files tell where sections begin, not where
 * they end; what ends the text is the next section that is none. Since 6.4 text has memory of its
 * own (ac3b43283923, "module: replace module_layout with module_memory") and nothing may follow
 * it: the range then ends as /proc/modules says.
 */
static void narrow_to_text(const char *sys_module, struct module *module)
{
	uint64_t first = UINT64_MAX, last = 0, end = module->base + module->size;
	char path[512];
	struct dirent *entry;
	DIR *dir;
	uint64_t others[128];
	size_t n_others = 0;

	snprintf(path, sizeof(path), "%s/%s/sections", sys_module, module->name);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		char file[800], *data;
		uint64_t address;
		size_t size;

		if (entry->d_name[0] == '.' && (!entry->d_name[1] || !strcmp(entry->d_name, "..")))
			continue;
		if (is_init_section(entry->d_name))
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (file_read(file, &data, &size, NULL))
			continue;
		address = strtoull(data, NULL, 16);
		free(data);
		if (!address)
			continue;
		if (is_text_section(entry->d_name)) {
			first = address < first ? address : first;
			last = address > last ? address : last;
		} else if (n_others < sizeof(others) / sizeof(others[0])) {
			others[n_others++] = address;
		}
	}
	closedir(dir);
	if (first > last || first < module->base || last >= end)
		return;
	for (size_t i = 0; i < n_others; i++)
		if (others[i] > last && others[i] < end)
			end = others[i];
	module->base = first;
	module->size = end - first;
}

struct loading {
	const char *sys_module;
	struct module_table *table;
	struct error *err;
};

static int add_line(const struct line *line, void *context)
{
	struct loading *loading = context;
	struct module module = {
		.name = (char *)line->name,
		.base = line->base,
		.size = line->size,
		.bit = MODULE_NO_BIT,
	};

	if (!line->base)
		return 0;
	narrow_to_text(loading->sys_module, &module);
	build_id_below(loading->sys_module, &module);
	return module_table_add(loading->table, &module, loading->err) < 0;
}

int modules_load(const struct modules_paths *paths, const struct kallsyms *kallsyms,
		 struct module_table *table, struct error *err)
{
	static const struct modules_paths standard;
	uint64_t start = kallsyms_address(kallsyms, "_stext");
	uint64_t end = kallsyms_address(kallsyms, "_etext");
	struct loading loading = {.table = table, .err = err};
	struct module kernel = {
		.name = (char *)MODULE_KERNEL,
		.base = start,
		.size = end - start,
		.bit = MODULE_NO_BIT,
	};
	const char *proc_modules;
	char *text = NULL;
	size_t size;
	int result;

	if (!paths)
		paths = &standard;
	if (!start || end <= start)
		return error_set(err, "the kernel's symbols don't say where its text is: _stext or "
				      "_etext is missing");
	proc_modules = or_default(paths->proc_modules, "/proc/modules");
	loading.sys_module = or_default(paths->sys_module, "/sys/module");
	/* A kernel without loadable modules has no such file. */
	errno = 0;
	if (file_read(proc_modules, &text, &size, err)) {
		if (errno != ENOENT || paths->proc_modules)
			return -1;
		text = NULL;
	}
	modules_read_kernel_build_id(paths, &kernel);
	result = module_table_add(table, &kernel, err) < 0 ? -1 : 0;
	if (!result && text && each_line(text, add_line, &loading))
		result = -1;
	free(text);
	return result;
}

static int same_name(const struct line *line, void *name)
{
	return module_name_equal(line->name, name);
}

bool modules_loaded(const struct modules_paths *paths, const char *name)
{
	char *text;
	size_t size;
	bool loaded;

	if (file_read(or_default(paths ? paths->proc_modules : NULL, "/proc/modules"), &text, &size,
		      NULL))
		return false;
	loaded = each_line(text, same_name, (void *)name);
	free(text);
	return loaded;
}
