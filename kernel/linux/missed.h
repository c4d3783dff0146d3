/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that a kprobe kept from us. A kprobe that fires inside another one's handler counts nmissed
 * and does nothing else; a return probe without a free instance likewise. And when any BPF program
 * of the kprobe kind is running on the processor, the kernel drops ours without a word: but the
 * event has counted its hit by then, so that every run compares the hits with its runs.
 */
#ifndef KMN_LINUX_MISSED_H
#define KMN_LINUX_MISSED_H

#include "maps.h"

/* arch/x86: the kprobe being handled, and where this processor's per-CPU memory lies. */
extern const struct kprobe *current_kprobe __ksym __weak;
/* Of several kprobes at one address, the one whose turn it is; NULL where there is only one. */
extern const struct kprobe *kprobe_instance __ksym __weak;
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
	if (!&current_kprobe || !&kprobe_instance || !&this_cpu_off)
		return;
	probe = *(struct kprobe **)bpf_this_cpu_ptr(&kprobe_instance);
	if (!probe)
		probe = *(struct kprobe **)bpf_this_cpu_ptr(&current_kprobe);
	base = *(unsigned long *)bpf_this_cpu_ptr(&this_cpu_off);
	if (!probe)
		return;
	event = (void *)probe - bpf_core_field_offset(struct trace_kprobe, rp.kp);
	per_cpu = BPF_CORE_READ(event, nhit);
	if (bpf_probe_read_kernel(&hits, sizeof(hits), (void *)per_cpu + base))
		return;
	count->hits = hits;
	count->probe = (__u64)probe;
}

struct missed_question {
	__u64 probe; /* a struct kprobe, from struct kmn_counters */
	__u64 missed;
};

/* Run by user space when the recording is over. */
SEC("syscall")
int read_missed(struct missed_question *question)
{
	struct kprobe *probe = (void *)question->probe;
	struct kretprobe *both = (void *)probe - bpf_core_field_offset(struct kretprobe, kp);

	/* Every kprobe event is a struct kretprobe, whether it hooks the return or not. */
	question->missed = BPF_CORE_READ(probe, nmissed) + BPF_CORE_READ(both, nmissed);
	return 0;
}

#endif
