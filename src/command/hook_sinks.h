/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where "kapimon hook" puts the calls: a capture, the text or JSON on standard output. Neither a
 * slow disk nor a slow reader keeps calls waiting in the kernel's buffer: both have outlets.
 */
#ifndef COMMAND_HOOK_SINKS_H
#define COMMAND_HOOK_SINKS_H

#include "base/outlet.h"
#include "command/hook_options.h"
#include "session/sink.h"

struct hook_sinks {
	struct sink *sinks[2];
	size_t n_sinks;
	struct sink *capture;  /* one of them; NULL: none */
	struct outlet *output; /* of standard output; NULL: nothing is printed there */
};

/* places: source lines; NULL: none. What was opened is closed by hook_sinks_close() also then. */
int hook_sinks_open(struct hook_sinks *sinks, const struct hook_options *options,
		    struct place_finder *places, struct error *err);
void hook_sinks_close(struct hook_sinks *sinks);
/*
 * Has a full disk made the calls wait, since it was asked last? Then *why tells it. What finds no
 * room in the kernel's buffer meanwhile is counted there.
 */
bool hook_sinks_waited(struct hook_sinks *sinks, struct error *why);

#endif
