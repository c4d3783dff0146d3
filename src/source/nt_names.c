/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <windows.h>

#include "base/glob.h"

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
	for (size_t i = 0; i < names->n_modules; i++) {
		nt_functions_fini(&names->modules[i].functions);
		pe_exports_fini(&names->modules[i].exports);
	}
	free(names->modules);
	*names = (struct nt_names){0};
}

int nt_names_check(struct nt_device *device, const struct nt_module *module, struct error *err)
{
	const struct trace_module *was = &module->module;
	struct trace_module *modules;
	int gone = 1;
	size_t n;

	if (nt_device_list(device, TRACE_MODULES, sizeof(*modules), (void **)&modules, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (modules[i].base == was->base && modules[i].size == was->size &&
		    !strncmp(modules[i].name, was->name, TRACE_NAME))
			gone = 0;
	free(modules);
	return gone;
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

static void add_exports(struct nt_module *module, const char *path)
{
	module->exports_read = true;
	if (!pe_exports_read(path, &module->exports, NULL))
		nt_functions_add_exports(&module->functions, &module->exports, NULL);
}

static void add_symbols(struct nt_names *names, struct nt_module *module, const char *path)
{
	bool found = false;

	module->symbols_read = true;
	if (names->symbols)
		nt_symbols_add(names->symbols, path, module->module.base, module->module.size,
			       &module->exports, &module->functions, &found, NULL);
	if (!found && !names->n_missing++)
		names->missing = module->module.name;
}

const struct nt_functions *nt_names_functions(struct nt_names *names, size_t module, bool symbols)
{
	struct nt_module *of = &names->modules[module];
	char path[4 * TRACE_NAME + MAX_PATH];

	program_path(of->module.path, path, sizeof(path));
	if (!of->exports_read)
		add_exports(of, path);
	if (symbols && !of->symbols_read)
		add_symbols(names, of, path);
	nt_functions_sort(&of->functions);
	return &of->functions;
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
				const struct nt_function *function, struct error *err),
		   void *context, struct error *err)
{
	const char *colon = strchr(pattern, ':');
	const char *name = colon ? colon + 1 : pattern;
	int n = 0;

	names->data = names->typed_data = false;
	for (size_t i = 0; i < names->n_modules; i++) {
		const struct nt_module *module = &names->modules[i];
		const struct nt_functions *functions;

		if (colon && !is_module(names, module, pattern, (size_t)(colon - pattern)))
			continue;
		functions = nt_names_functions(names, i, !i || colon || names->all);
		for (size_t j = 0; j < functions->n; j++) {
			const struct nt_function *function = &functions->functions[j];

			if (!glob_matches(name, function->name))
				continue;
			if (!function->code && !(function->typed_data && names->any)) {
				names->data = true;
				names->typed_data |= function->typed_data;
				continue;
			}
			if (found(context, module, function, err))
				return -1;
			n++;
		}
		/* A plain name without module is that of the first that has it: the kernel's. */
		if (n && !colon && !strpbrk(name, "*?["))
			break;
	}
	return n;
}

bool nt_names_resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	struct nt_names *names = catalog->resolver;

	for (size_t i = 0; i < names->n_modules; i++) {
		const struct trace_module *module = &names->modules[i].module;
		const struct nt_function *function;

		if (address - module->base >= module->size)
			continue;
		*frame = (struct frame){.offset = address - module->base, .module = module->name};
		function = nt_functions_at(nt_names_functions(names, i, true),
					   (uint32_t)frame->offset);
		if (!function || !function->code)
			return true;
		frame->symbol = function->name;
		frame->offset -= function->rva;
		if (!i)
			frame->module = NULL;
		return true;
	}
	return false;
}
