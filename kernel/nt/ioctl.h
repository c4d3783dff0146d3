/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What TRACE.SYS is asked and answers: control codes and their structures, the same bytes for 32-
 * and 64-bit programs. Control requests are METHOD_BUFFERED: one buffer goes in and comes out.
 * What reads much (records, blocks of memory) is METHOD_OUT_DIRECT. A length that is not exactly
 * what is told here is refused, reserved fields must be 0.
 */
#ifndef NT_IOCTL_H
#define NT_IOCTL_H

#include <stdint.h>

#define TRACE_DEVICE_NAME L"\\Device\\KapimonTrace"
#define TRACE_LINK_NAME L"\\DosDevices\\KapimonTrace"
#define TRACE_PATH "\\\\.\\KapimonTrace"

/* Counted up whenever a structure below changes. */
#define TRACE_VERSION 5

/* CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800 + number, method, FILE_READ_DATA | FILE_WRITE_DATA) */
#define TRACE_CODE(number, method) (0x22u << 16 | 3u << 14 | (0x800u + (number)) << 2 | (method))
#define TRACE_BUFFERED 0u
#define TRACE_OUT_DIRECT 2u

/* X(name, number, method, text) */
#define TRACE_CONTROLS(X)                                                                          \
	X(SYSTEM, 0, TRACE_BUFFERED, "who answers, and where")                                     \
	X(START, 1, TRACE_BUFFERED, "make the buffers, or change their size")                      \
	X(MODULES, 2, TRACE_OUT_DIRECT, "the modules of the kernel")                               \
	X(FILTER, 3, TRACE_BUFFERED, "what is not recorded")                                       \
	X(HOOK, 4, TRACE_BUFFERED, "hook a function")                                              \
	X(UNHOOK, 5, TRACE_BUFFERED, "take all hooks out")                                         \
	X(LEDGER, 6, TRACE_OUT_DIRECT, "what became of all calls")                                 \
	X(READ, 7, TRACE_OUT_DIRECT, "take records")                                               \
	X(BLOCKS, 8, TRACE_OUT_DIRECT, "pool memory that was not freed")                           \
	X(TAGS, 9, TRACE_OUT_DIRECT, "pool memory by tag")                                         \
	X(REMOVE, 10, TRACE_BUFFERED, "take one hook out")                                         \
	X(BIT, 11, TRACE_BUFFERED, "give the modules of a name a bit of their own")                \
	X(AWAIT, 12, TRACE_BUFFERED, "hook a function as soon as its driver is loaded")            \
	X(AWAITED, 13, TRACE_OUT_DIRECT, "what became of such hooks")

enum trace_control {
#define TRACE_CONTROL_ENUM(name, number, method, text) TRACE_##name = TRACE_CODE(number, method),
	TRACE_CONTROLS(TRACE_CONTROL_ENUM)
#undef TRACE_CONTROL_ENUM
};

#define TRACE_MAX_HOOKS 1024
#define TRACE_MAX_ARGS 8
#define TRACE_MAX_FRAMES 62 /* RtlCaptureStackBackTrace's limit on NT 5 */
#define TRACE_MIN_BUFFER 4096u
#define TRACE_MAX_BUFFER (64u << 20) /* for each processor */
#define TRACE_MAX_BLOCKS (1u << 20)
#define TRACE_NAME 64
#define TRACE_BLOCK_FRAMES 8

enum trace_guard {
	TRACE_PATCHGUARD = 1 << 0, /* the kernel checks its own code: a hook in it would crash */
	TRACE_HVCI = 1 << 1,	   /* code can't be written at all */
	TRACE_WINE = 1 << 2,	   /* no kernel: drivers in a process */
	TRACE_NO_LOADS = 1 << 3,   /* nobody tells of drivers that are loaded: NT before 5.1 */
};

/* SYSTEM: nothing in, this out. */
struct trace_system {
	uint32_t version; /* TRACE_VERSION */
	uint32_t processors;
	uint32_t major, minor, build; /* NT's */
	uint32_t guards;	      /* enum trace_guard */
	uint32_t pointer;	      /* bytes */
	uint32_t hooks_left;	      /* hooks that are out but can't be proven to be left */
	uint64_t time;		      /* ns, the clock of the records */
	uint32_t changes;	      /* counted up when MODULES has something new */
	uint32_t reserved;
};

/* START: this in, nothing out. Once more before UNHOOK: only the buffer may be another. */
struct trace_start {
	uint32_t buffer; /* bytes for each processor, a power of 2; what is not read yet is kept */
	uint32_t frames; /* of a stack at most; 0: no stacks */
	uint32_t blocks; /* of pool memory that are followed; 0: none */
	uint32_t reserved;
};

#define TRACE_SHARED_BIT 63

/*
 * MODULES: nothing in; as many as there is room for. The kernel is the first. From START on those
 * too that have gone since, and those that BIT has given a bit and that have not come.
 */
struct trace_module {
	uint64_t base, size;	   /* size 0: it has not come */
	uint64_t loaded, unloaded; /* ns; 0: before START; still there */
	uint32_t bit;		   /* in struct kmn_stack.modules; the last is shared */
	uint32_t reserved;
	char name[TRACE_NAME];	   /* NUL-padded UTF-8 */
	char path[4 * TRACE_NAME]; /* the same */
};

/* FILTER: this in, nothing out. */
struct trace_filter {
	uint64_t exclude; /* modules: calls with any of them in the stack are not recorded */
	uint64_t require; /* 0, or: only calls with any of them are */
	char tag[4];	  /* blanks at the end, or all of it: any; NULs count as blanks */
	uint32_t reserved;
};

