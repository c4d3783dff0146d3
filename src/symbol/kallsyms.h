/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbols of the running kernel and of its modules, as /proc/kallsyms lists them, in a compact
 * table that is searched by address and by name. Names live as long as the table.
 */
#ifndef SYMBOL_KALLSYMS_H
#define SYMBOL_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/catalog.h"

struct symbol {
	const char *name;
	const char *module; /* NULL: the kernel itself; "bpf", "__builtin__ftrace"... as listed */
	uint64_t address;
	char type; /* as nm(1) prints it: t and T are text, d, D, b, B, r, R data, ... */
};

struct kallsyms;

/* path NULL: /proc/kallsyms. Fails when every address is hidden (kernel.kptr_restrict). */
int kallsyms_load(const char *path, struct kallsyms **kallsyms, struct error *err);
void kallsyms_destroy(struct kallsyms *kallsyms);

size_t kallsyms_count(const struct kallsyms *kallsyms);
/* The symbol at a place in the order of addresses. */
struct symbol kallsyms_at(const struct kallsyms *kallsyms, size_t index);
/* The place of the first symbol at or above an address. */
size_t kallsyms_lower_bound(const struct kallsyms *kallsyms, uint64_t address);

/*
 * The symbols called name: *first is the first one's place in the table by name, the return value
 * how many there are (0: none; *first is left untouched).
 */
size_t kallsyms_find(const struct kallsyms *kallsyms, const char *name, size_t *first);
/* The symbol at a place in the table by name; those of one name are in order of address. */
struct symbol kallsyms_by_name(const struct kallsyms *kallsyms, size_t index);

/*
 * Name an address of executable text. Of several symbols at one address the plainest wins, the same
 * one that match_functions() shows. False when no text symbol covers the address.
 */
bool kallsyms_resolve(const struct kallsyms *kallsyms, uint64_t address, struct frame *frame);

/* The address of a symbol of the kernel itself, or 0: "_stext", "_etext". */
uint64_t kallsyms_address(const struct kallsyms *kallsyms, const char *name);

/* t, T, w, W: code. */
bool symbol_is_text(const struct symbol *symbol);
/* A mark or padding at the edge of code, not a function: _stext, __pfx_vfs_open. */
bool symbol_is_boundary(const struct symbol *symbol);
/* Negative when a is the better name of two at one address. */
int symbol_compare_plainness(const struct symbol *a, const struct symbol *b);

#endif
