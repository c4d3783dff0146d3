/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout is that of the "PE Format" specification, "The .edata Section". */
#include "symbol/pe_exports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION_SIZE 40
#define MEM_EXECUTE 0x20000000u

struct image {
	const unsigned char *bytes;
	size_t size;
	uint32_t sections; /* where their headers begin */
	uint16_t n_sections;
	uint32_t table, table_size; /* the export directory */
};

static bool has(const struct image *image, uint64_t at, uint64_t n)
{
	return at <= image->size && n <= image->size - at;
}

/* 0 beyond the file's end, where no field has a meaning of its own for 0. */
static uint16_t u16(const struct image *image, uint64_t at)
{
	uint16_t value = 0;

	if (has(image, at, sizeof(value)))
		memcpy(&value, image->bytes + at, sizeof(value));
	return value;
}

static uint32_t u32(const struct image *image, uint64_t at)
{
	uint32_t value = 0;

	if (has(image, at, sizeof(value)))
		memcpy(&value, image->bytes + at, sizeof(value));
	return value;
}

/* Where in the file an address is, and its section's flags; UINT64_MAX: nowhere. */
static uint64_t place(const struct image *image, uint32_t rva, uint32_t *flags)
{
	for (unsigned i = 0; i < image->n_sections; i++) {
		uint64_t header = image->sections + (uint64_t)i * SECTION_SIZE;
		uint32_t virtual_size = u32(image, header + 8), at = u32(image, header + 12);
		uint32_t raw_size = u32(image, header + 16), raw = u32(image, header + 20);

		if (rva < at || rva - at >= (virtual_size ? virtual_size : raw_size))
			continue;
		*flags = u32(image, header + 36);
		return rva - at < raw_size ? (uint64_t)raw + (rva - at) : UINT64_MAX;
	}
	return UINT64_MAX;
}

static bool find_table(struct image *image)
{
	uint32_t pe = u32(image, 0x3c), optional, directory;
	uint16_t magic;

	if (u16(image, 0) != 0x5a4d || u32(image, pe) != 0x4550)
		return false;
	optional = pe + 24;
	magic = u16(image, optional);
	if (magic != 0x10b && magic != 0x20b)
		return false;
	directory = optional + (magic == 0x20b ? 112 : 96);
	image->n_sections = u16(image, (uint64_t)pe + 6);
	image->sections = optional + u16(image, (uint64_t)pe + 20);
	if (u32(image, (uint64_t)directory - 4)) {
		image->table = u32(image, directory);
		image->table_size = u32(image, (uint64_t)directory + 4);
	}
	return true;
}

static const char *string_at(const struct image *image, uint32_t rva)
{
	uint32_t flags;
	uint64_t at = place(image, rva, &flags);

	if (at >= image->size || !memchr(image->bytes + at, '\0', image->size - at))
		return NULL;
	return (const char *)image->bytes + at;
}

static int by_address(const void *a, const void *b)
{
	const struct pe_export *x = a, *y = b;

	if (x->rva != y->rva)
		return x->rva < y->rva ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int parse(const struct image *image, struct pe_exports *exports, struct error *err)
{
	uint32_t flags, n_functions, n_names;
	uint64_t table, functions, names, ordinals;

	table = place(image, image->table, &flags);
	n_functions = u32(image, table + 20);
	n_names = u32(image, table + 24);
	functions = place(image, u32(image, table + 28), &flags);
	names = place(image, u32(image, table + 32), &flags);
	ordinals = place(image, u32(image, table + 36), &flags);
	if (!has(image, table, 40) || !has(image, functions, (uint64_t)n_functions * 4) ||
	    !has(image, names, (uint64_t)n_names * 4) ||
	    !has(image, ordinals, (uint64_t)n_names * 2))
		return error_set(err, "its table of exports is damaged");
	exports->exports = calloc(n_names + 1, sizeof(*exports->exports));
	if (!exports->exports)
		return error_no_memory(err);
	for (uint32_t i = 0; i < n_names; i++) {
		struct pe_export *export = &exports->exports[exports->n_exports];
		uint16_t ordinal = u16(image, ordinals + 2ull * i);

		export->name = string_at(image, u32(image, names + 4ull * i));
		if (!export->name || ordinal >= n_functions)
			continue;
		export->rva = u32(image, functions + 4ull * ordinal);
		/* An address in the table itself is the name of another module's. */
		if (!export->rva || export->rva - image->table < image->table_size)
			continue;
		flags = 0;
		place(image, export->rva, &flags);
		export->code = flags & MEM_EXECUTE;
		exports->n_exports++;
	}
	qsort(exports->exports, exports->n_exports, sizeof(*exports->exports), by_address);
	return 0;
}

int pe_exports_parse(unsigned char *bytes, size_t size, struct pe_exports *exports,
		     struct error *err)
{
	struct image image = {.bytes = bytes, .size = size};
	struct pe_exports made = {.bytes = bytes};
	int code;

	if (!find_table(&image))
		code = error_set(err, "it is no PE image");
	else
		code = image.table_size ? parse(&image, &made, err) : 0;
	if (code)
		pe_exports_fini(&made);
	else
		*exports = made;
	return code;
}

int pe_exports_read(const char *path, struct pe_exports *exports, struct error *err)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes = NULL;
	long size;

	if (!file)
		return error_set(err, "can't open %s", path);
	if (!fseek(file, 0, SEEK_END) && (size = ftell(file)) > 0 && !fseek(file, 0, SEEK_SET))
		bytes = malloc((size_t)size);
	if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) {
		free(bytes);
		fclose(file);
		return error_set(err, "can't read %s", path);
	}
	fclose(file);
	if (pe_exports_parse(bytes, (size_t)size, exports, err))
		return error_prefix(err, "%s", path);
	return 0;
}

void pe_exports_fini(struct pe_exports *exports)
{
	free(exports->exports);
	free(exports->bytes);
	*exports = (struct pe_exports){0};
}

const struct pe_export *pe_exports_named(const struct pe_exports *exports, const char *name)
{
	for (size_t i = 0; i < exports->n_exports; i++)
		if (!strcmp(exports->exports[i].name, name))
			return &exports->exports[i];
	return NULL;
}

const struct pe_export *pe_exports_at(const struct pe_exports *exports, uint32_t rva)
{
	size_t low = 0, high = exports->n_exports;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (exports->exports[middle].rva <= rva)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &exports->exports[low - 1] : NULL;
}
