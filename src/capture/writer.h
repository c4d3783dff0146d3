/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a capture: records as they come, and of the catalog what has come to it since the last
 * block. A block is written when it is full and whenever capture_writer_flush() is called; what
 * was written is readable, whatever becomes of the writer.
 */
#ifndef CAPTURE_WRITER_H
#define CAPTURE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/codec.h"
#include "model/catalog.h"
#include "model/record.h"

struct capture_writer;

/* path "-" is standard output. What is there stays untouched until capture_writer_begin(). */
struct capture_writer *capture_writer_create(const char *path, bool force, struct error *err);
/* Leave out the names of frames, see struct catalog_writer. Before capture_writer_begin(). */
void capture_writer_be_minimal(struct capture_writer *writer);
/* Pack blocks like this, not as the build does best. Before capture_writer_begin(). */
int capture_writer_pack(struct capture_writer *writer, enum codec codec, struct error *err);
/* Do not wait for the disk or the reader, see capture_output_buffer(). Before it begins. */
int capture_writer_buffer(struct capture_writer *writer, uint64_t memory, struct error *err);
/* NULL: it is not buffered. */
struct outlet *capture_writer_outlet(struct capture_writer *writer);
/* The catalog must outlive the writer's other calls. */
int capture_writer_begin(struct capture_writer *writer, const struct catalog *catalog,
			 struct error *err);
/*
 * After a failure (a full disk, a reader gone) the file ends with its last whole block and every
 * further call fails with the same error, which says how many records are lost.
 */
int capture_writer_add(struct capture_writer *writer, const struct kmn_header *const *records,
		       size_t n_records, struct error *err);
int capture_writer_flush(struct capture_writer *writer, struct error *err);
/* Bytes written so far. */
uint64_t capture_writer_size(const struct capture_writer *writer);
int capture_writer_end(struct capture_writer *writer, const struct ledger *ledger,
		       struct error *err);
/*
 * The same in two steps: with the first everything is under way, with the second it is on the disk.
 * Of a writer that is not buffered the second only takes the time for the disk.
 */
int capture_writer_end_soon(struct capture_writer *writer, const struct ledger *ledger,
			    struct error *err);
int capture_writer_wait(struct capture_writer *writer, struct error *err);
/* Takes NULL. Without capture_writer_end() the capture is one whose writer was killed. */
void capture_writer_destroy(struct capture_writer *writer);

#endif
