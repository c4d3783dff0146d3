/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outlet where there is no thread for it: who gives a piece waits until it is written. */
#include <stdlib.h>

#include "base/outlet.h"

struct outlet {
	int (*write)(void *context, const void *bytes, size_t length, struct error *err);
	void *context;
	struct error failed; /* STATUS_OK: writing has not failed */
};

struct outlet *outlet_create(uint64_t memory,
			     int (*write)(void *context, const void *bytes, size_t length,
					  struct error *err),
			     void *context, struct error *err)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));

	if (!outlet) {
		error_no_memory(err);
		return NULL;
	}
	outlet->write = write;
	outlet->context = context;
	return outlet;
}

void outlet_destroy(struct outlet *outlet)
{
	free(outlet);
}

int outlet_put(struct outlet *outlet, const void *bytes, size_t length, struct error *err)
{
	if (outlet_check(outlet, err))
		return -1;
	if (!outlet->write(outlet->context, bytes, length, &outlet->failed))
		return 0;
	return outlet_check(outlet, err);
}

int outlet_check(struct outlet *outlet, struct error *err)
{
	if (outlet->failed.status == STATUS_OK)
		return 0;
	*err = outlet->failed;
	return -1;
}

int outlet_drain(struct outlet *outlet, struct error *err)
{
	return outlet_check(outlet, err);
}

bool outlet_was_full(struct outlet *outlet, struct error *why)
{
	return false;
}
