/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that a kprobe fired for while our program could not run. The kernel drops them without a
 * word when any BPF program of the kprobe kind is running on the processor, but each kprobe event
 * counts its hits per processor before it asks for the program. Every run compares that count with
 * the runs: the difference is what was missed, exact for everything before the last run.
 */
#ifndef KMN_LINUX_MISSED_H
#define KMN_LINUX_MISSED_H

#include "maps.h"

/* arch/x86: the kprobe being handled, and where this processor's per-CPU memory lies. */
extern const struct kprobe *current_kprobe __ksym __weak;
extern const unsigned long this_cpu_off __ksym __weak;

static __always_inline void kprobe_account(__u32 slot)
{
	struct kmn_counters *count = bpf_map_lookup_elem(&counters, &slot);
	struct trace_kprobe *event;
	unsigned long *per_cpu, base, hits = 0;
	struct kprobe *probe;

	if (!count)
		return;
	count->runs++;
	if (!&current_kprobe || !&this_cpu_off)
		return;
	probe = *(struct kprobe **)bpf_this_cpu_ptr(&current_kprobe);
	base = *(unsigned long *)bpf_this_cpu_ptr(&this_cpu_off);
	if (!probe)
		return;
	event = (void *)probe - bpf_core_field_offset(struct trace_kprobe, rp.kp);
	per_cpu = BPF_CORE_READ(event, nhit);
	if (bpf_probe_read_kernel(&hits, sizeof(hits), (void *)per_cpu + base))
		return;
	count->hits = hits;
}

#endif
