/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that records a session in a capture (docs/kmn.md).
 */
#ifndef SESSION_CAPTURE_SINK_H
#define SESSION_CAPTURE_SINK_H

#include <stdbool.h>

#include "session/sink.h"

/*
 * path "-" is standard output. An existing capture is replaced once recording begins, not before;
 * any other file that is not empty is refused unless force is set. The process must ignore SIGPIPE
 * for a reader that goes away to be an error and not a sudden death.
 */
struct sink *capture_sink_create(const char *path, bool force, struct error *err);

#endif
