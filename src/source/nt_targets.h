/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions of the running kernel a spec names, and how each is to be hooked. */
#ifndef SOURCE_NT_TARGETS_H
#define SOURCE_NT_TARGETS_H

#include "model/spec.h"
#include "source/nt_hooks.h"
#include "source/nt_names.h"

/*
 * The hooks in the spec's order, then the pool routines that memory needs. A wish's module is a
 * struct nt_module or, of hooks on load, NULL, and its image a struct nt_image. A name that stands
 * for nothing is an error, unless the spec before, which may be NULL, has it: a driver may have
 * gone since. *left_out: functions on load that their files say can't be hooked.
 */
int nt_targets_find(struct nt_names *names, const struct spec *spec, const struct spec *before,
		    struct nt_wishes *wishes, size_t *left_out, struct error *err);

#endif
