/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that passes on the last calls only: those that were made last, with their returns, and
 * what stands between them. Everything comes at the end, when it is known which they are.
 */
#ifndef SESSION_TAIL_SINK_H
#define SESSION_TAIL_SINK_H

#include <stdint.h>

#include "session/sink.h"

/* The sink behind it is taken over, also when this fails. */
struct sink *tail_sink_create(struct sink *behind, uint64_t calls, struct error *err);

#endif
