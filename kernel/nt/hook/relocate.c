/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relocate.h"
#include "emit.h"

struct move {
	const struct hook_plan *plan;
	struct emit emit;
	uint64_t address; /* where the instruction stood */
	const uint8_t *bytes;
	struct insn insn;
};

static bool reaches(const struct move *move, uint64_t end, uint64_t target)
{
	return move->plan->mode == INSN_32 || emit_reaches(end, target);
}

/* jmp rel32, or jmp [rip] with the address behind it. */
static void move_jump(struct move *move, uint64_t target)
{
	if (reaches(move, emit_here(&move->emit) + 5, target)) {
		emit_byte(&move->emit, 0xe9);
		emit_value(&move->emit, target - (emit_here(&move->emit) + 4), 4);
	} else {
		EMIT(&move->emit, 0xff, 0x25, 0, 0, 0, 0);
		emit_value(&move->emit, target, 8);
	}
}

static void move_condition(struct move *move, uint64_t target)
{
	uint8_t condition = move->insn.opcode & 15;

	if (reaches(move, emit_here(&move->emit) + 6, target)) {
		EMIT(&move->emit, 0x0f, 0x80 | condition);
		emit_value(&move->emit, target - (emit_here(&move->emit) + 4), 4);
	} else {
		/* The opposite condition goes past the long jump. */
		EMIT(&move->emit, 0x70 | (condition ^ 1), 14);
		move_jump(move, target);
	}
}

/* There is no opposite of these, and no long form. */
static void move_loop(struct move *move, uint64_t target)
{
	size_t skip;

	emit_bytes(&move->emit, move->bytes, move->insn.relative_at); /* with its 67 */
	EMIT(&move->emit, 2, 0xeb, 0);
	skip = move->emit.n;
	move_jump(move, target);
	move->emit.bytes[skip - 1] = (uint8_t)(move->emit.n - skip);
}

/* The return address that the call at its own place would have pushed; no register changes. */
static void move_push_return(struct move *move)
{
	uint64_t back = move->address + move->insn.length;

	emit_byte(&move->emit, 0x68); /* push imm32, sign-extended to 64 bits */
	emit_value(&move->emit, back, 4);
	if (move->plan->mode == INSN_64) {
		EMIT(&move->emit, 0xc7, 0x44, 0x24, 4); /* mov dword [rsp + 4], imm32 */
		emit_value(&move->emit, back >> 32, 4);
	}
}

/* As it is, but for a displacement that counts from the instruction's end. */
static enum hook_reason move_copy(struct move *move)
{
	const struct insn *insn = &move->insn;
	uint64_t operand = move->address + insn->length + (uint64_t)(int64_t)insn->displacement;
	uint64_t end = emit_here(&move->emit) + insn->length;
	size_t start = move->emit.n;

	emit_bytes(&move->emit, move->bytes, insn->length);
	if (!insn->rip_relative)
		return HOOK_NONE;
	if (!emit_reaches(end, operand))
		return HOOK_TOO_FAR;
	move->emit.n = start + insn->displacement_at;
	emit_value(&move->emit, operand - end, 4);
	move->emit.n = start + insn->length;
	return HOOK_NONE;
}

/* call reg, call [mem]: FF /2 becomes FF /4, a jmp. */
static enum hook_reason move_indirect_call(struct move *move)
{
	size_t modrm = move->insn.opcode_at + 1u;
	enum hook_reason reason;
	size_t start;

	move_push_return(move);
	start = move->emit.n;
	reason = move_copy(move);
	move->emit.bytes[start + modrm] = (uint8_t)((move->insn.modrm & ~0x38) | 4 << 3);
	return reason;
}

static enum hook_reason move_one(struct move *move)
{
	uint64_t target = insn_target(&move->insn, move->address, move->plan->mode);

	switch (move->insn.kind) {
	case INSN_JMP:
		move_jump(move, target);
		return HOOK_NONE;
	case INSN_JCC:
		move_condition(move, target);
		return HOOK_NONE;
	case INSN_LOOP:
		move_loop(move, target);
		return HOOK_NONE;
	case INSN_CALL:
		move_push_return(move);
		move_jump(move, target);
		return HOOK_NONE;
	case INSN_CALL_INDIRECT:
		return move_indirect_call(move);
	default:
		return move_copy(move);
	}
}

enum hook_reason hook_relocate(const struct hook_plan *plan, uint64_t address, uint8_t *code,
			       size_t *n_code)
{
	struct move move = {.plan = plan, .emit = {.bytes = code, .address = address}};
	size_t at = 0;

	while (at < plan->n_moved) {
		enum hook_reason reason;

		move.address = plan->address + at;
		move.bytes = plan->moved + at;
		if (!insn_decode(move.bytes, plan->n_moved - at, plan->mode, &move.insn))
			return HOOK_UNKNOWN;
		reason = move_one(&move);
		if (reason)
			return reason;
		at += move.insn.length;
	}
	if (!plan->ends_moved)
		move_jump(&move, plan->address + plan->n_moved);
	*n_code = move.emit.n;
	return HOOK_NONE;
}
