/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/symbols.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "symbol/objects.h"

struct symbols {
	struct symbols_paths paths;
	struct kallsyms *kallsyms;
	struct traceable *traceable;
	struct btf_types *types;
	struct module_file **files;
	size_t n_files;
	struct symbols_times times;
	pthread_t prefetcher;
	bool prefetching; /* kallsyms and its time belong to the thread */
};

/* The paths of struct symbols_paths, each with what stands for it when none is given. */
#define PATHS(X)                                                                                   \
	X(kallsyms, NULL)                                                                          \
	X(btf, NULL)                                                                               \
	X(tracefs, NULL)                                                                           \
	X(debugfs, NULL)                                                                           \
	X(release, system.release)                                                                 \
	X(module_path, getenv("KAPIMON_MODULE_PATH"))                                              \
	X(debug_info, NULL)                                                                        \
	X(modules.proc_modules, NULL)                                                              \
	X(modules.sys_module, NULL)                                                                \
	X(modules.kernel_notes, NULL)

static int copy_path(const char **to, const char *from, const char *standard)
{
	if (!from)
		from = standard;
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : -1;
}

int symbols_open_at(const struct symbols_paths *paths, struct symbols **out, struct error *err)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	struct utsname system;
	int failed = 0;

	if (!symbols)
		return error_no_memory(err);
	uname(&system);
#define COPY(member, standard) failed |= copy_path(&symbols->paths.member, paths->member, standard);
	PATHS(COPY)
#undef COPY
	if (failed) {
		symbols_close(symbols);
		return error_no_memory(err);
	}
	*out = symbols;
	return 0;
}

int symbols_open(struct symbols **symbols, struct error *err)
{
	static const struct symbols_paths standard;

	return symbols_open_at(&standard, symbols, err);
}

static void *read_kallsyms(void *argument)
{
	struct symbols *symbols = argument;
	uint64_t start = monotonic_ns();

	kallsyms_load(symbols->paths.kallsyms, &symbols->kallsyms, NULL);
	symbols->times.kallsyms = monotonic_ns() - start;
	return NULL;
}

void symbols_prefetch(struct symbols *symbols)
{
	if (!symbols->kallsyms && !symbols->prefetching)
		symbols->prefetching =
			!pthread_create(&symbols->prefetcher, NULL, read_kallsyms, symbols);
}

static void end_prefetch(struct symbols *symbols)
{
	if (symbols->prefetching)
		pthread_join(symbols->prefetcher, NULL);
	symbols->prefetching = false;
}

void symbols_refresh(struct symbols *symbols)
{
	end_prefetch(symbols);
	traceable_destroy(symbols->traceable);
	kallsyms_destroy(symbols->kallsyms);
	symbols->traceable = NULL;
	symbols->kallsyms = NULL;
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	symbols_refresh(symbols);
	btf_types_destroy(symbols->types);
	for (size_t i = 0; i < symbols->n_files; i++)
		module_file_close(symbols->files[i]);
	free(symbols->files);
#define RELEASE(member, standard) free((char *)symbols->paths.member);
	PATHS(RELEASE)
#undef RELEASE
	free(symbols);
}

const struct symbols_paths *symbols_get_paths(const struct symbols *symbols)
{
	return &symbols->paths;
}

const struct kallsyms *symbols_kallsyms(struct symbols *symbols, struct error *err)
{
	uint64_t start;

	end_prefetch(symbols);
	if (symbols->kallsyms)
		return symbols->kallsyms;
	/* Also when the thread had no luck: whoever asks is told why. */
	start = monotonic_ns();
	kallsyms_load(symbols->paths.kallsyms, &symbols->kallsyms, err);
	symbols->times.kallsyms = monotonic_ns() - start;
	return symbols->kallsyms;
}

const struct traceable *symbols_traceable_loaded(const struct symbols *symbols)
{
	return symbols->traceable;
}

const struct traceable *symbols_traceable(struct symbols *symbols, struct error *err)
{
	const struct kallsyms *kallsyms;
	uint64_t start;

	if (symbols->traceable)
		return symbols->traceable;
	kallsyms = symbols_kallsyms(symbols, err);
	if (!kallsyms)
		return NULL;
	start = monotonic_ns();
	traceable_load(symbols->paths.tracefs, symbols->paths.debugfs, kallsyms,
		       &symbols->traceable, err);
	symbols->times.traceable = monotonic_ns() - start;
	return symbols->traceable;
}

struct btf_types *symbols_types(struct symbols *symbols, struct error *err)
{
	uint64_t start = monotonic_ns();

	if (symbols->types)
		return symbols->types;
	btf_types_load(symbols->paths.btf, &symbols->types, err);
	symbols->times.types = monotonic_ns() - start;
	return symbols->types;
}

const struct symbols_times *symbols_get_times(const struct symbols *symbols)
{
	return &symbols->times;
}

const struct module_file *symbols_module_file(struct symbols *symbols, const char *module,
					      struct error *err)
{
	struct module_file **files, *file;
	char *path;

	for (size_t i = 0; i < symbols->n_files; i++)
		if (module_name_equal(symbols->files[i]->name, module) ||
		    !strcmp(symbols->files[i]->path, module))
			return symbols->files[i];
	if (module_file_find(module, symbols->paths.module_path, symbols->paths.release, &path,
			     err))
		return NULL;
	if (module_file_open(path, &file, err)) {
		free(path);
		return NULL;
	}
	free(path);
	files = realloc(symbols->files, (symbols->n_files + 1) * sizeof(files[0]));
	if (!files) {
		module_file_close(file);
		error_no_memory(err);
		return NULL;
	}
	symbols->files = files;
	files[symbols->n_files++] = file;
	return file;
}

static int copy_string(char **to, const char *from, struct error *err)
{
	char *copy = from ? strdup(from) : NULL;

	if (from && !copy)
		return error_no_memory(err);
	free(*to);
	*to = copy;
	return 0;
}

int symbols_describe(struct symbols *symbols, const struct function *function,
		     uint16_t string_length, struct api_table *table, struct api *api,
		     struct prototype_traits *traits, struct error *err)
{
	const struct btf *btf = NULL;

	if (traits)
		*traits = (struct prototype_traits){0};
	if (copy_string(&api->name, function->name, err) ||
	    copy_string(&api->module, function->module, err))
		return -1;
	api->address = function->on_load ? 0 : function->address;
	if (function->has_btf && symbols->types)
		btf = btf_types_of(symbols->types, function->module);
	if (!btf)
		return 0;
	if (prototype_fill(btf, function->btf_id, table, api, traits, err))
		return -1;
	return objects_add_fetches(btf, function->btf_id, string_length, api, err);
}
