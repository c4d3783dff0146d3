/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/initramfs_modules.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/module_deps.h"
#include "lab/plan.h"
#include "lab/tool.h"
#include "lab/unpack.h"

struct build {
	struct cpio *cpio;
	struct text *plan;
	const struct lab_options *options;
	const struct lab_kernel *kernel;
	struct module_deps deps;
	struct text needed; /* paths in the tree, to be loaded before the user's modules */
	struct text script; /* PLAN_LOAD_MODULES */
};

static int read_module(const char *path, struct text *image, struct error *err)
{
	struct text packed = TEXT_INIT;
	int result = read_path(path, &packed, err);

	if (!result && unpack_is_packed(packed.data, packed.length)) {
		result = unpack(packed.data, packed.length, image, err);
		if (result)
			error_prefix(err, "%s", path);
	} else if (!result) {
		text_add_bytes(image, text_string(&packed), packed.length);
	}
	text_fini(&packed);
	if (!result && !unpack_is_elf(image->data, image->length))
		result = error_usage(err, "%s is not a kernel module", path);
	return result;
}

/* Where a module file goes to in the guest. */
static int guest_path(const char *path, struct text *place, struct error *err)
{
	char *name = module_name_of_path(path);

	if (!name)
		return error_no_memory(err);
	text_addf(place, PLAN_MODULES "/%s.ko", name);
	free(name);
	return 0;
}

static int add_image(struct build *build, const char *path, const struct text *image,
		     struct text *place, struct error *err)
{
	if (guest_path(path, place, err))
		return -1;
	return cpio_file(build->cpio, text_string(place), 0644, image->data, image->length, err);
}

/* Modules of the tree, a path a line: into the archive, and into the plan under key. */
static int add_needed(struct build *build, const struct text *paths, enum plan_key key,
		      struct error *err)
{
	const char *line = text_string(paths);
	int result = 0;

	while (*line && !result) {
		struct text path = TEXT_INIT, image = TEXT_INIT, place = TEXT_INIT;
		size_t length = strcspn(line, "\n");

		text_addf(&path, "%s/%.*s", build->kernel->modules, (int)length, line);
		result = read_module(text_string(&path), &image, err);
		if (!result)
			result = add_image(build, text_string(&path), &image, &place, err);
		if (!result)
			plan_add(build->plan, key, text_string(&place));
		line += length + 1;
		text_fini(&path);
		text_fini(&image);
		text_fini(&place);
	}
	return result;
}

static bool is_available(const struct build *build, const char *name, struct text *paths)
{
	return module_deps_add(&build->deps, name, paths) ||
	       module_deps_is_builtin(&build->deps, name);
}

static int add_boot_modules(struct build *build, bool *sees_host, struct error *err)
{
	static const char *const ports[] = {"virtio_pci", "virtio_console"};
	static const char *const files[] = {"9pnet_virtio", "9p"};
	struct text paths = TEXT_INIT;
	int result = 0;

	for (size_t i = 0; i < 2 && !result && build->kernel->modules; i++) {
		if (!is_available(build, ports[i], &paths))
			result = error_set(err, "the kernel %s has no %s, which the lab needs",
					   build->kernel->release, ports[i]);
	}
	*sees_host = is_available(build, files[0], &paths) && is_available(build, files[1], &paths);
	if (!result)
		result = add_needed(build, &paths, PLAN_BOOT_MODULE, err);
	text_fini(&paths);
	return result;
}

static bool is_given(const struct build *build, const char *name)
{
	bool given = false;

	for (size_t i = 0; i < build->options->n_modules && !given; i++) {
		char *other = module_name_of_path(build->options->modules[i]);

		given = other && !strcmp(other, name);
		free(other);
	}
	return given;
}

static int add_file_needs(struct build *build, const char *path, const struct text *image,
			  struct error *err)
{
	const char *depends = module_info(image, "depends");
	char *list = strdup(depends ? depends : ""), *next = NULL;
	int result = list ? 0 : error_no_memory(err);

