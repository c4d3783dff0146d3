/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a capture from its first byte to its last, never going back, so that a pipe will do. What
 * a capture has lost - its end, because the writer was killed, or a part, because a disk rotted -
 * is told, and the rest is read.
 */
#ifndef CAPTURE_READER_H
#define CAPTURE_READER_H

#include <stddef.h>

#include "base/error.h"
#include "capture/file.h"
#include "capture/frames.h"
#include "model/catalog.h"
#include "model/ledger.h"
#include <record.h>

struct capture_reader;

/*
 * Open a capture and read what stands before its first records. Waits for a pipe's first block; a
 * signal ends that wait with an error.
 */
struct capture_reader *capture_open(const char *path, struct error *err);
/* The same from any input, which is taken over also when this fails. */
struct capture_reader *capture_open_input(struct capture_input *input, struct error *err);
void capture_close(struct capture_reader *reader); /* takes NULL */

/*
 * Hand out the records of the next block, valid until the next call; each has passed
 * record_parse(). Returns 1 (*n may be 0: nothing came within timeout_ms, or a signal did), 0 at
 * the end, -1 when the input can't be read.
 */
int capture_next(struct capture_reader *reader, int timeout_ms,
		 const struct kmn_header *const **records, size_t *n, struct error *err);
/*
 * No more records are wanted. capture_next() then reads a file on to its ledger without handing
 * out records; a pipe, whose writer may go on for days, it leaves at once.
 */
void capture_stop(struct capture_reader *reader);
/*
 * Go on at the first block with records of `time` (monotonic, as in a record) or later, passing
 * over those before it unread; the records handed out next may begin before `time`, by less than a
 * block. Only forward. Returns 1; 0 when the capture has no index (a pipe, a writer that was killed
 * or is still at work): then reading goes on where it stands; -1 when the input can't be read.
 */
int capture_seek(struct capture_reader *reader, uint64_t time, struct error *err);
/* Grows as the capture is read; has what the records handed out refer to. */
/* Who names what the capture has by module and offset only; it outlives the reader's use. */
void capture_set_namer(struct capture_reader *reader, struct namer *namer);
const struct catalog *capture_catalog(const struct capture_reader *reader);
/* The addresses that have a name so far. */
const struct frame_table *capture_frames(const struct capture_reader *reader);
/* Append the rows; interrupted and damaged are right once capture_next() has returned 0. */
int capture_ledger(const struct capture_reader *reader, struct ledger *ledger, struct error *err);
/* How many bytes of the capture were read. */
uint64_t capture_place(const struct capture_reader *reader);
/* What could not be read, one sentence a line; "": nothing so far. */
const char *capture_trouble(const struct capture_reader *reader);

#endif
