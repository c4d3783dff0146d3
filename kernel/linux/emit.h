/* SPDX-License-Identifier: GPL-2.0-only */
/* Records: their header, and their way into the processor's buffer. */
#ifndef KMN_LINUX_EMIT_H
#define KMN_LINUX_EMIT_H

#include "maps.h"

/* How often the fill level of a buffer is looked at: the query costs as much as a small record. */
#define WAKEUP_EVERY 16

/*
 * The name of the thread, 16 bytes padded with zeros, as set_task_comm() keeps it. Two loads
 * instead of bpf_get_current_comm(), which copies byte by byte; a name that is changed at this
 * moment can be of two halves, but always ends.
 */
static __always_inline void comm_get(__u64 comm[2])
{
	struct task_struct *task = bpf_get_current_task_btf();

	comm[0] = *(__u64 *)&task->comm[0];
	comm[1] = *(__u64 *)&task->comm[8] & ~0ull >> 8;
}

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
	comm_get((__u64 *)header->comm);
}

/* Where a record goes. */
struct outlet {
	void *buffer;
	__u64 sequence;
	__u64 flags;
};

/*
 * Every attempt to write a record takes a sequence number, so that one that finds no room leaves a
 * gap that the reader sees.
 */
static __always_inline bool outlet_open(__u32 cpu, struct outlet *outlet)
{
	outlet->sequence = __sync_fetch_and_add(&sequences[cpu & (KMN_MAX_CPUS - 1)].next, 1);
	outlet->buffer = bpf_map_lookup_elem(&buffers, &cpu);
	if (!outlet->buffer)
		return false;
	outlet->flags = BPF_RB_NO_WAKEUP;
	if (!(outlet->sequence & (WAKEUP_EVERY - 1)) &&
	    bpf_ringbuf_query(outlet->buffer, BPF_RB_AVAIL_DATA) > config.wakeup)
		outlet->flags = BPF_RB_FORCE_WAKEUP;
	return true;
}

static __always_inline bool outlet_write(struct outlet *outlet, struct kmn_header *header,
					 __u32 length)
{
	header->sequence = outlet->sequence;
	/* Tells the verifier what is true anyway: no record is longer than its room. */
	BOUND(length, KMN_MAX_RECORD - 1);
	return !bpf_ringbuf_output(outlet->buffer, header, length, outlet->flags);
}

/* Write the record out. `length` is a multiple of 8. */
static __always_inline bool emit(struct kmn_header *header, __u32 length, __u32 cpu)
{
	struct outlet outlet;

	header->length = length;
	return outlet_open(cpu, &outlet) && outlet_write(&outlet, header, length);
}

/* The same for what the reader has to act upon while it lasts. */
static __always_inline bool emit_at_once(struct kmn_header *header, __u32 length, __u32 cpu)
{
	struct outlet outlet;

	header->length = length;
	if (!outlet_open(cpu, &outlet))
		return false;
	outlet.flags = BPF_RB_FORCE_WAKEUP;
	return outlet_write(&outlet, header, length);
}

/* A record whose length is known here: 8 bytes at a time instead of a copy of single ones. */
static __always_inline bool emit_words(struct outlet *outlet, const __u64 *record, int n)
{
	__u64 *room = bpf_ringbuf_reserve(outlet->buffer, n * 8, 0);

	if (!room)
		return false;
#pragma unroll
	for (int i = 0; i < n; i++)
		room[i] = record[i];
	bpf_ringbuf_submit(room, outlet->flags);
	return true;
}

/* The same as emit(), quicker for records as long as most are: six arguments and a known stack. */
static __always_inline bool emit_often(struct kmn_header *header, __u32 length, __u32 cpu)
{
	const __u64 *record = (const __u64 *)header;
	struct outlet outlet;

	header->length = length;
	if (!outlet_open(cpu, &outlet))
		return false;
	header->sequence = outlet.sequence;
	switch (length) {
#define EMIT_CASE(n)                                                                               \
	case n * 8:                                                                                \
		return emit_words(&outlet, record, n);
		EMIT_CASE(7)
		EMIT_CASE(8)
		EMIT_CASE(9)
		EMIT_CASE(10)
		EMIT_CASE(11)
		EMIT_CASE(12)
		EMIT_CASE(13)
		EMIT_CASE(14)
		EMIT_CASE(15)
#undef EMIT_CASE
	}
	return outlet_write(&outlet, header, length);
}

static __always_inline void count_lost(struct kmn_counters *count, __u64 now)
{
	if (!count->first_lost)
		count->first_lost = now;
	count->last_lost = now;
}

#endif
