/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/match.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/symbols.h"

void function_list_fini(struct function_list *list)
{
	free(list->functions);
	*list = (struct function_list)FUNCTION_LIST_INIT;
}

int function_list_add(struct function_list *list, const struct function *function,
		      struct error *err)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		struct function *functions =
			realloc(list->functions, capacity * sizeof(functions[0]));

		if (!functions)
			return error_no_memory(err);
		list->functions = functions;
		list->capacity = capacity;
	}
	list->functions[list->count++] = *function;
	return 0;
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *x = a, *y = b;
	int order;

	if (!x->module != !y->module)
		return x->module ? 1 : -1;
	if (x->module) {
		order = strcmp(x->module, y->module);
		if (order)
			return order;
	}
	order = strcmp(x->name, y->name);
	if (order)
		return order;
	return x->address < y->address ? -1 : x->address > y->address;
}

void function_list_sort(struct function_list *list)
{
	if (list->count)
		qsort(list->functions, list->count, sizeof(list->functions[0]), compare_functions);
}

/* Not functions of the kernel's own: BPF programs and trampolines that come and go. */
static bool is_generated(const struct symbol *symbol)
{
	return symbol->module &&
	       (!strcmp(symbol->module, "bpf") || !strncmp(symbol->module, "__builtin__", 11));
}

/* Init text of the kernel is given back after boot; kallsyms goes on listing it. */
struct init_text {
	uint64_t start, end;
};

static struct init_text find_init_text(const struct kallsyms *kallsyms)
{
	return (struct init_text){
		.start = kallsyms_address(kallsyms, "_sinittext"),
		.end = kallsyms_address(kallsyms, "_einittext"),
	};
}

static bool can_match(const struct symbol *symbol, const struct init_text *init)
{
	if (!symbol_is_text(symbol) || is_generated(symbol) || symbol_is_boundary(symbol))
		return false;
	return symbol->module || symbol->address < init->start || symbol->address >= init->end;
}

/* How many functions of this name, at different addresses, the symbol's module has. */
static bool is_duplicate(const struct kallsyms *kallsyms, const struct symbol *symbol)
{
	size_t first = 0, n = kallsyms_find(kallsyms, symbol->name, &first);

	for (size_t i = 0; i < n; i++) {
		struct symbol other = kallsyms_by_name(kallsyms, first + i);

		/* Modules' names are one string each. */
		if (symbol_is_text(&other) && other.module == symbol->module &&
		    other.address != symbol->address)
			return true;
	}
	return false;
}

/*
 * BTF has no addresses: of several functions of one name it can't be told which one a prototype
 * belongs to, so these get none.
 */
static void fill_function(struct symbols *symbols, const struct kallsyms *kallsyms,
			  const struct symbol *symbol, struct function *function)
{
	struct btf_types *types;

	*function = (struct function){
		.name = symbol->name,
		.module = symbol->module,
		.address = symbol->address,
		.duplicate = is_duplicate(kallsyms, symbol),
	};
	types = function->duplicate ? NULL : symbols_types(symbols, NULL);
	if (types)
		function->btf_id = btf_types_function(types, symbol->module, symbol->name);
	function->has_btf = function->btf_id != 0;
}

/*
 * The assembler gives its functions debug information without parameters, and pahole makes
 * "void memcpy(void)" of it. Such a prototype is only believed where the compiler left its call to
 * ftrace.
 */
static bool is_assembler(struct symbols *symbols, const struct function *function)
{
	struct btf_types *types = symbols_types(symbols, NULL);
	const struct btf *btf = types ? btf_types_of(types, function->module) : NULL;
	const struct btf_type *proto;

	if (!btf || !function->has_btf || !function->traced_known || function->traceable)
		return false;
	proto = btf__type_by_id(btf, btf__type_by_id(btf, function->btf_id)->type);
	return !btf_vlen(proto) && !proto->type;
}

static void fill_traceable(struct symbols *symbols, const struct traceable *traceable,
			   struct function *function)
{
	if (!traceable) {
		function->traceable = 1;
		return;
	}
	function->traced_known = 1;
	function->traceable = traceable_has(traceable, function->address);
	function->blacklisted = traceable_blacklisted(traceable, function->address);
	if (is_assembler(symbols, function))
		function->has_btf = 0;
}

