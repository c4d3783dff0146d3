/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks through kprobe events of tracefs, for two jobs that nothing else does. Many functions at
 * once where there is no kprobe.multi: all probes belong to one event, so that one perf event and
 * one BPF link serve them all. And functions of modules that are not loaded: the kernel puts the
 * probe in as soon as the module comes, before its init function runs, and again when it comes
 * back.
 */
#ifndef SOURCE_LINUX_EVENTS_H
#define SOURCE_LINUX_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct engine;
struct hook;

/* Is there tracefs with kprobe events? */
bool events_possible(void);
/*
 * Hook these functions by their addresses. Each hook's api->method says whether it worked
 * (METHOD_KPROBE_EVENT) and hook->refused why not; -1 when nothing could be done at all. The hooks'
 * slots have to be taken before.
 */
int events_attach_many(struct engine *engine, struct hook **hooks, size_t n, struct error *err);
/* Hook a function of a module by name, loaded or not. Slots as above. */
int events_attach_named(struct engine *engine, struct hook *hook, struct error *err);
/* Read the kernel's counts of hits into struct program.fired. */
void events_count(struct engine *engine);
/* Take everything out, and let the guard go. */
void events_detach(struct engine *engine);

#endif
