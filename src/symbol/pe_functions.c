/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables: Microsoft's "PE Format" (.edata, COFF Symbol Table, .pdata) and "x64 exception handling".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/pe_functions.h"

enum {
	SYMBOL_SIZE = 18,
	RUNTIME_FUNCTION_SIZE = 12,
	UNWIND_CHAINED = 4 << 3, /* flags of UNWIND_INFO, above its version */
	/* How many bytes before a function are looked at: padding for hotpatching is 5 to 16. */
	BEFORE_MAX = 16,
};

#define MAX_FUNCTIONS (1u << 22)
/* Bytes; a bit is kept for each. The largest kernels have some 20 MB of code. */
#define MAX_CODE (256u << 20)

static int add(struct pe_functions *functions, uint32_t rva, uint32_t size, const char *name,
	       bool exported, struct error *err)
{
	size_t n = functions->n_functions;
	struct pe_function *function;

	if (n >= MAX_FUNCTIONS)
		return error_set(err, "there are more than %u functions", MAX_FUNCTIONS);
	if (!(n & (n - 1))) {
		function = realloc(functions->functions, (n ? 2 * n : 1) * sizeof(*function));
		if (!function)
			return error_no_memory(err);
		functions->functions = function;
	}
	function = &functions->functions[n];
	*function = (struct pe_function){rva, size, name ? strdup(name) : NULL, exported};
	if (name && !function->name)
		return error_no_memory(err);
	functions->n_functions++;
	return 0;
}

static int add_export(struct pe_functions *functions, uint32_t table, uint32_t index,
		      const char *name, struct error *err)
{
	const struct pe_image *image = functions->image;
	uint32_t rva;

	if (!pe_image_u32(image, table + 4 * index, &rva) || !rva)
		return 0;
	/* Within the directory it is the name of another module's function. */
	if (rva - image->directories[PE_EXPORTS].rva < image->directories[PE_EXPORTS].size) {
		functions->n_forwarded++;
		return 0;
	}
	return add(functions, rva, 0, name, true, err);
}

static int add_exports(struct pe_functions *functions, struct error *err)
{
	const struct pe_image *image = functions->image;
	uint32_t rva = image->directories[PE_EXPORTS].rva, field[10];
	uint32_t n_functions, n_names, table;
	uint8_t *named;
	int code = 0;

	if (!rva)
		return 0;
	for (uint32_t i = 0; i < 10; i++)
		if (!pe_image_u32(image, rva + 4 * i, &field[i]))
			return error_set(err, "its export directory is cut");
	n_functions = field[5];
	n_names = field[6];
	table = field[7];
	if (n_functions > image->size / 4 || n_names > image->size / 4)
		return error_set(err,
				 "its export directory names more functions than it has room for");
	named = calloc(n_functions + 1, 1);
	if (!named)
		return error_no_memory(err);
	for (uint32_t i = 0; i < n_names && !code; i++) {
		uint32_t name;
		uint16_t index;

		if (!pe_image_u32(image, field[8] + 4 * i, &name) ||
		    !pe_image_u16(image, field[9] + 2 * i, &index) || index >= n_functions)
			continue;
		named[index] = 1;
		code = add_export(functions, table, index, pe_image_string(image, name), err);
	}
	for (uint32_t i = 0; i < n_functions && !code; i++) {
		char ordinal[16];

		if (named[i])
			continue;
		snprintf(ordinal, sizeof(ordinal), "#%u", field[4] + i);
		code = add_export(functions, table, i, ordinal, err);
	}
	free(named);
	return code;
}

