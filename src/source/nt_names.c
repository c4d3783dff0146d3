/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <windows.h>

#include "base/glob.h"
#include "source/nt_images.h"

bool nt_module_is_here(const struct nt_module *module)
{
	return module->module.size && !module->module.unloaded;
}

static int add_module(struct nt_names *names, const struct trace_module *module, struct error *err)
{
	struct nt_module *made = calloc(1, sizeof(*made));

	if (made && names->n_modules == names->room) {
		size_t room = names->room ? 2 * names->room : 256;
		struct nt_module **grown = realloc(names->modules, room * sizeof(*grown));

		if (grown) {
			names->modules = grown;
			names->room = room;
		}
	}
	if (!made || names->n_modules == names->room) {
		free(made);
		return error_no_memory(err);
	}
	made->module = *module;
	made->module.name[TRACE_NAME - 1] = '\0';
	made->module.path[4 * TRACE_NAME - 1] = '\0';
	names->modules[names->n_modules++] = made;
	return 0;
}

static bool is_same(const struct trace_module *a, const struct trace_module *b)
{
	return a->base == b->base && a->size == b->size && a->loaded == b->loaded &&
	       !strncmp(a->name, b->name, TRACE_NAME);
}

static struct nt_module *find_known(const struct nt_names *names, const struct trace_module *module)
{
	for (size_t i = names->n_modules; i-- > 0;)
		if (is_same(&names->modules[i]->module, module))
			return names->modules[i];
	return NULL;
}

static void mark_gone(struct nt_names *names, const struct trace_module *modules, size_t n)
{
	for (size_t i = 0; i < names->n_modules; i++) {
		struct trace_module *known = &names->modules[i]->module;
		bool found = known->unloaded;

		for (size_t j = 0; j < n && !found; j++)
			found = is_same(known, &modules[j]);
		if (!found)
			known->unloaded = known->loaded + 1;
	}
}

static int update(struct nt_names *names, const struct trace_module *modules, size_t n,
		  struct error *err)
{
	mark_gone(names, modules, n);
	for (size_t i = 0; i < n; i++) {
		struct nt_module *known = find_known(names, &modules[i]);

		if (known) {
			known->module.bit = modules[i].bit;
			known->module.unloaded = modules[i].unloaded;
		} else if (add_module(names, &modules[i], err)) {
			return -1;
		}
	}
	return 0;
}

int nt_names_update(struct nt_names *names, struct nt_device *device, struct error *err)
{
	struct trace_module *modules;
	size_t n;
	int code;

	if (nt_device_list(device, TRACE_MODULES, sizeof(*modules), (void **)&modules, &n, err))
		return -1;
	code = update(names, modules, n, err);
	free(modules);
	return code;
}

int nt_names_init(struct nt_names *names, struct nt_device *device, struct error *err)
{
	return nt_names_update(names, device, err);
}

void nt_names_fini(struct nt_names *names)
{
	for (size_t i = 0; i < names->n_modules; i++) {
		nt_functions_fini(&names->modules[i]->functions);
		pe_exports_fini(&names->modules[i]->exports);
		free(names->modules[i]);
	}
	free(names->modules);
	nt_images_destroy(names->images);
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
		if (is_same(&modules[i], was) && !modules[i].unloaded)
			gone = 0;
	free(modules);
	return gone;
}

void nt_names_path(const char *path, char *to, size_t room)
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
	struct nt_module *of = names->modules[module];
	char path[4 * TRACE_NAME + MAX_PATH];

	nt_names_path(of->module.path, path, sizeof(path));
	if (!of->exports_read)
		add_exports(of, path);
	if (symbols && !of->symbols_read)
		add_symbols(names, of, path);
	nt_functions_sort(&of->functions);
	return &of->functions;
}

bool nt_names_is_module(const struct nt_names *names, const struct nt_module *module,
			const char *wanted, size_t length)
{
	const char *name = module->module.name;

	if (length == 6 && !strncasecmp(wanted, "kernel", 6))
		return module == names->modules[0];
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
		const struct nt_module *module = names->modules[i];
		const struct nt_functions *functions;

		if (!nt_module_is_here(module) ||
		    (colon &&
		     !nt_names_is_module(names, module, pattern, (size_t)(colon - pattern))))
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

	/* Of several in one place, one after the other, it is the last that had come by then. */
	for (size_t i = names->n_modules; i-- > 0;) {
		const struct trace_module *module = &names->modules[i]->module;
		const struct nt_function *function;

		if (address - module->base >= module->size || module->loaded > names->until)
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
