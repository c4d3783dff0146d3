/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/lines.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/debug_files.h"
#include "symbol/dwarf_file.h"

#define FIRST_SLOTS 256

/* One build of a module: it may have been unloaded, built anew and loaded again. */
struct build {
	struct module module; /* its name is a copy */
	bool kernel;
	struct dwarf_file *file; /* NULL: none was found */
	struct error why;	 /* of the last candidate that was no good; empty: there was none */
	size_t n_without;	 /* addresses that no file was there for */
	size_t n_unplaced;	 /* addresses that the file can't tell */
	struct build *next;
};

struct known {
	struct build *build; /* NULL: an empty slot */
	uint64_t address;    /* in its file */
	size_t n_places;
	struct place *places;
};

struct lines {
	struct place_finder finder;
	char *path;
	bool files_first; /* a capture's lines fill what files don't have */
	bool modules;
	struct debug_files *files; /* NULL: not looked for yet */
	char *release;
	struct build *builds; /* in the order in which they were asked for */
	struct known *slots;  /* a power of two, at most half full */
	size_t n_slots, n_known;
	size_t n_left_out; /* addresses in modules that were not asked for */
	bool failed;	   /* out of memory */
	struct place scratch[PLACE_DEPTH];
};

static size_t find_places(struct place_finder *finder, const struct catalog *catalog,
			  uint64_t address, bool returned, const struct place **places);

struct lines *lines_create(const char *path, bool modules, struct error *err)
{
	struct lines *lines = calloc(1, sizeof(*lines));

	if (lines)
		lines->files_first = path != NULL;
	if (!path)
		path = getenv(LINES_PATH_VARIABLE);
	if (lines) {
		lines->finder.find = find_places;
		lines->modules = modules;
		lines->n_slots = FIRST_SLOTS;
		lines->slots = calloc(FIRST_SLOTS, sizeof(lines->slots[0]));
		lines->path = path ? strdup(path) : NULL;
	}
	if (!lines || !lines->slots || (path && !lines->path)) {
		lines_destroy(lines);
		error_no_memory(err);
		return NULL;
	}
	return lines;
}

void lines_destroy(struct lines *lines)
{
	struct build *next;

	if (!lines)
		return;
	for (size_t i = 0; lines->slots && i < lines->n_slots; i++)
		free(lines->slots[i].places);
	for (struct build *build = lines->builds; build; build = next) {
		next = build->next;
		dwarf_file_close(build->file);
		free(build->module.name);
		free(build);
	}
	debug_files_close(lines->files);
	free(lines->slots);
	free(lines->path);
	free(lines->release);
	free(lines);
}

struct place_finder *lines_finder(struct lines *lines)
{
	return &lines->finder;
}

static int try_file(void *context, const char *path)
{
	struct build *build = context;
	struct error err = {0};

	if (dwarf_file_open(path, build->module.build_id, build->module.build_id_length,
			    &build->file, &err)) {
		build->why = err;
		return 0;
	}
	return 1;
}

static void look_for_file(struct lines *lines, const struct catalog *catalog, struct build *build)
{
	/* Which of several builds it was can't be told then. */
	if (!build->module.build_id_length)
		return;
	if (!lines->files) {
		lines->release = catalog->kernel ? strdup(catalog->kernel) : NULL;
		if (debug_files_open(lines->path, catalog->kernel, &lines->files, &build->why))
			return;
	}
	debug_files_each(lines->files, &build->module, build->kernel, try_file, build);
}

static struct build *build_of(struct lines *lines, const struct catalog *catalog,
			      const struct module *module)
{
	bool kernel = module == catalog->modules.modules;
	struct build **end, *build;

	for (end = &lines->builds; (build = *end); end = &build->next)
		if (build->kernel == kernel && !strcmp(build->module.name, module->name) &&
		    build->module.build_id_length == module->build_id_length &&
		    !memcmp(build->module.build_id, module->build_id, module->build_id_length))
			return build;
	build = calloc(1, sizeof(*build));
	if (!build)
		return NULL;
	build->module = *module;
	build->kernel = kernel;
	build->module.name = strdup(module->name);
	if (!build->module.name) {
		free(build);
		return NULL;
	}
	*end = build;
	look_for_file(lines, catalog, build);
	return build;
}

static struct known *slot_of(const struct lines *lines, const struct build *build, uint64_t address)
{
	uint64_t hash = (address ^ (uint64_t)(uintptr_t)build << 7) * 0x9e3779b97f4a7c15ull;
	size_t at = (size_t)(hash >> 32) & (lines->n_slots - 1);

	while (lines->slots[at].build &&
	       (lines->slots[at].build != build || lines->slots[at].address != address))
		at = (at + 1) & (lines->n_slots - 1);
	return &lines->slots[at];
}

static bool grow(struct lines *lines)
{
	struct known *old = lines->slots;
	size_t n_old = lines->n_slots;
	struct known *slots = calloc(n_old * 2, sizeof(slots[0]));

	if (!slots)
		return false;
	lines->slots = slots;
	lines->n_slots = n_old * 2;
	for (size_t i = 0; i < n_old; i++)
		if (old[i].build)
			*slot_of(lines, old[i].build, old[i].address) = old[i];
	free(old);
	return true;
}

