/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which hook a probe of a kprobe event belongs to. Many probes share one event, and so one BPF
 * cookie, KMN_COOKIE_BY_ADDRESS; the address that was hit tells them apart.
 */
#ifndef KMN_LINUX_EVENT_MAP_H
#define KMN_LINUX_EVENT_MAP_H

#include "record.h"

/* Any other cookie is a hook's number and, from bit 32 on, the slot of its counters. */
#define KMN_COOKIE_BY_ADDRESS (~0ull)
#define KMN_NO_COOKIE (~0ull)

#define KMN_MAX_PROBES 131072

/* Key: the address of a probe. */
struct kmn_probe {
	uint64_t entry_cookie;	/* or KMN_NO_COOKIE */
	uint64_t return_cookie; /* the same; its probe is always at the function's first byte */
	uint64_t function;
	uint64_t pushed; /* bytes that the function has pushed before the probe */
};

#endif
