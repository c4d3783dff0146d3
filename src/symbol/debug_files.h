/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where files with debug information are looked for. The places are, in this order:
 *
 * - the directories of a path, "DIR:DIR": DIR/.build-id/xx/yyyy.debug, and files in them or below
 *   that are called after the module. An entry may be a file itself, it is tried for every module;
 * - the standard ones: /usr/lib/debug/.build-id, /usr/lib/debug/lib/modules/RELEASE,
 *   /lib/modules/RELEASE...;
 * - the servers of DEBUGINFOD_URLS, which debuginfod-find(1) asks.
 *
 * What is found is a candidate: whether it is of the right build and has what is wanted, who opens
 * it must see.
 */
#ifndef SYMBOL_DEBUG_FILES_H
#define SYMBOL_DEBUG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/module.h"

struct debug_files;

struct debug_files_options {
	const char *path;    /* may be NULL */
	const char *release; /* of the kernel, may be NULL */
	bool path_only;	     /* no standard places and no servers */
	bool servers;	     /* ask them */
};

/* The files below are listed once. */
int debug_files_open(const struct debug_files_options *options, struct debug_files **out,
		     struct error *err);
void debug_files_close(struct debug_files *files);
/*
 * Call each() for every candidate of the module, until it returns something else than 0, which is
 * returned. kernel: it is the kernel itself, whose files are called vmlinux whatever its name is.
 */
int debug_files_each(struct debug_files *files, const struct module *module, bool kernel,
		     int (*each)(void *context, const char *path), void *context);

/* "0123abcd..."; text has room for two digits a byte and the NUL. */
void build_id_print(const struct module *module, char *text);

#endif
