/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <windows.h>

int nt_names_init(struct nt_names *names, struct nt_device *device, struct error *err)
{
	struct trace_module *modules;
	size_t n;

	if (nt_device_list(device, TRACE_MODULES, sizeof(*modules), (void **)&modules, &n, err))
		return -1;
	names->modules = calloc(n + 1, sizeof(*names->modules));
	names->n_modules = n;
	for (size_t i = 0; names->modules && i < n; i++) {
		names->modules[i].module = modules[i];
		names->modules[i].module.name[TRACE_NAME - 1] = '\0';
		names->modules[i].module.path[4 * TRACE_NAME - 1] = '\0';
	}
	free(modules);
	return names->modules ? 0 : error_no_memory(err);
}

void nt_names_fini(struct nt_names *names)
{
	for (size_t i = 0; i < names->n_modules; i++)
		pe_exports_fini(&names->modules[i].exports);
	free(names->modules);
	*names = (struct nt_names){0};
}

/* The kernel's spelling of a path as programs spell it. */
static void program_path(const char *path, char *to, size_t room)
{
	char windows[MAX_PATH] = "";

	if (!strncmp(path, "\\??\\", 4)) {
		snprintf(to, room, "%s", path + 4);
	} else if (!strncasecmp(path, "\\SystemRoot\\", 12)) {
		GetWindowsDirectoryA(windows, sizeof(windows));
		snprintf(to, room, "%s\\%s", windows, path + 12);
	} else if (path[0] == '\\') {
		/* \WINNT\System32\...: on the drive that Windows is on */
		GetWindowsDirectoryA(windows, sizeof(windows));
		snprintf(to, room, "%.2s%s", windows, path);
	} else {
		snprintf(to, room, "%s", path);
	}
}

const struct pe_exports *nt_names_exports(struct nt_names *names, size_t module)
{
	struct nt_module *of = &names->modules[module];
	char path[4 * TRACE_NAME + MAX_PATH];

	if (!of->read) {
		of->read = true;
		program_path(of->module.path, path, sizeof(path));
		pe_exports_read(path, &of->exports, NULL);
	}
	return &of->exports;
}

static bool glob_matches(const char *glob, const char *name)
{
	for (; *glob && *glob != '*'; glob++, name++)
		if (!*name || (*glob != '?' && *glob != *name))
			return false;
	if (!*glob)
		return !*name;
	do
		if (glob_matches(glob + 1, name))
			return true;
	while (*name++);
	return false;
}

/* "trace" and "TRACE.SYS" are one module; "kernel" is the first. */
static bool is_module(const struct nt_names *names, const struct nt_module *module,
		      const char *wanted, size_t length)
{
	const char *name = module->module.name;

	if (length == 6 && !strncasecmp(wanted, "kernel", 6))
		return module == names->modules;
	return !strncasecmp(name, wanted, length) && (!name[length] || name[length] == '.');
}

int nt_names_match(struct nt_names *names, const char *pattern,
		   int (*found)(void *context, const struct nt_module *module,
				const struct pe_export *export, struct error *err),
		   void *context, struct error *err)
{
	const char *colon = strchr(pattern, ':');
	const char *name = colon ? colon + 1 : pattern;
	int n = 0;

	for (size_t i = 0; i < names->n_modules; i++) {
		const struct nt_module *module = &names->modules[i];
		const struct pe_exports *exports;

		if (colon && !is_module(names, module, pattern, (size_t)(colon - pattern)))
			continue;
		exports = nt_names_exports(names, i);
		for (size_t j = 0; j < exports->n_exports; j++) {
			if (!exports->exports[j].code ||
			    !glob_matches(name, exports->exports[j].name))
				continue;
			if (found(context, module, &exports->exports[j], err))
				return -1;
			n++;
		}
		/* A plain name without module is that of the first that has it: the kernel's. */
		if (n && !colon && !strpbrk(name, "*?"))
			break;
	}
	return n;
}

bool nt_names_resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	struct nt_names *names = catalog->resolver;

	for (size_t i = 0; i < names->n_modules; i++) {
		const struct trace_module *module = &names->modules[i].module;
		const struct pe_export *export;

		if (address - module->base >= module->size)
			continue;
		*frame = (struct frame){.offset = address - module->base, .module = module->name};
		export = pe_exports_at(nt_names_exports(names, i), (uint32_t)frame->offset);
		if (!export || !export->code)
			return true;
		frame->symbol = export->name;
		frame->offset -= export->rva;
		if (!i)
			frame->module = NULL;
		return true;
	}
	return false;
}
