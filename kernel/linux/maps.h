/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps. Sizes marked "set at load" are put in by user space before the object is loaded. */
#ifndef KMN_LINUX_MAPS_H
#define KMN_LINUX_MAPS_H

#include "shared.h"
#include "verifier.h"

/* Calls in progress whose return is hooked too. */
struct inflight {
	__u64 key; /* place on the kernel stack and hook; 0: free */
	__u64 time;
	__u64 sequence; /* of the entry's record */
	__u32 cpu;
	__u32 verdict; /* enum verdict */
};

/* A stack that has been seen: whether the reader has it, and which modules it crosses. */
struct interned {
	__u64 hash;  /* 0: free */
	__u64 check; /* a second hash of the same frames; 0: not filled in yet */
	__u64 modules;
	__u64 sent;
};

/* Who is in the middle of what, on one processor and level or for one task. */
struct occupancy {
	__u64 token; /* which call the copies saw last: the address of its context... */
	__u64 hook;  /* ...and its hook */
	__u64 seen;  /* mask of the copies that saw it */
	__u64 self_token, self_hook, self_seen; /* the same for calls made by our own work */
	__u64 busy;				/* 0, or who is at work: see occupancy_enter() */
	__u64 word;				/* for FORGET() */
};

/* The stack of the call at hand: stack.h. */
struct stack {
	__u64 hash;
	__u64 modules;
	__u64 interned; /* index of its entry, or NOT_INTERNED */
	__u64 first;	/* index of the function itself in scratch->frames */
	__u64 n;
	__u64 sent;  /* the reader has it */
	__u64 flags; /* enum kmn_flag */
};

#define NOT_INTERNED 0xffffffff

#define FRAMES_ROOM 128 /* KMN_MAX_FRAMES and some, a power of two */

/* Room to put a record together. */
struct scratch {
	union {
		struct kmn_header header;
		__u8 bytes[KMN_MAX_RECORD];
	};
	__u8 slack[256]; /* lets the verifier bound a write at a variable offset */
	__u64 frames[FRAMES_ROOM];
	struct stack stack;
	__u64 word; /* for FORGET() and loads */
	__u64 busy;
};

/* Per hook; set at load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kmn_hook);
} hooks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kmn_rate);
} rates SEC(".maps");

/* Per program; set at load. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kmn_counters);
} counters SEC(".maps");

/* Eight per processor; set at load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* One buffer per processor. A new one of another size can take its place while recording. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, 1 << 20);
		});
} buffers SEC(".maps");

/* Set at load, powers of two; see inflight.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct inflight);
} inflights SEC(".maps");

/* Entries that wait for their return to be recorded or filtered; same index as inflights. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[KMN_MAX_RECORD]);
} deferred SEC(".maps");

/* Interned stacks; set at load, a power of two. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct interned);
} stacks SEC(".maps");

/* Processes to watch (thread groups). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} pids SEC(".maps");

struct sequence {
	__u64 next;
	__u64 pad[7]; /* a cache line each */
};

static struct sequence sequences[KMN_MAX_CPUS] SEC(".data.sequences");

/* Per processor and level; per task where the kernel is preemptible: see occupancy_get(). */
#define OCCUPANCY_TASKS 16384
static struct occupancy occupancies[KMN_MAX_CPUS * KMN_LEVELS] SEC(".data.occupancy");
static struct occupancy task_occupancies[OCCUPANCY_TASKS] SEC(".data.occupancy");

struct kmn_config config SEC(".data.config");
struct kmn_named_module named_modules[KMN_MAX_NAMED] SEC(".data.named");
/* Number of the module's bit, or KMN_NO_MODULE, for each page of text. */
__u8 text_pages[KMN_TEXT_PAGES] SEC(".data.pages");
__s64 calls_left SEC(".data.budget"); /* with KMN_LIMIT_COUNT */

/* Settled before loading. */
const volatile __u32 inflight_mask = 0;	    /* entries - 1 */
const volatile __u32 stack_mask = 0;	    /* entries - 1 */
const volatile __u32 fully_preemptible = 0; /* preempt=full or PREEMPT_RT */
const volatile __u32 string_length = 128;   /* bytes kept of a string */

#endif
