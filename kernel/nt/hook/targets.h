/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the branches of a whole module go. Assembler code jumps into the middle of other functions,
 * past their first instructions: OpenSSL's does. A hook there would crash, and the function that is
 * hooked doesn't show it.
 *
 * One pass over the code sets a bit for each byte that a relative branch or call goes to; a
 * megabyte of code takes about 5 ms and 128 KB. Code is read from one instruction to the next, so
 * what data in it looks like can set bits too: such functions are refused although they could be
 * hooked.
 */
#ifndef NT_HOOK_TARGETS_H
#define NT_HOOK_TARGETS_H

#include "insn.h"

struct hook_targets {
	uint64_t begin; /* the code's address */
	size_t size;	/* bytes of code */
	uint32_t *bits;
};

/* Bytes of memory that the bits of so many bytes of code need. */
size_t hook_targets_size(size_t size);
/*
 * bytes is the code that runs at begin, memory has hook_targets_size(size) bytes, aligned to 4, and
 * stays the caller's. A module with several code sections is added section by section: begin and
 * size span all of them, and hook_targets_add() reads one. Any IRQL, but it takes its time.
 */
void hook_targets_init(struct hook_targets *targets, uint64_t begin, size_t size, void *memory);
void hook_targets_add(struct hook_targets *targets, enum insn_mode mode, uint64_t address,
		      const uint8_t *bytes, size_t size);
/* Does any branch go to [address, address + n)? */
bool hook_targets_any(const struct hook_targets *targets, uint64_t address, size_t n);

#endif