	for (char *name = list ? strtok_r(list, ",", &next) : NULL; name && !result;
	     name = strtok_r(NULL, ",", &next)) {
		for (char *at = name; *at; at++)
			*at = *at == '-' ? '_' : *at;
		if (is_given(build, name) || is_available(build, name, &build->needed))
			continue;
		error_set(err, "%s needs the module %s, which the kernel %s doesn't have", path,
			  name, build->kernel->release);
		result = error_hint(err, "give it before with another --module %s.ko", name);
	}
	free(list);
	return result;
}

static int check_release(const struct build *build, const char *path, const struct text *image,
			 struct error *err)
{
	const char *magic = module_info(image, "vermagic");
	const char *release = build->kernel->release;
	size_t length = strlen(release);

	if (!magic)
		return error_usage(err, "%s is not a kernel module: it has no vermagic", path);
	if (!strncmp(magic, release, length) && (magic[length] == ' ' || !magic[length]))
		return 0;
	length = strcspn(magic, " ");
	error_set(err, "%s was built for the kernel %.*s, and the guest's is %s", path, (int)length,
		  magic, release);
	return error_hint(err, "build it for %s, or try --kernel %.*s", release, (int)length,
			  magic);
}

static int add_file(struct build *build, const char *path, struct error *err)
{
	struct text image = TEXT_INIT, place = TEXT_INIT;
	int result = read_module(path, &image, err);

	if (!result)
		result = check_release(build, path, &image, err);
	if (!result)
		result = add_file_needs(build, path, &image, err);
	if (!result)
		result = add_image(build, path, &image, &place, err);
	if (!result)
		text_addf(&build->script, PLAN_BUSYBOX " insmod %s || exit 1\n",
			  text_string(&place));
	text_fini(&image);
	text_fini(&place);
	return result;
}

/* A module of the kernel's own tree, by name: what it needs comes before, itself is the last line.
 */
static int add_named(struct build *build, const char *name, struct error *err)
{
	struct text paths = TEXT_INIT, file = TEXT_INIT;
	char *last;
	int result;

	if (!module_deps_add(&build->deps, name, &paths)) {
		if (module_deps_is_builtin(&build->deps, name)) {
			error_usage(err, "%s is built into the kernel %s", name,
				    build->kernel->release);
			return error_hint(err, "leave --module %s out: it is there already", name);
		}
		error_usage(err,
			    "there is no module %s: neither a file nor a module of the "
			    "kernel %s",
			    name, build->kernel->release);
		return -1;
	}
	paths.data[--paths.length] = '\0'; /* the last newline */
	last = strrchr(paths.data, '\n');
	last = last ? last + 1 : paths.data;
	text_addf(&file, "%s/%s", build->kernel->modules, last);
	result = add_file(build, text_string(&file), err);
	if (last > paths.data)
		text_add_bytes(&build->needed, paths.data, (size_t)(last - paths.data));
	text_fini(&paths);
	text_fini(&file);
	return result;
}

static int add_user_modules(struct build *build, struct error *err)
{
	text_add(&build->script, "#!" PLAN_BUSYBOX " sh\n");
	for (size_t i = 0; i < build->options->n_modules; i++) {
		const char *module = build->options->modules[i];
		bool is_file = strchr(module, '/') || !access(module, F_OK);

		if (is_file ? add_file(build, module, err) : add_named(build, module, err))
			return -1;
	}
	text_add(&build->script, "[ $# = 0 ] || exec \"$@\"\n");
	if (add_needed(build, &build->needed, PLAN_MODULE, err))
		return -1;
	return cpio_file(build->cpio, PLAN_LOAD_MODULES, 0755, text_string(&build->script),
			 build->script.length, err);
}

int initramfs_add_modules(struct cpio *cpio, struct text *plan, const struct lab_options *options,
			  const struct lab_kernel *kernel, bool *sees_host, struct error *err)
{
	struct build build = {.cpio = cpio, .plan = plan, .options = options, .kernel = kernel};
	bool host = false;
	int result = 0;

	if (kernel->modules)
		result = module_deps_open(kernel->modules, &build.deps, err);
	if (!result)
		result = add_boot_modules(&build, &host, err);
	if (!result)
		result = add_user_modules(&build, err);
	if (!result)
		*sees_host = host;
	module_deps_close(&build.deps);
	text_fini(&build.needed);
	text_fini(&build.script);
	return result;
}
