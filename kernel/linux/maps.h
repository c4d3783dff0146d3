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
	__u64 busy;				/* 0, or who is at work: tid + 1 */
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

/* The kernel's stack, then from WALKED on the walker's: KMN_MAX_FRAMES and some, powers of two. */
#define FRAMES_ROOM 256
#define WALKED 128

/* So much of a stack is read at once, in words. */
#define RUN_WORDS 256

/* The stack of the call at hand on its way through the walker: walk.h. */
struct walk {
	/* Where it begins. */
	__u64 function;	  /* the hooked one; of a tracepoint the same as site */
	__u64 tracepoint; /* 1: the stack begins above the program and what called it */
	__u64 site;   /* the stack begins with this return address if it is near; 0: no matter */
	__u64 frame;  /* of a trampoline: where the words above its arguments begin; 0: none */
	__u64 slot;   /* where the return address lies */
	__u64 bp;     /* rbp, or what it was in the frame where it was saved last */
	__u64 bp_at;  /* where rbp was saved; 0: bp is it */
	__u64 caller; /* the return address; 0: not known */
	/* Between two frames. */
	__u64 ip;
	__u64 sp;
	__u64 base; /* that the memo's places are counted from */
	/* How it goes. */
	__u64 generation;
	__u64 memo; /* its index, or NO_MEMO */
	__u64 n_ops;
	__u64 run, run_first, run_last; /* of the memo that is being written: its last run */
	/* Of the memo that is being looked at. */
	__u64 kept;  /* rbp */
	__u64 skew;  /* from places to what holds the words: addresses, or bytes of the run */
	__u64 first; /* index of the first frame */
	__u64 n;     /* frames */
	__u64 truncated;
	__u64 hit;		       /* what is to be checked came from the memo */
	__u64 word;		       /* for loads and FORGET() */
	__u64 turns;		       /* counts stacks: every so many is checked */
	struct kmn_walk_counts counts; /* last: read by user space */
};

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
	__u64 run[RUN_WORDS]; /* of the stack: memo.h */
	struct walk walk;     /* last: it ends with the counts */
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

/* What to look at to know a call path again: memo.h. */
#define MEMO_OPS 80

struct memo {
	__u64 function;
	__u64 caller;
	__u64 generation; /* 0: it holds nothing */
	__u64 interned;	  /* index of the stack, and its flags (enum kmn_flag) << 32 */
	__u64 op[MEMO_OPS];
};

/* KMN_MEMOS for each scratch memory; set at load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct memo);
} memos SEC(".maps");

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

struct kmn_walking walking SEC(".data.walk");
struct kmn_difference first_difference SEC(".data.walk");
struct kmn_region regions[KMN_MAX_REGIONS] SEC(".data.walk");
__u16 text_regions[KMN_TEXT_PAGES] SEC(".data.regions");

/* Settled before loading. */
const volatile __u32 inflight_mask = 0;	    /* entries - 1 */
const volatile __u32 stack_mask = 0;	    /* entries - 1 */
const volatile __u32 fully_preemptible = 0; /* preempt=full or PREEMPT_RT */
const volatile __u32 string_length = 128;   /* bytes kept of a string */
const volatile __u32 direct_loads = 0;	    /* there is bpf_rdonly_cast() */

#endif