/* Among the first n of the list. */
static bool list_has(const struct function_list *list, size_t n, uint64_t address)
{
	for (size_t i = 0; i < n; i++)
		if (list->functions[i].address == address && !list->functions[i].on_load)
			return true;
	return false;
}

static int compare_by_address(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/*
 * Append found to list but for the addresses that earlier patterns brought, and sort. Those in
 * found differ.
 */
static int merge(struct function_list *list, struct function_list *found, struct error *err)
{
	size_t before = list->count;
	struct function *known = NULL;

	if (before > 32 && found->count > 32) {
		known = malloc(before * sizeof(known[0]));
		if (!known)
			return error_no_memory(err);
		memcpy(known, list->functions, before * sizeof(known[0]));
		qsort(known, before, sizeof(known[0]), compare_by_address);
	}
	for (size_t i = 0; i < found->count; i++) {
		const struct function *function = &found->functions[i];
		bool there;

		if (known)
			there = bsearch(function, known, before, sizeof(known[0]),
					compare_by_address);
		else
			there = list_has(list, before, function->address);
		if (!there && function_list_add(list, function, err)) {
			list->count = before;
			free(known);
			return -1;
		}
	}
	free(known);
	function_list_sort(list);
	return 0;
}

static int match_name(struct symbols *symbols, const struct pattern *pattern,
		      struct function_list *found, struct error *err)
{
	const struct kallsyms *kallsyms = symbols_kallsyms(symbols, err);
	const struct traceable *traceable = symbols_traceable_loaded(symbols);
	struct init_text init;
	size_t first = 0, n;

	if (!kallsyms)
		return -1;
	init = find_init_text(kallsyms);
	n = kallsyms_find(kallsyms, pattern->name, &first);
	for (size_t i = 0; i < n; i++) {
		struct symbol symbol = kallsyms_by_name(kallsyms, first + i);
		struct function function;

		if (!can_match(&symbol, &init) || !pattern_matches_module(pattern, symbol.module) ||
		    list_has(found, found->count, symbol.address))
			continue;
		fill_function(symbols, kallsyms, &symbol, &function);
		fill_traceable(symbols, traceable, &function);
		if (function_list_add(found, &function, err))
			return -1;
	}
	return 0;
}

/* Of the symbols [index, end) at one address the plainest that the pattern matches. */
static bool pick_alias(const struct kallsyms *kallsyms, size_t index, size_t end,
		       const struct pattern *pattern, const struct init_text *init,
		       struct symbol *out)
{
	bool found = false;

	for (; index < end; index++) {
		struct symbol symbol = kallsyms_at(kallsyms, index);

		if (!can_match(&symbol, init) || !pattern_matches_module(pattern, symbol.module) ||
		    !pattern_matches(pattern, symbol.name))
			continue;
		if (!found || symbol_compare_plainness(&symbol, out) < 0)
			*out = symbol;
		found = true;
	}
	return found;
}

static int match_many(struct symbols *symbols, const struct pattern *pattern, bool any_symbol,
		      struct function_list *found, struct error *err)
{
	const struct kallsyms *kallsyms = symbols_kallsyms(symbols, err);
	const struct traceable *traceable;
	struct init_text init;
	size_t count, next;

	if (!kallsyms)
		return -1;
	traceable = symbols_traceable(symbols, any_symbol ? NULL : err);
	if (!traceable && !any_symbol)
		return -1;
	init = find_init_text(kallsyms);
	count = kallsyms_count(kallsyms);
	for (size_t i = 0; i < count; i = next) {
		uint64_t address = kallsyms_at(kallsyms, i).address;
		struct function function;
		struct symbol symbol;

		for (next = i + 1; next < count && kallsyms_at(kallsyms, next).address == address;
		     next++)
			;
		if (!any_symbol && !traceable_has(traceable, address))
			continue;
		if (!pick_alias(kallsyms, i, next, pattern, &init, &symbol))
			continue;
		fill_function(symbols, kallsyms, &symbol, &function);
		fill_traceable(symbols, traceable, &function);
		if (function_list_add(found, &function, err))
			return -1;
	}
	return 0;
}

int match_functions(struct symbols *symbols, const char *text, bool any_symbol,
		    struct function_list *list, struct error *err)
{
	struct function_list found = FUNCTION_LIST_INIT;
	struct pattern pattern;
	int result;

	if (pattern_parse(text, &pattern, err))
		return -1;
	if (pattern.kind == PATTERN_NAME)
		result = match_name(symbols, &pattern, &found, err);
	else
		result = match_many(symbols, &pattern, any_symbol, &found, err);
	if (!result)
		result = merge(list, &found, err);
	function_list_fini(&found);
	pattern_fini(&pattern);
	return result;
}

int match_check_traceable(struct symbols *symbols, struct function_list *list, struct error *err)
{
	const struct traceable *traceable = symbols_traceable(symbols, err);

	if (!traceable)
		return -1;
	for (size_t i = 0; i < list->count; i++)
		if (!list->functions[i].on_load)
			fill_traceable(symbols, traceable, &list->functions[i]);
	return 0;
}

static bool on_load_has(const struct function_list *list, const char *module, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->functions[i].on_load && !strcmp(list->functions[i].module, module) &&
		    !strcmp(list->functions[i].name, name))
			return true;
	return false;
}

