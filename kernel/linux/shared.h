/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the BPF programs and user space tell each other besides records: settings, filters, the plan
 * of each hook, counters, the module ranges. Everything here lives in maps.
 */
#ifndef KMN_LINUX_SHARED_H
#define KMN_LINUX_SHARED_H

#include "record.h"
#include "linux/orc.h"

#define KMN_MAX_CPUS 1024
#define KMN_MAX_COPIES 8
#define KMN_LEVELS 4 /* task, softirq, hardirq, NMI */

/*
 * Immediates that user space replaces in each clone of a template program (the magic is the
 * operand of a move, see kernel/linux/clone.h).
 */
#define KMN_MAGIC_HOOK 0x4b4d4801
#define KMN_MAGIC_COPY 0x4b4d4802
#define KMN_MAGIC_SLOT 0x4b4d4803
/* And of 64 bits, put in before any program is loaded: where hooked returns go. */
#define KMN_MAGIC_RETHOOK 0x4b4d4804
#define KMN_MAGIC_RETURN_TO_HANDLER 0x4b4d4805

enum kmn_stage {
	KMN_STAGE_OUTSIDE = 0, /* attached, not recording: calls are counted as outside */
	KMN_STAGE_RECORD = 1,
};

/* What became of calls, per program (a copy of a hook's entry or return) and processor. */
struct kmn_counters {
	uint64_t taken; /* calls that this program took: the sum of what follows up to deferred */
	uint64_t recorded;
	uint64_t filtered;
	uint64_t lost;
	uint64_t suspended;
	uint64_t deferred; /* outcome left to the return program */
	uint64_t rescued;  /* first to run for a call, though not the first copy */
	uint64_t self;	   /* calls made by the monitor's own work */
	uint64_t outside;  /* calls outside the recording */
	uint64_t first_lost, last_lost;
	/* The outcome of entries that were deferred to this return program. */
	uint64_t entry_recorded;
	uint64_t entry_filtered;
	uint64_t entry_lost;
	/* With kprobes: the kernel's own count of hits on this processor when it was last seen. */
	uint64_t runs;
	uint64_t hits;
	uint64_t
		unpaired; /* returns without an entry, or entries that found no room to be paired */
	uint64_t probe;	  /* the kernel's struct kprobe */
	uint64_t reserved[2];
};

enum kmn_where_op {
	KMN_WHERE_NONE = 0,
	KMN_WHERE_EQ,
	KMN_WHERE_NE,
	KMN_WHERE_LT,
	KMN_WHERE_LE,
	KMN_WHERE_GT,
	KMN_WHERE_GE,
	KMN_WHERE_AND, /* has a bit in common with */
};

#define KMN_MAX_WHERES 4

/* One comparison of an argument or of the return value; all of a hook's must hold. */
struct kmn_where {
	uint8_t op;	   /* enum kmn_where_op */
	uint8_t slot;	   /* argument word; KMN_WHERE_RETURN: the return value */
	uint8_t size;	   /* bytes that count: 1, 2, 4, 8 */
	uint8_t is_signed; /* compare as signed */
	uint32_t reserved;
	uint64_t value;
};

#define KMN_WHERE_RETURN 0xff

enum kmn_fetch_op {
	KMN_FETCH_STRING = 1, /* up to a NUL, at most size bytes */
	KMN_FETCH_BYTES,      /* size bytes */
	KMN_FETCH_PATH,	      /* a struct path there: components, innermost first */
};

#define KMN_FETCH_STEPS 4
#define KMN_MAX_PATHS 2 /* among a hook's fetches */

struct kmn_fetch {
	uint8_t op; /* enum kmn_fetch_op */
	uint8_t slot;
	uint8_t n_steps;
	uint8_t reserved;
	uint16_t size;
	uint16_t reserved2;
	int32_t step[KMN_FETCH_STEPS]; /* add, load, ..., add: see model/api.h */
};

enum kmn_hook_flag {
	KMN_HOOK_ON = 1 << 0,
	KMN_HOOK_RETURNS = 1 << 1,	 /* entry and return are paired */
	KMN_HOOK_DEFERRED = 1 << 2,	 /* whether the entry is recorded is known at return only */
	KMN_HOOK_ERRORS_SIGNED = 1 << 3, /* --errors: a negative errno of result_size */
	KMN_HOOK_ERRORS_POINTER = 1 << 4, /* --errors: NULL or ERR_PTR */
	KMN_HOOK_NEVER_ERRORS = 1 << 5,	  /* --errors: this one's result has no errors */
};

/* The plan of one hook; index: hook number. */
struct kmn_hook {
	uint32_t flags;
	uint8_t n_slots; /* argument words to record */
	uint8_t n_fetches;
	uint8_t n_wheres; /* on arguments, then on the return value */
	uint8_t result_size;
	uint8_t n_paths;
	uint8_t path[KMN_MAX_PATHS]; /* which of the fetches are paths */
	uint8_t reserved[5];
	struct kmn_where where[KMN_MAX_WHERES];
	struct kmn_fetch fetch[KMN_MAX_FETCHES];
};

/* A hook's rate limit at work; index: hook number. */
struct kmn_rate {
	uint64_t window;    /* number of the second */
	uint64_t calls;	    /* in this window */
	uint64_t suspended; /* in this window, not yet told by a RESUME record */
};

