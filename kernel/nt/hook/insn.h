/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions of x86, taken apart as far as moving them needs: how long one is, where it may go,
 * and which of its bytes depend on where it stands. Both modes are decoded by either build, so that
 * drivers can be looked at offline. What is not known is refused, never guessed.
 *
 * Opcode maps: Intel SDM volume 2, appendix A. No OS, no allocation, any IRQL.
 */
#ifndef NT_HOOK_INSN_H
#define NT_HOOK_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SDM volume 2, 2.3.11: the processor takes no longer ones. */
#define INSN_MAX 15

enum insn_mode {
	INSN_32,
	INSN_64,
};

enum insn_kind {
	INSN_PLAIN,	    /* goes on to the next one */
	INSN_JMP,	    /* jmp rel8, rel32 */
	INSN_JCC,	    /* jcc rel8, rel32 */
	INSN_LOOP,	    /* loop, loope, loopne, jecxz, jrcxz: there is only rel8 */
	INSN_CALL,	    /* call rel32 */
	INSN_XBEGIN,	    /* its rel32 is where an aborted transaction goes on */
	INSN_JMP_INDIRECT,  /* jmp reg, jmp [mem], jmp far */
	INSN_CALL_INDIRECT, /* call reg, call [mem], call far */
	INSN_RETURN,	    /* ret, retf, iret, sysret, sysexit */
	INSN_TRAP,	    /* int3, int n, into: a breakpoint or an old way to call the system */
	INSN_SYSCALL,	    /* syscall, sysenter: the way back is their own address */
	INSN_STOP,	    /* ud0, ud1, ud2: no way on */
};

struct insn {
	uint8_t length;
	uint8_t kind; /* enum insn_kind */
	/* The opcode: which map (0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a, 4...: VEX and EVEX) and
	 * byte. */
	uint8_t map;
	uint8_t opcode;
	uint8_t opcode_at; /* how many bytes of prefixes stand before the opcode's last byte */
	uint8_t rex;	   /* the REX prefix, 0 if there is none */
	bool has_modrm;
	uint8_t modrm;
	/* The memory operand is addressed from the end of the instruction; 64-bit mode only. */
	bool rip_relative;
	uint8_t displacement_at; /* where the displacement begins */
	uint8_t displacement_size;
	int32_t displacement;
	/* JMP, JCC, LOOP, CALL, XBEGIN: the distance, from the end of the instruction. */
	uint8_t relative_at;
	uint8_t relative_size; /* 1 or 4; 0: no relative branch */
	int32_t relative;
};

/* Returns false for what is not known, not allowed in this mode, or longer than available bytes. */
bool insn_decode(const uint8_t *bytes, size_t available, enum insn_mode mode, struct insn *insn);

/* Where a relative branch at address goes. */
static inline uint64_t insn_target(const struct insn *insn, uint64_t address, enum insn_mode mode)
{
	uint64_t target = address + insn->length + (uint64_t)(int64_t)insn->relative;

	return mode == INSN_32 ? (uint32_t)target : target;
}

/* Does what follows the instruction never run because of it? */
static inline bool insn_ends_flow(const struct insn *insn)
{
	return insn->kind == INSN_JMP || insn->kind == INSN_JMP_INDIRECT ||
	       insn->kind == INSN_RETURN || insn->kind == INSN_STOP;
}

#endif
