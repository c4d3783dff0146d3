/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opcodes: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, appendix A.
 */
#include "source/linux_prologue.h"

#include <string.h>

#define NOP_BYTES 5
/* Pushes that are passed over. The engine takes frames within 32 bytes for the function's own. */
#define PUSHES_AT_MOST 6

/* One-byte instructions in 64-bit mode, and what kprobes must not be put on or stands for one. */
static bool is_short_instruction(unsigned char opcode)
{
	switch (opcode) {
	case 0x50 ... 0x5f: /* push, pop */
	case 0x6c ... 0x6f: /* ins, outs */
	case 0x90 ... 0x99: /* nop, xchg, cwde, cdq */
	case 0x9b ... 0x9f: /* wait, pushf, popf, sahf, lahf */
	case 0xa4 ... 0xa7: /* movs, cmps */
	case 0xaa ... 0xaf: /* stos, lods, scas */
	case 0xc3:	    /* ret */
	case 0xc9:	    /* leave */
	case 0xcb ... 0xcc: /* retf, int3 */
	case 0xcf:	    /* iret */
	case 0xd7:	    /* xlat */
	case 0xec ... 0xef: /* in, out */
	case 0xf1:	    /* int1 */
	case 0xf4 ... 0xf5: /* hlt, cmc */
	case 0xf8 ... 0xfd: /* clc, stc, cli, sti, cld, std */
		return true;
	default:
		return false;
	}
}

struct probe_place prologue_place(const unsigned char *code, size_t size)
{
	static const unsigned char nop[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
	static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	const struct probe_place none = {0};
	struct probe_place place = {0};

	if (size > sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64)))
		place.offset = sizeof(endbr64);
	/* Somebody else may be tracing it: then the nop is a call. */
	if (size < place.offset + NOP_BYTES ||
	    (memcmp(code + place.offset, nop, sizeof(nop)) != 0 && code[place.offset] != 0xe8))
		return none;
	place.offset += NOP_BYTES;
	while (place.offset < size && code[place.offset] >= 0x50 && code[place.offset] <= 0x57) {
		place.offset++;
		place.pushed += 8;
	}
	if (place.offset >= size || place.pushed > PUSHES_AT_MOST * 8 ||
	    is_short_instruction(code[place.offset]))
		return none;
	return place;
}

static int32_t load_s32(const unsigned char *from)
{
	int32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

bool prologue_jumps(const unsigned char *code, size_t size, uint64_t address, uint64_t first,
		    uint64_t last)
{
	for (size_t i = 0; i + 1 < size; i++) {
		uint64_t target;

		/* jcc, loop, jrcxz, jmp with 8 bits */
		if ((code[i] & 0xf0) == 0x70 || (code[i] & 0xfc) == 0xe0 || code[i] == 0xeb) {
			target = address + i + 2 + (uint64_t)(int64_t)(int8_t)code[i + 1];
			if (target >= first && target <= last)
				return true;
		}
		/* jmp through a register or a table: anywhere. Kernels with retpolines have none.
		 */
		if (code[i] == 0xff && (code[i + 1] == 0x24 || (code[i + 1] & 0xf8) == 0xe0))
			return true;
		/* jmp and, behind 0f, jcc with 32 bits */
		if (i + 5 > size || (code[i] != 0xe9 && (code[i] & 0xf0) != 0x80))
			continue;
		target = address + i + 5 + (uint64_t)(int64_t)load_s32(code + i + 1);
		if (target >= first && target <= last)
			return true;
	}
	return false;
}
