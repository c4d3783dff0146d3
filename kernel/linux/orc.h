/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ORC: for each piece of kernel text, how to find the caller's frame from there. The kernel keeps
 * it in tables (Documentation/arch/x86/orc-unwinder.rst); this makes a short rule of one entry.
 * Used by the BPF programs and, for tests, by user space.
 */
#ifndef KMN_LINUX_ORC_H
#define KMN_LINUX_ORC_H

#include <stdint.h>

/* Where struct orc_entry keeps what differs between kernels, from BTF: src/symbol/orc.h. */
struct kmn_orc_layout {
	uint8_t type_shift; /* in the 16 bits behind the two offsets */
	uint8_t type_mask;
	uint8_t end_shift; /* of the bit that says where stacks end; 0: a type says it */
	uint8_t end;	   /* that type */
	uint8_t call, regs, regs_partial;
	uint8_t reserved;
};

/*
 * A rule, 21 bits: its kind, an offset in words, and where the caller's rbp was saved: 0: nowhere,
 * rbp still has it; RULE_BP_AT_BP: where rbp points; else so many words below the caller's sp.
 */
enum kmn_rule_kind {
	RULE_SP,	 /* caller's sp = sp + offset */
	RULE_BP,	 /* rbp + offset */
	RULE_SP_LOAD,	 /* what sp points to, + offset */
	RULE_BP_LOAD,	 /* what rbp + offset points to */
	RULE_REGS,	 /* a struct pt_regs lies at sp + offset */
	RULE_REGS_SHORT, /* only what the processor pushes: from its ip on */
	RULE_END,	 /* nobody called this */
	RULE_NONE,	 /* left to the kernel's own unwinder */
};

#define RULE_BITS 21
#define RULE_KIND(rule) ((rule)&7)
#define RULE_OFFSET(rule) (((int64_t)((uint64_t)(rule) << 50) >> 53) * 8)
#define RULE_BP_SAVED(rule) ((rule) >> 14 & 0x7f)
#define RULE_BP_AT_BP 0x7f
#define RULE(kind, words, saved)                                                                   \
	((uint32_t)(kind) | ((uint32_t)(words)&0x7ff) << 3 | (uint32_t)(saved) << 14)

/* arch/x86/include/asm/orc_types.h */
enum {
	KMN_ORC_UNDEFINED = 0,
	KMN_ORC_PREV_SP = 1,
	KMN_ORC_BP = 4,
	KMN_ORC_SP = 5,
	KMN_ORC_BP_INDIRECT = 8,
	KMN_ORC_SP_INDIRECT = 9
};

/*
 * entry: its 6 bytes, in the low ones. What is seldom, such as frames found through r10, is left to
 * the kernel.
 */
static inline uint32_t kmn_orc_rule(uint64_t entry, const struct kmn_orc_layout *layout)
{
	int64_t sp_offset = (int16_t)entry, bp_offset = (int16_t)(entry >> 16);
	uint32_t word = (uint32_t)(entry >> 32) & 0xffff;
	uint32_t sp_reg = word & 15, bp_reg = word >> 4 & 15;
	uint32_t type = word >> layout->type_shift & layout->type_mask;
	uint32_t kind, saved = 0;

	if (layout->end_shift) {
		if (sp_reg == KMN_ORC_UNDEFINED)
			return word >> layout->end_shift & 1 ? RULE_END : RULE_NONE;
	} else if (type == layout->end) {
		return RULE_END;
	}
	if (sp_offset & 7 || sp_offset < -8192 || sp_offset >= 8192)
		return RULE_NONE;
	if (type == layout->regs || type == layout->regs_partial) {
		if (sp_reg != KMN_ORC_SP || bp_reg != KMN_ORC_UNDEFINED)
			return RULE_NONE;
		kind = type == layout->regs ? RULE_REGS : RULE_REGS_SHORT;
		return RULE(kind, sp_offset >> 3, 0);
	}
	if (type != layout->call)
		return RULE_NONE;
	switch (sp_reg) {
	case KMN_ORC_SP:
		kind = RULE_SP;
		break;
	case KMN_ORC_BP:
		kind = RULE_BP;
		break;
	case KMN_ORC_SP_INDIRECT:
		kind = RULE_SP_LOAD;
		break;
	case KMN_ORC_BP_INDIRECT:
		kind = RULE_BP_LOAD;
		break;
	default:
		return RULE_NONE;
	}
	if (bp_reg == KMN_ORC_PREV_SP) {
		/* 126 words are more than any prologue pushes. */
		if (bp_offset >= 0 || bp_offset & 7 || bp_offset < -126 * 8)
			return RULE_NONE;
		saved = (uint32_t)-bp_offset >> 3; /* BPF has no signed division */
	} else if (bp_reg == KMN_ORC_BP) {
		if (bp_offset || kind == RULE_SP || kind == RULE_SP_LOAD)
			return RULE_NONE;
		saved = RULE_BP_AT_BP;
	} else if (bp_reg != KMN_ORC_UNDEFINED) {
		return RULE_NONE;
	}
	return RULE(kind, sp_offset >> 3, saved);
}

#endif
