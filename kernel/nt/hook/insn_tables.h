/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The opcode maps of insn.c: what follows each opcode. Intel SDM volume 2, appendix A. */
#ifndef NT_HOOK_INSN_TABLES_H
#define NT_HOOK_INSN_TABLES_H

#include <stdint.h>

/* What follows an opcode byte; the bits can be combined. */
enum {
	FORM_MODRM = 1 << 0,
	FORM_IMM8 = 1 << 1,
	FORM_IMM16 = 1 << 2,
	FORM_IMMZ = 1 << 3, /* 4 bytes, 2 with an operand size prefix */
	FORM_NOT64 = 1 << 4,
	/* Rare ones, one at a time, that insn.c treats by themselves. */
	FORM_RARE = 7 << 5,
	FORM_IMMV = 1 << 5,    /* as IMMZ, 8 with REX.W */
	FORM_OFFSET = 2 << 5,  /* an address */
	FORM_REL8 = 3 << 5,    /* a branch */
	FORM_RELZ = 4 << 5,    /* a branch, 4 bytes */
	FORM_TEST = 5 << 5,    /* an immediate with /0 and /1 alone: TEST of group 3 */
	FORM_MOVCR = 6 << 5,   /* ModRM that names registers whatever its mod bits are */
	FORM_UNKNOWN = 7 << 5, /* not known, or a prefix */
};

#define X_ FORM_UNKNOWN
#define N_ 0
#define M_ FORM_MODRM
#define B_ FORM_IMM8
#define W_ FORM_IMM16
#define Z_ FORM_IMMZ
#define V_ FORM_IMMV
#define O_ FORM_OFFSET
#define J8 FORM_REL8
#define JZ FORM_RELZ
#define MB (FORM_MODRM | FORM_IMM8)
#define MZ (FORM_MODRM | FORM_IMMZ)
#define T8 (FORM_MODRM | FORM_TEST | FORM_IMM8)
#define TZ (FORM_MODRM | FORM_TEST | FORM_IMMZ)
#define CR (FORM_MODRM | FORM_MOVCR)
#define N3 FORM_NOT64
#define M3 (FORM_MODRM | FORM_NOT64)
#define B3 (FORM_IMM8 | FORM_NOT64)
#define G3 (FORM_MODRM | FORM_IMM8 | FORM_NOT64)
#define F3 (FORM_IMMZ | FORM_IMM16 | FORM_NOT64) /* far pointer */
#define WB (FORM_IMM16 | FORM_IMM8)		 /* enter */

/* clang-format off */
static const uint8_t map_one[256] = {
/*	0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
/* 0 */	M_, M_, M_, M_, B_, Z_, N3, N3, M_, M_, M_, M_, B_, Z_, N3, X_,
/* 1 */	M_, M_, M_, M_, B_, Z_, N3, N3, M_, M_, M_, M_, B_, Z_, N3, N3,
/* 2 */	M_, M_, M_, M_, B_, Z_, X_, N3, M_, M_, M_, M_, B_, Z_, X_, N3,
/* 3 */	M_, M_, M_, M_, B_, Z_, X_, N3, M_, M_, M_, M_, B_, Z_, X_, N3,
/* 4 */	N3, N3, N3, N3, N3, N3, N3, N3, N3, N3, N3, N3, N3, N3, N3, N3,
/* 5 */	N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_,
/* 6 */	N3, N3, M3, M_, X_, X_, X_, X_, Z_, MZ, B_, MB, N_, N_, N_, N_,
/* 7 */	J8, J8, J8, J8, J8, J8, J8, J8, J8, J8, J8, J8, J8, J8, J8, J8,
/* 8 */	MB, MZ, G3, MB, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
/* 9 */	N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, F3, N_, N_, N_, N_, N_,
/* a */	O_, O_, O_, O_, N_, N_, N_, N_, B_, Z_, N_, N_, N_, N_, N_, N_,
/* b */	B_, B_, B_, B_, B_, B_, B_, B_, V_, V_, V_, V_, V_, V_, V_, V_,
/* c */	MB, MB, W_, N_, M3, M3, MB, MZ, WB, N_, W_, N_, N_, B_, N3, N_,
/* d */	M_, M_, M_, M_, B3, B3, X_, N_, M_, M_, M_, M_, M_, M_, M_, M_,
/* e */	J8, J8, J8, J8, B_, B_, B_, B_, JZ, JZ, F3, J8, N_, N_, N_, N_,
/* f */	X_, N_, X_, X_, N_, N_, T8, TZ, N_, N_, N_, N_, N_, N_, M_, M_,
};

static const uint8_t map_0f[256] = {
/*	0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
/* 0 */	M_, M_, M_, M_, X_, N_, N_, N_, N_, N_, X_, N_, X_, M_, X_, X_,
/* 1 */	M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
/* 2 */	CR, CR, CR, CR, X_, X_, X_, X_, M_, M_, M_, M_, M_, M_, M_, M_,
/* 3 */	N_, N_, N_, N_, N_, N_, X_, N_, X_, X_, X_, X_, X_, X_, X_, X_,
/* 4 */	M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
/* 5 */	M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
/* 6 */	M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
/* 7 */	MB, MB, MB, MB, M_, M_, M_, N_, M_, M_, X_, X_, M_, M_, M_, M_,
/* 8 */	JZ, JZ, JZ, JZ, JZ, JZ, JZ, JZ, JZ, JZ, JZ, JZ, JZ, JZ, JZ, JZ,
/* 9 */	M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
/* a */	N_, N_, N_, M_, MB, M_, X_, X_, N_, N_, N_, M_, MB, M_, M_, M_,
/* b */	M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, MB, M_, M_, M_, M_, M_,
/* c */	M_, M_, MB, M_, MB, MB, MB, M_, N_, N_, N_, N_, N_, N_, N_, N_,
/* d */	M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
/* e */	M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
/* f */	M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
};
/* clang-format on */

#undef X_
#undef N_
#undef M_
#undef B_
#undef W_
#undef Z_
#undef V_
#undef O_
#undef J8
#undef JZ
#undef MB
#undef MZ
#undef T8
#undef TZ
#undef CR
#undef N3
#undef M3
#undef B3
#undef G3
#undef F3
#undef WB

/* Which opcodes of 0f 38 (ModRM alone) and 0f 3a (ModRM and a byte) there are: bit n of word n
 * / 32. */
static const uint32_t map_0f38[8] = {
	0x70b10fff,		/* 00-0b, 10, 14, 15, 17, 1c-1e */
	0xffff0f3f,		/* 20-25, 28-2b, 30-3f */
	0x00000003,		/* 40, 41 */
	0,	    0x00000007, /* 80-82 */
	0,	    0xf800bf00, /* c8-cd, cf, db-df */
	0x03630000,		/* f0, f1, f5, f6, f8, f9 */
};
static const uint32_t map_0f3a[8] = {
	0x00f0ff00,		   /* 08-0f, 14-17 */
	0x00000007,		   /* 20-22 */
	0x00000017,		   /* 40-42, 44 */
	0x0000000f,		   /* 60-63 */
	0,	    0, 0x8000d000, /* cc, ce, cf, df */
	0,
};

#endif
