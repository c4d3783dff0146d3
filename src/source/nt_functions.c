/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_functions.h"

#include <stdlib.h>
#include <string.h>

void nt_functions_fini(struct nt_functions *functions)
{
	for (size_t i = 0; i < functions->n; i++)
		free(functions->functions[i].name);
	free(functions->functions);
	*functions = (struct nt_functions){0};
}

int nt_functions_add(struct nt_functions *functions, const char *name, uint32_t rva, bool code,
		     bool exported, struct error *err)
{
	struct nt_function function = {
		.name = strdup(name), .rva = rva, .code = code, .exported = exported};

	if (!function.name)
		return error_no_memory(err);
	if (functions->n == functions->capacity) {
		size_t capacity = functions->capacity ? 2 * functions->capacity : 64;
		struct nt_function *grown =
			realloc(functions->functions, capacity * sizeof(*grown));

		if (!grown) {
			free(function.name);
			return error_no_memory(err);
		}
		functions->functions = grown;
		functions->capacity = capacity;
	}
	functions->functions[functions->n++] = function;
	functions->sorted = false;
	return 0;
}

int nt_functions_add_exports(struct nt_functions *functions, const struct pe_exports *exports,
			     struct error *err)
{
	for (size_t i = 0; i < exports->n_exports; i++) {
		const struct pe_export *export = &exports->exports[i];

		if (nt_functions_add(functions, export->name, export->rva, export->code, true, err))
			return -1;
	}
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct nt_function *x = a, *y = b;

	if (x->rva != y->rva)
		return x->rva < y->rva ? -1 : 1;
	if (x->exported != y->exported)
		return x->exported ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Is it one of the `n` before it, at its own address? */
static bool is_known(const struct nt_function *function, size_t n)
{
	for (size_t i = 1; i <= n && function[-(ptrdiff_t)i].rva == function->rva; i++)
		if (!strcmp(function[-(ptrdiff_t)i].name, function->name))
			return true;
	return false;
}

void nt_functions_sort(struct nt_functions *functions)
{
	struct nt_function *all = functions->functions;
	size_t n = 0;

	if (functions->sorted)
		return;
	functions->sorted = true;
	if (functions->n)
		qsort(all, functions->n, sizeof(*all), by_address);
	for (size_t i = 0; i < functions->n; i++) {
		all[n] = all[i];
		if (is_known(&all[n], n))
			free(all[n].name);
		else
			n++;
	}
	functions->n = n;
}

const struct nt_function *nt_functions_at(const struct nt_functions *functions, uint32_t rva)
{
	const struct nt_function *all = functions->functions;
	size_t low = 0, high = functions->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all[middle].rva <= rva)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	low--;
	while (low && all[low - 1].rva == all[low].rva)
		low--;
	return &all[low];
}
