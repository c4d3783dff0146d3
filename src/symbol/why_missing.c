/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a name stands for no function at all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/file_read.h"
#include "symbol/spelling.h"
#include "symbol/why_parts.h"

#define MANY 8

static void head(struct why *why, const char *what)
{
	why_add_name(why->out, why->pattern->module, why->pattern->name);
	text_addf(why->out, " can't be hooked: %s\n", what);
}

static const char *data_name(char type)
{
	switch (type) {
	case 'b':
	case 'B':
		return "a variable";
	case 'd':
	case 'D':
		return "a variable";
	case 'r':
	case 'R':
		return "a constant";
	case 'a':
	case 'A':
		return "a number or a per-CPU variable";
	default:
		return "not a function";
	}
}

/* The name is there, but as something else than a function that lives. */
static bool explain_other_symbol(struct why *why)
{
	size_t first = 0, n = kallsyms_find(why->kallsyms, why->pattern->name, &first);

	for (size_t i = 0; i < n; i++) {
		struct symbol symbol = kallsyms_by_name(why->kallsyms, first + i);
		char line[300];

		if (!pattern_matches_module(why->pattern, symbol.module))
			continue;
		if (!symbol_is_text(&symbol)) {
			snprintf(line, sizeof(line), "it is %s (symbol type %c%s%s)",
				 data_name(symbol.type), symbol.type,
				 symbol.module ? ", in module " : "",
				 symbol.module ? symbol.module : "");
			head(why, line);
			why_note(why, "only functions can be hooked; hook those that use it");
			return true;
		}
		if (symbol_is_boundary(&symbol)) {
			head(why, "it marks a place in the code and is no function");
			if (!strncmp(symbol.name, "__pfx_", 6))
				why_note(why, "it is the padding in front of %s: hook that",
					 symbol.name + 6);
			return true;
		}
		if (!symbol.module) {
			head(why, "it is initialisation code, which the kernel has given back "
				  "after it ran at boot");
			return true;
		}
		head(why, "it is a BPF program or a trampoline, made while the kernel runs");
		return true;
	}
	return false;
}

/* Asked for in one module, it is in another. */
static bool explain_other_module(struct why *why)
{
	size_t first = 0, n, shown = 0;

	if (!why->pattern->module)
		return false;
	n = kallsyms_find(why->kallsyms, why->pattern->name, &first);
	for (size_t i = 0; i < n && shown < MANY; i++) {
		struct symbol symbol = kallsyms_by_name(why->kallsyms, first + i);
		char line[300];

		if (!symbol_is_text(&symbol))
			continue;
		if (!shown++) {
			snprintf(line, sizeof(line), "%s has no function of that name",
				 module_name_is_kernel(why->pattern->module) ? "the kernel itself"
									     : "that module");
			head(why, line);
		}
		why_note(why, "it is in %s%s: hook %s:%s",
			 symbol.module ? "module " : "the kernel itself",
			 symbol.module ? symbol.module : "",
			 symbol.module ? symbol.module : MODULE_KERNEL, symbol.name);
	}
	return shown > 0;
}

/* NAME.isra.0 and the like are all that the compiler left of it. */
static bool explain_copies_only(struct why *why)
{
	size_t length = strlen(why->pattern->name), count = kallsyms_count(why->kallsyms),
	       shown = 0;

	for (size_t i = 0; i < count && shown < MANY; i++) {
		struct symbol symbol = kallsyms_at(why->kallsyms, i);
		bool traceable;

		if (strncmp(symbol.name, why->pattern->name, length) ||
		    why_copy_suffix(symbol.name) != symbol.name + length ||
		    !symbol_is_text(&symbol) || strstr(symbol.name, ".cold") ||
		    !pattern_matches_module(why->pattern, symbol.module) ||
		    !why_is_first(why, &symbol))
			continue;
		if (!shown++)
			head(why, "the compiler left only changed copies of it");
		traceable = !why->traceable || traceable_has(why->traceable, symbol.address);
		if (traceable)
			why_note(why, "hook %s%s%s instead%s", symbol.module ? symbol.module : "",
				 symbol.module ? ":" : "", symbol.name,
				 strstr(symbol.name, ".part.")
					 ? ": its beginning is inlined in the callers, and calls "
					   "that end there are not seen"
					 : "; some parameters may be gone or changed");
		else
			why_note(why, "%s can't be hooked either", symbol.name);
	}
	return shown > 0;
}

static void explain_inlined_only(struct why *why)
{
	struct text callers = TEXT_INIT;
	char line[300];

	snprintf(line, sizeof(line), "the compiler has inlined it everywhere%s%s",
		 why->inlined.place ? "; it is defined in " : "",
		 why->inlined.place ? why->inlined.place : "");
	head(why, why->inlined.n_callers || !why->inlined.own_code
			  ? line
			  : "the kernel's debug information has it, the running kernel has not");
	if (why->inlined.n_callers) {
		why_add_callers(&callers, &why->inlined);
		why_note(why, "hook what it is inlined in: %s", text_string(&callers));
	}
	text_fini(&callers);
}

