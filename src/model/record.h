/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a record of kernel/record.h safely: record_parse() checks every length, so that a damaged
 * capture or a hostile peer can't lead out of the bytes.
 */
#ifndef MODEL_RECORD_H
#define MODEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <record.h> /* the kernels', in kernel/: quotes would find this very file */

#include "base/error.h"

struct record_view {
	const struct kmn_header *header;
	const struct kmn_return *ret;  /* NULL unless kind is KMN_RETURN */
	const struct kmn_stack *stack; /* NULL without KMN_HAS_STACK */
	const uint64_t *args;
	const uint64_t *frames; /* NULL without KMN_STACK_INLINE */
	const unsigned char *fetched;
	size_t fetched_length;
};

/*
 * View the record at bytes, of which `available` can be read; bytes is 8-aligned. Returns its
 * length, or -1 with a message when it is not a whole, consistent record. The view points into
 * bytes.
 */
int record_parse(const void *bytes, size_t available, struct record_view *view, struct error *err);

/* Fetched datum number `fetch` of the API's list, or false if the record has none. */
bool record_fetched(const struct record_view *view, uint8_t fetch, struct kmn_fetched *what,
		    const unsigned char **data);

const char *kmn_kind_name(uint8_t kind);
const char *kmn_context_name(uint8_t context);

#endif
