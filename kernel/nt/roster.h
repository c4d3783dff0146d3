/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules of a recording, those that have gone too, each with the bit that stands for it in
 * masks of stacks. A bit that was given stays with its name: two modules never have the same one,
 * but for the last, which all share for whom there was none. No OS.
 *
 *	roster_init(&roster, memory, room);
 *	roster_look(&roster, loaded, n, 0, 0, NULL, NULL);	when it begins
 *	roster_bit(&roster, "later.sys", true);			for a filter
 *	roster_look(&roster, loaded, n, base, now, tell, context);	one was loaded at base
 */
#ifndef NT_ROSTER_H
#define NT_ROSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "ioctl.h"

/* The first look leaves the other bits for what is named or comes later. */
#define ROSTER_FIRST_BITS 48

struct roster {
	struct trace_module *modules;
	size_t n, room;
	uint32_t changes; /* counted up with each */
	uint64_t given;	  /* bits, also of what was forgotten */
	bool begun;	  /* it has been looked */
};

/* memory: room of them; they stay the caller's. */
void roster_init(struct roster *roster, struct trace_module *memory, size_t room);
/*
 * What is loaded at that time, ns. came: base of an image that was just loaded, so that what was
 * there has gone even if it looks the same; 0: none. changed, which may be NULL, is called for
 * each module that has come or gone since the last look, but not for those of the first. Without
 * room, the one that has gone longest ago is forgotten, or else the new one is left out.
 */
void roster_look(struct roster *roster, const struct trace_module *loaded, size_t n, uint64_t came,
		 uint64_t time,
		 void (*changed)(void *context, const struct trace_module *module, bool comes),
		 void *context);
/*
 * The bit of the modules of this name, or the shared one. Modules that have the shared one get
 * their own if they may change.
 */
uint32_t roster_bit(struct roster *roster, const char *name, bool may_change);
/* Has come and not gone. */
bool roster_is_here(const struct trace_module *module);
/* Names of files, without regard to the case of a to z. */
bool roster_same_name(const char *a, const char *b);

#endif
