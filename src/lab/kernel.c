/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/kernel.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/cache.h"
#include "lab/lab.h"
#include "lab/package.h"
#include "lab/tool.h"
#include "lab/unpack.h"

#define IMAGE_PREFIX "vmlinuz-"

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* boot/vmlinuz-RELEASE, the newest if there are several. */
static int find_image(const char *directory, struct text *image, struct error *err)
{
	struct text boot = TEXT_INIT;
	char *best = NULL;
	struct dirent *entry;
	DIR *list;

	text_addf(&boot, "%s/boot", directory);
	list = opendir(text_string(&boot));
	while (list && (entry = readdir(list))) {
		if (strncmp(entry->d_name, IMAGE_PREFIX, strlen(IMAGE_PREFIX)) ||
		    (best && strverscmp(entry->d_name, best) < 0))
			continue;
		free(best);
		best = strdup(entry->d_name);
	}
	if (list)
		closedir(list);
	if (best)
		text_addf(image, "%s/%s", text_string(&boot), best);
	text_fini(&boot);
	free(best);
	if (image->length)
		return 0;
	error_set(err, "there is no boot/" IMAGE_PREFIX "* in %s", directory);
	return error_hint(err, "a kernel's directory is what dpkg-deb -x makes of a linux-image "
			       "package");
}

/* Where the modules of an image are: in its package's tree, or installed on this machine. */
static char *find_modules(const char *image, const char *release)
{
	static const char *const places[] = {"/..", ""};
	const char *slash = strrchr(image, '/');
	const char *directory = slash ? image : ".";
	int length = slash ? (int)(slash - image) : 1;
	struct text path = TEXT_INIT;
	char *real = NULL;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !real; i++) {
		text_clear(&path);
		text_addf(&path, "%.*s%s/lib/modules/%s", length, directory, places[i], release);
		if (is_directory(text_string(&path)))
			real = realpath(text_string(&path), NULL);
	}
	text_fini(&path);
	return real;
}

/* The bzImage's vmlinux, from the cache or into it. */
static int extract(const char *path, const struct text *image, const char *id, struct text *vmlinux,
		   struct error *err)
{
	struct text images = TEXT_INIT, file = TEXT_INIT, elf = TEXT_INIT;
	int result = cache_directory("images", &images, err);

	if (result)
		goto out;
	text_addf(&file, "%s/%s.vmlinux", text_string(&images), id);
	if (access(text_string(&file), R_OK)) {
		result = unpack_bzimage(image->data, image->length, &elf, err);
		if (result)
			error_prefix(err, "can't get the kernel out of %s", path);
		else
			result = cache_write(text_string(&file), elf.data, elf.length, err);
	}
	if (!result)
		text_add(vmlinux, text_string(&file));
out:
	text_fini(&images);
	text_fini(&file);
	text_fini(&elf);
	return result;
}

static int from_image(struct lab_kernel *kernel, const char *path, struct error *err)
{
	struct text image = TEXT_INIT, vmlinux = TEXT_INIT, id = TEXT_INIT;
	struct lab_kernel found = {0};
	int result = read_path(path, &image, err);

	if (result)
		goto out;
	text_addf(&id, "%016llx", cache_hash(image.data, image.length));
	if (unpack_is_bzimage(image.data, image.length) &&
	    unpack_bzimage_can(image.data, image.length)) {
		result = extract(path, &image, text_string(&id), &vmlinux, err);
	} else if (unpack_is_bzimage(image.data, image.length) ||
		   unpack_is_elf(image.data, image.length)) {
		text_add(&vmlinux, path);
	} else {
		result = error_usage(err, "%s is neither a bzImage nor a vmlinux", path);
	}
	if (!result && unpack_release(image.data, image.length, &found.release, err))
		result = error_prefix(err, "%s", path);
	if (result)
		goto out;
	found.image = text_take(&vmlinux);
	found.id = text_take(&id);
	found.modules = find_modules(path, found.release);
	if (!found.image || !found.id) {
		lab_kernel_fini(&found);
		result = error_no_memory(err);
	} else {
		*kernel = found;
	}
out:
	if (result)
		free(found.release);
	text_fini(&image);
	text_fini(&vmlinux);
	text_fini(&id);
	return result;
}

static int from_directory(struct lab_kernel *kernel, const char *path, struct error *err)
{
	struct text image = TEXT_INIT;
	int result = find_image(path, &image, err);

	if (!result)
		result = from_image(kernel, text_string(&image), err);
	text_fini(&image);
	return result;
}

int lab_kernel_init(struct lab_kernel *kernel, const char *name, bool verbose, struct error *err)
{
	struct text directory = TEXT_INIT, release = TEXT_INIT;
	int result;

	if (package_is_series(name) || (package_is_release(name) && access(name, F_OK))) {
		result = package_get(name, verbose, &directory, &release, err);
		if (!result)
			result = from_directory(kernel, text_string(&directory), err);
	} else if (is_directory(name)) {
		result = from_directory(kernel, name, err);
	} else if (!access(name, F_OK)) {
		result = from_image(kernel, name, err);
	} else {
		error_usage(err, "there is no kernel '%s'", name);
		result =
			error_hint(err, "--kernel takes a series such as 6.1 or 6.12-rt, a release "
					"such as 6.1.0-56-amd64, a directory with boot/ and "
					"lib/modules/, a bzImage or a vmlinux");
	}
	if (!result)
		lab_say(verbose, "kernel %s, %s", kernel->release,
			kernel->modules ? kernel->modules : "without modules");
	text_fini(&directory);
	text_fini(&release);
	return result;
}

void lab_kernel_fini(struct lab_kernel *kernel)
{
	free(kernel->release);
	free(kernel->image);
	free(kernel->modules);
	free(kernel->id);
	*kernel = (struct lab_kernel){0};
}
