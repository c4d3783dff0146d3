/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own type information (BTF): that of the kernel itself, and that of each module once
 * somebody asks for it, with an index from function name to type id. (libbpf looks names up one by
 * one from the start: minutes for all functions of a kernel.)
 */
#ifndef SYMBOL_BTF_TYPES_H
#define SYMBOL_BTF_TYPES_H

#include <bpf/btf.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct btf_types;

/* directory NULL: /sys/kernel/btf. Fails when the kernel has no BTF. */
int btf_types_load(const char *directory, struct btf_types **types, struct error *err);
void btf_types_destroy(struct btf_types *types);

/* The types of the kernel itself (module NULL) or of a module; NULL if there are none. */
const struct btf *btf_types_of(struct btf_types *types, const char *module);
/*
 * Give a module that is not loaded its types: size bytes of its file's .BTF section, which are
 * copied. They stand for the module from now on.
 */
int btf_types_add(struct btf_types *types, const char *module, const void *data, size_t size,
		  struct error *err);

/*
 * The BTF_KIND_FUNC id of a function in the kernel (module NULL) or in a module's own part, 0 if it
 * has none or if several of that name differ in their prototypes.
 */
uint32_t btf_types_function(struct btf_types *types, const char *module, const char *name);
/* The id of a struct or union, in the module's or the kernel's part; 0: unknown. */
uint32_t btf_types_struct(struct btf_types *types, const char *module, const char *name);

/*
 * Open the kernel's BTF object of a loaded module, for attach_btf_obj_fd; the caller closes *fd.
 * Functions of the kernel itself need none: fd 0 stands for it.
 */
int btf_types_module_fd(const char *module, int *fd, struct error *err);

#endif
