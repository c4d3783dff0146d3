/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters that are settled inside the kernel. */
#ifndef KMN_LINUX_FILTER_H
#define KMN_LINUX_FILTER_H

#include "maps.h"

static __always_inline bool comm_matches(const char *comm)
{
	const __u64 *words = (const __u64 *)comm;

	for (int i = 0; i < KMN_MAX_COMMS; i++) {
		const __u64 *want = (const __u64 *)config.comm[i];

		if (i >= config.n_comms)
			break;
		if (words[0] == want[0] && words[1] == want[1])
			return true;
	}
	return false;
}

/* By process: number, name, cgroup. */
static __always_inline bool filter_process(const struct kmn_header *header, __u32 flags)
{
	__u32 pid = header->pid;

	if (flags & KMN_BY_PID && !bpf_map_lookup_elem(&pids, &pid))
		return false;
	if (flags & KMN_BY_COMM && !comm_matches(header->comm))
		return false;
	if (flags & KMN_BY_CGROUP &&
	    bpf_get_current_ancestor_cgroup_id(config.cgroup_level) != config.cgroup)
		return false;
	return true;
}

static __always_inline bool compare(const struct kmn_where *where, __u64 value)
{
	__u64 want = where->value;
	__s64 a, b;

	switch (where->size) {
	case 1:
		value = where->is_signed ? (__u64)(__s8)value : (__u8)value;
		break;
	case 2:
		value = where->is_signed ? (__u64)(__s16)value : (__u16)value;
		break;
	case 4:
		value = where->is_signed ? (__u64)(__s32)value : (__u32)value;
		break;
	}
	a = value;
	b = want;
	switch (where->op) {
	case KMN_WHERE_EQ:
		return value == want;
	case KMN_WHERE_NE:
		return value != want;
	case KMN_WHERE_AND:
		return value & want;
	case KMN_WHERE_LT:
		return where->is_signed ? a < b : value < want;
	case KMN_WHERE_LE:
		return where->is_signed ? a <= b : value <= want;
	case KMN_WHERE_GT:
		return where->is_signed ? a > b : value > want;
	case KMN_WHERE_GE:
		return where->is_signed ? a >= b : value >= want;
	}
	return false;
}

/* Those of the hook's comparisons that look at arguments (at the offset in the record). */
static __always_inline bool filter_args(const struct scratch *scratch, const struct kmn_hook *hook,
					__u32 args)
{
	for (int i = 0; i < KMN_MAX_WHERES; i++) {
		const struct kmn_where *where = &hook->where[i];
		__u32 at;

		if (i >= hook->n_wheres)
			break;
		if (where->slot == KMN_WHERE_RETURN)
			continue;
		at = args + where->slot * 8;
		BOUND(at, 0x3f8);
		if (!compare(where, *(__u64 *)&scratch->bytes[at]))
			return false;
	}
	return true;
}

static __always_inline bool is_error(const struct kmn_hook *hook, __u64 value)
{
	if (hook->flags & KMN_HOOK_ERRORS_POINTER)
		return !value || value >= (__u64)-4095;
	if (hook->flags & KMN_HOOK_ERRORS_SIGNED) {
		__s64 number = hook->result_size == 4 ? (__s32)value : (__s64)value;

		return number < 0 && number >= -4095;
	}
	return false;
}

/* What can be told only at the return. */
static __always_inline bool filter_return(const struct kmn_hook *hook, __u32 flags, __u64 value,
					  __u64 duration)
{
	if (flags & KMN_BY_ERRORS && !is_error(hook, value))
		return false;
	if (flags & KMN_BY_DURATION && duration < config.longer_than)
		return false;
	for (int i = 0; i < KMN_MAX_WHERES; i++) {
		if (i >= hook->n_wheres)
			break;
		if (hook->where[i].slot == KMN_WHERE_RETURN && !compare(&hook->where[i], value))
			return false;
	}
	return true;
}

static __always_inline bool filter_modules(__u64 modules)
{
	if (modules & config.exclude_modules)
		return false;
	return !config.only_modules || modules & config.only_modules;
}

enum rate_state {
	RATE_FREE,
	RATE_OVER,	 /* suspended already */
	RATE_OVER_FIRST, /* suspended by this call: tell */
	RATE_FREE_AGAIN, /* a new second begins after a suspension: tell */
};

/* One window a second; *suspended: how many calls the last one kept out. */
static __always_inline enum rate_state rate_check(__u32 hook, __u64 now, __u64 *suspended)
{
	struct kmn_rate *rate = bpf_map_lookup_elem(&rates, &hook);
	__u64 window = now / 1000000000, old, calls;
	enum rate_state state = RATE_FREE;

	if (!rate)
		return RATE_FREE;
	old = rate->window;
	if (old != window && __sync_val_compare_and_swap(&rate->window, old, window) == old) {
		__sync_lock_test_and_set(&rate->calls, 0);
		*suspended = __sync_lock_test_and_set(&rate->suspended, 0);
		if (*suspended)
			state = RATE_FREE_AGAIN;
	}
	calls = __sync_fetch_and_add(&rate->calls, 1);
	if (calls < config.rate)
		return state;
	if (__sync_fetch_and_add(&rate->suspended, 1))
		return RATE_OVER;
	return RATE_OVER_FIRST;
}

#endif
