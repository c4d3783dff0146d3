/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an export goes. A file is written under a name of its own beside the one that was asked for
 * and takes that name when it is whole: until then nothing is overwritten, and an export that fails
 * leaves nothing behind.
 */
#ifndef EXPORT_FILE_H
#define EXPORT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

struct export_file {
	FILE *file; /* NULL for one that a library opens by itself */
	char *path; /* NULL: standard output, or a pipe or device that is written as it stands */
	char *part; /* the name until it is whole */
	bool replace;
};

enum export_file_kind {
	EXPORT_TEXT,
	EXPORT_BINARY,	 /* not for a terminal */
	EXPORT_DATABASE, /* a library opens file->part; only a file will do */
};

/*
 * path NULL or "-" is standard output. What is in a file that is there already is only given up
 * with force.
 */
int export_file_open(struct export_file *file, const char *path, enum export_file_kind kind,
		     bool force, struct error *err);
/* A nameless file for what has to wait, beside the output if that is a file. The caller closes it.
 */
FILE *export_file_scratch(const struct export_file *file, struct error *err);
/* It is whole. */
int export_file_keep(struct export_file *file, struct error *err);
/* Removes what was not kept. */
void export_file_fini(struct export_file *file);

#endif
