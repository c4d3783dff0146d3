/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file in NT's executable format, PE32 or PE32+: drivers, kernels, libraries. Addresses in it are
 * RVAs, counted from where the image is loaded. Nothing that the file says is believed: whatever
 * lies outside of it reads as not there.
 *
 * Offsets and values: Microsoft's "PE Format".
 */
#ifndef SYMBOL_PE_IMAGE_H
#define SYMBOL_PE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct pe_section {
	char name[9];
	uint32_t rva;
	uint32_t size; /* bytes that are in the file too */
	uint32_t offset;
	bool executable;
};

/* Data directories that are of use here. */
enum pe_directory {
	PE_EXPORTS = 0,
	PE_EXCEPTIONS = 3,
};

struct pe_image {
	const uint8_t *data; /* the caller's */
	size_t size;
	bool is_64;
	uint64_t base; /* where it would like to be loaded */
	uint32_t entry_point;
	uint32_t stamp;		/* TimeDateStamp */
	uint32_t size_of_image; /* bytes that it takes in memory */
	struct pe_section *sections;
	size_t n_sections;
	uint32_t symbols, n_symbols; /* COFF symbols: offset in the file and number; 0: none */
	struct {
		uint32_t rva, size;
	} directories[4];
};

/* name is for errors. data must stay as long as the image. */
int pe_image_init(struct pe_image *image, const char *name, const void *data, size_t size,
		  struct error *err);
void pe_image_fini(struct pe_image *image);

/* The bytes at an RVA and how many of its section follow; NULL: none are in the file. */
const uint8_t *pe_image_bytes(const struct pe_image *image, uint32_t rva, size_t *n);
/* Its section, or NULL. */
const struct pe_section *pe_image_section(const struct pe_image *image, uint32_t rva);
/* A little-endian number of 2 or 4 bytes; false and 0 where there is none. */
bool pe_image_u16(const struct pe_image *image, uint32_t rva, uint16_t *value);
bool pe_image_u32(const struct pe_image *image, uint32_t rva, uint32_t *value);
/* A string that ends within its section, or NULL. */
const char *pe_image_string(const struct pe_image *image, uint32_t rva);

#endif
