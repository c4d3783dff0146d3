/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scan.h"

/* What a branch says about its function: it goes back, or the function reaches at least there. */
static void scan_branch(const struct hook_function *function, uint64_t target, size_t n_first,
			bool is_call, size_t limit, size_t *reach, struct hook_scan *scan)
{
	uint64_t offset = target - function->address;

	if (function->mode == INSN_32)
		offset = (uint32_t)offset;
	if (offset < n_first && !(is_call && !offset))
		scan->branches_back = true;
	/* A jump that far ahead would rather be another function. */
	if (!is_call && offset < limit && offset > *reach)
		*reach = (size_t)offset;
}

void hook_scan(const struct hook_function *function, size_t n_first, struct hook_scan *scan)
{
	size_t limit = function->size;
	size_t at = 0, reach = 0;
	struct insn insn;

	if (!function->size_known && limit > HOOK_SCAN_MAX)
		limit = HOOK_SCAN_MAX;
	*scan = (struct hook_scan){.all = true};
	while (at < limit) {
		uint64_t address = function->address + at;

		if (!insn_decode(function->bytes + at, limit - at, function->mode, &insn)) {
			/* Data in the code, perhaps: what lies behind it counts all the same. */
			scan->all = false;
			if (!function->size_known)
				break;
			at++;
			continue;
		}
		if (insn.relative_size)
			scan_branch(function, insn_target(&insn, address, function->mode), n_first,
				    insn.kind == INSN_CALL, limit, &reach, scan);
		at += insn.length;
		if (!function->size_known && insn_ends_flow(&insn) && reach < at)
			break;
	}
	if (!function->size_known && at >= limit)
		scan->all = false;
	scan->end = at;
}

/* mov reg, [esp], or another operation with [esp] as its memory operand. */
static bool uses_stack_top(const uint8_t *bytes, const struct insn *insn)
{
	uint8_t sib;

	if (!insn->has_modrm || insn->modrm >= 0xc0 || (insn->modrm & 7) != 4 || insn->map > 1 ||
	    insn->displacement)
		return false;
	/* lea and nop name an operand that they don't touch */
	if (insn->opcode == (insn->map ? 0x1f : 0x8d))
		return false;
	sib = bytes[insn->opcode_at + 2];
	return sib == 0x24 && !(insn->rex & 3);
}

/* push, pop, enter, leave, and what names esp as a register. */
static bool moves_stack(const struct insn *insn)
{
	if (insn->map == 0) {
		switch (insn->opcode) {
		case 0x60: /* pusha, popa, pushf, popf */
		case 0x61:
		case 0x9c:
		case 0x9d:
		case 0x68:
		case 0x6a:
		case 0xc8:
		case 0xc9:
			return true;
		default:
			if ((insn->opcode & 0xf0) == 0x50)
				return true;
		}
	}
	return insn->has_modrm &&
	       ((insn->modrm >= 0xc0 && (insn->modrm & 7) == 4) || (insn->modrm >> 3 & 7) == 4);
}

bool hook_reads_return(const struct hook_function *function)
{
	/* As many as a function of that sort has before its ret. */
	const int n_looked_at = 4;
	struct insn insn;
	size_t at = 0;

	for (int i = 0; i < n_looked_at; i++) {
		const uint8_t *bytes = function->bytes + at;

		if (!insn_decode(bytes, function->size - at, function->mode, &insn))
			return false;
		if (uses_stack_top(bytes, &insn) ||
		    (insn.map == 0 && insn.opcode >= 0x58 && insn.opcode <= 0x5f))
			return true;
		if (moves_stack(&insn) || insn.kind != INSN_PLAIN)
			return false;
		at += insn.length;
	}
	return false;
}
