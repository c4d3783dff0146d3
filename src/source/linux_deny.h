/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that must not be hooked because our own programs run through them before they can tell
 * that a call is their own: hooking one hangs the machine (seen on 6.1 with __rcu_read_lock,
 * __rcu_read_unlock and get_perf_callchain).
 */
#ifndef SOURCE_LINUX_DENY_H
#define SOURCE_LINUX_DENY_H

/* Why the function is denied, as the end of "can't be hooked: ..."; NULL: it is not. */
const char *deny_reason(const char *name);

#endif
