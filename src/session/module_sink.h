/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sink that watches a module come and go. */
#ifndef SESSION_MODULE_SINK_H
#define SESSION_MODULE_SINK_H

#include <stdbool.h>

#include "session/sink.h"

/* The name is copied. */
struct sink *module_sink_create(const char *module, struct error *err);
/* Has it been loaded while it was watched; has it gone since? Only for sinks of this kind. */
bool module_sink_loaded(const struct sink *sink);
bool module_sink_unloaded(const struct sink *sink);

#endif