static uint32_t file_u32(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Symbols whose type says function; their names are in a table behind them when longer than 8. */
static int add_symbols(struct pe_functions *functions, struct error *err)
{
	const struct pe_image *image = functions->image;
	const uint8_t *symbols = image->data + image->symbols, *strings;
	uint64_t end = (uint64_t)image->symbols + (uint64_t)image->n_symbols * SYMBOL_SIZE;
	size_t n_strings;

	if (!image->n_symbols)
		return 0;
	if (end > image->size)
		return error_set(err, "its symbol table is cut");
	strings = image->data + end;
	n_strings = image->size - end;
	for (uint32_t i = 0; i < image->n_symbols; i += 1u + symbols[i * SYMBOL_SIZE + 17]) {
		const uint8_t *symbol = symbols + (size_t)i * SYMBOL_SIZE;
		size_t section = (size_t)(symbol[12] | symbol[13] << 8);
		uint32_t at = file_u32(symbol + 4);
		const char *name;
		char brief[9] = "";

		if (symbol[14] != 0x20 || symbol[15] || !section || section > image->n_sections)
			continue;
		memcpy(brief, symbol, 8);
		name = brief;
		if (!file_u32(symbol))
			name = at < n_strings && memchr(strings + at, '\0', n_strings - at)
				       ? (const char *)strings + at
				       : NULL;
		if (name && add(functions, image->sections[section - 1].rva + file_u32(symbol + 8),
				0, name, false, err))
			return -1;
	}
	return 0;
}

/* Other parts of a function, which are jumped to, have unwind data that is chained to its own. */
static int add_unwind_data(struct pe_functions *functions, struct error *err)
{
	const struct pe_image *image = functions->image;
	uint32_t rva = image->directories[PE_EXCEPTIONS].rva;
	uint32_t n = image->directories[PE_EXCEPTIONS].size / RUNTIME_FUNCTION_SIZE;

	if (!image->is_64 || !rva)
		return 0;
	for (uint32_t i = 0; i < n; i++, rva += RUNTIME_FUNCTION_SIZE) {
		uint32_t begin, end, info;
		const uint8_t *unwind;
		size_t n_unwind;

		if (!pe_image_u32(image, rva, &begin) || !pe_image_u32(image, rva + 4, &end) ||
		    !pe_image_u32(image, rva + 8, &info))
			return error_set(err, "its table of unwind data is cut");
		unwind = pe_image_bytes(image, info, &n_unwind);
		if (end <= begin || info & 1 || (unwind && unwind[0] & UNWIND_CHAINED))
			continue;
		if (add(functions, begin, end - begin, NULL, false, err))
			return -1;
	}
	return 0;
}

static int by_rva(const void *a, const void *b)
{
	const struct pe_function *left = a, *right = b;

	return (left->rva > right->rva) - (left->rva < right->rva);
}

/* An export's name wins, then any other. */
static void merge(struct pe_functions *functions)
{
	size_t n = 0;

	if (!functions->n_functions)
		return;
	qsort(functions->functions, functions->n_functions, sizeof(struct pe_function), by_rva);
	for (size_t i = 0; i < functions->n_functions; i++) {
		struct pe_function *function = &functions->functions[i];
		struct pe_function *last = n ? &functions->functions[n - 1] : NULL;

		if (!last || last->rva != function->rva) {
			functions->functions[n++] = *function;
			continue;
		}
		if (function->size > last->size)
			last->size = function->size;
		if (function->name && (!last->name || (function->exported && !last->exported))) {
			free(last->name);
			last->name = function->name;
		} else {
			free(function->name);
		}
		last->exported |= function->exported;
	}
	functions->n_functions = n;
}

static int find_targets(struct pe_functions *functions, struct error *err)
{
	const struct pe_image *image = functions->image;
	uint32_t begin = UINT32_MAX, end = 0;
	void *memory;

	for (size_t i = 0; i < image->n_sections; i++) {
		const struct pe_section *section = &image->sections[i];

		if (!section->executable || !section->size)
			continue;
		begin = section->rva < begin ? section->rva : begin;
		end = section->rva + section->size > end ? section->rva + section->size : end;
	}
	if (begin > end)
		return 0;
	if (end - begin > MAX_CODE)
		return error_set(err, "its code spans %u MB", (end - begin) >> 20);
	memory = malloc(hook_targets_size(end - begin) + 1);
	if (!memory)
		return error_no_memory(err);
	hook_targets_init(&functions->targets, image->base + begin, end - begin, memory);
	for (size_t i = 0; i < image->n_sections; i++) {
		const struct pe_section *section = &image->sections[i];

		if (section->executable && section->size)
			hook_targets_add(&functions->targets, image->is_64 ? INSN_64 : INSN_32,
					 image->base + section->rva, image->data + section->offset,
					 section->size);
	}
	return 0;
}

int pe_functions_init(struct pe_functions *functions, const struct pe_image *image,
		      struct error *err)
{
	struct pe_functions made = {.image = image};

	if (add_exports(&made, err) || add_symbols(&made, err) || add_unwind_data(&made, err) ||
	    (image->entry_point &&
	     add(&made, image->entry_point, 0, "(entry point)", false, err)) ||
	    find_targets(&made, err)) {
		pe_functions_fini(&made);
		return -1;
	}
	merge(&made);
	*functions = made;
	return 0;
}

void pe_functions_fini(struct pe_functions *functions)
{
	for (size_t i = 0; i < functions->n_functions; i++)
		free(functions->functions[i].name);
	free(functions->functions);
	free(functions->targets.bits);
}

static void describe(const struct pe_functions *functions, size_t i, struct hook_function *out)
{
	const struct pe_image *image = functions->image;
	const struct pe_function *function = &functions->functions[i];
	const struct pe_section *section = pe_image_section(image, function->rva);
	uint32_t room = UINT32_MAX, before = 0;
	size_t n;

	*out = (struct hook_function){
		.mode = image->is_64 ? INSN_64 : INSN_32,
		.address = image->base + function->rva,
		.bytes = pe_image_bytes(image, function->rva, &n),
		.executable = section && section->executable,
		.text_begin = functions->targets.begin,
		.text_end = functions->targets.begin + functions->targets.size,
		.targets = &functions->targets,
	};
	if (!section)
		return;
	if (i + 1 < functions->n_functions)
		room = function[1].rva - function->rva;
	if (room > n)
		room = (uint32_t)n;
	out->size_known = function->size && function->size <= room;
	out->size = out->size_known ? function->size : room;
	out->n_after = room - out->size;
	before = function->rva - section->rva;
	if (i && function[-1].rva >= section->rva &&
	    function->rva - function[-1].rva - function[-1].size < before)
		before = function->rva - function[-1].rva - function[-1].size;
	out->n_before = before < BEFORE_MAX ? before : BEFORE_MAX;
}

/* _name@8 of stdcall, _name of cdecl, @name@8 of fastcall: the plain name, in place. */
static enum hook_reason return_reason_of(const struct pe_image *image, const char *name)
{
	enum hook_reason reason = hook_return_reason(name);
	char plain[256];
	size_t n;

	if (reason || image->is_64 || (*name != '_' && *name != '@'))
		return reason;
	n = strcspn(name + 1, "@");
	if (n >= sizeof(plain))
		return HOOK_NONE;
	memcpy(plain, name + 1, n);
	plain[n] = '\0';
	return hook_return_reason(plain);
}

enum hook_reason pe_function_plan(const struct pe_functions *functions, size_t i,
				  struct hook_plan *plan, enum hook_reason *return_reason)
{
	const char *name = functions->functions[i].name;
	struct hook_function description;
	enum hook_reason reason;

	describe(functions, i, &description);
	reason = hook_plan(&description, HOOK_FORM_NEAR, plan);
	if (reason)
		return reason;
	*return_reason = plan->reads_return ? HOOK_READS_RETURN
			 : name		    ? return_reason_of(functions->image, name)
					    : HOOK_NONE;
	return HOOK_NONE;
}
