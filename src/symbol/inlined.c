/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/inlined.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool debug_info_find(const char *given, const char *release, char *path, size_t size)
{
	static const struct {
		const char *before, *after; /* the release */
	} places[] = {
		{"/usr/lib/debug/boot/vmlinux-", ""},
		{"/usr/lib/debug/lib/modules/", "/vmlinux"},
		{"/usr/lib/debug/usr/lib/modules/", "/vmlinux"},
		{"/boot/vmlinux-", ""},
		{"/lib/modules/", "/vmlinux"},
		{"/lib/modules/", "/build/vmlinux"},
	};

	if (given) {
		snprintf(path, size, "%s", given);
		return !access(path, R_OK);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, size, "%s%s%s", places[i].before, release, places[i].after);
		if (!access(path, R_OK))
			return true;
	}
	return false;
}

struct search {
	const char *name;
	struct inlined *inlined;
	size_t capacity;
	bool no_memory;
};

static void add_caller(struct search *search, const char *name)
{
	struct inlined *inlined = search->inlined;

	for (size_t i = 0; i < inlined->n_callers; i++)
		if (!strcmp(inlined->callers[i], name))
			return;
	if (inlined->n_callers == search->capacity) {
		size_t capacity = search->capacity ? search->capacity * 2 : 16;
		char **callers = realloc(inlined->callers, capacity * sizeof(callers[0]));

		if (!callers) {
			search->no_memory = true;
			return;
		}
		inlined->callers = callers;
		search->capacity = capacity;
	}
	inlined->callers[inlined->n_callers] = strdup(name);
	if (inlined->callers[inlined->n_callers])
		inlined->n_callers++;
	else
		search->no_memory = true;
}

/* An instance: the function around it that has code of its own. */
static int visit_instance(Dwarf_Die *instance, void *context)
{
	struct search *search = context;
	Dwarf_Die *scopes = NULL;
	int n = dwarf_getscopes_die(instance, &scopes);

	for (int i = 0; i < n; i++) {
		const char *name;

		if (dwarf_tag(&scopes[i]) != DW_TAG_subprogram)
			continue;
		name = dwarf_diename(&scopes[i]);
		if (name)
			add_caller(search, name);
		break;
	}
	free(scopes);
	return search->no_memory ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static void note_place(Dwarf_Die *function, struct inlined *inlined)
{
	const char *file = dwarf_decl_file(function);
	int line = 0;

	if (inlined->place || !file)
		return;
	if (!strncmp(file, "./", 2))
		file += 2;
	dwarf_decl_line(function, &line);
	if (asprintf(&inlined->place, "%s:%d", file, line) < 0)
		inlined->place = NULL;
}

static int visit_function(Dwarf_Die *function, void *context)
{
	struct search *search = context;
	const char *name = dwarf_diename(function);
	Dwarf_Addr entry;

	if (!name || strcmp(name, search->name) || dwarf_hasattr(function, DW_AT_declaration))
		return DWARF_CB_OK;
	search->inlined->defined = true;
	note_place(function, search->inlined);
	if (!dwarf_entrypc(function, &entry))
		search->inlined->own_code = true;
	if (dwarf_func_inline(function))
		dwarf_func_inline_instances(function, visit_instance, search);
	return search->no_memory ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int inlined_find(const char *debug_info, const char *function, struct inlined *out,
		 struct error *err)
{
	struct inlined inlined = {0};
	struct search search = {.name = function, .inlined = &inlined};
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	Dwarf *dwarf;
	int fd;

	fd = open(debug_info, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, "can't open %s: %s", debug_info, strerror(errno));
	dwarf = dwarf_begin(fd, DWARF_C_READ);
	if (!dwarf) {
		close(fd);
		return error_set(err, "%s has no debug information: %s", debug_info,
				 dwarf_errmsg(-1));
	}
	while (!search.no_memory && !dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL))
		if (dwarf_tag(&die) == DW_TAG_compile_unit)
			dwarf_getfuncs(&die, visit_function, &search, 0);
	dwarf_end(dwarf);
	close(fd);
	if (search.no_memory) {
		inlined_fini(&inlined);
		return error_no_memory(err);
	}
	if (inlined.n_callers)
		qsort(inlined.callers, inlined.n_callers, sizeof(inlined.callers[0]),
		      compare_strings);
	*out = inlined;
	return 0;
}

void inlined_fini(struct inlined *inlined)
{
	for (size_t i = 0; i < inlined->n_callers; i++)
		free(inlined->callers[i]);
	free(inlined->callers);
	free(inlined->place);
	memset(inlined, 0, sizeof(*inlined));
}
