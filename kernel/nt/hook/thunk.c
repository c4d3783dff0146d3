/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emit.h"
#include "thunk.h"

static void jump(struct emit *emit, enum hook_abi abi, uint64_t target)
{
	if (abi == HOOK_ABI_I386 || emit_reaches(emit_here(emit) + 5, target)) {
		emit_byte(emit, 0xe9);
		emit_value(emit, target - (emit_here(emit) + 4), 4);
	} else {
		EMIT(emit, 0xff, 0x25, 0, 0, 0, 0);
		emit_value(emit, target, 8);
	}
}

/* movups xmmN, [base] and its opposite; base is rsp or ebp with a 32-bit displacement. */
static void move_sse(struct emit *emit, bool store, bool from_rsp, unsigned n, int32_t displacement)
{
	if (n >= 8)
		emit_byte(emit, 0x44);
	EMIT(emit, 0x0f, store ? 0x11 : 0x10);
	emit_byte(emit, 0x80 | (n & 7) << 3 | (from_rsp ? 4 : 5));
	if (from_rsp)
		emit_byte(emit, 0x24);
	emit_value(emit, (uint32_t)displacement, 4);
}

static unsigned n_sse(enum hook_abi abi)
{
	/* What C may change: NT keeps xmm6 to xmm15 itself. Unix: all of them. */
	return abi == HOOK_ABI_X64_NT ? 6 : 16;
}

/*
 * Save, call, restore on x64: struct hook_registers is laid below the return address and the tag.
 * rbp holds the frame, so that unwinding works from the call on and an unaligned stack is no
 * matter.
 */
static void call_x64(struct emit *emit, const struct hook_thunk *thunk)
{
	bool nt = thunk->abi == HOOK_ABI_X64_NT;

	EMIT(emit, 0x9c);		    /* pushfq */
	EMIT(emit, 0x50, 0x51, 0x52, 0x53); /* push rax, rcx, rdx, rbx */
	EMIT(emit, 0x55, 0x56, 0x57);	    /* push rbp, rsi, rdi */
	for (unsigned r = 0; r < 8; r++)
		EMIT(emit, 0x41, 0x50 | r);	  /* push r8 to r15 */
	EMIT(emit, 0x48, 0x81, 0xec, 0, 1, 0, 0); /* sub rsp, 256 */
	EMIT(emit, 0x48, 0x89, 0xe5);		  /* mov rbp, rsp */
	for (unsigned n = 0; n < n_sse(thunk->abi); n++)
		move_sse(emit, true, true, n, (int32_t)n * 16);
	if (nt)
		EMIT(emit, 0x48, 0x89, 0xe2); /* mov rdx, rsp */
	else
		EMIT(emit, 0x48, 0x89, 0xe6); /* mov rsi, rsp */
	EMIT(emit, 0x48, 0x83, 0xe4, 0xf0);   /* and rsp, -16 */
	if (nt)
		EMIT(emit, 0x48, 0x83, 0xec, 0x20); /* sub rsp, 32: home space */
	EMIT(emit, 0x48, nt ? 0xb9 : 0xbf);	    /* mov rcx / rdi, argument */
	emit_value(emit, thunk->argument, 8);
	EMIT(emit, 0x48, 0xb8); /* mov rax, function */
	emit_value(emit, thunk->function, 8);
	EMIT(emit, 0xfc, 0xff, 0xd0); /* cld; call rax */
	EMIT(emit, 0x48, 0x89, 0xec); /* mov rsp, rbp */
	for (unsigned n = 0; n < n_sse(thunk->abi); n++)
		move_sse(emit, false, true, n, (int32_t)n * 16);
	EMIT(emit, 0x48, 0x8d, 0xa4, 0x24, 0, 1, 0, 0); /* lea rsp, [rsp + 256] */
	for (unsigned r = 8; r-- > 0;)
		EMIT(emit, 0x41, 0x58 | r);    /* pop r15 to r8 */
	EMIT(emit, 0x5f, 0x5e, 0x5d);	       /* pop rdi, rsi, rbp */
	EMIT(emit, 0x5b, 0x5a, 0x59, 0x58);    /* pop rbx, rdx, rcx, rax */
	EMIT(emit, 0x9d);		       /* popfq */
	EMIT(emit, 0x48, 0x8d, 0x64, 0x24, 8); /* lea rsp, [rsp + 8]: the tag */
}

/* The same on i386; the SSE registers lie below the structure. */
static void call_i386(struct emit *emit, const struct hook_thunk *thunk)
{
	EMIT(emit, 0x9c, 0x60); /* pushfd; pushad */
	EMIT(emit, 0x89, 0xe5); /* mov ebp, esp */
	if (thunk->sse) {
		EMIT(emit, 0x81, 0xec, 0x80, 0, 0, 0); /* sub esp, 128 */
		for (unsigned n = 0; n < 8; n++)
			move_sse(emit, true, false, n, (int32_t)n * 16 - 128);
	}
	EMIT(emit, 0x83, 0xe4, 0xf0); /* and esp, -16 */
	EMIT(emit, 0x83, 0xec, 0x08); /* sub esp, 8: aligned again at the call */
	EMIT(emit, 0x55, 0x68);	      /* push ebp; push argument */
	emit_value(emit, thunk->argument, 4);
	emit_byte(emit, 0xb8); /* mov eax, function */
	emit_value(emit, thunk->function, 4);
	EMIT(emit, 0xfc, 0xff, 0xd0); /* cld; call eax */
	if (thunk->sse)
		for (unsigned n = 0; n < 8; n++)
			move_sse(emit, false, false, n, (int32_t)n * 16 - 128);
	EMIT(emit, 0x89, 0xec);		 /* mov esp, ebp */
	EMIT(emit, 0x61, 0x9d);		 /* popad; popfd */
	EMIT(emit, 0x8d, 0x64, 0x24, 4); /* lea esp, [esp + 4]: the tag */
}

static void call(struct emit *emit, const struct hook_thunk *thunk)
{
	if (thunk->abi == HOOK_ABI_I386)
		call_i386(emit, thunk);
	else
		call_x64(emit, thunk);
}

size_t hook_thunk_entry(const struct hook_thunk *thunk, uint8_t *bytes)
{
	struct emit emit = {.bytes = bytes, .address = thunk->address};

	EMIT(&emit, 0x6a, 0); /* push 0: a tag, as the stubs of returns push */
	call(&emit, thunk);
	jump(&emit, thunk->abi, thunk->trampoline);
	return emit.n;
}

size_t hook_thunk_return(const struct hook_thunk *thunk, uint8_t *bytes)
{
	struct emit emit = {.bytes = bytes, .address = thunk->address};

	call(&emit, thunk);
	emit_byte(&emit, 0xc3);
	return emit.n;
}

void hook_thunk_stub(enum hook_abi abi, uint64_t address, uint32_t index, uint64_t return_thunk,
		     uint8_t *bytes)
{
	struct emit emit = {.bytes = bytes, .address = address};

	EMIT(&emit, 0x50, 0x68); /* push rax: room for the return address; push index */
	emit_value(&emit, index, 4);
	jump(&emit, abi, return_thunk);
	while (emit.n < HOOK_STUB_SIZE)
		emit_byte(&emit, 0xcc);
}
