/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builds of the kernel and its modules that a recording has, and the files that tell of each:
 * one for names, one for source lines. They are looked for when the first address in a module is
 * asked for, and must be of the build that the catalog says. What was not found is remembered, to
 * be told once (symbol/missing.h), and the user may be asked once where to look.
 */
#ifndef SYMBOL_BUILDS_H
#define SYMBOL_BUILDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/catalog.h"

/* The environment's path of symbol files. */
#define SYMBOL_PATH_VARIABLE "KAPIMON_SYMBOL_PATH"

struct dwarf_file;
struct symbol_file;

/* One build of a module: it may have been unloaded, built anew and loaded again. */
struct build {
	struct module module; /* its name is a copy */
	bool kernel;
	struct dwarf_file *lines;  /* NULL: none was found */
	struct symbol_file *names; /* NULL: none was found */
	bool sought_lines, sought_names;
	struct error why_no_lines; /* of the last candidate that was no good; */
	struct error why_no_names; /* empty: there was none */
	size_t n_lineless;	   /* addresses that no file with lines was there for */
	size_t n_unplaced;	   /* addresses that the file can't tell */
	size_t n_nameless;	   /* addresses that nothing had a name for */
	struct build *next;
};

struct builds_options {
	const char *path; /* where to look first, see debug_files.h; NULL: the environment's */
	const char *path_option; /* what sets it, "-P PATH", to be advised; NULL: nothing does */
	bool modules;		 /* files of all modules, not of the kernel alone */
	bool alone;   /* look nowhere else than in `path`: not in the environment's either */
	bool servers; /* ask those of DEBUGINFOD_URLS, which may mean a gigabyte */
	/*
	 * Asked at most once, when there is no path and a file is missing; returns a path, which
	 * is the caller's to free(), or NULL: go on without. May be NULL.
	 */
	char *(*ask)(const struct build *build);
};

/* What is missing beside what the builds lack. */
struct builds_missing {
	size_t lines, names; /* addresses in modules whose files were not to be looked for */
	bool memory;	     /* there was not enough of it */
};

struct builds;

/* The path is copied. */
struct builds *builds_create(const struct builds_options *options, struct error *err);
void builds_destroy(struct builds *builds); /* takes NULL */

/* The module's build; NULL: out of memory. It lives as long as the builds. */
struct build *builds_find(struct builds *builds, const struct catalog *catalog,
			  const struct module *module);
/* Are files of this module looked for at all? */
bool builds_wants(const struct builds *builds, bool kernel);
/* Who asks for an address in vain counts it there, or in its build. */
struct builds_missing *builds_missing(struct builds *builds);
/* The build's files, looked for with the first call; NULL: there is none. */
struct dwarf_file *builds_lines(struct builds *builds, struct build *build);
struct symbol_file *builds_names(struct builds *builds, struct build *build);
/* In the order in which they were asked for. */
const struct build *builds_first(const struct builds *builds);
const struct builds_options *builds_get_options(const struct builds *builds);
/* Of the kernel that was recorded; "": not known. */
const char *builds_release(const struct builds *builds);

#endif
