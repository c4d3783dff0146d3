/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/why.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/why_parts.h"

#define MANY 4

void why_note(struct why *why, const char *format, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	text_addf(why->out, "  - %s\n", line);
}

void why_add_name(struct text *out, const char *module, const char *name)
{
	if (module)
		text_addf(out, "%s:", module);
	text_add(out, name);
}

void why_add_callers(struct text *out, const struct inlined *inlined)
{
	size_t shown = inlined->n_callers > 6 ? 5 : inlined->n_callers;

	for (size_t i = 0; i < shown; i++) {
		if (i)
			text_add(out, i + 1 == inlined->n_callers ? " and " : ", ");
		text_add(out, inlined->callers[i]);
	}
	if (shown < inlined->n_callers)
		text_addf(out, " and %zu more", inlined->n_callers - shown);
}

const char *why_copy_suffix(const char *name)
{
	static const char *const suffixes[] = {".isra.", ".constprop.", ".part.", ".cold"};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const char *found = strstr(name, suffixes[i]);

		if (found && (!first || found < first))
			first = found;
	}
	return first;
}

/* gcc's and clang's words for what they made of a function. */
static void explain_suffix(struct why *why, const char *name)
{
	const char *suffix = why_copy_suffix(name);
	int length = (int)(suffix - name);

	if (strstr(suffix, ".cold"))
		why_note(why,
			 "it is the rarely used part of %.*s, which is jumped into, not called: "
			 "hook %.*s",
			 length, name, length, name);
	else if (strstr(suffix, ".part."))
		why_note(
			why,
			"it is the larger part of %.*s, whose beginning is inlined in the callers: "
			"calls that end in the beginning are not seen",
			length, name);
	else
		why_note(why,
			 "the compiler made it of %.*s and may have dropped or changed parameters, "
			 "so that its arguments are shown as bare words",
			 length, name);
}

/* Many files may have a copy of one name, made from the same header: it is told once. */
bool why_is_first(const struct why *why, const struct symbol *symbol)
{
	size_t first = 0, n = kallsyms_find(why->kallsyms, symbol->name, &first);

	for (size_t i = 0; i < n; i++) {
		struct symbol other = kallsyms_by_name(why->kallsyms, first + i);

		if (other.module == symbol->module)
			return other.address == symbol->address;
	}
	return true;
}

/* Copies that take some of the calls, or all direct ones, away from the plain function. */
static void explain_copies(struct why *why, const struct function *function)
{
	size_t length = strlen(function->name), count = kallsyms_count(why->kallsyms);

	for (size_t i = 0; i < count; i++) {
		struct symbol symbol = kallsyms_at(why->kallsyms, i);

		if (strncmp(symbol.name, function->name, length) || symbol.name[length] != '.' ||
		    why_copy_suffix(symbol.name) != symbol.name + length ||
		    !symbol_is_text(&symbol) || strstr(symbol.name, ".cold") ||
		    !symbol.module != !function->module ||
		    (symbol.module && strcmp(symbol.module, function->module)) ||
		    !why_is_first(why, &symbol) ||
		    (why->traceable && !traceable_has(why->traceable, symbol.address)))
			continue;
		why_note(why,
			 strstr(symbol.name, ".part.")
				 ? "%s is the rest of it for callers that its beginning is inlined "
				   "in: hook both to see every call"
				 : "%s is a copy of it that may take many or all of the direct "
				   "calls: hook both to see every call",
			 symbol.name);
	}
}

static void explain_prototype(struct why *why, const struct function *function)
{
	struct btf_types *types = symbols_types(why->symbols, NULL);
	const struct btf *btf = types ? btf_types_of(types, function->module) : NULL;
	struct prototype_traits traits;

	if (!function->has_btf || !btf) {
		/* explain_several() has told it for all of them. */
		if (!function->duplicate && !why_copy_suffix(function->name))
			why_note(why, "its prototype is not known (no BTF): it is hooked with a "
				      "kprobe, and its arguments are shown as bare words");
		return;
	}
	prototype_traits(btf, function->btf_id, &traits);
	if (traits.variadic)
		why_note(why, "it takes a variable number of arguments: fentry refuses it, a "
			      "kprobe is used, and arguments behind the \"...\" are not shown");
	if (traits.memory_param)
		why_note(why, "it takes a struct of more than 16 bytes by value: fentry refuses "
			      "it, a kprobe is used, and that argument is not shown");
	if (traits.struct_result)
		why_note(why, "it returns a struct: fentry refuses it and a kprobe is used");
	if (traits.words > 6)
		why_note(why,
			 "its arguments take %u words, more than fit in registers: where fentry "
			 "refuses it (kernels before 6.6) a kprobe is used",
			 traits.words);
}

/* A function that is inlined in some places and called in others. */
static void explain_inlined(struct why *why, const struct function *function)
{
	struct text callers = TEXT_INIT;

	if (function->module || !why->has_debug_info || !why->inlined.n_callers)
		return;
	why_add_callers(&callers, &why->inlined);
	why_note(why, "it is also inlined, in %s: what they do with it is not seen by a hook",
		 text_string(&callers));
	text_fini(&callers);
}

