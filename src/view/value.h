/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as a reader of kernel code knows them: numbers by their size and sign, enumerators and
 * flags by name, a struct file as "/etc/passwd", a task as "bash/412", -2 as -ENOENT.
 */
#ifndef VIEW_VALUE_H
#define VIEW_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/api.h"
#include "model/record.h"

/* What is in a word of which only the lowest size bytes count; size 0 means 8. */
int64_t value_signed(uint64_t word, uint32_t size);
uint64_t value_unsigned(uint64_t word, uint32_t size);

/* By its type alone, from its n_words argument words. */
void value_print(struct text *out, const struct api_table *table, const struct value_type *type,
		 const uint64_t *words, unsigned n_words);
/* "A|B|0x8"; the name or number of a plain enumeration's value. */
void value_print_enum(struct text *out, const struct api_table *table,
		      const struct value_type *type, uint64_t word);
/* True and the name if number is one that type's values go by. */
const char *value_enumerator(const struct api_table *table, const struct value_type *type,
			     uint64_t word);

/*
 * The name of the error that a result stands for, by the kernel's convention: a negative number
 * of a signed result, or a pointer from ERR_PTR(). NULL: it is none.
 */
const char *value_error(const struct value_type *type, uint64_t word);
/*
 * Does a result of this type fit into the one register that a record keeps? Of a larger struct that
 * is half of it, or the address of the memory where it is.
 */
bool value_is_whole(const struct value_type *type);
/* A return value; nothing for void, "?" for one that is not whole. */
void value_print_result(struct text *out, const struct api_table *table,
			const struct value_type *type, uint64_t word);

/*
 * Parameter number `index` of api as of a record of its entry, with what was fetched from behind
 * it: a string, or an object by its fetches. A single one without a label stands for the object, a
 * name and a "pid" are a task, "bash/412"; otherwise they are "{value label=value ...}".
 */
void value_print_param(struct text *out, const struct api_table *table, const struct api *api,
		       size_t index, const struct record_view *record);
/* All of them with their names, as between the parentheses of a call. */
void value_print_params(struct text *out, const struct api_table *table, const struct api *api,
			const struct record_view *record);

#endif
