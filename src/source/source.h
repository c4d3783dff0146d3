/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where records come from: a live kernel, a capture, a remote machine.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stddef.h>

#include "base/error.h"
#include "model/catalog.h"
#include "model/record.h"
#include "model/spec.h"

struct source {
	const struct source_ops *ops;
};

struct source_ops {
	const char *name;
	/*
	 * Bring what is in force to what the spec says, changing only the difference. The first
	 * call starts recording. On failure what was in force before stays in force.
	 */
	int (*apply)(struct source *source, const struct spec *spec, struct error *err);
	/*
	 * Wait up to timeout_ms for records and hand out those whose order is settled: *records is
	 * an array of *n in time order, valid until the next call on this source. Returns 1; 0 when
	 * the source has ended (a capture's last record); -1 on failure.
	 */
	int (*next)(struct source *source, int timeout_ms, const struct kmn_header *const **records,
		    size_t *n, struct error *err);
	/* Stop recording. Records still under way come out of next(), which then returns 0. */
	int (*stop)(struct source *source, struct error *err);
	/* Append the ledger's rows as they stand; final once next() has returned 0. */
	int (*ledger)(struct source *source, struct ledger *ledger, struct error *err);
	const struct catalog *(*catalog)(struct source *source);
	void (*close)(struct source *source); /* frees the source */
};

#endif
