/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout is that of the "PE Format" specification, "The .edata Section". */
#include "symbol/pe_exports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_address(const void *a, const void *b)
{
	const struct pe_export *x = a, *y = b;

	if (x->rva != y->rva)
		return x->rva < y->rva ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* One entry of the table of names; false: it is damaged, or the name of another module's. */
static bool read_export(const struct pe_image *image, uint32_t table, uint32_t i,
			struct pe_export *export)
{
	uint32_t functions, names, ordinals, name;
	const struct pe_section *section;
	uint16_t ordinal;

	if (!pe_image_u32(image, table + 28, &functions) ||
	    !pe_image_u32(image, table + 32, &names) ||
	    !pe_image_u32(image, table + 36, &ordinals) ||
	    !pe_image_u32(image, names + 4 * i, &name) ||
	    !pe_image_u16(image, ordinals + 2 * i, &ordinal) ||
	    !pe_image_u32(image, functions + 4 * ordinal, &export->rva))
		return false;
	export->name = pe_image_string(image, name);
	section = pe_image_section(image, export->rva);
	export->code = section && section->executable;
	/* An address in the table itself is where the other module's name stands. */
	return export->name && export->rva &&
	       export->rva - table >= image->directories[PE_EXPORTS].size;
}

static int parse(const struct pe_image *image, struct pe_exports *exports, struct error *err)
{
	uint32_t table = image->directories[PE_EXPORTS].rva, n;

	if (!table)
		return 0;
	/* A name takes 4 bytes of the file. */
	if (!pe_image_u32(image, table + 24, &n) || n > image->size / 4)
		return error_set(err, "its table of exports is damaged");
	exports->exports = calloc((size_t)n + 1, sizeof(*exports->exports));
	if (!exports->exports)
		return error_no_memory(err);
	for (uint32_t i = 0; i < n; i++)
		if (read_export(image, table, i, &exports->exports[exports->n_exports]))
			exports->n_exports++;
	qsort(exports->exports, exports->n_exports, sizeof(*exports->exports), by_address);
	return 0;
}

int pe_exports_parse(unsigned char *bytes, size_t size, struct pe_exports *exports,
		     struct error *err)
{
	struct pe_exports made = {.bytes = bytes, .size = size};
	struct pe_image image;
	int code = pe_image_init(&image, "it", bytes, size, err);

	if (!code) {
		code = parse(&image, &made, err);
		made.sections = image.sections;
		made.n_sections = image.n_sections;
		image.sections = NULL;
		pe_image_fini(&image);
	}
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
	free(exports->sections);
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

bool pe_exports_is_code(const struct pe_exports *exports, uint32_t rva)
{
	for (size_t i = 0; i < exports->n_sections; i++)
		if (rva - exports->sections[i].rva < exports->sections[i].size)
			return exports->sections[i].executable;
	return false;
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
