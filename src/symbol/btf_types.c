/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/btf_types.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The functions and structs of one BTF object's own part, by name: open addressing. */
struct name_index {
	uint32_t *ids; /* 0: free */
	size_t mask;
};

struct unit {
	char *module; /* NULL: the kernel itself */
	struct btf *btf;
	struct name_index functions, structs;
};

struct btf_types {
	char *directory;
	struct unit kernel;
	struct unit **modules;
	size_t n_modules, capacity;
};

static uint32_t hash_name(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

static const char *type_name(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *name = type ? btf__name_by_offset(btf, type->name_off) : NULL;

	return name ? name : "";
}

static void index_put(struct name_index *index, const struct btf *btf, uint32_t id)
{
	size_t at = hash_name(type_name(btf, id)) & index->mask;

	while (index->ids[at])
		at = (at + 1) & index->mask;
	index->ids[at] = id;
}

/* Begin with *at 0; false when there is no further one. */
static bool index_next(const struct name_index *index, const struct btf *btf, const char *name,
		       size_t *at, uint32_t *id)
{
	size_t start = hash_name(name) & index->mask;

	for (; *at <= index->mask; (*at)++) {
		*id = index->ids[(start + *at) & index->mask];
		if (!*id)
			return false;
		if (!strcmp(type_name(btf, *id), name)) {
			(*at)++;
			return true;
		}
	}
	return false;
}

static bool is_function(const struct btf_type *type)
{
	return btf_is_func(type);
}

static bool is_struct(const struct btf_type *type)
{
	return btf_is_composite(type) && type->name_off;
}

static int index_build(struct name_index *index, const struct btf *btf, uint32_t first,
		       bool (*wanted)(const struct btf_type *type), struct error *err)
{
	uint32_t end = btf__type_cnt(btf);
	size_t count = 0, size = 16;

	for (uint32_t id = first; id < end; id++)
		count += wanted(btf__type_by_id(btf, id));
	while (size < count * 2)
		size *= 2;
	index->ids = calloc(size, sizeof(index->ids[0]));
	if (!index->ids)
		return error_no_memory(err);
	index->mask = size - 1;
	for (uint32_t id = first; id < end; id++)
		if (wanted(btf__type_by_id(btf, id)))
			index_put(index, btf, id);
	return 0;
}

static void unit_fini(struct unit *unit)
{
	free(unit->functions.ids);
	free(unit->structs.ids);
	btf__free(unit->btf);
	free(unit->module);
}

/* Index unit->btf, whose own part begins at type id first. */
static int unit_index(struct unit *unit, uint32_t first, struct error *err)
{
	if (index_build(&unit->functions, unit->btf, first, is_function, err))
		return -1;
	return index_build(&unit->structs, unit->btf, first, is_struct, err);
}

int btf_types_load(const char *directory, struct btf_types **out, struct error *err)
{
	struct btf_types *types = calloc(1, sizeof(*types));
	char path[512];

	if (!types)
		return error_no_memory(err);
	types->directory = strdup(directory ? directory : "/sys/kernel/btf");
	if (!types->directory) {
		error_no_memory(err);
		goto fail;
	}
	snprintf(path, sizeof(path), "%s/vmlinux", types->directory);
	types->kernel.btf = btf__parse(path, NULL);
	if (!types->kernel.btf) {
		error_set(err, "can't read the kernel's type information (BTF) from %s: %s", path,
			  strerror(errno));
		if (errno == ENOENT)
			error_hint(err, "the kernel needs CONFIG_DEBUG_INFO_BTF; \"kapimon lab\" "
					"boots one that has it");
		goto fail;
	}
	if (unit_index(&types->kernel, 1, err))
		goto fail;
	*out = types;
	return 0;
fail:
	btf_types_destroy(types);
	return -1;
}

void btf_types_destroy(struct btf_types *types)
{
	if (!types)
		return;
	/* Split BTF points into the kernel's: that goes last. */
	for (size_t i = 0; i < types->n_modules; i++) {
		unit_fini(types->modules[i]);
		free(types->modules[i]);
	}
	free(types->modules);
	unit_fini(&types->kernel);
	free(types->directory);
	free(types);
}

static struct unit *find_module(const struct btf_types *types, const char *module)
{
	for (size_t i = 0; i < types->n_modules; i++)
		if (!strcmp(types->modules[i]->module, module))
			return types->modules[i];
	return NULL;
}

/* Takes btf over, also on failure. */
static int add_module(struct btf_types *types, const char *module, struct btf *btf,
		      struct error *err)
{
	struct unit *unit = calloc(1, sizeof(*unit)), *old = find_module(types, module);
	struct unit **modules;

	if (!unit) {
		btf__free(btf);
		return error_no_memory(err);
	}
	unit->btf = btf;
	unit->module = strdup(module);
	if (!unit->module) {
		error_no_memory(err);
		goto fail;
	}
	if (unit_index(unit, btf__type_cnt(types->kernel.btf), err))
		goto fail;
	if (old) {
		struct unit swap = *old;

		*old = *unit;
		*unit = swap;
		unit_fini(unit);
		free(unit);
		return 0;
	}
	if (types->n_modules == types->capacity) {
		size_t capacity = types->capacity ? types->capacity * 2 : 16;

		modules = realloc(types->modules, capacity * sizeof(modules[0]));
		if (!modules) {
			error_no_memory(err);
			goto fail;
		}
		types->modules = modules;
		types->capacity = capacity;
	}
	types->modules[types->n_modules++] = unit;
	return 0;
fail:
	unit_fini(unit);
	free(unit);
	return -1;
}

static struct unit *get_unit(struct btf_types *types, const char *module)
{
	char path[512];
	struct unit *unit;
	struct btf *btf;

	if (!module)
		return &types->kernel;
	unit = find_module(types, module);
	if (unit)
		return unit;
	snprintf(path, sizeof(path), "%s/%s", types->directory, module);
	/* Not every module has BTF, and libbpf complains aloud about a file that isn't there. */
	if (access(path, R_OK))
		return NULL;
	btf = btf__parse_split(path, types->kernel.btf);
	if (!btf || add_module(types, module, btf, NULL))
		return NULL;
	return find_module(types, module);
}

const struct btf *btf_types_of(struct btf_types *types, const char *module)
{
	struct unit *unit = get_unit(types, module);

	return unit ? unit->btf : NULL;
}

/*
 * libbpf declares btf__new_split() but does not export it before 1.4, so the bytes are handed over
 * as a file.
 */
static struct btf *parse_split(const void *data, size_t size, struct btf *base)
{
	const char *bytes = data;
	struct btf *btf = NULL;
	char path[64];
	int fd = memfd_create("btf", MFD_CLOEXEC);

	if (fd < 0)
		return NULL;
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, bytes + done, size - done);

		if (n <= 0) {
			close(fd);
			return NULL;
		}
		done += (size_t)n;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	btf = btf__parse_split(path, base);
	close(fd);
	return btf;
}

