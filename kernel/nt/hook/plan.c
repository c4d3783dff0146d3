/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"
#include "scan.h"

/* What hotpatching leaves room for before a function, and the jump that is put there. */
#define HOTPATCH_PADDING 5

struct prologue {
	size_t n_moved;	 /* whole instructions that cover what is wanted */
	size_t n_inside; /* instructions that begin inside it */
	bool ends;	 /* the last one ends the flow */
};

static uint8_t form_bytes(enum hook_form form)
{
#define FORM_BYTES(name, bytes, text) bytes,
	static const uint8_t bytes[] = {HOOK_FORMS(FORM_BYTES)};
#undef FORM_BYTES

	return bytes[form];
}

static enum hook_reason check_first(const struct hook_function *function)
{
	struct insn insn;
	uint64_t target;

	if (!function->executable)
		return HOOK_NOT_EXECUTABLE;
	if (!insn_decode(function->bytes, function->size, function->mode, &insn))
		return function->size ? HOOK_UNKNOWN : HOOK_TOO_SHORT;
	if (insn.kind == INSN_TRAP)
		return HOOK_BREAKPOINT;
	if (insn.kind == INSN_JMP && function->text_end > function->text_begin) {
		target = insn_target(&insn, function->address, function->mode);
		if (target < function->text_begin || target >= function->text_end)
			return HOOK_ALREADY_HOOKED;
	}
	return HOOK_NONE;
}

/* May an instruction run elsewhere? What exactly is written there is up to hook_relocate(). */
static enum hook_reason check_movable(const struct hook_function *function, const struct insn *insn,
				      size_t at, size_t n_moved, size_t n_patched)
{
	uint64_t offset;

	switch (insn->kind) {
	case INSN_TRAP:
	case INSN_STOP:
	case INSN_SYSCALL:
	case INSN_XBEGIN:
		return HOOK_UNMOVABLE;
	case INSN_CALL:
	case INSN_CALL_INDIRECT:
		/* A far call pushes more than an address; rsp as a base moves with our push. */
		if (insn->kind == INSN_CALL_INDIRECT &&
		    (insn->opcode == 0x9a || (insn->modrm >> 3 & 7) == 3 ||
		     (insn->modrm < 0xc0 && (insn->modrm & 7) == 4) || insn->modrm == 0xd4))
			return HOOK_UNMOVABLE;
		if (at + insn->length < n_patched)
			return HOOK_CALL_EARLY;
		break;
	default:
		break;
	}
	if (!insn->relative_size)
		return HOOK_NONE;
	offset = insn_target(insn, function->address + at, function->mode) - function->address;
	if (function->mode == INSN_32)
		offset = (uint32_t)offset;
	return offset < n_moved && !(insn->kind == INSN_CALL && !offset) ? HOOK_BRANCH_BACK
									 : HOOK_NONE;
}

/* What fills the room between functions: int3, and what assemblers use as nop. */
static bool is_padding(const struct hook_function *function, size_t from, size_t to)
{
	size_t end = function->size + function->n_after;
	struct insn insn;

	while (from < to) {
		if (from >= end ||
		    !insn_decode(function->bytes + from, end - from, function->mode, &insn))
			return false;
		if (!(insn.map == 0 && (insn.opcode == 0xcc || insn.opcode == 0x90)) &&
		    !(insn.map == 1 && insn.opcode == 0x1f))
			return false;
		from += insn.length;
	}
	return true;
}

static enum hook_reason read_prologue(const struct hook_function *function, size_t wanted,
				      struct prologue *prologue)
{
	struct insn insn;
	enum hook_reason reason;
	size_t at = 0;

	*prologue = (struct prologue){0};
	while (at < wanted) {
		if (prologue->ends || (function->size_known && at >= function->size)) {
			/* The function is over; a jump may still reach into what pads it. */
			if (!prologue->ends || !is_padding(function, at, wanted))
				return HOOK_TOO_SHORT;
			break;
		}
		if (!insn_decode(function->bytes + at, function->size - at, function->mode, &insn))
			return HOOK_UNKNOWN;
		prologue->n_inside += at > 0;
		prologue->ends = insn_ends_flow(&insn);
		at += insn.length;
	}
	prologue->n_moved = at;
	for (at = 0; at < prologue->n_moved; at += insn.length) {
		insn_decode(function->bytes + at, prologue->n_moved - at, function->mode, &insn);
		reason = check_movable(function, &insn, at, prologue->n_moved, wanted);
		if (reason)
			return reason;
	}
	return HOOK_NONE;
}

/*
 * A function that is made for being patched, or just has room before it: its first instruction
 * gives way to a short jump back into five bytes of int3, or of nop before a mov edi,edi.
 */
static bool has_padding(const struct hook_function *function)
{
	const uint8_t *bytes = function->bytes;
	uint8_t filler;

	if (function->n_before < HOTPATCH_PADDING || function->size < 2)
		return false;
	filler = bytes[-1];
	if (filler != 0xcc && !(filler == 0x90 && bytes[0] == 0x8b && bytes[1] == 0xff))
		return false;
	for (int i = 2; i <= HOTPATCH_PADDING; i++)
		if (bytes[-i] != filler)
			return false;
	return true;
}

static bool plan_hotpatch(const struct hook_function *function, struct prologue *prologue)
{
	struct insn insn;

	return has_padding(function) &&
	       insn_decode(function->bytes, function->size, function->mode, &insn) &&
	       insn.length >= form_bytes(HOOK_FORM_HOTPATCH) &&
	       read_prologue(function, form_bytes(HOOK_FORM_HOTPATCH), prologue) == HOOK_NONE;
}

enum hook_reason hook_plan(const struct hook_function *function, enum hook_form form,
			   struct hook_plan *plan)
{
	enum hook_reason reason = check_first(function);
	struct hook_plan made = {.mode = function->mode, .address = function->address};
	size_t n_padding = 0;
	struct prologue prologue;
	struct hook_scan scan;

	if (reason)
		return reason;
	if (form == HOOK_FORM_FAR && function->mode == INSN_32)
		form = HOOK_FORM_NEAR;
	if (form != HOOK_FORM_FAR && plan_hotpatch(function, &prologue)) {
		form = HOOK_FORM_HOTPATCH;
		n_padding = HOTPATCH_PADDING;
	} else {
		form = form == HOOK_FORM_HOTPATCH ? HOOK_FORM_NEAR : form;
		reason = read_prologue(function, form_bytes(form), &prologue);
		if (reason)
			return reason;
	}
	hook_scan(function, prologue.n_moved, &scan);
	if (scan.branches_back)
		return HOOK_BRANCH_BACK;
	if (function->targets &&
	    hook_targets_any(function->targets, function->address + 1, prologue.n_moved - 1))
		return HOOK_BRANCH_IN;
	made.form = (uint8_t)form;
	made.n_patched = form_bytes(form);
	made.n_moved = (uint8_t)prologue.n_moved;
	made.n_inside = (uint8_t)prologue.n_inside;
	made.ends_moved = prologue.ends;
	made.scanned_all = scan.all;
	made.reads_return = hook_reads_return(function);
	made.patch_address = function->address - n_padding;
	made.n_original = (uint8_t)(made.n_patched + n_padding);
	for (size_t i = 0; i < made.n_moved; i++)
		made.moved[i] = function->bytes[i];
	for (size_t i = 0; i < made.n_original; i++)
		made.original[i] = (function->bytes - n_padding)[i];
	*plan = made;
	return HOOK_NONE;
}
