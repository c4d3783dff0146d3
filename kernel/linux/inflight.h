/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls in progress: an entry leaves its time and verdict here for its return. The key is the place
 * of the call on the kernel stack together with the hook: no two calls in progress share it, and a
 * call that never returns gives its place back when the stack is used again. The table needs no
 * lock: a free entry is claimed by one compare-and-swap, and only its own call touches it after.
 */
#ifndef KMN_LINUX_INFLIGHT_H
#define KMN_LINUX_INFLIGHT_H

#include "maps.h"

#define INFLIGHT_PROBES 8

enum verdict {
	VERDICT_RECORD,
	VERDICT_FILTERED,
	VERDICT_SUSPENDED,
	VERDICT_DEFERRED, /* the entry's record waits in `deferred` */
};

/* Kernel addresses have their top 16 bits set, so that the shift loses nothing. */
static __always_inline __u64 inflight_key(__u64 place, __u32 hook)
{
	return place << 16 | (hook & 0xffff);
}

static __always_inline __u32 inflight_start(__u64 key)
{
	return (key * 0x9e3779b97f4a7c15ull) >> 32;
}

/* Claim an entry for key; its index, or -1 if there is no room nearby. */
static __always_inline int inflight_claim(__u64 key, struct inflight **entry)
{
	__u32 start = inflight_start(key);

	for (__u32 i = 0; i < INFLIGHT_PROBES; i++) {
		__u32 index = (start + i) & inflight_mask;
		struct inflight *at = bpf_map_lookup_elem(&inflights, &index);

		if (!at)
			return -1;
		if (at->key == key || !__sync_val_compare_and_swap(&at->key, 0, key)) {
			*entry = at;
			return index;
		}
	}
	return -1;
}

static __always_inline int inflight_find(__u64 key, struct inflight **entry)
{
	__u32 start = inflight_start(key);

	for (__u32 i = 0; i < INFLIGHT_PROBES; i++) {
		__u32 index = (start + i) & inflight_mask;
		struct inflight *at = bpf_map_lookup_elem(&inflights, &index);

		if (!at)
			return -1;
		if (at->key == key) {
			*entry = at;
			return index;
		}
	}
	return -1;
}

#endif
