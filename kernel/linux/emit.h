/* SPDX-License-Identifier: GPL-2.0-only */
/* Records: their header, and their way into the processor's buffer. */
#ifndef KMN_LINUX_EMIT_H
#define KMN_LINUX_EMIT_H

#include "maps.h"

/* How often the fill level of a buffer is looked at: the query costs as much as a small record. */
#define WAKEUP_EVERY 16

static __always_inline void header_fill(struct kmn_header *header, __u8 kind, __u32 hook, __u32 cpu,
					__u32 level, __u64 pid_tgid, __u64 now)
{
	header->kind = kind;
	header->context = level;
	header->hook = hook;
	header->time = now;
	header->pid = pid_tgid >> 32;
	header->tid = pid_tgid;
	header->cpu = cpu;
	header->flags = 0;
	header->n_args = 0;
	header->n_fetches = 0;
	header->n_frames = 0;
	bpf_get_current_comm(header->comm, sizeof(header->comm));
}

/*
 * Write the record out. Every attempt takes a sequence number, so that a record that found no room
 * leaves a gap that the reader sees. `length` is a multiple of 8.
 */
static __always_inline bool emit(struct kmn_header *header, __u32 length, __u32 cpu)
{
	__u64 flags = BPF_RB_NO_WAKEUP;
	void *buffer;

	header->length = length;
	header->sequence = __sync_fetch_and_add(&sequences[cpu & (KMN_MAX_CPUS - 1)].next, 1);
	buffer = bpf_map_lookup_elem(&buffers, &cpu);
	if (!buffer)
		return false;
	if (!(header->sequence & (WAKEUP_EVERY - 1)) &&
	    bpf_ringbuf_query(buffer, BPF_RB_AVAIL_DATA) > config.wakeup)
		flags = BPF_RB_FORCE_WAKEUP;
	/* Tells the verifier what is true anyway: no record is longer than its room. */
	BOUND(length, KMN_MAX_RECORD - 1);
	return !bpf_ringbuf_output(buffer, header, length, flags);
}

static __always_inline void count_lost(struct kmn_counters *count, __u64 now)
{
	if (!count->first_lost)
		count->first_lost = now;
	count->last_lost = now;
}

#endif
