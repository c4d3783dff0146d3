/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a function can be hooked at its entry, and how: which of its first bytes give way to a
 * jump, and which instructions move into the trampoline for that. Nothing is written here, and the
 * function's bytes may lie anywhere: a plan can be made for a file.
 *
 * No OS, no allocation, any IRQL (the bytes must be readable there).
 */
#ifndef NT_HOOK_PLAN_H
#define NT_HOOK_PLAN_H

#include "insn.h"
#include "reason.h"
#include "targets.h"

/* How the jump stands in the function; X(name, bytes of the function it takes, text) */
#define HOOK_FORMS(X)                                                                              \
	X(NEAR, 5, "jmp rel32")                                                                    \
	X(HOTPATCH, 2, "jmp short to a jmp rel32 in the padding before the function")              \
	X(FAR, 14, "jmp [rip] with the address behind it")

enum hook_form {
#define HOOK_FORM_ENUM(name, bytes, text) HOOK_FORM_##name,
	HOOK_FORMS(HOOK_FORM_ENUM)
#undef HOOK_FORM_ENUM
};

#define HOOK_PATCH_MAX 14
/* Moved at most: a patch, and the rest of an instruction that its last byte begins. */
#define HOOK_MOVED_MAX (HOOK_PATCH_MAX - 1 + INSN_MAX)
/* How far the scan for branches back goes where the function's end is not known, in bytes. */
#define HOOK_SCAN_MAX 4096

struct hook_function {
	enum insn_mode mode;
	uint64_t address;     /* where the function runs */
	const uint8_t *bytes; /* its bytes, wherever they are now */
	/*
	 * Its size in bytes as symbols or unwind data tell. With size_known false it is how many
	 * bytes may be read from there: to the end of the section or the page.
	 */
	size_t size;
	bool size_known;
	bool executable; /* as the caller knows from section or page */
	/*
	 * Readable bytes before and behind it in its section that belong to no other function; 0:
	 * none are known. Padding there is used where the function itself is too small.
	 */
	size_t n_before, n_after;
	/* The module's code, [begin, end), for telling a foreign hook; both 0: not known. */
	uint64_t text_begin, text_end;
	/* Where its module's branches go; NULL: only those of the function itself are looked at. */
	const struct hook_targets *targets;
};

struct hook_plan {
	enum insn_mode mode;
	uint64_t address;
	uint8_t form;	   /* enum hook_form */
	uint8_t n_patched; /* bytes of the function that are overwritten */
	/* Bytes of whole instructions that the patch covers: the trampoline goes on behind them. */
	uint8_t n_moved;
	uint8_t moved[HOOK_MOVED_MAX];
	/* What the patch overwrites begins here: at the function, or in its padding. */
	uint64_t patch_address;
	uint8_t n_original;
	uint8_t original[HOOK_PATCH_MAX];
	/*
	 * Instructions that begin inside the patch, not counting the first. 0: no thread can stand
	 * inside it, and one atomic write is all it takes. Otherwise a thread that was preempted
	 * there would go on in the middle of the jump: see hook_platform.write.
	 */
	uint8_t n_inside;
	/* Was the whole function scanned for branches back, or only as far as was sure? */
	bool scanned_all;
	/* The function goes on nowhere: it is a jump, or ends within the moved instructions. */
	bool ends_moved;
	/* It looks at its return address first thing: its return can't be hooked. */
	bool reads_return;
};

/*
 * Plan a hook at a function's entry. form NEAR takes HOTPATCH where the function is made for it.
 * FAR is for 64-bit code that no memory lies near to. Returns HOOK_NONE and the plan, or why not.
 */
enum hook_reason hook_plan(const struct hook_function *function, enum hook_form form,
			   struct hook_plan *plan);

/*
 * Whether hooks on the return of a function of this name are safe: HOOK_RETURNS_TWICE,
 * HOOK_READS_RETURN, HOOK_NEVER_RETURNS and HOOK_NOT_CALLED say why not.
 */
enum hook_reason hook_return_reason(const char *name);

#endif
