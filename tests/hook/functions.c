/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .eh_frame and .eh_frame_hdr: Linux Standard Base core specification, 10.6. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "functions.h"

struct object {
	uintptr_t wanted, base;
	const ElfW(Phdr) * headers;
	size_t n_headers;
};

static void fail(const char *what)
{
	fprintf(stderr, "functions: %s\n", what);
	exit(1);
}

static int find_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct object *object = data;

	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		if (header->p_type == PT_LOAD &&
		    object->wanted - (info->dlpi_addr + header->p_vaddr) < header->p_memsz) {
			object->base = info->dlpi_addr;
			object->headers = info->dlpi_phdr;
			object->n_headers = info->dlpi_phnum;
			return 1;
		}
	}
	return 0;
}

static const ElfW(Phdr) * find_header(const struct object *object, unsigned type, unsigned flags)
{
	for (size_t i = 0; i < object->n_headers; i++)
		if (object->headers[i].p_type == type &&
		    (object->headers[i].p_flags & flags) == flags)
			return &object->headers[i];
	fail("an object lacks a program header");
	return NULL;
}

static void add(struct functions *functions, uintptr_t address, size_t size, const char *name,
		bool frame)
{
	size_t n = functions->n_functions;

	if (!size || address < functions->text_begin || address + size > functions->text_end)
		return;
	if (!(n & (n - 1)))
		functions->functions =
			realloc(functions->functions, (n ? 2 * n : 1) * sizeof(struct function));
	if (!functions->functions)
		fail("no memory");
	functions->functions[functions->n_functions++] =
		(struct function){.address = address, .size = size, .name = name, .frame = frame};
}

static void add_symbols(struct functions *functions, const struct object *object)
{
	const ElfW(Dyn) *dynamic =
		(const void *)(object->base + find_header(object, PT_DYNAMIC, 0)->p_vaddr);
	const ElfW(Sym) *symbols = NULL;
	const char *strings = NULL;

	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const void *)dynamic->d_un.d_ptr;
		else if (dynamic->d_tag == DT_STRTAB)
			strings = (const void *)dynamic->d_un.d_ptr;
	}
	/* Linkers put the strings behind the symbols, whose number is written nowhere. */
	for (const ElfW(Sym) *symbol = symbols; (const char *)(symbol + 1) <= strings; symbol++)
		if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF)
			add(functions, object->base + symbol->st_value, symbol->st_size,
			    strings + symbol->st_name, false);
}

/*
 * A function begins with the frame that a call made, so its instructions for unwinding say nothing
 * new before the first advance. Other parts, which are jumped to, begin with one that is under way.
 */
static bool begins_function(const uint8_t *fde, size_t *size)
{
	const uint8_t *cie = fde + 4 - *(const int32_t *)(fde + 4);
	const char *augmentation = (const char *)cie + 9;
	const uint8_t *at = fde + 16; /* length, CIE, begin, range: with 4-byte pointers */

	if (augmentation[0] != 'z' || strchr(augmentation, 'S'))
		return false;
	*size = *(const uint32_t *)(fde + 12);
	if ((*at & 0x7f) != *at)
		return false;
	at += 1 + *at;
	while (at < fde + 4 + *(const uint32_t *)fde && *at == 0)
		at++;
	return at >= fde + 4 + *(const uint32_t *)fde || (*at & 0xc0) == 0x40 ||
	       (*at >= 2 && *at <= 4);
}

static void add_frames(struct functions *functions, const struct object *object)
{
	const uint8_t *header =
		(const void *)(object->base + find_header(object, PT_GNU_EH_FRAME, 0)->p_vaddr);
	const int32_t *table = (const int32_t *)(header + 12);

	/* version, pcrel sdata4, udata4, datarel sdata4: what linkers write */
	if (memcmp(header, (const uint8_t[]){1, 0x1b, 0x03, 0x3b}, 4))
		fail("an .eh_frame_hdr of another form");
	for (uint32_t i = 0; i < *(const uint32_t *)(header + 8); i++) {
		uintptr_t address = (uintptr_t)header + (uintptr_t)(intptr_t)table[2 * i];
		size_t size;

		if (begins_function(header + table[2 * i + 1], &size))
			add(functions, address, size, NULL, true);
	}
}

static int by_address(const void *a, const void *b)
{
	const struct function *left = a, *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

/* One for each address, with the name that says most about its return. */
static void merge(struct functions *functions)
{
	size_t n = 0;

	qsort(functions->functions, functions->n_functions, sizeof(struct function), by_address);
	for (size_t i = 0; i < functions->n_functions; i++) {
		struct function *function = &functions->functions[i];
		struct function *last = n ? &functions->functions[n - 1] : NULL;

		if (!last || last->address != function->address) {
			functions->functions[n++] = *function;
			continue;
		}
		if (function->size > last->size)
			last->size = function->size;
		if (function->name && (!last->name || hook_return_reason(function->name)))
			last->name = function->name;
		last->frame |= function->frame;
	}
	functions->n_functions = n;
	for (size_t i = 0; i + 1 < n; i++) {
		struct function *function = &functions->functions[i];
		uintptr_t end = function->address + function->size, next = function[1].address;

		if (next > end)
			function->n_after = function[1].n_before = next - end;
	}
}

static void find_targets(struct functions *functions)
{
	size_t size = functions->text_end - functions->text_begin;
	void *memory = malloc(hook_targets_size(size));

	if (!memory)
		fail("no memory");
	hook_targets_init(&functions->targets, functions->text_begin, size, memory);
	hook_targets_add(&functions->targets, sizeof(void *) == 4 ? INSN_32 : INSN_64,
			 functions->text_begin, (const uint8_t *)functions->text_begin, size);
}

void functions_init(struct functions *functions, const void *address)
{
	struct object object = {.wanted = (uintptr_t)address};
	const ElfW(Phdr) * text;

	if (!dl_iterate_phdr(find_object, &object))
		fail("an address lies in no object");
	text = find_header(&object, PT_LOAD, PF_X);
	*functions = (struct functions){.text_begin = object.base + text->p_vaddr};
	functions->text_end = functions->text_begin + text->p_memsz;
	add_symbols(functions, &object);
	add_frames(functions, &object);
	merge(functions);
	find_targets(functions);
}

void functions_fini(struct functions *functions)
{
	free(functions->functions);
	free(functions->targets.bits);
}

const struct function *functions_find(const struct functions *functions, const void *address)
{
	struct function key = {.address = (uintptr_t)address};

	return bsearch(&key, functions->functions, functions->n_functions, sizeof(key), by_address);
}

void functions_describe(const struct functions *functions, const struct function *function,
			struct hook_function *out)
{
	*out = (struct hook_function){
		.mode = sizeof(void *) == 4 ? INSN_32 : INSN_64,
		.address = function->address,
		.bytes = (const uint8_t *)function->address,
		.size = function->size,
		.size_known = true,
		.executable = true,
		.n_before = function->n_before,
		.n_after = function->n_after,
		.text_begin = functions->text_begin,
		.text_end = functions->text_end,
		.targets = &functions->targets,
	};
}
