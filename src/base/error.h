/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one error type. A function that can fail takes a struct error * as its last parameter, fills
 * it where the cause is known and returns -1; it leaves its other outputs untouched. main prints it
 * once. The sentence says what failed, on what and why; the hint says what to do instead.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

/* What a command ends with; the values are the exit status. */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_INCOMPLETE = 3,
	STATUS_CONDITION = 4,
};

struct error {
	enum status status; /* STATUS_FAILED or STATUS_USAGE; STATUS_OK: nothing failed */
	char message[512];
	char hint[512]; /* "" when there is nothing to advise */
};

#if defined(__MINGW32__) && !defined(__clang__)
/* "printf" would mean the old Microsoft one there, which knows no %zu. */
#define BASE_PRINTF(string, first) __attribute__((format(gnu_printf, string, first)))
#elif defined(__GNUC__)
#define BASE_PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define BASE_PRINTF(string, first)
#endif

/* Fill err (which may be NULL) and return -1, so that a caller can return it in one line. */
int error_set(struct error *err, const char *format, ...) BASE_PRINTF(2, 3);
/* The same for input that the user has to correct: exit status 2. */
int error_usage(struct error *err, const char *format, ...) BASE_PRINTF(2, 3);
/* Add what to do; returns -1 as well. Call it after error_set or error_usage. */
int error_hint(struct error *err, const char *format, ...) BASE_PRINTF(2, 3);
/* Put "PREFIX: " before the sentence; returns -1. */
int error_prefix(struct error *err, const char *format, ...) BASE_PRINTF(2, 3);
int error_no_memory(struct error *err);

#endif
