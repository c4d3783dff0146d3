/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an allocation or a free that is recorded (kernel/memory_record.h) is shown as a call: the
 * parameters of its API.
 */
#ifndef MODEL_MEMORY_API_H
#define MODEL_MEMORY_API_H

#include <stdbool.h>

#include "model/api.h"

/* What the last parameter of an allocation is. */
struct memory_flags {
	const char *name, *type;
};

/*
 * Give the api, which has none, its parameters. pointer: bytes of one, and of a size; flags: of an
 * allocation, NULL: it is a free. The table, to which the api is added later, gets what it needs.
 */
int memory_api_describe(struct api_table *table, struct api *api, uint32_t pointer,
			const struct memory_flags *flags, struct error *err);

#endif
