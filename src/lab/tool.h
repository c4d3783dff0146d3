/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other people's programs that the lab needs: find one, or name the package that has it; run one
 * and keep what it printed.
 */
#ifndef LAB_TOOL_H
#define LAB_TOOL_H

#include "base/error.h"
#include "base/text.h"

/*
 * The path of a program of $PATH or of the directories for system programs, which a user's PATH
 * often lacks, as a string to free(). package is what the hint tells to install.
 */
int tool_find(const char *name, const char *package, char **path, struct error *err);

/*
 * Run argv[0] (a path) in directory (NULL: here), with LC_ALL=C and no input. out gets what it
 * wrote to stdout, NULL: nobody wants it. An exit status other than 0 is an error that quotes its
 * last line.
 */
int tool_run(const char *const *argv, const char *directory, struct text *out, struct error *err);

/* Read everything from fd, from where it stands. */
int read_all(int fd, struct text *out, struct error *err);
/* Read a file. */
int read_path(const char *path, struct text *out, struct error *err);
/* Write all of it, to whatever fd is. */
int write_all(int fd, const void *data, size_t length);

#endif
