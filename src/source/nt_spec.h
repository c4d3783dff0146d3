/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a spec can be changed on NT while it records. */
#ifndef SOURCE_NT_SPEC_H
#define SOURCE_NT_SPEC_H

#include "model/spec.h"

/* 0: hooks, module filters, failures alone and the rate limit differ at most. */
int nt_spec_check_change(const struct spec *before, const struct spec *after, struct error *err);

#endif