/* Reading debug information is dear, and the same frames come again and again. */
static size_t remember(struct lines *lines, struct build *build, uint64_t address,
		       const struct place **places)
{
	struct known *known = slot_of(lines, build, address);

	if (!known->build) {
		size_t n = dwarf_file_places(build->file, address, lines->scratch);
		struct place *copy = calloc(n ? n : 1, sizeof(copy[0]));

		if (!copy || (lines->n_known >= lines->n_slots / 2 && !grow(lines))) {
			free(copy);
			lines->failed = true;
			return 0;
		}
		memcpy(copy, lines->scratch, n * sizeof(copy[0]));
		known = slot_of(lines, build, address);
		*known = (struct known){build, address, n, copy};
		lines->n_known++;
	}
	*places = known->places;
	return known->n_places;
}

/* *missing is what is to be counted up when the places are not to be had elsewhere either. */
static size_t find_in_files(struct lines *lines, const struct catalog *catalog, uint64_t address,
			    bool returned, const struct place **places, size_t **missing)
{
	const struct module *module;
	struct frame frame = {0};
	struct build *build;
	uint64_t there;

	catalog_frame(catalog, address, &frame);
	module = catalog_frame_module(catalog, &frame, address);
	if (!module)
		return 0;
	if (!lines->modules && module != catalog->modules.modules) {
		*missing = &lines->n_left_out;
		return 0;
	}
	build = build_of(lines, catalog, module);
	if (!build) {
		lines->failed = true;
		return 0;
	}
	if (!build->file) {
		*missing = &build->n_without;
		return 0;
	}
	if (!dwarf_file_address(build->file, frame.symbol, frame.offset, address - module->base,
				&there)) {
		*missing = &build->n_unplaced;
		return 0;
	}
	/* Behind a call that does not return there may be another function already. */
	if (returned && (!frame.symbol || frame.offset))
		there--;
	return remember(lines, build, there, places);
}

static size_t find_in_capture(const struct catalog *catalog, uint64_t address, bool returned,
			      const struct place **places)
{
	struct place_finder *finder = catalog->places;

	return finder ? finder->find(finder, catalog, address, returned, places) : 0;
}

static size_t find_places(struct place_finder *finder, const struct catalog *catalog,
			  uint64_t address, bool returned, const struct place **places)
{
	struct lines *lines = (struct lines *)finder;
	size_t *missing = NULL;
	size_t n = 0;

	if (!lines->files_first)
		n = find_in_capture(catalog, address, returned, places);
	if (!n)
		n = find_in_files(lines, catalog, address, returned, places, &missing);
	if (!n && lines->files_first)
		n = find_in_capture(catalog, address, returned, places);
	if (!n && missing)
		++*missing;
	return n;
}

/* What the distributions call the package with the debug information of a kernel. */
static void tell_package(const char *release, struct text *out)
{
	if (strstr(release, "-generic"))
		text_addf(out, "the package linux-image-unsigned-%s-dbgsym", release);
	else if (strstr(release, ".fc") || strstr(release, ".el"))
		text_addf(out, "the package kernel-debuginfo-%s", release);
	else if (strstr(release, "-amd64") || strstr(release, "-arm64") || strstr(release, "+deb"))
		text_addf(out, "the package linux-image-%s-dbg", release);
	else
		text_add(out, "the debug package of that kernel");
}

static void tell_no_file(const struct lines *lines, const struct build *build, struct text *out)
{
	const struct module *module = &build->module;
	char id[2 * sizeof(module->build_id) + 1];

	if (!module->build_id_length) {
		text_addf(out,
			  "no lines of %s: its build id is not known, so no file can be told to be "
			  "its own\n",
			  module->name);
		return;
	}
	build_id_print(module, id);
	text_addf(out, "no lines of %s (build id %s): ", module->name, id);
	text_addf(out, "%s; ", build->why.message[0] ? build->why.message : "there is no file");
	if (build->kernel)
		text_add(out, "a vmlinux with debug information would have them, as is in ");
	else
		text_addf(out,
			  "%s.ko with debug information would have them; if it came with the "
			  "kernel, it is in ",
			  module->name);
	tell_package(lines->release ? lines->release : "", out);
	text_add_char(out, '\n');
}

void lines_tell_missing(const struct lines *lines, struct text *out)
{
	bool without = false;

	for (const struct build *build = lines->builds; build; build = build->next) {
		if (build->n_without)
			tell_no_file(lines, build, out);
		else if (build->n_unplaced)
			text_addf(out,
				  "no lines of %zu frames of %s: %s does not tell which functions "
				  "they are in\n",
				  build->n_unplaced, build->module.name,
				  dwarf_file_path(build->file));
		without |= build->n_without && build->module.build_id_length;
	}
	if (without)
		text_add(out,
			 "-P PATH or " LINES_PATH_VARIABLE " says where to look for such files\n");
	if (lines->n_left_out)
		text_add(out, "lines of modules were not looked for: -A does\n");
	if (lines->failed)
		text_add(out, "some lines are missing: out of memory\n");
}
