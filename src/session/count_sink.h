/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sink that prints how many calls came, a number on a line, and nothing else. */
#ifndef SESSION_COUNT_SINK_H
#define SESSION_COUNT_SINK_H

#include <stdio.h>

#include "session/sink.h"

struct sink *count_sink_create(FILE *out, struct error *err);

#endif
