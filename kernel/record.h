/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record: what a kernel writes for each event, the same bytes on Linux and NT, in the kernel's
 * buffer, in a capture and on a wire.
 *
 * A record is a struct kmn_header and, depending on its kind and flags, in this order:
 *
 *	struct kmn_return		kind KMN_RETURN only
 *	struct kmn_stack		if KMN_HAS_STACK
 *	uint64_t argument[n_args]	raw argument words
 *	fetched data			n_fetches times a struct kmn_fetched and its bytes
 *	(padding to 8)
 *	uint64_t frame[n_frames]	if KMN_STACK_INLINE: innermost first
 *
 * All numbers are little-endian. Records are multiples of 8 bytes long. Times are nanoseconds of
 * the kernel's monotonic clock.
 */
#ifndef KMN_RECORD_H
#define KMN_RECORD_H

#include <stdint.h>

/* X(name, number, text) */
#define KMN_KINDS(X)                                                                               \
	X(ENTRY, 1, "entry")                                                                       \
	X(RETURN, 2, "return")                                                                     \
	X(ALLOC, 3, "alloc")                                                                       \
	X(FREE, 4, "free")                                                                         \
	X(MODULE_LOAD, 5, "module-load")     /* base, size, ..., see below; fetched 0: the name */ \
	X(MODULE_UNLOAD, 6, "module-unload") /* the same */                                        \
	X(LOSS, 7, "loss")		     /* argument: records lost, time of the one before */  \
	X(SUSPEND, 8, "suspend")	     /* argument: calls per second allowed */              \
	X(RESUME, 9, "resume")		     /* argument: calls not recorded while suspended */

/*
 * The arguments of a module's records: its text, two or more of them; the others may be missing or
 * 0. The init text is freed when the init function has run.
 */
enum kmn_module_argument {
	KMN_MODULE_BASE,
	KMN_MODULE_SIZE,
	KMN_MODULE_BIT, /* + 1, of a module that a filter names */
	KMN_MODULE_INIT_BASE,
	KMN_MODULE_INIT_SIZE,
	KMN_MODULE_ARGUMENTS
};

enum kmn_kind {
#define KMN_KIND_ENUM(name, number, text) KMN_##name = number,
	KMN_KINDS(KMN_KIND_ENUM)
#undef KMN_KIND_ENUM
};

/* What the processor was doing when the event happened. */
enum kmn_context {
	KMN_TASK = 0,
	KMN_SOFTIRQ = 1,
	KMN_HARDIRQ = 2,
	KMN_NMI = 3,
};

enum kmn_flag {
	KMN_HAS_STACK = 1 << 0,	      /* a struct kmn_stack is present */
	KMN_STACK_INLINE = 1 << 1,    /* the frames are present; later records name them by hash */
	KMN_STACK_TRUNCATED = 1 << 2, /* the stack was deeper than the frames kept */
	KMN_STACK_CALLER_SP =
		1 << 3,		/* the caller was missing and was taken from the stack pointer */
	KMN_UNPAIRED = 1 << 4,	/* a return whose entry was not seen: no duration */
	KMN_FETCH_CUT = 1 << 5, /* fetched data did not fit and was left out */
};

#define KMN_COMM 16
#define KMN_MAX_ARGS 12
#define KMN_MAX_FETCHES 12
#define KMN_MAX_FRAMES 64
#define KMN_MAX_RECORD 2048 /* bytes, whole */

/* Hook number of records that belong to no hook. */
#define KMN_NO_HOOK 0xffffffffu

struct kmn_header {
	uint16_t length; /* bytes of the whole record */
	uint8_t kind;	 /* enum kmn_kind */
	uint8_t context; /* enum kmn_context */
	uint32_t hook;	 /* number of the hook, or KMN_NO_HOOK */
	uint64_t time;
	uint64_t sequence; /* counts this processor's records, lost ones too: a gap is a loss */
	uint32_t pid;	   /* process (thread group) */
	uint32_t tid;
	uint16_t cpu;
	uint16_t flags; /* enum kmn_flag */
	uint8_t n_args;
	uint8_t n_fetches;
	uint16_t n_frames;
	char comm[KMN_COMM]; /* NUL-padded */
};

struct kmn_return {
	uint64_t value;
	uint64_t duration;	 /* ns; 0 with KMN_UNPAIRED */
	uint64_t entry_sequence; /* the entry's sequence on entry_cpu; 0 with KMN_UNPAIRED */
	uint32_t entry_cpu;
	uint32_t reserved;
};

struct kmn_stack {
	uint64_t hash;	  /* names the stack within one run; never two stacks of one run */
	uint64_t modules; /* bit i: a frame lies in the module with bit i of the module table */
};

enum kmn_fetch_status {
	KMN_FETCHED = 0,
	KMN_FETCH_TRUNCATED = 1, /* a string or path longer than what was kept */
	KMN_FETCH_FAULT = 2,	 /* the address could not be read; length is 0 */
	KMN_FETCH_NULL = 3,	 /* a NULL pointer on the way; length is 0 */
};

/* Data that an argument pointed to at the time of the event. */
struct kmn_fetched {
	uint8_t fetch;	 /* index in the hook's list of fetches */
	uint8_t status;	 /* enum kmn_fetch_status */
	uint16_t length; /* bytes that follow, padded to a multiple of 4 */
};

_Static_assert(sizeof(struct kmn_header) == 56, "the header is part of the capture format");
_Static_assert(sizeof(struct kmn_return) == 32, "the return part is part of the capture format");
_Static_assert(sizeof(struct kmn_stack) == 16, "the stack part is part of the capture format");
_Static_assert(sizeof(struct kmn_fetched) == 4, "fetched data is part of the capture format");

#endif
