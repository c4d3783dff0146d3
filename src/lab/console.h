/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's kernel printed on its console: whether it tells of trouble, and of which.
 */
#ifndef LAB_CONSOLE_H
#define LAB_CONSOLE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "lab/machine.h"

/* The first line that tells of a panic, an oops, a BUG or a hang; NULL if all is well. */
const char *console_find_trouble(const struct text *console);
bool console_is_worth_showing(const struct machine_result *result);
/* To stderr: from the first trouble on, or the last lines. */
void console_show(const struct text *console);
/* Why the guest ended before its command did. Returns -1. */
int console_explain_end(const struct machine_result *result, struct error *err);

#endif
