/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/debug_files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories below each other that are searched, and open at a time. */
#define MAX_DEPTH 12
#define MAX_OPEN 16
#define MAX_PATH 4096

struct debug_files {
	char **roots; /* directories, searched by build id */
	size_t n_roots;
	char **named; /* vmlinux and modules found below them, as they were found */
	size_t n_named, capacity;
	char **given; /* files that the path itself names */
	size_t n_given;
	bool servers;
};

static const char *file_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Of "NAME.ko", "NAME.ko.xz", "NAME.ko.debug": the length of NAME; 0 if it is no module's file. */
static size_t module_stem(const char *file)
{
	static const char *const endings[] = {".ko",	".ko.debug", ".ko.gz",
					      ".ko.xz", ".ko.zst",   ".ko.bz2"};
	size_t length = strlen(file);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t ending = strlen(endings[i]);

		if (length > ending && !strcmp(file + length - ending, endings[i]))
			return length - ending;
	}
	return 0;
}

static bool is_kernel(const char *file)
{
	return !strncmp(file, "vmlinux", 7) && (!file[7] || file[7] == '-' || file[7] == '.');
}

/* In names of modules '-' and '_' are the same. */
static bool is_called(const char *file, const char *module)
{
	size_t length = module_stem(file);

	if (!length || strlen(module) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((file[i] == '-' ? '_' : file[i]) != (module[i] == '-' ? '_' : module[i]))
			return false;
	return true;
}

static bool add(char ***list, size_t *n, size_t *capacity, const char *string)
{
	if (*n == *capacity) {
		size_t larger = *capacity ? *capacity * 2 : 16;
		char **grown = realloc(*list, larger * sizeof(grown[0]));

		if (!grown)
			return false;
		*list = grown;
		*capacity = larger;
	}
	(*list)[*n] = strdup(string);
	return (*list)[(*n)++];
}

/* nftw() hands nothing on to its callback. */
static _Thread_local struct debug_files *listing;

static int list_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
	const char *file = path + place->base;

	if (type == FTW_D && (place->level > MAX_DEPTH || !strcmp(file, ".build-id")))
		return FTW_SKIP_SUBTREE;
	if (type != FTW_F || (!is_kernel(file) && !module_stem(file)))
		return FTW_CONTINUE;
	return add(&listing->named, &listing->n_named, &listing->capacity, path) ? FTW_CONTINUE
										 : FTW_STOP;
}

static bool list_below(struct debug_files *files, const char *directory)
{
	int result;

	listing = files;
	/* Links are not followed: "build" leads out of /lib/modules. */
	result = nftw(directory, list_file, MAX_OPEN, FTW_PHYS | FTW_ACTIONRETVAL);
	listing = NULL;
	/* -1: it is not there, or not for us to read. */
	return result != FTW_STOP;
}

static bool add_path(struct debug_files *files, const char *path, size_t *n_roots, size_t *n_given)
{
	char *copy = strdup(path), *rest = NULL;
	bool fine = copy;

	for (char *entry = copy ? strtok_r(copy, ":", &rest) : NULL; entry && fine;
	     entry = strtok_r(NULL, ":", &rest)) {
		struct stat status;

		if (!stat(entry, &status) && S_ISREG(status.st_mode))
			fine = add(&files->given, &files->n_given, n_given, entry);
		else
			fine = add(&files->roots, &files->n_roots, n_roots, entry) &&
			       list_below(files, entry);
	}
	free(copy);
	return fine;
}

static bool add_standard(struct debug_files *files, const char *release, size_t *n_roots)
{
	static const char *const directories[] = {
		"/usr/lib/debug/lib/modules/%s",
		"/usr/lib/debug/usr/lib/modules/%s",
		"/lib/modules/%s",
	};
	static const char *const kernels[] = {
		"/usr/lib/debug/boot/vmlinux-%s",
		"/boot/vmlinux-%s",
		"/lib/modules/%s/build/vmlinux",
	};
	char path[MAX_PATH];

	if (!add(&files->roots, &files->n_roots, n_roots, "/usr/lib/debug"))
		return false;
	/* The release is a capture's word: it must not lead elsewhere. */
	if (!release || !*release || strchr(release, '/') || *release == '.')
		return true;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		snprintf(path, sizeof(path), directories[i], release);
		if (!list_below(files, path))
			return false;
	}
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		snprintf(path, sizeof(path), kernels[i], release);
		if (!access(path, R_OK) &&
		    !add(&files->named, &files->n_named, &files->capacity, path))
			return false;
	}
	return true;
}

int debug_files_open(const struct debug_files_options *options, struct debug_files **out,
		     struct error *err)
{
	struct debug_files *files = calloc(1, sizeof(*files));
	size_t n_roots = 0, n_given = 0;

	if (!files)
		return error_no_memory(err);
	files->servers = options->servers && !options->path_only;
	if ((options->path && !add_path(files, options->path, &n_roots, &n_given)) ||
	    (!options->path_only && !add_standard(files, options->release, &n_roots))) {
		debug_files_close(files);
		return error_no_memory(err);
	}
	*out = files;
	return 0;
}

static void free_list(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

void debug_files_close(struct debug_files *files)
{
	if (!files)
		return;
	free_list(files->roots, files->n_roots);
	free_list(files->named, files->n_named);
	free_list(files->given, files->n_given);
	free(files);
}

void build_id_print(const struct module *module, char *text)
{
	text[0] = '\0';
	for (uint8_t i = 0; i < module->build_id_length; i++)
		sprintf(text + 2 * i, "%02x", module->build_id[i]);
}

/* The servers are asked by a program, which is there only where somebody wants them to be asked. */
static bool ask_servers(const char *build_id, char *path, size_t size)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	char command[128];
	bool found;
	FILE *pipe;

	if (!urls || !*urls)
		return false;
	snprintf(command, sizeof(command), "debuginfod-find debuginfo %s 2>/dev/null", build_id);
	pipe = popen(command, "re");
	if (!pipe)
		return false;
	found = fgets(path, (int)size, pipe) && strchr(path, '\n');
	path[found ? strcspn(path, "\n") : 0] = '\0';
	return !pclose(pipe) && found;
}

int debug_files_each(struct debug_files *files, const struct module *module, bool kernel,
		     int (*each)(void *context, const char *path), void *context)
{
	char id[2 * sizeof(module->build_id) + 1], path[MAX_PATH];
	int result = 0;

	build_id_print(module, id);
	for (size_t i = 0; i < files->n_given && !result; i++)
		result = each(context, files->given[i]);
	for (size_t i = 0; i < files->n_roots && !result && strlen(id) > 2; i++) {
		snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", files->roots[i], id,
			 id + 2);
		if (!access(path, R_OK))
			result = each(context, path);
	}
	for (size_t i = 0; i < files->n_named && !result; i++) {
		const char *file = file_part(files->named[i]);

		if (kernel ? is_kernel(file) : is_called(file, module->name))
			result = each(context, files->named[i]);
	}
	if (!result && files->servers && *id && ask_servers(id, path, sizeof(path)))
		result = each(context, path);
	return result;
}
