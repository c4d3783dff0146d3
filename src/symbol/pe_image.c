/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "symbol/pe_image.h"

enum {
	DOS_SIZE = 64,
	DOS_NEW_HEADER = 0x3c,
	COFF_SIZE = 4 + 20, /* with "PE\0\0" before it */
	SECTION_SIZE = 40,
	OPTIONAL_DIRECTORIES_32 = 96,
	OPTIONAL_DIRECTORIES_64 = 112,
	MACHINE_I386 = 0x14c,
	MACHINE_AMD64 = 0x8664,
	MAGIC_PE32 = 0x10b,
	MAGIC_PE32_PLUS = 0x20b,
};

#define SECTION_EXECUTE 0x20000000u

static uint64_t number(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

#define U16(bytes) ((uint16_t)number(bytes, 2))
#define U32(bytes) ((uint32_t)number(bytes, 4))

/* n bytes of the file at an offset, or NULL. */
static const uint8_t *file_bytes(const struct pe_image *image, uint64_t offset, uint64_t n)
{
	return offset <= image->size && n <= image->size - offset ? image->data + offset : NULL;
}

static int read_sections(struct pe_image *image, const char *name, uint64_t offset, size_t n,
			 struct error *err)
{
	const uint8_t *header = file_bytes(image, offset, n * SECTION_SIZE);

	if (!header)
		return error_set(err, "%s ends within its section table", name);
	image->sections = calloc(n + 1, sizeof(*image->sections));
	if (!image->sections)
		return error_no_memory(err);
	for (size_t i = 0; i < n; i++, header += SECTION_SIZE) {
		struct pe_section *section = &image->sections[i];
		uint32_t virtual_size = U32(header + 8), raw_size = U32(header + 16);

		memcpy(section->name, header, 8);
		section->rva = U32(header + 12);
		section->offset = U32(header + 20);
		section->size = virtual_size && virtual_size < raw_size ? virtual_size : raw_size;
		section->executable = U32(header + 36) & SECTION_EXECUTE;
		if (section->offset > image->size)
			section->size = 0;
		else if (section->size > image->size - section->offset)
			return error_set(err, "%s ends within its section %s", name, section->name);
		if (section->size > UINT32_MAX - section->rva)
			return error_set(err, "section %s of %s lies beyond 4 GB", section->name,
					 name);
	}
	image->n_sections = n;
	return 0;
}

static int read_optional(struct pe_image *image, const char *name, uint64_t offset, size_t size,
			 struct error *err)
{
	size_t directories = image->is_64 ? OPTIONAL_DIRECTORIES_64 : OPTIONAL_DIRECTORIES_32;
	const uint8_t *header = file_bytes(image, offset, size);
	uint32_t n;

	if (!header || size < directories)
		return error_set(err, "%s ends within its optional header", name);
	if (U16(header) != (image->is_64 ? MAGIC_PE32_PLUS : MAGIC_PE32))
		return error_set(err, "the optional header of %s is not of its machine", name);
	image->entry_point = U32(header + 16);
	image->size_of_image = U32(header + 56);
	image->base = image->is_64 ? number(header + 24, 8) : U32(header + 28);
	n = U32(header + directories - 4);
	for (size_t i = 0; i < 4 && i < n && directories + 8 * (i + 1) <= size; i++) {
		image->directories[i].rva = U32(header + directories + 8 * i);
		image->directories[i].size = U32(header + directories + 8 * i + 4);
	}
	return 0;
}

static int read_headers(struct pe_image *image, const char *name, struct error *err)
{
	const uint8_t *dos = file_bytes(image, 0, DOS_SIZE), *coff;
	uint64_t offset;
	uint16_t machine, optional_size;

	if (!dos || memcmp(dos, "MZ", 2))
		return error_set(err, "%s is not an executable of NT: no MZ at its beginning",
				 name);
	offset = U32(dos + DOS_NEW_HEADER);
	coff = file_bytes(image, offset, COFF_SIZE);
	if (!coff || memcmp(coff, "PE\0\0", 4))
		return error_set(err, "%s is not an executable of NT: no PE header", name);
	machine = U16(coff + 4);
	if (machine != MACHINE_I386 && machine != MACHINE_AMD64) {
		error_set(err, "%s is for a machine of type %#x", name, machine);
		return error_hint(err, "hooks are there for i386 (0x14c) and x64 (0x8664)");
	}
	image->is_64 = machine == MACHINE_AMD64;
	image->stamp = U32(coff + 8);
	image->symbols = U32(coff + 12);
	image->n_symbols = image->symbols ? U32(coff + 16) : 0;
	optional_size = U16(coff + 20);
	if (read_optional(image, name, offset + COFF_SIZE, optional_size, err))
		return -1;
	return read_sections(image, name, offset + COFF_SIZE + optional_size, U16(coff + 6), err);
}

int pe_image_init(struct pe_image *image, const char *name, const void *data, size_t size,
		  struct error *err)
{
	struct pe_image made = {.data = data, .size = size};

	if (read_headers(&made, name, err)) {
		pe_image_fini(&made);
		return -1;
	}
	*image = made;
	return 0;
}

void pe_image_fini(struct pe_image *image)
{
	free(image->sections);
}

const struct pe_section *pe_image_section(const struct pe_image *image, uint32_t rva)
{
	for (size_t i = 0; i < image->n_sections; i++)
		if (rva - image->sections[i].rva < image->sections[i].size)
			return &image->sections[i];
	return NULL;
}

const uint8_t *pe_image_bytes(const struct pe_image *image, uint32_t rva, size_t *n)
{
	const struct pe_section *section = pe_image_section(image, rva);

	*n = section ? section->size - (rva - section->rva) : 0;
	return section ? image->data + section->offset + (rva - section->rva) : NULL;
}

bool pe_image_u16(const struct pe_image *image, uint32_t rva, uint16_t *value)
{
	size_t n;
	const uint8_t *bytes = pe_image_bytes(image, rva, &n);

	*value = n >= 2 ? U16(bytes) : 0;
	return n >= 2;
}

bool pe_image_u32(const struct pe_image *image, uint32_t rva, uint32_t *value)
{
	size_t n;
	const uint8_t *bytes = pe_image_bytes(image, rva, &n);

	*value = n >= 4 ? U32(bytes) : 0;
	return n >= 4;
}

const char *pe_image_string(const struct pe_image *image, uint32_t rva)
{
	size_t n;
	const uint8_t *bytes = pe_image_bytes(image, rva, &n);

	return bytes && memchr(bytes, '\0', n) ? (const char *)bytes : NULL;
}
