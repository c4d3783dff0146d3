/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that records a session in a capture (docs/kmn.md).
 */
#ifndef SESSION_CAPTURE_SINK_H
#define SESSION_CAPTURE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outlet.h"
#include "capture/codec.h"
#include "session/sink.h"

/*
 * path "-" is standard output. An existing capture is replaced once recording begins, not before;
 * any other file that is not empty is refused unless force is set. The process must ignore SIGPIPE
 * for a reader that goes away to be an error and not a sudden death.
 */
struct sink *capture_sink_create(const char *path, bool force, struct error *err);

/* When a part of a recording is full; 0: never for that reason. */
struct capture_parts {
	uint64_t bytes; /* reached in the file */
	uint64_t time;	/* ns from its first record to its last */
	uint64_t keep;	/* so many of the last parts, earlier ones are removed; 0: all */
};

/*
 * The same in parts, each a capture of its own: FILE.1.kmn, FILE.2.kmn... for the path FILE or
 * FILE.kmn. All but the last have a ledger that says that the recording goes on. A part of an
 * earlier recording is replaced when its number comes. Standard output has no parts.
 */
struct sink *capture_sink_create_parts(const char *path, bool force,
				       const struct capture_parts *parts, struct error *err);

/*
 * Do not wait for the disk or the reader: what is not written yet is in memory, and beyond so many
 * bytes in a temporary file. Before the sink's begin.
 */
int capture_sink_buffer(struct sink *sink, uint64_t memory, struct error *err);
/* Pack blocks like this, not as the build does best. Before the sink's begin. */
int capture_sink_pack(struct sink *sink, enum codec codec, struct error *err);
/* The outlet that writes now, to be asked whether there was a wait; NULL: there is none. */
struct outlet *capture_sink_outlet(struct sink *sink);
/* Leave out names of frames that module and offset lead back to. Before the sink's begin. */
void capture_sink_be_minimal(struct sink *sink);

#endif
