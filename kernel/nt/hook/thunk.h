/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code between a hooked function and the monitor. The entry thunk saves everything that a call
 * could depend on, calls a C function with a struct hook_registers, and goes on in the trampoline
 * as if nothing had been. The return thunk does the same when the function comes back.
 *
 * Kept: all general registers, the flags, and the SSE registers that C may use. x87, MMX and the
 * upper halves of AVX registers are not touched by the thunks, and what they call must not touch
 * them either (no VEX instructions).
 */
#ifndef NT_HOOK_THUNK_H
#define NT_HOOK_THUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, text): how functions are called, and how the thunk calls C */
#define HOOK_ABIS(X)                                                                               \
	X(I386, "i386: arguments on the stack")                                                    \
	X(X64_NT, "x64 of NT: rcx, rdx, r8, r9, then the stack behind 32 bytes")                   \
	X(X64_SYSV, "x64 of Unix: rdi, rsi, rdx, rcx, r8, r9, then the stack")

enum hook_abi {
#define HOOK_ABI_ENUM(name, text) HOOK_ABI_##name,
	HOOK_ABIS(HOOK_ABI_ENUM)
#undef HOOK_ABI_ENUM
};

#if defined(__i386__)
#define HOOK_ABI_NATIVE HOOK_ABI_I386
#elif defined(_WIN32)
#define HOOK_ABI_NATIVE HOOK_ABI_X64_NT
#else
#define HOOK_ABI_NATIVE HOOK_ABI_X64_SYSV
#endif

/* What the thunks lay on the stack, lowest address first. At a return, return_address is the
 * caller. */
#if defined(__i386__)
struct hook_registers {
	uint32_t edi, esi, ebp;
	uint32_t esp; /* as pushad saw it: no use */
	uint32_t ebx, edx, ecx, eax;
	uint32_t flags;
	uint32_t tag; /* at a return: the slot's index */
	uint32_t return_address;
	uint32_t stack[]; /* entry: the arguments */
};
#else
struct hook_registers {
	uint64_t xmm[16][2]; /* NT: 0 to 5 only */
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t flags;
	uint64_t tag; /* at a return: the slot's index */
	uint64_t return_address;
	uint64_t stack[]; /* what lay behind the return address */
};
#endif

/* The n-th argument word of a call, from 0, at its entry. */
static inline uintptr_t hook_argument(const struct hook_registers *registers, unsigned n)
{
#if defined(__i386__)
	return registers->stack[n];
#elif defined(_WIN32)
	return n == 0	? registers->rcx
	       : n == 1 ? registers->rdx
	       : n == 2 ? registers->r8
	       : n == 3 ? registers->r9
			: registers->stack[n]; /* behind the 32 bytes of home space */
#else
	return n == 0	? registers->rdi
	       : n == 1 ? registers->rsi
	       : n == 2 ? registers->rdx
	       : n == 3 ? registers->rcx
	       : n == 4 ? registers->r8
	       : n == 5 ? registers->r9
			: registers->stack[n - 6];
#endif
}

/* What the function returns; i386: EDX:EAX. */
static inline uint64_t hook_return_value(const struct hook_registers *registers)
{
#if defined(__i386__)
	return (uint64_t)registers->edx << 32 | registers->eax;
#else
	return registers->rax;
#endif
}

/* Thunks are at most this long; the return thunk is one for a whole pool. */
#define HOOK_THUNK_MAX 512
/* Each slot's own stub, in front of the return thunk. */
#define HOOK_STUB_SIZE 16

struct hook_thunk {
	enum hook_abi abi;
	uint64_t address;  /* where it will run */
	uint64_t function; /* void function(argument, struct hook_registers *) of the same ABI */
	uint64_t argument;
	uint64_t trampoline; /* entry thunk: where it goes on */
	bool sse; /* i386: save xmm0 to xmm7; x64 always saves what the ABI lets C change */
};

/* Write the code into bytes, which holds HOOK_THUNK_MAX; returns its length. */
size_t hook_thunk_entry(const struct hook_thunk *thunk, uint8_t *bytes);
size_t hook_thunk_return(const struct hook_thunk *thunk, uint8_t *bytes);
/*
 * A slot's stub: replaced return addresses point to it. It makes room for the real one, pushes the
 * slot's index and jumps to the return thunk. Writes HOOK_STUB_SIZE bytes.
 */
void hook_thunk_stub(enum hook_abi abi, uint64_t address, uint32_t index, uint64_t return_thunk,
		     uint8_t *bytes);

/*
 * Unwind data of the thunks for NT on x64: the UNWIND_INFO of all entry thunks, or of the return
 * thunk. It lies, aligned to 4, within 4 GB above the base that the RUNTIME_FUNCTION counts from.
 * Returns its size. There can be none for stubs: nothing in that format finds a return address off
 * the stack, so who walks stacks there asks hook_returns_original().
 */
#define HOOK_UNWIND_MAX 64
size_t hook_unwind_nt(bool is_return, uint8_t *bytes);
/* A RUNTIME_FUNCTION of [begin, end) with the UNWIND_INFO at info; 12 bytes. False: out of reach.
 */
bool hook_runtime_function(uint64_t base, uint64_t begin, uint64_t end, uint64_t info,
			   uint8_t *bytes);

/*
 * The same for __register_frame: an .eh_frame for the thunk in [begin, end), and one for a pool's
 * stubs, through which unwinding finds the real return addresses in the slots. HOOK_STUB_SIZE bytes
 * before the first stub must be nobody's code, since unwinders look up the byte before a return
 * address.
 */
#define HOOK_EH_FRAME_MAX 160
size_t hook_eh_frame_thunk(enum hook_abi abi, uint64_t begin, uint64_t end, uint8_t *bytes);
size_t hook_eh_frame_stubs(enum hook_abi abi, uint64_t stubs, uint32_t n_stubs, uint64_t slots,
			   uint32_t slot_size, uint8_t *bytes);

#endif
