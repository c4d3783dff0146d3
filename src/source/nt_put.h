/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks, put into TRACE.SYS and taken out: what struct nt_hooks_driver asks for. */
#ifndef SOURCE_NT_PUT_H
#define SOURCE_NT_PUT_H

#include "model/api.h"
#include "source/nt_hooks.h"
#include "source/nt_names.h"

/* Its context. */
struct nt_putter {
	struct nt_device *device;
	const struct nt_names *names;
	struct api_table *apis; /* a hook that is in is described there */
	uint32_t pointer;	/* bytes */
	bool no_loads;		/* the kernel does not tell of drivers that are loaded */
	const size_t *n_hooks;	/* that were ever put in */
};

int nt_put_hook(void *context, const struct nt_wish *wish, uint32_t *number, struct error *err);
int nt_take_hook(void *context, const struct nt_hook *hook, struct error *err);

#endif
