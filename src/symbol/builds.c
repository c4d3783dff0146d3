/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/builds.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/debug_files.h"
#include "symbol/dwarf_file.h"
#include "symbol/symbol_file.h"

struct builds {
	struct builds_options options;
	char *path; /* options.path, the environment's or the user's answer; NULL: none */
	bool asked;
	struct debug_files *files; /* NULL: not looked for yet */
	char *release;
	struct build *first;
	struct builds_missing missing;
};

struct builds *builds_create(const struct builds_options *options, struct error *err)
{
	struct builds *builds = calloc(1, sizeof(*builds));
	const char *path = options->path;

	if (!path && !options->alone)
		path = getenv(SYMBOL_PATH_VARIABLE);
	if (builds) {
		builds->options = *options;
		builds->path = path ? strdup(path) : NULL;
	}
	if (!builds || (path && !builds->path)) {
		builds_destroy(builds);
		error_no_memory(err);
		return NULL;
	}
	return builds;
}

void builds_destroy(struct builds *builds)
{
	struct build *next;

	if (!builds)
		return;
	for (struct build *build = builds->first; build; build = next) {
		next = build->next;
		dwarf_file_close(build->lines);
		symbol_file_close(build->names);
		free(build->module.name);
		free(build);
	}
	debug_files_close(builds->files);
	free(builds->path);
	free(builds->release);
	free(builds);
}

struct build *builds_find(struct builds *builds, const struct catalog *catalog,
			  const struct module *module)
{
	bool kernel = module == catalog->modules.modules;
	struct build **end, *build;

	for (end = &builds->first; (build = *end); end = &build->next)
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
	if (!builds->release && catalog->kernel)
		builds->release = strdup(catalog->kernel);
	return build;
}

bool builds_wants(const struct builds *builds, bool kernel)
{
	return kernel || builds->options.modules;
}

static int try_lines(void *context, const char *path)
{
	struct build *build = context;
	struct error err = {0};

	if (dwarf_file_open(path, build->module.build_id, build->module.build_id_length,
			    &build->lines, &err)) {
		build->why_no_lines = err;
		return 0;
	}
	return 1;
}

static int try_names(void *context, const char *path)
{
	struct build *build = context;
	struct error err = {0};

	if (symbol_file_open(path, build->module.build_id, build->module.build_id_length,
			     &build->names, &err)) {
		build->why_no_names = err;
		return 0;
	}
	return 1;
}

static bool look(struct builds *builds, struct build *build,
		 int (*try)(void *context, const char *path), struct error *why)
{
	const struct debug_files_options options = {
		.path = builds->path,
		.release = builds->release,
		.path_only = builds->options.alone,
		.servers = builds->options.servers,
	};

	if (!builds->files && debug_files_open(&options, &builds->files, why))
		return false;
	return debug_files_each(builds->files, &build->module, build->kernel, try, build);
}

/* Where the user says. */
static bool look_elsewhere(struct builds *builds, struct build *build,
			   int (*try)(void *context, const char *path), struct error *why)
{
	char *path;

	if (builds->path || builds->asked || !builds->options.ask)
		return false;
	builds->asked = true;
	path = builds->options.ask(build);
	if (!path)
		return false;
	builds->path = path;
	debug_files_close(builds->files);
	builds->files = NULL;
	return look(builds, build, try, why);
}

static void find(struct builds *builds, struct build *build,
		 int (*try)(void *context, const char *path), struct error *why)
{
	/* Without it, which of several builds it was can't be told. */
	if (build->module.build_id_length && !look(builds, build, try, why))
		look_elsewhere(builds, build, try, why);
}

struct dwarf_file *builds_lines(struct builds *builds, struct build *build)
{
	if (!build->sought_lines)
		find(builds, build, try_lines, &build->why_no_lines);
	build->sought_lines = true;
	return build->lines;
}

struct symbol_file *builds_names(struct builds *builds, struct build *build)
{
	if (!build->sought_names)
		find(builds, build, try_names, &build->why_no_names);
	build->sought_names = true;
	return build->names;
}

const struct build *builds_first(const struct builds *builds)
{
	return builds->first;
}

struct builds_missing *builds_missing(struct builds *builds)
{
	return &builds->missing;
}

const struct builds_options *builds_get_options(const struct builds *builds)
{
	return &builds->options;
}

const char *builds_release(const struct builds *builds)
{
	return builds->release ? builds->release : "";
}
