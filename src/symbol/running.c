/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/running.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/kallsyms.h"

/* A build, and what of it is loaded: modules come and go, a run takes what was there first. */
struct match {
	const struct build *build;
	const struct module *module; /* of the table; NULL: it is not running */
};

struct running {
	struct running_paths paths;
	struct kallsyms *kallsyms;
	struct module_table modules;
	struct error failed; /* STATUS_OK: the symbols could be read, or were not needed yet */
	struct match *matches;
	size_t n_matches;
};

struct running *running_create(const struct running_paths *paths, struct error *err)
{
	struct running *running = calloc(1, sizeof(*running));

	if (!running) {
		error_no_memory(err);
		return NULL;
	}
	if (paths)
		running->paths = *paths;
	module_table_init(&running->modules);
	return running;
}

void running_destroy(struct running *running)
{
	if (!running)
		return;
	kallsyms_destroy(running->kallsyms);
	module_table_fini(&running->modules);
	free(running->matches);
	free(running);
}

static bool same_build(const struct module *a, const struct module *b)
{
	return a->build_id_length && a->build_id_length == b->build_id_length &&
	       !memcmp(a->build_id, b->build_id, a->build_id_length);
}

/* Asked before the symbols are read: most captures that are shown were not recorded here. */
static bool is_loaded(const struct running *running, const struct build *build)
{
	struct module now = {.name = build->module.name};

	if (build->kernel)
		modules_read_kernel_build_id(&running->paths.modules, &now);
	else
		modules_read_build_id(&running->paths.modules, &now);
	return same_build(&now, &build->module);
}

/* Once: what fails stays failed. */
static bool read_symbols(struct running *running)
{
	if (running->kallsyms || running->failed.status != STATUS_OK)
		return running->kallsyms;
	if (kallsyms_load(running->paths.kallsyms, &running->kallsyms, &running->failed))
		return false;
	if (!modules_load(&running->paths.modules, running->kallsyms, &running->modules,
			  &running->failed))
		return true;
	kallsyms_destroy(running->kallsyms);
	running->kallsyms = NULL;
	return false;
}

static const struct module *loaded_module(const struct running *running, const struct build *build)
{
	const struct module_table *table = &running->modules;

	for (size_t i = 0; i < table->n_modules; i++)
		if ((i == 0) == build->kernel &&
		    (build->kernel ||
		     module_name_equal(table->modules[i].name, build->module.name)) &&
		    same_build(&table->modules[i], &build->module))
			return &table->modules[i];
	return NULL;
}

static const struct match *match_of(struct running *running, const struct build *build,
				    struct error *why)
{
	struct match *matches;
	const struct module *module = NULL;

	for (size_t i = 0; i < running->n_matches; i++)
		if (running->matches[i].build == build)
			return &running->matches[i];
	matches = realloc(running->matches, (running->n_matches + 1) * sizeof(matches[0]));
	if (!matches)
		return NULL;
	running->matches = matches;
	if (is_loaded(running, build)) {
		if (read_symbols(running))
			module = loaded_module(running, build);
		else
			*why = running->failed;
	}
	matches[running->n_matches] = (struct match){build, module};
	return &matches[running->n_matches++];
}

bool running_name(struct running *running, const struct build *build, uint64_t offset,
		  const char **symbol, uint64_t *symbol_offset, struct error *why)
{
	const struct match *match = match_of(running, build, why);
	struct frame frame;

	if (!match || !match->module || offset >= match->module->size ||
	    !kallsyms_resolve(running->kallsyms, match->module->base + offset, &frame))
		return false;
	/* What lies in a hole of the module's is another one's. */
	if (build->kernel ? frame.module != NULL
			  : !frame.module || !module_name_equal(frame.module, build->module.name))
		return false;
	*symbol = frame.symbol;
	*symbol_offset = frame.offset;
	return true;
}
