/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture says of a function that is hooked on NT. */
#ifndef SOURCE_NT_APIS_H
#define SOURCE_NT_APIS_H

#include <nt/ioctl.h>

#include "model/api.h"

/* id: the hook's number. module: NULL for the kernel. pointer: bytes of one. */
int nt_apis_add(struct api_table *apis, const struct trace_hook *hook, uint32_t id,
		const char *module, uint32_t pointer, struct error *err);

#endif
