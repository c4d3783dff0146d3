/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thunks and the unwind data of NT on x64, as far as they can be tried elsewhere: functions of
 * its ABI are called through an entry thunk, and the unwind codes are held against the thunk's
 * instructions. What all thunks keep is tested in tests/hook, in 64 and 32 bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "nt/hook/insn.h"
#include "nt/hook/thunk.h"

#define NT_ABI __attribute__((ms_abi))

typedef uint64_t NT_ABI nt_function(uint64_t, uint64_t, uint64_t, double, uint64_t, uint64_t);

static struct hook_registers seen;
static uint64_t seen_stack[8];
static void *seen_argument;

NT_ABI static void enter(void *argument, struct hook_registers *registers)
{
	seen_argument = argument;
	seen = *registers;
	memcpy(seen_stack, registers->stack, sizeof(seen_stack));
}

NT_ABI __attribute__((noinline)) static uint64_t target(uint64_t a, uint64_t b, uint64_t c,
							double d, uint64_t e, uint64_t f)
{
	return a ^ b << 1 ^ c << 2 ^ (uint64_t)d << 3 ^ e << 4 ^ f << 5;
}

static void nt_functions_are_entered_through_a_thunk(void **state)
{
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hook_thunk thunk = {
		.abi = HOOK_ABI_X64_NT,
		.address = (uintptr_t)code,
		.function = (uintptr_t)enter,
		.argument = (uintptr_t)&thunk,
		.trampoline = (uintptr_t)target,
	};
	nt_function *function = (nt_function *)(uintptr_t)code;
	const double d = 40;
	size_t n;

	assert_ptr_not_equal(code, MAP_FAILED);
	n = hook_thunk_entry(&thunk, code);
	assert_true(n <= HOOK_THUNK_MAX);
	assert_int_equal(function(10, 20, 30, d, 50, 60), target(10, 20, 30, d, 50, 60));
	assert_ptr_equal(seen_argument, &thunk);
	assert_int_equal(seen.rcx, 10);
	assert_int_equal(seen.rdx, 20);
	assert_int_equal(seen.r8, 30);
	assert_memory_equal(&seen.xmm[3], &d, sizeof(d));
	/* behind the home space of the four in registers */
	assert_int_equal(seen_stack[4], 50);
	assert_int_equal(seen_stack[5], 60);
	munmap(code, 4096);
}

/* What the instructions before the call do to the stack, read with the decoder. */
struct effect {
	uint8_t offset; /* of the end of the instruction */
	uint32_t bytes;
	int pushed; /* the register, -1: not one */
};

static size_t read_prologue(const uint8_t *code, size_t n, struct effect *effects,
			    uint8_t *frame_at)
{
	size_t at = 0, n_effects = 0;
	struct insn insn;

	*frame_at = 0;
	while (!*frame_at) {
		struct effect effect = {.pushed = -1};

		assert_true(insn_decode(code + at, n - at, INSN_64, &insn));
		at += insn.length;
		effect.offset = (uint8_t)at;
		if (insn.map == 0 && insn.opcode >= 0x50 && insn.opcode <= 0x57) {
			effect.bytes = 8;
			effect.pushed = (insn.opcode & 7) | (insn.rex & 1) << 3;
		} else if (insn.map == 0 && (insn.opcode == 0x9c || insn.opcode == 0x6a)) {
			effect.bytes = 8;
		} else if (insn.map == 0 && insn.opcode == 0x81) {
			memcpy(&effect.bytes, code + at - 4, 4);
		} else {
			/* mov rbp, rsp */
			assert_memory_equal(code + at - 3, "\x48\x89\xe5", 3);
			*frame_at = (uint8_t)at;
			continue;
		}
		effects[n_effects++] = effect;
	}
	return n_effects;
}

static bool is_nonvolatile(int number)
{
	return number == 3 || (number >= 5 && number <= 7) || number >= 12;
}

