/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/module_deps.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/tool.h"

int module_deps_open(const char *tree, struct module_deps *deps, struct error *err)
{
	struct text path = TEXT_INIT;
	struct module_deps read = {TEXT_INIT, TEXT_INIT};
	int result;

	text_addf(&path, "%s/modules.dep", tree);
	result = read_path(text_string(&path), &read.deps, err);
	if (result) {
		error_hint(err, "depmod makes it: depmod -b DIR RELEASE");
	} else {
		text_clear(&path);
		text_addf(&path, "%s/modules.builtin", tree);
		if (!access(text_string(&path), R_OK))
			result = read_path(text_string(&path), &read.builtin, err);
	}
	text_fini(&path);
	if (result)
		module_deps_close(&read);
	else
		*deps = read;
	return result;
}

void module_deps_close(struct module_deps *deps)
{
	text_fini(&deps->deps);
	text_fini(&deps->builtin);
}

/* Does the path (of length bytes) belong to the module called name? */
static bool path_is(const char *path, size_t length, const char *name)
{
	const char *file = memrchr(path, '/', length);
	size_t i = 0;

	file = file ? file + 1 : path;
	length -= (size_t)(file - path);
	while (i < length && name[i]) {
		char a = file[i] == '-' ? '_' : file[i], b = name[i] == '-' ? '_' : name[i];

		if (a != b)
			return false;
		i++;
	}
	return !name[i] && length - i >= 3 && !memcmp(file + i, ".ko", 3) &&
	       (length - i == 3 || file[i + 3] == '.');
}

/* The line of a module. Its path ends where the ':' (or the line, in modules.builtin) ends. */
static const char *find_line(const struct text *text, const char *name, size_t *path_length)
{
	const char *line = text_string(text);

	while (*line) {
		*path_length = strcspn(line, ":\n");
		if (path_is(line, *path_length, name))
			return line;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return NULL;
}

static void add_path(struct text *paths, const char *path, size_t length)
{
	const char *line = text_string(paths);

	while (*line) {
		size_t n = strcspn(line, "\n");

		if (n == length && !memcmp(line, path, n))
			return;
		line += n + (line[n] == '\n');
	}
	text_add_bytes(paths, path, length);
	text_add_char(paths, '\n');
}

bool module_deps_add(const struct module_deps *deps, const char *name, struct text *paths)
{
	size_t path_length, end;
	const char *line = find_line(&deps->deps, name, &path_length);
	const char *needed;

	if (!line)
		return false;
	/* depmod lists what a module needs so that the last has to be loaded first. */
	needed = line + path_length + (line[path_length] == ':');
	end = strcspn(needed, "\n");
	while (end) {
		size_t start;

		while (end && needed[end - 1] == ' ')
			end--;
		start = end;
		while (start && needed[start - 1] != ' ')
			start--;
		if (end > start)
			add_path(paths, needed + start, end - start);
		end = start;
	}
	add_path(paths, line, path_length);
	return true;
}

bool module_deps_is_builtin(const struct module_deps *deps, const char *name)
{
	size_t length;

	return find_line(&deps->builtin, name, &length);
}

char *module_name_of_path(const char *path)
{
	const char *file = strrchr(path, '/');
	char *name, *end;

	name = strdup(file ? file + 1 : path);
	if (!name)
		return NULL;
	end = strstr(name, ".ko");
	if (end)
		*end = '\0';
	for (char *at = name; *at; at++)
		*at = *at == '-' ? '_' : *at;
	return name;
}

/* A section of a 64-bit ELF file in memory, by name; NULL when it isn't there or doesn't fit. */
static const char *find_section(const struct text *image, const char *name, size_t *length)
{
	Elf64_Ehdr header;
	Elf64_Shdr section, names;
	size_t at;

	if (image->length < sizeof(header))
		return NULL;
	memcpy(&header, image->data, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_shentsize != sizeof(section) || header.e_shstrndx >= header.e_shnum ||
	    header.e_shoff > image->length ||
	    header.e_shnum > (image->length - header.e_shoff) / sizeof(section))
		return NULL;
	memcpy(&names, image->data + header.e_shoff + header.e_shstrndx * sizeof(names),
	       sizeof(names));
	for (size_t i = 0; i < header.e_shnum; i++) {
		memcpy(&section, image->data + header.e_shoff + i * sizeof(section),
		       sizeof(section));
		at = names.sh_offset + section.sh_name;
		if (at >= image->length || section.sh_offset > image->length ||
		    section.sh_size > image->length - section.sh_offset)
			continue;
		/* The image is NUL-terminated, like every struct text. */
		if (!strcmp(image->data + at, name)) {
			*length = section.sh_size;
			return image->data + section.sh_offset;
		}
	}
	return NULL;
}

const char *module_info(const struct text *image, const char *key)
{
	size_t length = 0, key_length = strlen(key);
	const char *info = find_section(image, ".modinfo", &length);

	for (size_t at = 0; info && at < length; at += strnlen(info + at, length - at) + 1) {
		if (at + key_length < length && !strncmp(info + at, key, key_length) &&
		    info[at + key_length] == '=' && memchr(info + at, '\0', length - at))
			return info + at + key_length + 1;
	}
	return NULL;
}