int btf_types_add(struct btf_types *types, const char *module, const void *data, size_t size,
		  struct error *err)
{
	struct btf *btf = parse_split(data, size, types->kernel.btf);

	if (!btf)
		return error_set(err, "can't use the type information of module %s: %s", module,
				 strerror(errno));
	return add_module(types, module, btf, err);
}

uint32_t btf_types_function(struct btf_types *types, const char *module, const char *name)
{
	struct unit *unit = get_unit(types, module);
	uint32_t id, found = 0;
	size_t at = 0;

	if (!unit)
		return 0;
	while (index_next(&unit->functions, unit->btf, name, &at, &id)) {
		/* Equal prototypes are one type: pahole folds them together. */
		if (found &&
		    btf__type_by_id(unit->btf, id)->type != btf__type_by_id(unit->btf, found)->type)
			return 0;
		if (!found)
			found = id;
	}
	return found;
}

uint32_t btf_types_struct(struct btf_types *types, const char *module, const char *name)
{
	struct unit *unit = get_unit(types, module);
	uint32_t id;
	size_t at = 0;

	if (unit && index_next(&unit->structs, unit->btf, name, &at, &id))
		return id;
	at = 0;
	if (module && index_next(&types->kernel.structs, types->kernel.btf, name, &at, &id))
		return id;
	return 0;
}

int btf_types_module_fd(const char *module, int *out, struct error *err)
{
	uint32_t id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		char name[64] = "";
		struct bpf_btf_info info = {
			.name = (uintptr_t)name,
			.name_len = sizeof(name),
		};
		uint32_t size = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0) {
			/* It may be gone again. */
			if (errno == ENOENT)
				continue;
			return error_set(err, "can't open the kernel's type information: %s",
					 strerror(errno));
		}
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.kernel_btf &&
		    !strcmp(name, module)) {
			*out = fd;
			return 0;
		}
		close(fd);
	}
	if (errno != ENOENT)
		return error_set(err, "can't list the kernel's type information: %s",
				 strerror(errno));
	return error_set(err, "the kernel has no type information (BTF) for module %s", module);
}
