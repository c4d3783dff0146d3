/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <windows.h>

#include "base/glob.h"

#define SERVICES "SYSTEM\\CurrentControlSet\\Services\\"

static bool is_path(const char *text)
{
	return strpbrk(text, "\\/") != NULL;
}

static const char *file_name(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '\\' || *path == '/')
			name = path + 1;
	return name;
}

/* What its service says; false: there is none, or it says nothing. */
static bool service_path(const char *name, char *path, size_t room)
{
	char key[300], value[MAX_PATH] = "", expanded[MAX_PATH];
	DWORD size = sizeof(value) - 1;
	LONG code;
	HKEY opened;

	snprintf(key, sizeof(key), SERVICES "%.*s", (int)strcspn(name, "."), name);
	if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE, &opened))
		return false;
	code = RegQueryValueExA(opened, "ImagePath", NULL, NULL, (BYTE *)value, &size);
	RegCloseKey(opened);
	if (code || !*value || !ExpandEnvironmentStringsA(value, expanded, sizeof(expanded)))
		return false;
	if (expanded[0] != '\\' && expanded[1] != ':') {
		/* From the folder of Windows on. */
		snprintf(value, sizeof(value), "\\SystemRoot\\%.200s", expanded);
		nt_names_path(value, path, room);
	} else {
		nt_names_path(expanded, path, room);
	}
	return true;
}

static bool is_file(const char *path)
{
	DWORD attributes = GetFileAttributesA(path);

	return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static int find_file(const char *wanted, char *path, size_t room, struct error *err)
{
	char of_service[MAX_PATH + 300] = "", in_system[300];

	if (is_path(wanted)) {
		snprintf(path, room, "%s", wanted);
		return is_file(path) ? 0 : error_usage(err, "there is no file %s", path);
	}
	if (service_path(wanted, of_service, sizeof(of_service)) && is_file(of_service)) {
		snprintf(path, room, "%s", of_service);
		return 0;
	}
	snprintf(in_system, sizeof(in_system), "\\SystemRoot\\System32\\drivers\\%.*s.sys",
		 (int)strcspn(wanted, "."), wanted);
	nt_names_path(in_system, path, room);
	if (is_file(path))
		return 0;
	if (*of_service)
		error_usage(err, "the service %s has the file %s, and there is none", wanted,
			    of_service);
	else
		error_usage(err, "no service is called %s, and there is no file %s", wanted, path);
	return error_hint(err, "a path names it: --on-load C:\\DIR\\NAME.SYS:FUNCTION");
}

static bool names_entry(const struct nt_functions *functions, uint32_t entry)
{
	const struct nt_function *function = nt_functions_at(functions, entry);

	return function && function->rva == entry;
}

static int add_functions(struct nt_names *names, struct nt_image *image, struct error *err)
{
	bool found = false;

	if (nt_functions_add_exports(&image->functions, &image->exports, err))
		return -1;
	if (names->symbols &&
	    nt_symbols_add(names->symbols, image->path, image->pe.base, image->pe.size_of_image,
			   &image->exports, &image->functions, &found, err))
		return -1;
	if (!found && !names->n_missing++)
		names->missing = image->name;
	nt_functions_sort(&image->functions);
	if (image->pe.entry_point && !names_entry(&image->functions, image->pe.entry_point) &&
	    nt_functions_add(&image->functions, "DriverEntry", image->pe.entry_point, true, false,
			     err))
		return -1;
	nt_functions_sort(&image->functions);
	return 0;
}

static void image_destroy(struct nt_image *image)
{
	if (!image)
		return;
	nt_functions_fini(&image->functions);
	pe_functions_fini(&image->code);
	pe_image_fini(&image->pe);
	pe_exports_fini(&image->exports);
	free(image->path);
	free(image->wanted);
	free(image);
}

static struct nt_image *image_create(struct nt_names *names, const char *wanted, struct error *err)
{
	struct nt_image *image = calloc(1, sizeof(*image));
	char path[MAX_PATH + 300];

	if (!image) {
		error_no_memory(err);
		return NULL;
	}
	if (find_file(wanted, path, sizeof(path), err))
		goto fail;
	image->wanted = strdup(wanted);
	image->path = strdup(path);
	if (!image->wanted || !image->path) {
		error_no_memory(err);
		goto fail;
	}
	image->name = file_name(image->path);
	if (strlen(image->name) >= TRACE_NAME) {
		error_usage(err, "the name of the file %s is longer than %d characters", path,
			    TRACE_NAME - 1);
		goto fail;
	}
	if (pe_exports_read(path, &image->exports, err) ||
	    pe_image_init(&image->pe, path, image->exports.bytes, image->exports.size, err))
		goto fail;
	if (image->pe.is_64 != (sizeof(void *) == 8)) {
		error_usage(err, "%s is a driver for another processor", path);
		goto fail;
	}
	if (!pe_functions_init(&image->code, &image->pe, err) && !add_functions(names, image, err))
		return image;
fail:
	image_destroy(image);
	return NULL;
}

static struct nt_image *find_image(struct nt_names *names, const char *wanted, struct error *err)
{
	struct nt_image *image;

	if (!names->images)
		names->images = calloc(1, sizeof(*names->images));
	if (!names->images) {
		error_no_memory(err);
		return NULL;
	}
	for (image = names->images->first; image; image = image->next)
		if (!strcasecmp(image->wanted, wanted))
			return image;
	image = image_create(names, wanted, err);
	if (!image)
		return NULL;
	image->next = names->images->first;
	return names->images->first = image;
}

int nt_images_match(struct nt_names *names, const char *pattern,
		    int (*found)(void *context, const struct nt_image *image,
				 const struct nt_function *function, struct error *err),
		    void *context, struct error *err)
{
	const char *colon = strchr(file_name(pattern), ':'), *glob = colon ? colon + 1 : "*";
	char *wanted = strdup(pattern);
	struct nt_image *image;
	int n = 0;

	if (!wanted)
		return error_no_memory(err);
	if (colon)
		wanted[colon - pattern] = '\0';
	image = find_image(names, wanted, err);
	free(wanted);
	if (!image)
		return -1;
	for (size_t i = 0; i < image->functions.n; i++) {
		const struct nt_function *function = &image->functions.functions[i];

		if (!glob_matches(glob, function->name) ||
		    (!function->code && !(function->typed_data && names->any)))
			continue;
		if (found(context, image, function, err))
			return -1;
		n++;
	}
	return n;
}

enum hook_reason nt_image_reason(const struct nt_image *image, const struct nt_function *function,
				 bool returns)
{
	const struct pe_functions *code = &image->code;
	enum hook_reason reason, of_return = hook_return_reason(function->name);
	struct hook_plan plan;

	for (size_t i = 0; i < code->n_functions; i++) {
		if (code->functions[i].rva != function->rva)
			continue;
		reason = pe_function_plan(code, i, &plan, &of_return);
		return reason ? reason : returns ? of_return : HOOK_NONE;
	}
	return returns ? of_return : HOOK_NONE;
}

void nt_images_destroy(struct nt_images *images)
{
	while (images && images->first) {
		struct nt_image *image = images->first;

		images->first = image->next;
		image_destroy(image);
	}
	free(images);
}
