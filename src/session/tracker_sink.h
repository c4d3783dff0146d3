/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocations and frees that were recorded as calls, paired again. */
#ifndef SESSION_TRACKER_SINK_H
#define SESSION_TRACKER_SINK_H

#include "memory/tracker.h"
#include "session/sink.h"

/* The tracker is borrowed. NULL with err on failure. */
struct sink *tracker_sink_create(struct tracker *tracker, struct error *err);

#endif
