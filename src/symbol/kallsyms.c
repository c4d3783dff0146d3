/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/file_read.h"

/* A module's last symbol has no next one to end it: no function is longer than this. */
#define LONGEST_FUNCTION 0x10000
/* Nor is a piece of code longer than a page that the kernel makes for kprobes, ftrace and BPF. */
#define MADE_MODULE "__builtin__"
#define MADE_NAME "bpf_trampoline_"
#define MADE_LONGEST 0x1000

struct row {
	uint64_t address;
	uint32_t name; /* offset in the arena */
	uint16_t module;
	char type;
};

struct by_name {
	uint32_t hash;
	uint32_t row;
};

struct kallsyms {
	char *arena; /* the file's text, of which only the names are left */
	struct row *rows;
	struct by_name *names; /* sorted by hash; a name's symbols lie side by side */
	size_t count;
	const char **modules; /* [0] is the kernel: NULL */
	size_t n_modules, modules_capacity;
};

static uint32_t hash_name(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

bool symbol_is_text(const struct symbol *symbol)
{
	return symbol->type == 't' || symbol->type == 'T' || symbol->type == 'w' ||
	       symbol->type == 'W';
}

bool symbol_is_boundary(const struct symbol *symbol)
{
	const char *name = symbol->name;
	static const char *const prefixes[] = {"__start_", "__stop_", "__end_", "__SCT__",
					       "__SCK__",  "__pfx_",  "__cfi_"};
	static const char *const names[] = {"_text", "_stext", "_etext", "_sinittext",
					    "_einittext"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* The order is that of compare_symbols() in the kernel's scripts/kallsyms.c. */
/* Every module calls its init and exit functions so as well (include/linux/module.h). */
static bool symbol_is_alias(const struct symbol *symbol)
{
	return symbol->module &&
	       (!strcmp(symbol->name, "init_module") || !strcmp(symbol->name, "cleanup_module"));
}

int symbol_compare_plainness(const struct symbol *a, const struct symbol *b)
{
	bool weak_a = a->type == 'w' || a->type == 'W', weak_b = b->type == 'w' || b->type == 'W';
	bool boundary_a = symbol_is_boundary(a), boundary_b = symbol_is_boundary(b);
	size_t underscores_a = strspn(a->name, "_"), underscores_b = strspn(b->name, "_");

	if (weak_a != weak_b)
		return weak_a ? 1 : -1;
	if (boundary_a != boundary_b)
		return boundary_a ? 1 : -1;
	if (symbol_is_alias(a) != symbol_is_alias(b))
		return symbol_is_alias(a) ? 1 : -1;
	if (underscores_a != underscores_b)
		return underscores_a < underscores_b ? -1 : 1;
	return strcmp(a->name, b->name);
}

static struct symbol symbol_of(const struct kallsyms *kallsyms, const struct row *row)
{
	return (struct symbol){
		.name = kallsyms->arena + row->name,
		.module = kallsyms->modules[row->module],
		.address = row->address,
		.type = row->type,
	};
}

/*
 * The number of a module's name. A module's symbols stand together in the list, so the last one is
 * tried first.
 */
static int module_number(struct kallsyms *kallsyms, const char *name, uint16_t *number,
			 struct error *err)
{
	for (size_t i = kallsyms->n_modules; i-- > 1;) {
		if (!strcmp(kallsyms->modules[i], name)) {
			*number = (uint16_t)i;
			return 0;
		}
	}
	if (kallsyms->n_modules > UINT16_MAX)
		return error_set(err, "more than %d modules", UINT16_MAX);
	if (kallsyms->n_modules == kallsyms->modules_capacity) {
		size_t capacity = kallsyms->modules_capacity ? kallsyms->modules_capacity * 2 : 64;
		const char **modules =
			realloc(kallsyms->modules, capacity * sizeof(kallsyms->modules[0]));

		if (!modules)
			return error_no_memory(err);
		kallsyms->modules = modules;
		kallsyms->modules_capacity = capacity;
	}
	*number = (uint16_t)kallsyms->n_modules;
	kallsyms->modules[kallsyms->n_modules++] = name;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/*
 * One line, "ADDRESS TYPE NAME[\t[MODULE]]", taken apart in place; *module is NULL for the kernel.
 * Returns the next line, or NULL when this is none.
 */
static char *parse_line(char *p, struct row *row, char **name, char **module)
{
	uint64_t address = 0;
	int digit, digits = 0;
	char *end;

	for (; (digit = hex_digit(*p)) >= 0; p++, digits++)
		address = address << 4 | (uint64_t)digit;
	if (digits == 0 || digits > 16 || p[0] != ' ' || p[1] <= ' ' || p[2] != ' ')
		return NULL;
	row->address = address;
	row->type = p[1];
	*name = p + 3;
	*module = NULL;
	for (p = *name; *p && *p != '\n' && *p != '\t' && *p != ' '; p++)
		;
	if (p == *name)
		return NULL;
	end = p;
	while (*p == '\t' || *p == ' ')
		p++;
	if (*p == '[') {
		*module = ++p;
		while (*p && *p != ']' && *p != '\n')
			p++;
		if (*p != ']' || p == *module)
			return NULL;
		*p++ = '\0';
	}
	if (*p == '\n')
		p++;
	else if (*p)
		return NULL;
	*end = '\0';
	return p;
}

/* Parse the text in the arena and leave there nothing but the names, moved together. */
static int parse(struct kallsyms *kallsyms, const char *path, size_t size, struct error *err)
{
	char *to = kallsyms->arena, *p = kallsyms->arena, *end = p + size;
	size_t capacity = size / 32 + 16;
	bool any_address = false;

	kallsyms->rows = malloc(capacity * sizeof(kallsyms->rows[0]));
	if (!kallsyms->rows)
		return error_no_memory(err);
	while (p < end) {
		struct row row = {0};
		char *name, *module, *next;
		size_t length;

		next = parse_line(p, &row, &name, &module);
		if (!next)
			return error_set(err, "%s: line %zu is not a symbol: \"%.*s\"", path,
					 kallsyms->count + 1, (int)strcspn(p, "\n"), p);
		length = strlen(name) + 1;
		if (module) {
			const char *last = kallsyms->modules[kallsyms->n_modules - 1];

			row.module = (uint16_t)(kallsyms->n_modules - 1);
			/* A new name is kept in the arena, in front of the symbol's. */
			if (!last || strcmp(last, module)) {
				size_t before = kallsyms->n_modules;
				size_t module_length = strlen(module) + 1;
				char copy[256];

				if (module_length > sizeof(copy))
					return error_set(err, "%s: line %zu: module name too long",
							 path, kallsyms->count + 1);
				memcpy(copy, module, module_length);
				if (module_number(kallsyms, copy, &row.module, err))
					return -1;
				if (kallsyms->n_modules > before) {
					memmove(to + module_length, name, length);
					memcpy(to, copy, module_length);
					kallsyms->modules[row.module] = to;
					to += module_length;
					name = to;
				}
			}
		}
		memmove(to, name, length);
		row.name = (uint32_t)(to - kallsyms->arena);
		to += length;
		any_address |= row.address != 0;
		if (kallsyms->count == capacity) {
			struct row *rows =
				realloc(kallsyms->rows, capacity * 2 * sizeof(kallsyms->rows[0]));

			if (!rows)
				return error_no_memory(err);
			kallsyms->rows = rows;
			capacity *= 2;
		}
		kallsyms->rows[kallsyms->count++] = row;
		p = next;
	}
	if (kallsyms->count == 0)
		return error_set(err, "%s lists no symbols", path);
	if (!any_address) {
		error_set(err, "%s hides the addresses of the kernel's symbols", path);
		return error_hint(err, "run as root, or with CAP_SYSLOG and kernel.kptr_restrict "
				       "below 2");
	}
	return 0;
}

/* One stable pass of a radix sort over one byte of the key. */
static void sort_rows_by_byte(const struct row *from, struct row *to, size_t count, unsigned shift)
{
	size_t places[257] = {0};

	for (size_t i = 0; i < count; i++)
		places[(from[i].address >> shift & 0xff) + 1]++;
	for (unsigned i = 0; i < 256; i++)
		places[i + 1] += places[i];
	for (size_t i = 0; i < count; i++)
		to[places[from[i].address >> shift & 0xff]++] = from[i];
}

static int sort_by_address(struct kallsyms *kallsyms, struct error *err)
{
	struct row *rows = kallsyms->rows, *other;
	uint64_t differ = 0;
	bool sorted = true;

	for (size_t i = 1; i < kallsyms->count; i++) {
		differ |= rows[i].address ^ rows[0].address;
		sorted &= rows[i - 1].address <= rows[i].address;
	}
	if (sorted)
		return 0;
	other = malloc(kallsyms->count * sizeof(other[0]));
	if (!other)
		return error_no_memory(err);
	for (unsigned shift = 0; shift < 64; shift += 8) {
		struct row *swap = rows;

		if ((differ >> shift & 0xff) == 0)
			continue;
		sort_rows_by_byte(rows, other, kallsyms->count, shift);
		rows = other;
		other = swap;
	}
	kallsyms->rows = rows;
	free(other);
	return 0;
}

static int compare_names(const struct kallsyms *kallsyms, const struct by_name *a,
			 const struct by_name *b)
{
	const struct row *row_a = &kallsyms->rows[a->row], *row_b = &kallsyms->rows[b->row];
	int order;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	order = strcmp(kallsyms->arena + row_a->name, kallsyms->arena + row_b->name);
	if (order)
		return order;
	/* Rows are in order of address already. */
	return a->row < b->row ? -1 : 1;
}

static int compare_names_r(const void *a, const void *b, void *kallsyms)
{
	return compare_names(kallsyms, a, b);
}

/* Order by hash with a radix sort, then settle the few that share one. */
static int sort_by_name(struct kallsyms *kallsyms, struct error *err)
{
	size_t count = kallsyms->count;
	struct by_name *from = malloc(count * sizeof(from[0]));
	struct by_name *to = malloc(count * sizeof(to[0]));

	kallsyms->names = from;
	if (!from || !to) {
		free(to);
		return error_no_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		from[i].hash = hash_name(kallsyms->arena + kallsyms->rows[i].name);
		from[i].row = (uint32_t)i;
	}
	/* Two passes of 16 bits: an even number, so that the result ends where it began. */
	for (unsigned shift = 0; shift < 32; shift += 16) {
		struct by_name *swap = from;
		size_t *places = calloc(65537, sizeof(places[0]));

		if (!places) {
			free(to == kallsyms->names ? from : to);
			return error_no_memory(err);
		}
		for (size_t i = 0; i < count; i++)
			places[(from[i].hash >> shift & 0xffff) + 1]++;
		for (unsigned i = 0; i < 65536; i++)
			places[i + 1] += places[i];
		for (size_t i = 0; i < count; i++)
			to[places[from[i].hash >> shift & 0xffff]++] = from[i];
		free(places);
		from = to;
		to = swap;
	}
	free(to);
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count && from[next].hash == from[i].hash; next++)
			;
		if (next - i > 1)
			qsort_r(from + i, next - i, sizeof(from[0]), compare_names_r, kallsyms);
	}
	return 0;
}

int kallsyms_load(const char *path, struct kallsyms **out, struct error *err)
{
	struct kallsyms *kallsyms = calloc(1, sizeof(*kallsyms));
	uint16_t kernel;
	size_t size = 0;

	if (!kallsyms)
		return error_no_memory(err);
	if (!path)
		path = "/proc/kallsyms";
	if (file_read(path, &kallsyms->arena, &size, err))
		goto fail;
	if (size >= UINT32_MAX) {
		error_set(err, "%s is too large", path);
		goto fail;
	}
	if (module_number(kallsyms, NULL, &kernel, err) || parse(kallsyms, path, size, err) ||
	    sort_by_address(kallsyms, err) || sort_by_name(kallsyms, err))
		goto fail;
	*out = kallsyms;
	return 0;
fail:
	kallsyms_destroy(kallsyms);
	return -1;
}

void kallsyms_destroy(struct kallsyms *kallsyms)
{
	if (!kallsyms)
		return;
	free(kallsyms->arena);
	free(kallsyms->rows);
	free(kallsyms->names);
	free(kallsyms->modules);
	free(kallsyms);
}

size_t kallsyms_count(const struct kallsyms *kallsyms)
{
	return kallsyms->count;
}

struct symbol kallsyms_at(const struct kallsyms *kallsyms, size_t index)
{
	return symbol_of(kallsyms, &kallsyms->rows[index]);
}

struct symbol kallsyms_by_name(const struct kallsyms *kallsyms, size_t index)
{
	return symbol_of(kallsyms, &kallsyms->rows[kallsyms->names[index].row]);
}

size_t kallsyms_find(const struct kallsyms *kallsyms, const char *name, size_t *first)
{
	uint32_t hash = hash_name(name);
	size_t low = 0, high = kallsyms->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kallsyms->names[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < kallsyms->count && kallsyms->names[low].hash == hash &&
	       strcmp(kallsyms_by_name(kallsyms, low).name, name))
		low++;
	for (end = low; end < kallsyms->count && kallsyms->names[end].hash == hash &&
			!strcmp(kallsyms_by_name(kallsyms, end).name, name);
	     end++)
		;
	if (end > low)
		*first = low;
	return end - low;
}

size_t kallsyms_lower_bound(const struct kallsyms *kallsyms, uint64_t address)
{
	size_t low = 0, high = kallsyms->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kallsyms->rows[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Absolute symbols are numbers, not places. */
static bool is_place(const struct row *row)
{
	return row->type != 'a' && row->type != 'A' && row->type != 'U';
}

bool kallsyms_resolve(const struct kallsyms *kallsyms, uint64_t address, struct frame *frame)
{
	size_t after = kallsyms_lower_bound(kallsyms, address), index, next;
	struct symbol best = {0};
	uint64_t start;

	while (after < kallsyms->count && kallsyms->rows[after].address == address)
		after++;
	for (index = after; index > 0 && !is_place(&kallsyms->rows[index - 1]); index--)
		;
	if (index == 0)
		return false;
	start = kallsyms->rows[index - 1].address;
	for (; index > 0 && kallsyms->rows[index - 1].address == start; index--) {
		struct symbol symbol = kallsyms_at(kallsyms, index - 1);

		if (symbol_is_text(&symbol) &&
		    (!best.name || symbol_compare_plainness(&symbol, &best) < 0))
			best = symbol;
	}
	if (!best.name)
		return false;
	for (next = after; next < kallsyms->count && !is_place(&kallsyms->rows[next]); next++)
		;
	if (address - start >= LONGEST_FUNCTION &&
	    (next == kallsyms->count ||
	     kallsyms->modules[kallsyms->rows[next].module] != best.module))
		return false;
	if (best.module && address - start >= MADE_LONGEST &&
	    (!strncmp(best.module, MADE_MODULE, strlen(MADE_MODULE)) ||
	     !strncmp(best.name, MADE_NAME, strlen(MADE_NAME))))
		return false;
	frame->symbol = best.name;
	frame->offset = address - start;
	frame->module = best.module;
	return true;
}

uint64_t kallsyms_address(const struct kallsyms *kallsyms, const char *name)
{
	size_t first, n = kallsyms_find(kallsyms, name, &first);

	for (size_t i = 0; i < n; i++) {
		struct symbol symbol = kallsyms_by_name(kallsyms, first + i);

		if (!symbol.module)
			return symbol.address;
	}
	return 0;
}
