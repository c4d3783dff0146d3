/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prototypes: from a function's BTF to the model's struct api, and to a line of C.
 */
#ifndef SYMBOL_PROTOTYPE_H
#define SYMBOL_PROTOTYPE_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "model/api.h"

/* What decides which ways of hooking a function can be used. */
struct prototype_traits {
	unsigned words;	    /* argument words in registers and on the stack, 8 bytes each */
	bool variadic;	    /* BPF trampolines refuse it */
	bool memory_param;  /* a struct of more than 16 bytes by value: refused too */
	bool struct_param;  /* a struct of up to 16 bytes by value */
	bool split_param;   /* one of two words with room for one only: words are not in register
			       order */
	bool struct_result; /* refused too */
};

/*
 * Fill api->typed, variadic, result and params from the BTF_KIND_FUNC func_id; the rest of *api is
 * left as it is. Enumerations are added to the table, each once. A parameter that is passed in
 * memory, or that has no place among KMN_MAX_ARGS words, gets slots 0. *traits may be NULL.
 */
int prototype_fill(const struct btf *btf, uint32_t func_id, struct api_table *table,
		   struct api *api, struct prototype_traits *traits, struct error *err);

/* "int vfs_open(const struct path *path, struct file *file)"; name NULL: as BTF has it. */
int prototype_print(const struct btf *btf, uint32_t func_id, const char *name, struct text *out,
		    struct error *err);
/* A type as a person writes it: "const struct path *". */
int prototype_type_name(const struct btf *btf, uint32_t type_id, struct text *out,
			struct error *err);
/* Only the traits, without building anything. */
void prototype_traits(const struct btf *btf, uint32_t func_id, struct prototype_traits *traits);

/* Through typedefs, const, volatile, restrict and type tags; *user: a tag says user memory. */
const struct btf_type *prototype_skip(const struct btf *btf, uint32_t type_id, uint32_t *id,
				      bool *user);

#endif
