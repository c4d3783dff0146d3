/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes of a catalog what a capture doesn't have yet. The catalog only grows while it is recorded
 * (model/catalog.h), so what is new is behind what was there; of modules and APIs also what can
 * change is watched.
 */
#ifndef CAPTURE_CATALOG_WRITER_H
#define CAPTURE_CATALOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "capture/block_writer.h"
#include "capture/frames.h"
#include "model/catalog.h"
#include "model/ledger.h"

struct api_mark;

struct catalog_writer {
	const struct catalog *catalog;
	struct block_writer *blocks;
	bool minimal;	     /* frames get no names that their module and offset lead back to */
	struct text payload; /* entries of one type, not written yet */
	struct text system, spec, scratch;
	uint64_t *unloaded; /* of every module written */
	size_t n_modules, renamed_modules;
	size_t n_enumerations, n_stacks;
	struct api_mark *apis; /* of every API written, by id */
	size_t n_apis;
	struct frame_table *frames;
	struct text new_frames;
};

int catalog_writer_init(struct catalog_writer *writer, const struct catalog *catalog,
			struct block_writer *blocks, struct error *err);
void catalog_writer_fini(struct catalog_writer *writer);
/* Write everything that is new or has changed. */
int catalog_writer_write(struct catalog_writer *writer, struct error *err);
/* Remember to name these addresses with the next catalog_writer_write(). */
int catalog_writer_name(struct catalog_writer *writer, const uint64_t *addresses, size_t n,
			struct error *err);
bool catalog_writer_has_new_modules(const struct catalog_writer *writer);
/* Name again what lies where a new module came to; after the records from before it. */
int catalog_writer_rename(struct catalog_writer *writer, struct error *err);
int catalog_writer_ledger(struct catalog_writer *writer, const struct ledger *ledger,
			  struct error *err);

#endif