/* What a function does to pool memory; X(name, text). */
#define TRACE_ROLES(X)                                                                             \
	X(NONE, "nothing")                                                                         \
	X(ALLOC, "allocates: type, bytes")                                                         \
	X(ALLOC_TAG, "allocates: type, bytes, tag")                                                \
	X(ALLOC_FLAGS, "allocates: 64 bits of flags, bytes, tag")                                  \
	X(FREE, "frees: block")

enum trace_role {
#define TRACE_ROLE_ENUM(name, text) TRACE_ROLE_##name,
	TRACE_ROLES(TRACE_ROLE_ENUM)
#undef TRACE_ROLE_ENUM
		TRACE_N_ROLES
};

enum trace_hook_flag {
	TRACE_HOOK_RETURN = 1 << 0,
	TRACE_HOOK_QUIET = 1 << 1, /* no records: for memory only */
	/*
	 * Records of allocations and frees (kernel/memory_record.h), not of calls; with a role. The
	 * tally of an allocation is that of the return, of a free that of the entry.
	 */
	TRACE_HOOK_LOG = 1 << 2,
	/*
	 * Only calls that return a failure NTSTATUS; with the return, without a role. The entry is
	 * kept until then and counted as filtered so far; its record has the time of the call.
	 */
	TRACE_HOOK_ERRORS = 1 << 3,
};

/* HOOK: this in, struct trace_hooked out. */
struct trace_hook {
	uint64_t address;
	uint32_t flags;	 /* enum trace_hook_flag */
	uint32_t role;	 /* enum trace_role */
	uint32_t n_args; /* argument words to record */
	uint32_t budget; /* calls in a second, more are suspended; 0: any number */
	char name[TRACE_NAME];
};

struct trace_hooked {
	uint32_t hook;	 /* its number in records */
	uint32_t reason; /* enum hook_reason; not 0: there is no hook */
};

/* UNHOOK: nothing in, this out. */
struct trace_unhooked {
	uint32_t hooks; /* that were taken out */
	uint32_t left;	/* hooks with calls still inside: the driver must stay */
	uint32_t armed; /* hooks that somebody else has written over */
	uint32_t
		unwound; /* calls since the start that an exception or their thread's end cut off */
};

/* REMOVE: this in, struct trace_removed out. */
struct trace_remove {
	uint32_t hook; /* its number, of one that is in */
	uint32_t reserved;
};

struct trace_removed {
	uint32_t left;	/* 1: calls are still inside; they are recorded as they return */
	uint32_t armed; /* 1: somebody else has written over it, so it is still in */
	uint32_t held;	/* hooks that were taken out and whose memory is not free yet */
	uint32_t reserved;
};

/*
 * BIT: this in, struct trace_bit out. The name of a module's file, in any case, loaded or not. A
 * module that shares its bit gets one of its own before hooks are in.
 */
struct trace_name {
	char name[TRACE_NAME];
};

struct trace_bit {
	uint32_t bit; /* the shared one: there is no other, or it is too late */
	uint32_t reserved;
};

/*
 * AWAIT: this in, struct trace_hooked out. The hook is put in each time this image is loaded,
 * before its first instruction runs, and at once if it is loaded; only in the latter case is there
 * a reason. All loads count in one row of the ledger. Not ready: see TRACE_NO_LOADS.
 */
struct trace_await {
	struct trace_hook hook;	 /* no role; address: counted from the image's base */
	uint32_t stamp, size;	 /* of the image: TimeDateStamp and SizeOfImage in its header */
	char module[TRACE_NAME]; /* the name of its file, in any case */
};

/* AWAITED: nothing in; one for each such hook. */
struct trace_awaited {
	uint32_t hook;	 /* its number */
	uint32_t loads;	 /* of the image */
	uint32_t hooked; /* of these, with the hook put in */
	uint32_t others; /* loads of another image of that name, which is not hooked */
	uint32_t reason; /* why it was not put in, the last time; enum hook_reason */
	uint32_t reserved;
};

/* LEDGER: nothing in; two of these for each hook, entries first; also of hooks that were
 * taken out. Times in ns. Entries missed: loads of a driver without the hook that awaits it. */
struct trace_row {
	uint32_t hook;
	uint32_t is_return;
	uint64_t hits, recorded, filtered, lost, suspended, missed;
	uint64_t first_lost, last_lost;
};

/* BLOCKS: nothing in; as many as there is room for, in no order. */
struct trace_block {
	uint64_t address, bytes, time;
	uint64_t modules; /* as in struct kmn_stack */
	uint32_t tag, pid;
	uint32_t hook;
	uint32_t n_frames;
	uint16_t cpu;
	uint8_t context; /* enum kmn_context */
	uint8_t reserved[5];
	char comm[16]; /* NUL-padded */
	uint64_t frame[TRACE_BLOCK_FRAMES];
};

/* TAGS: nothing in; as many as there is room for; the first is the sum, with tag 0. */
struct trace_tag {
	uint32_t tag;
	uint32_t reserved;
	uint64_t allocs, alloc_bytes;
	uint64_t frees, free_bytes; /* of blocks that were followed, those that were missed too */
	uint64_t unknown;	    /* the sum: frees of blocks that were not */
	uint64_t failed;	    /* allocations that got nothing */
	uint64_t no_room;	    /* allocations beyond what the table holds */
	uint64_t replaced;	    /* blocks whose address came again: a free was missed */
};

_Static_assert(sizeof(struct trace_system) == 48, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_start) == 16, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_module) == 360, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_filter) == 24, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_hook) == 88, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_hooked) == 8, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_unhooked) == 16, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_remove) == 8, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_removed) == 16, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_name) == 64, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_bit) == 8, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_await) == 160, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_awaited) == 24, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_row) == 72, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_block) == 136, "the same for 32 and 64 bits");
_Static_assert(sizeof(struct trace_tag) == 72, "the same for 32 and 64 bits");

#endif
