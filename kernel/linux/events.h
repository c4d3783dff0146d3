/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a hit of a kprobe event with many probes to the hook: a look-up by the probe's address.
 */
#ifndef KMN_LINUX_EVENTS_H
#define KMN_LINUX_EVENTS_H

#include "event_map.h"
#include "maps.h"

/* Memory is taken as probes are put in: most runs have none. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, KMN_MAX_PROBES);
	__type(key, __u64);
	__type(value, struct kmn_probe);
} probes SEC(".maps");

/*
 * At entry all kinds of kprobes (breakpoint, jump, ftrace) put the instruction pointer one byte
 * behind the probe, as a breakpoint would (kprobe_ftrace_handler(), optimized_callback()).
 * bpf_get_func_ip() knows only probes at a function's first byte since 5.17 (0e253f7e558a, "bpf:
 * Return value in kprobe get_func_ip only for entry address").
 */
static __always_inline struct kmn_probe *probe_find(struct pt_regs *ctx, bool at_return)
{
	__u64 address = at_return ? bpf_get_func_ip(ctx) : ctx->ip - 1;

	return bpf_map_lookup_elem(&probes, &address);
}

#endif
