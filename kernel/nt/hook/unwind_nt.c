/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind data as "x64 exception handling" in Microsoft's documentation of the x64 ABI describes it.
 * It holds from the thunk's first instruction to where it takes rbp back.
 */
#include "emit.h"
#include "thunk.h"

enum {
	UWOP_PUSH_NONVOL = 0,
	UWOP_ALLOC_LARGE = 1,
	UWOP_ALLOC_SMALL = 2,
	UWOP_SET_FPREG = 3,
	RBP = 5,
};

struct code {
	uint8_t offset; /* of the end of its instruction */
	uint8_t operation;
};

/* What the prologue of call_x64() in thunk.c does, in its order: push, or the flags and the tag. */
static const uint8_t pushed[] = {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static bool is_nonvolatile(unsigned number)
{
	return number == 3 || (number >= 5 && number <= 7) || number >= 12;
}

size_t hook_unwind_nt(bool is_return, uint8_t *bytes)
{
	struct emit emit = {.bytes = bytes};
	struct code codes[2 + sizeof(pushed)];
	/* The return thunk finds the tag on the stack. */
	unsigned at = is_return ? 0 : 2, n = 0;

	codes[n++] = (struct code){(uint8_t)at, UWOP_ALLOC_SMALL};   /* the tag: 8 bytes */
	codes[n++] = (struct code){(uint8_t)++at, UWOP_ALLOC_SMALL}; /* pushfq */
	for (unsigned i = 0; i < sizeof(pushed); i++) {
		unsigned number = pushed[i];

		at += number < 8 ? 1 : 2;
		codes[n++] = (struct code){(uint8_t)at,
					   is_nonvolatile(number)
						   ? (uint8_t)(UWOP_PUSH_NONVOL | number << 4)
						   : UWOP_ALLOC_SMALL};
	}
	/* sub rsp, 256 takes 7 bytes and two code slots, mov rbp, rsp 3 and one. */
	EMIT(&emit, 1, at + 10, n + 3, RBP);
	EMIT(&emit, at + 10, UWOP_SET_FPREG);
	EMIT(&emit, at + 7, UWOP_ALLOC_LARGE);
	emit_value(&emit, 256 / 8, 2);
	while (n-- > 0)
		EMIT(&emit, codes[n].offset, codes[n].operation);
	/* The array has an even number of slots. */
	if (emit.n % 4)
		emit_value(&emit, 0, 2);
	return emit.n;
}

bool hook_runtime_function(uint64_t base, uint64_t begin, uint64_t end, uint64_t info,
			   uint8_t *bytes)
{
	struct emit emit = {.bytes = bytes};

	if (begin - base > UINT32_MAX || end - base > UINT32_MAX || info - base > UINT32_MAX)
		return false;
	emit_value(&emit, begin - base, 4);
	emit_value(&emit, end - base, 4);
	emit_value(&emit, info - base, 4);
	return true;
}