static void check_unwind(bool is_return)
{
	uint8_t code[HOOK_THUNK_MAX], info[HOOK_UNWIND_MAX], frame_at;
	struct hook_thunk thunk = {.abi = HOOK_ABI_X64_NT, .address = 0x1000, .trampoline = 0x2000};
	size_t n = is_return ? hook_thunk_return(&thunk, code) : hook_thunk_entry(&thunk, code);
	size_t n_info = hook_unwind_nt(is_return, info);
	struct effect effects[32];
	size_t n_effects = read_prologue(code, n, effects, &frame_at);
	const uint8_t *at = info + 4;

	assert_true(n_info <= HOOK_UNWIND_MAX && n_info % 4 == 0);
	assert_int_equal(info[0], 1); /* version 1, no flags */
	assert_int_equal(info[1], frame_at);
	assert_int_equal(n_info, (4 + 2 * info[2] + 3) & ~3);
	assert_int_equal(info[3], 5); /* rbp, no offset */
	assert_int_equal(at[0], frame_at);
	assert_int_equal(at[1], 3); /* UWOP_SET_FPREG */
	at += 2;
	if (is_return) {
		/* The tag, which the stub pushed. */
		memmove(effects + 1, effects, n_effects++ * sizeof(effects[0]));
		effects[0] = (struct effect){.offset = 0, .bytes = 8, .pushed = -1};
	}
	for (size_t i = n_effects; i-- > 0;) {
		assert_int_equal(at[0], effects[i].offset);
		if (effects[i].bytes == 256) {
			assert_int_equal(at[1], 1); /* UWOP_ALLOC_LARGE, in units of 8 */
			assert_int_equal(at[2] | at[3] << 8, 32);
			at += 2;
		} else if (is_nonvolatile(effects[i].pushed)) {
			assert_int_equal(at[1], effects[i].pushed << 4); /* UWOP_PUSH_NONVOL */
		} else {
			assert_int_equal(at[1], 2); /* UWOP_ALLOC_SMALL of 8 */
		}
		at += 2;
	}
	assert_int_equal(at - info, 4 + 2 * info[2]);
	/* All of struct hook_registers but the return address. */
	n = 0;
	for (size_t i = 0; i < n_effects; i++)
		n += effects[i].bytes;
	assert_int_equal(n, offsetof(struct hook_registers, return_address));
}

static void unwind_codes_say_what_the_thunks_do(void **state)
{
	check_unwind(false);
	check_unwind(true);
}

static void runtime_functions_count_from_their_base(void **state)
{
	uint8_t bytes[12];

	assert_true(
		hook_runtime_function(0x140000000, 0x140001000, 0x140001200, 0x140002000, bytes));
	assert_memory_equal(bytes, "\x00\x10\x00\x00\x00\x12\x00\x00\x00\x20\x00\x00", 12);
	assert_false(
		hook_runtime_function(0x140000000, 0x240001000, 0x240001200, 0x140002000, bytes));
	assert_false(
		hook_runtime_function(0x140000000, 0x130001000, 0x130001200, 0x140002000, bytes));
}

static void thunks_decode_to_their_end(void **state)
{
	for (enum hook_abi abi = HOOK_ABI_I386; abi <= HOOK_ABI_X64_SYSV; abi++) {
		for (unsigned variant = 0; variant < 4; variant++) {
			uint8_t code[HOOK_THUNK_MAX];
			/* A trampoline that no rel32 reaches, and one that it does. */
			struct hook_thunk thunk = {.abi = abi,
						   .address = 0x10000,
						   .function = 0x123456789a,
						   .argument = 0x11,
						   .trampoline =
							   variant & 1 ? 0x7fff00000000 : 0x20000,
						   .sse = true};
			size_t n = variant & 2 ? hook_thunk_return(&thunk, code)
					       : hook_thunk_entry(&thunk, code);
			struct insn insn = {0};
			size_t at = 0;

			assert_true(n <= HOOK_THUNK_MAX);
			while (at < n && !insn_ends_flow(&insn)) {
				assert_true(insn_decode(code + at, n - at,
							abi == HOOK_ABI_I386 ? INSN_32 : INSN_64,
							&insn));
				at += insn.length;
			}
			assert_int_equal(insn.kind, variant & 2 ? INSN_RETURN
						    : variant & 1 && abi != HOOK_ABI_I386
							    ? INSN_JMP_INDIRECT
							    : INSN_JMP);
			/* The address behind jmp [rip] is all that may follow. */
			assert_int_equal(n - at, insn.kind == INSN_JMP_INDIRECT ? 8 : 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nt_functions_are_entered_through_a_thunk),
		cmocka_unit_test(unwind_codes_say_what_the_thunks_do),
		cmocka_unit_test(runtime_functions_count_from_their_base),
		cmocka_unit_test(thunks_decode_to_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