/*
 * The module that is not loaded and that exports the name, after modules.symbols:
 * "alias symbol:NAME MODULE".
 */
static char *find_exporter(const char *release, const char *name)
{
	char path[256], key[160], *text, *found, *module = NULL;
	size_t size;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.symbols", release);
	snprintf(key, sizeof(key), "alias symbol:%s ", name);
	if (file_read(path, &text, &size, NULL))
		return NULL;
	found = strstr(text, key);
	if (found) {
		found += strlen(key);
		module = strndup(found, strcspn(found, "\n"));
	}
	free(text);
	return module;
}

static void offer_module_file(struct why *why, const struct module_file *file, bool *found)
{
	struct spelling spelling;

	spelling_init(&spelling, why->pattern->name);
	for (size_t i = 0; i < file->n_functions && !*found; i++) {
		*found = !strcmp(file->functions[i].name, why->pattern->name);
		spelling_offer(&spelling, file->functions[i].name);
	}
	if (*found) {
		why_note(why,
			 "its file %s has the function: --on-load %s:%s hooks it as soon as "
			 "the module comes",
			 file->path, file->name, why->pattern->name);
		return;
	}
	why_note(why, "its file %s has no function of that name", file->path);
	for (size_t i = 0; i < spelling.count; i++)
		why_note(why, "it has %s", spelling.best[i].name);
}

static bool explain_not_loaded(struct why *why)
{
	const char *module = why->pattern->module;
	const struct symbols_paths *paths = symbols_get_paths(why->symbols);
	const struct module_file *file;
	struct error err;
	bool found = false;
	char line[200], *exporter;

	if (!module) {
		exporter = find_exporter(paths->release, why->pattern->name);
		if (!exporter || modules_loaded(&paths->modules, exporter)) {
			free(exporter);
			return false;
		}
		snprintf(line, sizeof(line), "it is in module %s, which is not loaded", exporter);
		head(why, line);
		why_note(why, "--on-load %s:%s hooks it as soon as the module comes", exporter,
			 why->pattern->name);
		free(exporter);
		return true;
	}
	if (module_name_is_kernel(module) || modules_loaded(&paths->modules, module))
		return false;
	snprintf(line, sizeof(line), "module %s is not loaded", module);
	head(why, line);
	file = symbols_module_file(why->symbols, module, &err);
	if (file)
		offer_module_file(why, file, &found);
	else
		why_note(why, "%s", err.message);
	return true;
}

static bool can_be_offered(const struct why *why, const struct symbol *symbol)
{
	return symbol_is_text(symbol) && !symbol_is_boundary(symbol) &&
	       pattern_matches_module(why->pattern, symbol->module) &&
	       (!why->traceable || traceable_has(why->traceable, symbol->address));
}

static void offer_spellings(struct why *why)
{
	size_t count = kallsyms_count(why->kallsyms), shown = 0;
	size_t length = strlen(why->pattern->name);
	struct spelling spelling;

	spelling_init(&spelling, why->pattern->name);
	for (size_t i = 0; i < count; i++) {
		struct symbol symbol = kallsyms_at(why->kallsyms, i);

		if (can_be_offered(why, &symbol))
			spelling_offer(&spelling, symbol.name);
	}
	for (size_t i = 0; i < spelling.count; i++)
		why_note(why, "%s %s", spelling.best[i].name,
			 spelling.best[i].distance ? "has a similar name"
						   : "may be what it is called here");
	/* A name that was only begun. */
	for (size_t i = 0; i < count && !spelling.count && length >= 4 && shown < MANY; i++) {
		struct symbol symbol = kallsyms_at(why->kallsyms, i);

		if (strncmp(symbol.name, why->pattern->name, length) ||
		    !can_be_offered(why, &symbol))
			continue;
		why_note(why, "%s begins with it", symbol.name);
		shown++;
	}
}

void why_missing(struct why *why)
{
	const char *release = symbols_get_paths(why->symbols)->release;
	bool in_module = why->pattern->module && !module_name_is_kernel(why->pattern->module);
	char line[300];

	if (explain_other_symbol(why) || explain_other_module(why) || explain_copies_only(why) ||
	    explain_not_loaded(why))
		return;
	if (why->has_debug_info && why->inlined.defined) {
		explain_inlined_only(why);
		return;
	}
	snprintf(line, sizeof(line), "%s%s has no such function%s",
		 in_module ? "module " : "this kernel", in_module ? why->pattern->module : "",
		 why->has_debug_info ? "" : ", or it is inlined everywhere");
	head(why, line);
	offer_spellings(why);
	if (!why->has_debug_info)
		why_note(why,
			 "the kernel's debug information would tell whether and where it is "
			 "inlined; it is in linux-image-%s-dbg (Debian), linux-image-%s-dbgsym "
			 "(Ubuntu) or kernel-debuginfo (Fedora)",
			 release, release);
}