/* What a file has beside functions, as symbol_is_boundary() says of a kernel's symbols. */
static bool is_part(const char *name)
{
	struct symbol symbol = {.name = name};

	return strstr(name, ".cold") || symbol_is_boundary(&symbol);
}

int match_on_load(struct symbols *symbols, const char *text, struct function_list *list,
		  struct error *err)
{
	const char *slash = strrchr(text, '/'), *regex = strstr(text, ":/");
	const char *colon = regex ? regex : strchr(slash ? slash : text, ':');
	const struct module_file *file;
	struct btf_types *types = NULL;
	struct pattern pattern;
	size_t before = list->count;
	char *module;
	int result = 0;

	/* The module may be a path to its file, so the pattern is taken apart here. */
	if (pattern_parse(colon ? colon + 1 : "*", &pattern, err))
		return -1;
	if (pattern.module) {
		pattern_fini(&pattern);
		return error_usage(err, "\"%s\" names two modules", text);
	}
	module = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);
	if (!module) {
		pattern_fini(&pattern);
		return error_no_memory(err);
	}
	file = symbols_module_file(symbols, module, err);
	free(module);
	if (!file) {
		pattern_fini(&pattern);
		return -1;
	}
	/*
	 * Types are a comfort: without them the words are shown in hexadecimal. A module's types
	 * stand on those of the very kernel it was built for.
	 */
	if (file->release && !strcmp(file->release, symbols_get_paths(symbols)->release))
		types = symbols_types(symbols, NULL);
	if (types && file->btf && !btf_types_of(types, file->name))
		btf_types_add(types, file->name, file->btf, file->btf_size, NULL);
	for (size_t i = 0; i < file->n_functions && !result; i++) {
		const struct module_function *from = &file->functions[i];
		bool twice = (i && !strcmp(from[-1].name, from->name)) ||
			     (i + 1 < file->n_functions && !strcmp(from[1].name, from->name));
		struct function function = {
			.name = from->name,
			.module = file->name,
			.address = from->offset,
			.traceable = !file->traceable_known || from->traceable,
			.traced_known = file->traceable_known,
			.duplicate = twice,
			.on_load = 1,
			.init = from->init,
		};

		if (!pattern_matches(&pattern, from->name))
			continue;
		if (pattern.kind != PATTERN_NAME &&
		    (is_part(from->name) || from->alias || !function.traceable))
			continue;
		if (before && on_load_has(list, file->name, from->name))
			continue;
		if (types && !twice)
			function.btf_id = btf_types_function(types, file->name, from->name);
		function.has_btf = function.btf_id != 0;
		result = function_list_add(list, &function, err);
	}
	if (result)
		list->count = before;
	else
		function_list_sort(list);
	pattern_fini(&pattern);
	return result;
}
