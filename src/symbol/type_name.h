/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * C declarations from BTF, as a person writes them: "const struct path *path", "int (*fn)(void *)",
 * "unsigned long" and not "long unsigned int".
 */
#ifndef SYMBOL_TYPE_NAME_H
#define SYMBOL_TYPE_NAME_H

#include <bpf/btf.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* Append the declaration of `name` ("": the bare type) with that type. */
int type_name_print(const struct btf *btf, uint32_t type_id, const char *name, struct text *out,
		    struct error *err);

#endif
