/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard: a process that outlives us by a moment. kprobe events and the setting
 * /sys/kernel/rcu_expedited stay when their maker is killed; the guard waits for the end of a
 * connection that only we hold, and then takes the events out and puts the setting back.
 */
#ifndef SOURCE_LINUX_GUARD_H
#define SOURCE_LINUX_GUARD_H

#include <stdbool.h>

#include "base/error.h"

struct guard;

/* Watch over the kprobe events of this group, which must not have any yet. */
int guard_start(const char *group, struct guard **guard, struct error *err);
/*
 * Make the kernel's grace periods short while many probes come or go: each probe that is removed
 * waits for one. Off again as soon as possible: it costs the other processors interrupts. Nothing
 * happens where the setting is not to be had or was already on.
 */
void guard_hurry(struct guard *guard, bool on);
/* Remove what is left of the group and let the guard go. NULL is allowed. */
void guard_stop(struct guard *guard);

#endif
