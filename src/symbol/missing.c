/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/missing.h"

#include <string.h>

#include "symbol/debug_files.h"
#include "symbol/dwarf_file.h"

/*
 * What the distributions call the packages: with the debug information of a kernel, and with its
 * modules, whose files have symbols also where they have no debug information.
 */
static const struct packages {
	const char *sign; /* in the release */
	const char *debug, *modules;
} packages[] = {
	{"-generic", "linux-image-unsigned-%s-dbgsym", "linux-modules-%s"},
	{".fc", "kernel-debuginfo-%s", "kernel-modules-%s"},
	{".el", "kernel-debuginfo-%s", "kernel-modules-%s"},
	{"-amd64", "linux-image-%s-dbg", "linux-image-%s"},
	{"-arm64", "linux-image-%s-dbg", "linux-image-%s"},
	{"+deb", "linux-image-%s-dbg", "linux-image-%s"},
};

static void tell_package(const char *release, bool debug, struct text *out)
{
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
		const char *name = debug ? packages[i].debug : packages[i].modules;
		int before = (int)strcspn(name, "%");

		if (!strstr(release, packages[i].sign))
			continue;
		text_addf(out, "the package %.*s%s%s", before, name, release, name + before + 2);
		return;
	}
	text_add(out, debug ? "the debug package of that kernel" : "the package of that kernel");
}

static bool lacks_names(const struct build *build)
{
	return build->n_nameless;
}

static bool lacks_lines(const struct build *build)
{
	return build->n_lineless;
}

/* "names", "lines" or "names and no lines". */
static const char *what_lacks(const struct build *build)
{
	if (!lacks_names(build))
		return "lines";
	return lacks_lines(build) ? "names and no lines" : "names";
}

void missing_print_build(const struct build *build, struct text *out)
{
	const struct module *module = &build->module;
	char id[2 * sizeof(module->build_id) + 1];

	build_id_print(module, id);
	text_addf(out, "%s (build id %s)", module->name, id);
}

static void tell_why(const struct builds *builds, const struct build *build, struct text *out)
{
	const struct builds_options *options = builds_get_options(builds);
	const struct error *why = lacks_lines(build) ? &build->why_no_lines : &build->why_no_names;

	if (why->message[0])
		text_addf(out, why->hint[0] ? "%s (%s)" : "%s", why->message, why->hint);
	else if (options->alone && !options->path)
		text_add(out, "the capture was opened alone");
	else
		text_add(out, "there is no file");
}

static void tell_build(const struct builds *builds, const struct build *build, struct text *out)
{
	const struct module *module = &build->module;
	bool debug = lacks_lines(build);

	if (!module->build_id_length) {
		text_addf(out,
			  "no %s of %s: its build id is not known, so no file can be told to be "
			  "its own\n",
			  what_lacks(build), module->name);
		return;
	}
	text_addf(out, "no %s of ", what_lacks(build));
	missing_print_build(build, out);
	text_add(out, ": ");
	tell_why(builds, build, out);
	text_add(out, "; ");
	/* The kernel that is booted has no symbols: those are with its debug information. */
	if (build->kernel)
		text_addf(out, "a vmlinux with %s would have them, as is in ",
			  debug ? "debug information" : "symbols");
	else
		text_addf(out, "%s.ko%s would have them; if it came with the kernel, it is in ",
			  module->name, debug ? " with debug information" : "");
	tell_package(builds_release(builds), debug || build->kernel, out);
	text_add_char(out, '\n');
}

void missing_tell(struct builds *builds, struct text *out)
{
	const struct builds_missing *missing = builds_missing(builds);
	const struct builds_options *options = builds_get_options(builds);
	bool without = false;

	for (const struct build *build = builds_first(builds); build; build = build->next) {
		if (lacks_lines(build) || lacks_names(build))
			tell_build(builds, build, out);
		else if (build->n_unplaced)
			text_addf(out,
				  "no lines of %zu frames of %s: %s does not tell which functions "
				  "they are in\n",
				  build->n_unplaced, build->module.name,
				  dwarf_file_path(build->lines));
		without |=
			(lacks_lines(build) || lacks_names(build)) && build->module.build_id_length;
	}
	if (without && (options->path_option || !options->alone))
		text_addf(out, "%s%s%s says where to look for such files\n",
			  options->path_option ? options->path_option : "",
			  options->path_option && !options->alone ? " or " : "",
			  options->alone ? "" : SYMBOL_PATH_VARIABLE);
	if (missing->names || missing->lines)
		text_addf(out, "%s%s%s of modules were not looked for: -A does\n",
			  missing->names ? "names" : "",
			  missing->names && missing->lines ? " and " : "",
			  missing->lines ? "lines" : "");
	if (missing->memory)
		text_add(out, "some names or lines are missing: out of memory\n");
}

bool missing_has_names(struct builds *builds)
{
	for (const struct build *build = builds_first(builds); build; build = build->next)
		if (lacks_names(build))
			return true;
	return builds_missing(builds)->names;
}