#define KMN_MAX_COMMS 4
#define KMN_MAX_NAMED 62 /* modules named by filters */

/*
 * Which module a page of text belongs to: kernel and modules lie in the top 2 GiB of the address
 * space (Documentation/arch/x86/x86_64/mm.rst).
 */
#define KMN_TEXT_BASE 0xffffffff80000000ull
#define KMN_TEXT_PAGES (1 << 19)
#define KMN_MEMOS 64 /* call paths known to the walker, for each scratch memory */
#define KMN_NO_MODULE 0xff
#define KMN_MAX_MODULE_PAGES 4096 /* of text, in one module that comes while recording */

struct kmn_named_module {
	char name[56];
	uint64_t bit; /* its number + 1; 0: the list ends */
};

enum kmn_config_flag {
	KMN_WITH_STACKS = 1 << 0,
	KMN_BY_PID = 1 << 1,
	KMN_BY_COMM = 1 << 2,
	KMN_BY_CGROUP = 1 << 3,
	KMN_BY_MODULE = 1 << 4,
	KMN_BY_ERRORS = 1 << 5,
	KMN_BY_DURATION = 1 << 6,
	KMN_FOLLOW_CHILDREN = 1 << 7,
	KMN_LIMIT_RATE = 1 << 8,
	KMN_LIMIT_COUNT = 1 << 9,
	KMN_BY_WHERE = 1 << 10,
	KMN_LOG_MEMORY = 1 << 11, /* each allocation and free as a record */
	/* What filter_process() looks at. */
	KMN_BY_PROCESS = KMN_BY_PID | KMN_BY_COMM | KMN_BY_CGROUP,
};

/* Everything that can change while recording. */
struct kmn_config {
	uint32_t stage;				/* enum kmn_stage */
	uint32_t flags;				/* enum kmn_config_flag */
	uint64_t exclude_modules, only_modules; /* masks of struct kmn_stack.modules */
	uint64_t longer_than;			/* ns */
	uint64_t rate;				/* calls per second and hook */
	uint64_t cgroup;			/* id of the cgroup v2 directory */
	uint32_t cgroup_level;
	uint32_t n_comms;
	char comm[KMN_MAX_COMMS][KMN_COMM];
	uint64_t wakeup; /* bytes waiting in a buffer at which the reader is woken */
};

#define KMN_MAX_REGIONS 1024 /* modules with tables of their own */

/* A module's text and where the kernel keeps its ORC entries. */
struct kmn_region {
	uint64_t start; /* 0: free */
	uint64_t size;
	uint64_t orc_ip; /* addresses, 32 bits, each relative to its own place */
	uint64_t orc;	 /* their entries, 6 bytes */
	uint64_t n;
};

/* What stands for a page of text in text_regions: 0: unknown, a region's index + 1, or this: */
#define KMN_GENERATED_TEXT 0xffff /* BPF programs and their trampolines */

/* How stacks are walked: see walk.h. */
struct kmn_walking {
	uint32_t on;	     /* 0: all stacks are the kernel's */
	uint32_t verify;     /* compare every stack with the kernel's */
	uint64_t generation; /* of what is known of text; changes when modules come or go */
	/* The kernel's own text and tables. */
	uint64_t text, text_size;
	uint64_t orc_ip, orc, n;
	uint64_t lookup; /* first entry for each 256 bytes of text; 0: there is no such table */
	uint64_t trampolines[2]; /* where hooked returns go; 0: none */
	struct kmn_orc_layout layout;
	uint64_t unknown; /* the last address of text that is unknown */
	uint64_t spoiled; /* for tests: stacks end in the text of spoil, spoil_size */
	uint64_t spoil, spoil_size;
};

/* The first stack on which walker and kernel differed. */
struct kmn_difference {
	uint64_t found; /* 0: none */
	uint64_t hit;	/* the walker's came from a memo */
	uint64_t n_walked, n_kernel;
	uint64_t walked[KMN_MAX_FRAMES];
	uint64_t kernel[KMN_MAX_FRAMES];
};

/* What became of stacks; summed up over processors and levels. */
struct kmn_walk_counts {
	uint64_t hits;	    /* known call path */
	uint64_t walked;    /* frame by frame */
	uint64_t checked;   /* of these two, compared with the kernel's */
	uint64_t different; /* of these, not the same */
	uint64_t changed;   /* not compared: modules came or went meanwhile */
	/* Left to the kernel: */
	uint64_t off;	  /* the walker is off */
	uint64_t unknown; /* text without a table */
	uint64_t rule;	  /* a frame that the walker does not know how to leave */
	uint64_t fault;	  /* memory that could not be read, or no end where one must be */
	uint64_t reserved;
};

_Static_assert(sizeof(struct kmn_walk_counts) == 80, "shared with BPF");
_Static_assert(sizeof(struct kmn_where) == 16, "shared with BPF");
_Static_assert(sizeof(struct kmn_fetch) == 24, "shared with BPF");
_Static_assert(sizeof(struct kmn_hook) == 16 + 4 * 16 + 12 * 24, "shared with BPF");
_Static_assert(sizeof(struct kmn_counters) == 160, "shared with BPF");

#endif