bool why_function(struct why *why, const struct function *function)
{
	const char *denied = why->denied ? why->denied(function->name) : NULL;
	bool known = why->traceable != NULL, traceable = !known || function->traceable;
	bool hookable = traceable && !denied;

	why_add_name(why->out, function->module, function->name);
	text_addf(why->out, " (at 0x%" PRIx64 ") %s\n", function->address,
		  hookable ? (known ? "can be hooked" : "is there") : "can't be hooked");
	if (denied)
		why_note(why, "%s", denied);
	if (!traceable) {
		if (function->blacklisted)
			why_note(why,
				 "the kernel forbids it: it is on the list of functions that "
				 "kprobes themselves or the entry code run through, and ftrace "
				 "does not reach it");
		else if (!why_copy_suffix(function->name) || !strstr(function->name, ".cold"))
			why_note(why, "the kernel is built without a place for a hook at its "
				      "entry: it is marked notrace or noinstr, its file is built "
				      "without ftrace (as most of lib/), or it is written in "
				      "assembler; hook a function that calls it or that it calls");
	} else if (function->blacklisted) {
		why_note(why, "kprobes refuse it (NOKPROBE_SYMBOL), so only fentry can be used");
	}
	if (why_copy_suffix(function->name))
		explain_suffix(why, function->name);
	if (hookable) {
		explain_copies(why, function);
		explain_prototype(why, function);
		explain_inlined(why, function);
	}
	return hookable;
}

/* Several functions of one name: where they are, and how to name one of them alone. */
static void explain_several(struct why *why, const struct function_list *list)
{
	bool same_module = false;

	for (size_t i = 1; i < list->count; i++) {
		const char *a = list->functions[i - 1].module, *b = list->functions[i].module;

		same_module |= a == b || (a && b && !strcmp(a, b));
	}
	text_addf(why->out, "%zu functions are called %s, and the name stands for all of them.",
		  list->count, why->pattern->name);
	if (!same_module || list->functions[0].module != list->functions[list->count - 1].module)
		text_addf(why->out, " MODULE:%s names that of one module%s.", why->pattern->name,
			  list->functions[0].module ? "" : " (the kernel's own is in vmlinux)");
	if (same_module)
		text_add(why->out, " Those in the same module have one name for all; the address "
				   "tells which one a call was of. The kernel's types can't tell "
				   "them apart, so their arguments are shown as bare words.");
	text_add_char(why->out, '\n');
}

static int explain_name(struct why *why, const char *text, bool *hookable, struct error *err)
{
	struct function_list list = FUNCTION_LIST_INIT;
	char debug_info[512];
	const struct symbols_paths *paths = symbols_get_paths(why->symbols);
	bool any = false;

	if (match_functions(why->symbols, text, true, &list, err))
		return -1;
	why->has_debug_info = debug_info_find(paths->debug_info, paths->release, debug_info,
					      sizeof(debug_info)) &&
			      !inlined_find(debug_info, why->pattern->name, &why->inlined, NULL);
	if (list.count > 1)
		explain_several(why, &list);
	for (size_t i = 0; i < list.count; i++)
		any |= why_function(why, &list.functions[i]);
	if (!list.count)
		why_missing(why);
	if (why->has_debug_info)
		inlined_fini(&why->inlined);
	function_list_fini(&list);
	*hookable = any;
	return 0;
}

/* A glob or a regular expression: only how many there are, and what ftrace does not reach. */
static int explain_many(struct why *why, const char *text, bool *hookable, struct error *err)
{
	struct function_list list = FUNCTION_LIST_INIT;
	size_t traceable = 0;

	if (match_functions(why->symbols, text, true, &list, err))
		return -1;
	for (size_t i = 0; i < list.count; i++)
		traceable += !why->traceable || list.functions[i].traceable;
	if (!list.count) {
		text_addf(why->out, "no function's name matches %s\n", text);
		if (why->pattern->module && !module_name_is_kernel(why->pattern->module) &&
		    !modules_loaded(&symbols_get_paths(why->symbols)->modules,
				    why->pattern->module))
			why_note(why,
				 "module %s is not loaded: --on-load %s:%s hooks as soon as it "
				 "comes",
				 why->pattern->module, why->pattern->module, why->pattern->name);
	} else if (!traceable) {
		text_addf(why->out, "%zu functions match %s, but none of them can be hooked:\n",
			  list.count, text);
		for (size_t i = 0; i < list.count && i < MANY; i++)
			why_function(why, &list.functions[i]);
		if (list.count > MANY)
			text_addf(why->out, "and %zu more\n", list.count - MANY);
	} else {
		text_addf(why->out, "%zu functions match %s, and %zu of them can be hooked\n",
			  list.count, text, traceable);
	}
	*hookable = traceable > 0;
	function_list_fini(&list);
	return 0;
}

int why_explain(struct symbols *symbols, const char *text, why_denied *denied, struct text *out,
		bool *hookable, struct error *err)
{
	struct pattern pattern;
	struct error cause = {0};
	struct why why = {
		.symbols = symbols,
		.pattern = &pattern,
		.denied = denied,
		.out = out,
	};
	int result;

	if (pattern_parse(text, &pattern, err))
		return -1;
	why.kallsyms = symbols_kallsyms(symbols, err);
	if (!why.kallsyms) {
		pattern_fini(&pattern);
		return -1;
	}
	why.traceable = symbols_traceable(symbols, &cause);
	if (pattern.kind == PATTERN_NAME)
		result = explain_name(&why, text, hookable, err);
	else
		result = explain_many(&why, text, hookable, err);
	if (!result && !why.traceable)
		text_addf(out, "Not known whether the kernel lets it be hooked: %s.\n",
			  cause.message);
	pattern_fini(&pattern);
	if (!result && out->failed)
		return error_no_memory(err);
	return result;
}
