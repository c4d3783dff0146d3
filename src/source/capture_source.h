/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source that replays a capture: a file, or a stream from a pipe. It needs no apply(): next()
 * hands out the records from the first call on. Its catalog grows as the capture is read; whatever
 * a record refers to is in it by the time the record is handed out.
 */
#ifndef SOURCE_CAPTURE_SOURCE_H
#define SOURCE_CAPTURE_SOURCE_H

#include "source/source.h"

/* path "-" is standard input. NULL with err: no such file, not a capture, too new a format. */
struct source *capture_source_open(const char *path, struct error *err);

/*
 * Pass over the records before `time` (monotonic, as in a record) as far as that goes without
 * reading them: see capture_seek(). Records from before it may still come. Only for sources of
 * capture_source_open().
 */
int capture_source_seek(struct source *source, uint64_t time, struct error *err);

/*
 * Who names what the capture has by module and offset only, see model/namer.h. It outlives the
 * source, or is taken away again with NULL. Only for sources of capture_source_open().
 */
void capture_source_set_namer(struct source *source, struct namer *namer);

/* How many bytes of the capture were read. Only for sources of capture_source_open(). */
uint64_t capture_source_place(const struct source *source);

/*
 * What of the capture could not be read, one sentence a line, or "" when all is well so far. A
 * capture whose end is missing is no failure: next() gives what is there, and the ledger is
 * `interrupted`. Only for sources of capture_source_open().
 */
const char *capture_source_trouble(const struct source *source);

#endif
