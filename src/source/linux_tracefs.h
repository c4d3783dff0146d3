/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kprobe events in tracefs (Documentation/trace/kprobetrace.rst). They belong to the kernel and not
 * to a process, and stay when their maker dies: so each group carries the process's number in its
 * name, and groups of processes that are gone are removed at the next opportunity.
 */
#ifndef SOURCE_LINUX_TRACEFS_H
#define SOURCE_LINUX_TRACEFS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TRACEFS_GROUP "kapimon_"

/* The directory that has kprobe_events; NULL: there is none. */
const char *tracefs_root(void);

/* A descriptor that definitions are written to. */
int tracefs_open_definitions(struct error *err);
/* Write whole lines; 0 or a negative errno. Lines before the one that failed are in force. */
int tracefs_define(int definitions, const char *lines, size_t length);
/* The number that perf knows an event by; negative errno. */
long tracefs_event_id(const char *group, const char *event);

/*
 * Remove all events of the group; returns how many could not be (somebody still uses them). Takes
 * no memory from the heap, so that it can be used between fork and exec.
 */
unsigned tracefs_remove_group(const char *group);
/* Remove the groups of processes that are no more. */
void tracefs_remove_stale(void);

/*
 * Call back for every line of kprobe_profile: one for each probe, in order of definition; hits
 * include those whose program could not run, misses are those that the kprobe itself skipped.
 */
int tracefs_profile(void (*line)(void *context, const char *event, uint64_t hits, uint64_t misses),
		    void *context, struct error *err);

#endif
