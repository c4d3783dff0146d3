/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .eh_frame: System V ABI for x86-64, 4.2.4; DWARF 5, 6.4 and 2.5. */
#include "emit.h"
#include "thunk.h"

enum {
	DW_CFA_expression = 0x10,
	DW_CFA_def_cfa = 0x0c,
	DW_CFA_offset = 0x80,
	DW_OP_addr = 0x03,
	DW_OP_constu = 0x10,
	DW_OP_minus = 0x1c,
	DW_OP_mul = 0x1e,
	DW_OP_plus = 0x22,
	DW_OP_shr = 0x25,
	DW_OP_lit0 = 0x30,
	DW_OP_breg0 = 0x70,
};

/* Numbers of registers in DWARF, and struct hook_registers in words. */
struct machine {
	uint8_t word;
	uint8_t return_address, stack_pointer, frame_pointer;
	uint8_t frame_size;	     /* words from the frame pointer to behind the return address */
	uint8_t saved_frame_pointer; /* words from there back to it */
};

static const struct machine *machine_of(enum hook_abi abi)
{
	static const struct machine x86 = {4, 8, 4, 5, 11, 9};
	static const struct machine x64 = {8, 16, 7, 6, 50, 8};

	return abi == HOOK_ABI_I386 ? &x86 : &x64;
}

static void uleb(struct emit *emit, uint32_t value)
{
	do {
		emit_byte(emit, (value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
}

/* Pad to whole words with DW_CFA_nop, and write the entry's length where it begins. */
static void end_entry(struct emit *emit, size_t start, const struct machine *machine)
{
	size_t end;

	while ((emit->n - start) % machine->word)
		emit_byte(emit, 0);
	end = emit->n;
	emit->n = start;
	emit_value(emit, end - start - 4, 4);
	emit->n = end;
}

/* The CIE, and the FDE's fields up to its instructions. Returns where the FDE begins. */
static size_t begin_frame(struct emit *emit, const struct machine *machine, uint64_t begin,
			  uint64_t end)
{
	size_t fde;

	emit_value(emit, 0, 4 + 4);
	EMIT(emit, 1, 0, 1,
	     0x80 - machine->word); /* version 1, no augmentation, -word in SLEB128 */
	emit_byte(emit, machine->return_address);
	end_entry(emit, 0, machine);
	fde = emit->n;
	emit_value(emit, 0, 4);
	emit_value(emit, emit->n, 4); /* back to the CIE */
	emit_value(emit, begin, machine->word);
	emit_value(emit, end - begin, machine->word);
	return fde;
}

static size_t end_frame(struct emit *emit, const struct machine *machine, size_t fde)
{
	end_entry(emit, fde, machine);
	emit_value(emit, 0, 4); /* no more */
	return emit->n;
}

size_t hook_eh_frame_thunk(enum hook_abi abi, uint64_t begin, uint64_t end, uint8_t *bytes)
{
	const struct machine *machine = machine_of(abi);
	struct emit emit = {.bytes = bytes};
	size_t fde = begin_frame(&emit, machine, begin, end);

	EMIT(&emit, DW_CFA_def_cfa, machine->frame_pointer);
	uleb(&emit, machine->frame_size * machine->word);
	EMIT(&emit, DW_CFA_offset | machine->return_address, 1);
	EMIT(&emit, DW_CFA_offset | machine->frame_pointer, machine->saved_frame_pointer);
	return end_frame(&emit, machine, fde);
}

/* The return address is in slots[(ip - stubs) / HOOK_STUB_SIZE], the stack pointer as it is. */
size_t hook_eh_frame_stubs(enum hook_abi abi, uint64_t stubs, uint32_t n_stubs, uint64_t slots,
			   uint32_t slot_size, uint8_t *bytes)
{
	const struct machine *machine = machine_of(abi);
	struct emit emit = {.bytes = bytes};
	uint64_t end = stubs + (uint64_t)n_stubs * HOOK_STUB_SIZE;
	size_t fde = begin_frame(&emit, machine, stubs - HOOK_STUB_SIZE, end);
	size_t length;

	EMIT(&emit, DW_CFA_def_cfa, machine->stack_pointer, 0);
	EMIT(&emit, DW_CFA_expression, machine->return_address, 0);
	length = emit.n;
	EMIT(&emit, DW_OP_breg0 + machine->return_address, 0, DW_OP_addr);
	emit_value(&emit, stubs, machine->word);
	EMIT(&emit, DW_OP_minus, DW_OP_lit0 + 4, DW_OP_shr, DW_OP_constu);
	uleb(&emit, slot_size);
	EMIT(&emit, DW_OP_mul, DW_OP_addr);
	emit_value(&emit, slots, machine->word);
	emit_byte(&emit, DW_OP_plus);
	emit.bytes[length - 1] = (uint8_t)(emit.n - length);
	return end_frame(&emit, machine, fde);
}
