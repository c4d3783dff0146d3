/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions can be hooked, how, and what their trampolines are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nt/hook/relocate.h"
#include "nt/hook/scan.h"

#define AT 0x140001000u
#define NEAR_AT 0x150000000u
#define FAR_AT 0x7fff00000000u

struct row {
	const char *text;
	enum insn_mode mode;
	enum hook_reason reason;
	uint8_t n_moved, n_inside;
	uint8_t size;
	uint8_t bytes[40];
};

/* The size, and the bytes. */
#define CODE(...)                                                                                  \
	sizeof((const uint8_t[]){__VA_ARGS__}),                                                    \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static const struct row rows[] = {
	{"MSVC's frame", INSN_32, HOOK_NONE, 5, 2,
	 CODE(0x8b, 0xff, 0x55, 0x8b, 0xec, 0x33, 0xc0, 0x5d, 0xc3)},
	{"gcc's frame", INSN_32, HOOK_NONE, 6, 2,
	 CODE(0x55, 0x89, 0xe5, 0x83, 0xec, 0x10, 0xc9, 0xc3)},
	{"one instruction is enough", INSN_32, HOOK_NONE, 5, 0, CODE(0xb8, 1, 0, 0, 0, 0xc3)},
	{"endbr64 first", INSN_64, HOOK_NONE, 5, 1, CODE(0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x5d, 0xc3)},
	{"rip-relative", INSN_64, HOOK_NONE, 7, 0, CODE(0x48, 0x8b, 0x05, 1, 2, 3, 0, 0xc3)},
	{"import thunk", INSN_64, HOOK_NONE, 6, 0, CODE(0xff, 0x25, 1, 2, 3, 0)},
	{"tail call", INSN_64, HOOK_NONE, 5, 0, CODE(0xe9, 0, 1, 0, 0)},
	{"a short branch out of it", INSN_64, HOOK_NONE, 5, 2,
	 CODE(0x85, 0xff, 0x74, 0x03, 0x90, 0x89, 0xf8, 0xc3, 0xc3)},
	{"call at its beginning", INSN_32, HOOK_NONE, 5, 0, CODE(0xe8, 0, 1, 0, 0, 0xc3)},
	{"get pc by a call", INSN_32, HOOK_NONE, 5, 0, CODE(0xe8, 0, 0, 0, 0, 0x58, 0xc3)},
	{"it calls itself later", INSN_64, HOOK_NONE, 5, 0,
	 CODE(0xb8, 1, 0, 0, 0, 0xe8, 0xf6, 0xff, 0xff, 0xff, 0xc3)},
	{"ret, then int3", INSN_64, HOOK_NONE, 3, 1, CODE(0x31, 0xc0, 0xc3, 0xcc, 0xcc, 0xcc)},
	{"ret, then a long nop", INSN_64, HOOK_NONE, 1, 0,
	 CODE(0xc3, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0)},
	{"ret, then code", INSN_64, HOOK_TOO_SHORT, 0, 0, CODE(0x31, 0xc0, 0xc3, 0x55, 0x53, 0x51)},
	{"a single ret and nothing known behind", INSN_64, HOOK_TOO_SHORT, 0, 0, CODE(0xc3)},
	{"a loop to its beginning", INSN_64, HOOK_BRANCH_BACK, 0, 0,
	 CODE(0x48, 0xff, 0xc8, 0x48, 0x85, 0xc0, 0x75, 0xf8, 0xc3)},
	{"a loop to its second instruction", INSN_64, HOOK_BRANCH_BACK, 0, 0,
	 CODE(0x31, 0xc0, 0xff, 0xc0, 0x39, 0xf8, 0x75, 0xfa, 0xc3)},
	{"a loop behind the patch", INSN_64, HOOK_NONE, 5, 0,
	 CODE(0xb8, 1, 0, 0, 0, 0xff, 0xc0, 0x39, 0xf8, 0x75, 0xfa, 0xc3)},
	{"a far branch back", INSN_32, HOOK_BRANCH_BACK, 0, 0,
	 CODE(0x55, 0x89, 0xe5, 0x53, 0x56, 0x57, 0x0f, 0x84, 0xf5, 0xff, 0xff, 0xff, 0xc3)},
	{"a branch within the moved", INSN_64, HOOK_BRANCH_BACK, 0, 0,
	 CODE(0x74, 0x01, 0x90, 0x90, 0x90, 0xc3)},
	{"breakpoint", INSN_64, HOOK_BREAKPOINT, 0, 0,
	 CODE(0xcc, 0x89, 0xe5, 0x83, 0xec, 0x10, 0xc3)},
	{"a breakpoint among the moved", INSN_64, HOOK_UNMOVABLE, 0, 0,
	 CODE(0x55, 0xcc, 0x89, 0xe5, 0x83, 0xec, 0x10, 0xc3)},
	{"a system call among the moved", INSN_64, HOOK_UNMOVABLE, 0, 0,
	 CODE(0x31, 0xc0, 0x0f, 0x05, 0x90, 0xc3)},
	{"early call of a register", INSN_64, HOOK_CALL_EARLY, 0, 0,
	 CODE(0xff, 0xd0, 0x90, 0x90, 0x90, 0x90, 0xc3)},
	{"a call through the stack", INSN_64, HOOK_UNMOVABLE, 0, 0,
	 CODE(0x51, 0xff, 0x54, 0x24, 0x10, 0x58, 0xc3)},
	{"not understood", INSN_64, HOOK_UNKNOWN, 0, 0, CODE(0x60, 0x90, 0x90, 0x90, 0x90, 0xc3)},
	{"not understood later", INSN_64, HOOK_UNKNOWN, 0, 0,
	 CODE(0x55, 0x60, 0x90, 0x90, 0x90, 0xc3)},
	{"hooked by a jump far away", INSN_64, HOOK_ALREADY_HOOKED, 0, 0,
	 CODE(0xe9, 0, 0, 0, 0x10)},
};

static struct hook_function describe(const struct row *row)
{
	return (struct hook_function){
		.mode = row->mode,
		.address = AT,
		.bytes = row->bytes,
		.size = row->size,
		.executable = true,
		.text_begin = AT - 0x1000,
		.text_end = AT + 0x1000000,
	};
}

static void functions_can_be_hooked_or_the_reason_is_told(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hook_function function = describe(&rows[i]);
		struct hook_plan plan = {.n_moved = 77};
		enum hook_reason reason = hook_plan(&function, HOOK_FORM_NEAR, &plan);

		if (reason != rows[i].reason)
			fail_msg("%s: %s", rows[i].text, hook_reason_word(reason));
		if (reason) {
			/* A failure leaves its output as it was. */
			assert_int_equal(plan.n_moved, 77);
			continue;
		}
		if (plan.n_moved != rows[i].n_moved || plan.n_inside != rows[i].n_inside)
			fail_msg("%s: %u bytes move, %u instructions inside", rows[i].text,
				 plan.n_moved, plan.n_inside);
		assert_int_equal(plan.form, HOOK_FORM_NEAR);
		assert_memory_equal(plan.original, rows[i].bytes, 5);
	}
}

static void every_reason_has_words(void **state)
{
	for (unsigned i = 0; i <= HOOK_N_REASONS; i++) {
		assert_true(strlen(hook_reason_word(i)) > 1);
		assert_true(strlen(hook_reason_sentence(i)) > 10);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(hook_reason_word(i), hook_reason_word(j));
	}
}

static void what_is_not_code_is_refused(void **state)
{
	struct hook_function function = describe(&rows[0]);
	struct hook_plan plan;

	function.executable = false;
	assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_NOT_EXECUTABLE);
	function.executable = true;
	function.size = 0;
	assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_TOO_SHORT);
}

/* A known size is believed: code beyond it is another function's. */
static void a_known_end_is_not_passed(void **state)
{
	static const uint8_t code[] = {0x31, 0xc0, 0xc3, 0xcc, 0xcc, 0xcc, 0x55};
	struct hook_function function = {.mode = INSN_64,
					 .address = AT,
					 .bytes = code,
					 .size = 3,
					 .size_known = true,
					 .executable = true};
	struct hook_plan plan;

	assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_TOO_SHORT);
	function.n_after = 1;
	assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_TOO_SHORT);
	function.n_after = 2;
	assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_NONE);
	assert_true(plan.ends_moved);
	assert_int_equal(plan.n_moved, 3);
}

static void hotpatch_padding_is_used(void **state)
{
	static const struct {
		uint8_t bytes[12];
		bool used;
	} cases[] = {
		{{0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0x8b, 0xff, 0x55, 0x8b, 0xec, 0x5d, 0xc3}, true},
		{{0x90, 0x90, 0x90, 0x90, 0x90, 0x8b, 0xff, 0x55, 0x8b, 0xec, 0x5d, 0xc3}, true},
		/* any first instruction of two bytes or more, if only int3 can stand there */
		{{0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0x40, 0x53, 0x55, 0x8b, 0xec, 0x5d, 0xc3}, true},
		{{0x90, 0x90, 0x90, 0x90, 0x90, 0x40, 0x53, 0x55, 0x8b, 0xec, 0x5d, 0xc3}, false},
		{{0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0x55, 0x8b, 0xec, 0x33, 0xc0, 0x5d, 0xc3}, false},
		{{0xcc, 0x90, 0xcc, 0xcc, 0xcc, 0x8b, 0xff, 0x55, 0x8b, 0xec, 0x5d, 0xc3}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hook_function function = {.mode = INSN_64,
						 .address = AT,
						 .bytes = cases[i].bytes + 5,
						 .size = 7,
						 .n_before = 5,
						 .executable = true};
		struct hook_plan plan;

		assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_NONE);
		assert_int_equal(plan.form == HOOK_FORM_HOTPATCH, cases[i].used);
		if (!cases[i].used)
			continue;
		assert_int_equal(plan.n_inside, 0);
		assert_int_equal(plan.n_moved, 2);
		assert_int_equal(plan.n_patched, 2);
		assert_int_equal(plan.patch_address, AT - 5);
		assert_int_equal(plan.n_original, 7);
		assert_memory_equal(plan.original, cases[i].bytes, 7);
		function.n_before = 4;
		assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_NONE);
		assert_int_equal(plan.form, HOOK_FORM_NEAR);
	}
}

static void a_scan_tells_how_far_it_was_sure(void **state)
{
	/* ret behind a branch over it, then what is another function */
	static const uint8_t code[] = {0x85, 0xc0, 0x74, 0x01, 0xc3, 0xb0, 0x01, 0xc3, 0xeb, 0xf6};
	static const uint8_t data[] = {0xb8, 1, 0, 0, 0, 0x60, 0xeb, 0xf8, 0xc3};
	struct hook_function function = {
		.mode = INSN_64, .address = AT, .bytes = code, .size = sizeof(code)};
	struct hook_scan scan;

	hook_scan(&function, 2, &scan);
	assert_int_equal(scan.end, 8);
	assert_true(scan.all && !scan.branches_back);
	function.size = 6;
	hook_scan(&function, 2, &scan);
	assert_false(scan.all);
	function.size = sizeof(code);
	function.size_known = true;
	hook_scan(&function, 2, &scan);
	assert_true(scan.all && scan.branches_back);
	/* What is not understood doesn't hide what comes behind it. */
	function.bytes = data;
	function.size = sizeof(data);
	hook_scan(&function, 5, &scan);
	assert_true(!scan.all && scan.branches_back);
}

struct moved {
	const char *text;
	enum insn_mode mode;
	uint64_t to;
	uint8_t n_code, n_trampoline;
	uint8_t code[12];
	uint8_t trampoline[48];
};

/* A plan of these instructions, and nothing behind them. */
static struct hook_plan plan_of(enum insn_mode mode, const uint8_t *code, size_t n)
{
	struct hook_plan plan = {
		.mode = mode, .address = AT, .n_moved = (uint8_t)n, .ends_moved = true};

	memcpy(plan.moved, code, n);
	return plan;
}

static const struct moved moved[] = {
	{"as it is", INSN_64, NEAR_AT, 3, 3, {0x48, 0x89, 0xe5}, {0x48, 0x89, 0xe5}},
	/* 0x140001007 + 0x10 - 0x150000007 = -0xfffeff0 */
	{"lea rax, [rip+16]",
	 INSN_64,
	 NEAR_AT,
	 7,
	 7,
	 {0x48, 0x8d, 5, 0x10, 0, 0, 0},
	 {0x48, 0x8d, 5, 0x10, 0x10, 0, 0xf0}},
	{"cmp byte [rip], 9",
	 INSN_64,
	 NEAR_AT,
	 7,
	 7,
	 {0x80, 0x3d, 0x10, 0, 0, 0, 9},
	 {0x80, 0x3d, 0x10, 0x10, 0, 0xf0, 9}},
	{"jmp [rip]",
	 INSN_64,
	 NEAR_AT,
	 6,
	 6,
	 {0xff, 0x25, 0x10, 0, 0, 0},
	 {0xff, 0x25, 0x10, 0x10, 0, 0xf0}},
	{"jmp short", INSN_64, NEAR_AT, 2, 5, {0xeb, 0x10}, {0xe9, 0x0d, 0x10, 0, 0xf0}},
	{"jmp near", INSN_64, NEAR_AT, 5, 5, {0xe9, 0x10, 0, 0, 0}, {0xe9, 0x10, 0x10, 0, 0xf0}},
	{"jmp, far",
	 INSN_64,
	 FAR_AT,
	 2,
	 14,
	 {0xeb, 0x10},
	 {0xff, 0x25, 0, 0, 0, 0, 0x12, 0x10, 0, 0x40, 1, 0, 0, 0}},
	{"je short", INSN_64, NEAR_AT, 2, 6, {0x74, 0x10}, {0x0f, 0x84, 0x0c, 0x10, 0, 0xf0}},
	{"jne near",
	 INSN_64,
	 NEAR_AT,
	 6,
	 6,
	 {0x0f, 0x85, 0x10, 0, 0, 0},
	 {0x0f, 0x85, 0x10, 0x10, 0, 0xf0}},
	{"je, far",
	 INSN_64,
	 FAR_AT,
	 2,
	 16,
	 {0x74, 0x10},
	 {0x75, 14, 0xff, 0x25, 0, 0, 0, 0, 0x12, 0x10, 0, 0x40, 1, 0, 0, 0}},
	{"loop", INSN_64, NEAR_AT, 2, 9, {0xe2, 0x10}, {0xe2, 2, 0xeb, 5, 0xe9, 9, 0x10, 0, 0xf0}},
	{"jecxz in 64",
	 INSN_64,
	 NEAR_AT,
	 3,
	 10,
	 {0x67, 0xe3, 0x10},
	 {0x67, 0xe3, 2, 0xeb, 5, 0xe9, 9, 0x10, 0, 0xf0}},
	{"jrcxz, far",
	 INSN_64,
	 FAR_AT,
	 2,
	 18,
	 {0xe3, 0x10},
	 {0xe3, 2, 0xeb, 14, 0xff, 0x25, 0, 0, 0, 0, 0x12, 0x10, 0, 0x40, 1, 0, 0, 0}},
	/* push 0x40001005; mov dword [rsp+4], 1; jmp */
	{"call",
	 INSN_64,
	 NEAR_AT,
	 5,
	 18,
	 {0xe8, 0x10, 0, 0, 0},
	 {0x68, 5, 0x10, 0, 0x40, 0xc7, 0x44, 0x24, 4, 1, 0, 0, 0, 0xe9, 3, 0x10, 0, 0xf0}},
	{"call rax",
	 INSN_64,
	 NEAR_AT,
	 2,
	 15,
	 {0xff, 0xd0},
	 {0x68, 2, 0x10, 0, 0x40, 0xc7, 0x44, 0x24, 4, 1, 0, 0, 0, 0xff, 0xe0}},
	{"call [rip]",
	 INSN_64,
	 NEAR_AT,
	 6,
	 19,
	 {0xff, 0x15, 0x10, 0, 0, 0},
	 {0x68, 6, 0x10, 0, 0x40, 0xc7, 0x44, 0x24, 4, 1, 0, 0, 0, 0xff, 0x25, 3, 0x10, 0, 0xf0}},
	{"call in 32",
	 INSN_32,
	 0x50000000,
	 5,
	 10,
	 {0xe8, 0x10, 0, 0, 0},
	 {0x68, 5, 0x10, 0, 0x40, 0xe9, 0x0b, 0x10, 0, 0xf0}},
	{"call [mem] in 32",
	 INSN_32,
	 0x50000000,
	 6,
	 11,
	 {0xff, 0x15, 1, 2, 3, 4},
	 {0x68, 6, 0x10, 0, 0x40, 0xff, 0x25, 1, 2, 3, 4}},
	{"jmp in 32 goes around",
	 INSN_32,
	 0xf0000000,
	 5,
	 5,
	 {0xe9, 0x10, 0, 0, 0},
	 {0xe9, 0x10, 0x10, 0, 0x50}},
};

static void moved_instructions_do_what_they_did(void **state)
{
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		const struct moved *row = &moved[i];
		struct hook_plan plan = plan_of(row->mode, row->code, row->n_code);
		uint8_t code[HOOK_TRAMPOLINE_MAX];
		size_t n = 0;

		if (row->mode == INSN_32)
			plan.address = 0x40001000;
		if (hook_relocate(&plan, row->to, code, &n) || n != row->n_trampoline ||
		    memcmp(code, row->trampoline, n)) {
			for (size_t j = 0; j < n; j++)
				print_message(" %02x", code[j]);
			fail_msg("%s: %zu bytes", row->text, n);
		}
	}
}

static void an_operand_out_of_reach_is_told(void **state)
{
	static const uint8_t lea[] = {0x48, 0x8d, 5, 0x10, 0, 0, 0};
	struct hook_plan plan = plan_of(INSN_64, lea, sizeof(lea));
	uint8_t code[HOOK_TRAMPOLINE_MAX];
	size_t n = 3;

	assert_int_equal(hook_relocate(&plan, FAR_AT, code, &n), HOOK_TOO_FAR);
	/* The last address that it can be reached from, and the next. */
	assert_int_equal(hook_relocate(&plan, AT + 0x10 + 0x80000000u, code, &n), HOOK_NONE);
	assert_int_equal(hook_relocate(&plan, AT + 0x11 + 0x80000000u, code, &n), HOOK_TOO_FAR);
}

static void a_trampoline_ends_where_the_function_goes_on(void **state)
{
	static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0x53};
	struct hook_plan plan = plan_of(INSN_64, code, sizeof(code));
	uint8_t trampoline[HOOK_TRAMPOLINE_MAX];
	size_t n;

	plan.ends_moved = false;
	assert_int_equal(hook_relocate(&plan, NEAR_AT, trampoline, &n), HOOK_NONE);
	assert_int_equal(n, 10);
	/* 0x140001005 - 0x15000000a */
	assert_memory_equal(trampoline, "\x55\x48\x89\xe5\x53\xe9\xfb\x0f\x00\xf0", 10);
}

/* The longest that there can be: 14 bytes of conditions, all of them far. */
static void the_longest_trampoline_has_room(void **state)
{
	uint8_t bytes[14];
	struct hook_plan plan;
	uint8_t code[HOOK_TRAMPOLINE_MAX];
	size_t n;

	for (size_t i = 0; i < sizeof(bytes); i += 2) {
		bytes[i] = 0xe3;
		bytes[i + 1] = 0x70;
	}
	plan = plan_of(INSN_64, bytes, sizeof(bytes));
	plan.ends_moved = false;
	assert_int_equal(hook_relocate(&plan, FAR_AT, code, &n), HOOK_NONE);
	assert_int_equal(n, 7 * 18 + 14);
	assert_true(n <= HOOK_TRAMPOLINE_MAX);
}

static void functions_that_read_their_return_address_are_known(void **state)
{
	static const struct {
		uint8_t code[16];
		bool reads;
	} cases[] = {
		{{0x8b, 0x1c, 0x24, 0xc3}, true},			  /* mov ebx, [esp]; ret */
		{{0xf3, 0x0f, 0x1e, 0xfb, 0x8b, 0x04, 0x24, 0xc3}, true}, /* endbr32 first */
		{{0x59, 0x50, 0x51, 0xc3}, true},			  /* pop ecx */
		{{0x31, 0xc0, 0x87, 0x04, 0x24, 0xc3}, true},		  /* xchg eax, [esp] */
		{{0x8d, 0xa4, 0x24, 0, 0, 0, 0, 0x59, 0xc3}, false}, /* lea esp, [esp]: hotpatch */
		{{0x0f, 0x1f, 0x04, 0x24, 0xc3}, false},	     /* nop */
		{{0x8b, 0x44, 0x24, 4, 0xc3}, false},		     /* an argument */
		{{0x50, 0x8b, 0x04, 0x24, 0x59, 0xc3}, false},	     /* its own */
		{{0x83, 0xec, 0x0c, 0x8b, 0x04, 0x24, 0xc3}, false}, /* sub esp first */
		{{0x8b, 0x04, 0x8c, 0xc3}, false},		     /* [esp + ecx * 4] */
		{{0x9c, 0x58, 0x89, 0xc1, 0xc3}, false},	     /* pushf; pop eax */
		{{0x90, 0xc3, 0x59, 0x59}, false},		     /* behind its end */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hook_function function = {
			.mode = INSN_32, .bytes = cases[i].code, .size = sizeof(cases[i].code)};

		if (hook_reads_return(&function) != cases[i].reads)
			fail_msg("case %zu", i);
	}
}

static void branches_of_other_functions_are_seen(void **state)
{
	/* a function of 6 bytes; then one that jumps to its second instruction */
	uint8_t code[] = {0x48, 0x89, 0xe0, 0x53, 0x5b, 0xc3, 0xeb,
			  0xfb, 0xe8, 0xf3, 0xff, 0xff, 0xff};
	struct hook_function function = {.mode = INSN_64,
					 .address = AT,
					 .bytes = code,
					 .size = 6,
					 .size_known = true,
					 .executable = true};
	struct hook_targets targets;
	struct hook_plan plan;
	uint32_t bits[4];

	assert_true(hook_targets_size(sizeof(code)) <= sizeof(bits));
	assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_NONE);
	hook_targets_init(&targets, AT, sizeof(code), bits);
	function.targets = &targets;
	assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_NONE);
	hook_targets_add(&targets, INSN_64, AT, code, sizeof(code));
	assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_BRANCH_IN);
	/* To its beginning: a tail call. The call behind it goes there anyway. */
	code[7] = 0xf8;
	hook_targets_init(&targets, AT, sizeof(code), bits);
	hook_targets_add(&targets, INSN_64, AT, code, sizeof(code));
	assert_true(hook_targets_any(&targets, AT, 1));
	assert_int_equal(hook_plan(&function, HOOK_FORM_NEAR, &plan), HOOK_NONE);
	assert_false(hook_targets_any(&targets, AT + 100, 1000));
}

static void returns_that_are_more_than_returns_are_known(void **state)
{
	assert_int_equal(hook_return_reason("_setjmp"), HOOK_RETURNS_TWICE);
	assert_int_equal(hook_return_reason("RtlWalkFrameChain"), HOOK_READS_RETURN);
	assert_int_equal(hook_return_reason("KeBugCheckEx"), HOOK_NEVER_RETURNS);
	assert_int_equal(hook_return_reason("KeBugCheckE"), HOOK_NONE);
	assert_int_equal(hook_return_reason("_work.cold"), HOOK_NOT_CALLED);
	assert_int_equal(hook_return_reason("work.cold.3"), HOOK_NOT_CALLED);
	assert_int_equal(hook_return_reason("work.colder"), HOOK_NONE);
	assert_int_equal(hook_return_reason("ExAllocatePoolWithTag"), HOOK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_can_be_hooked_or_the_reason_is_told),
		cmocka_unit_test(every_reason_has_words),
		cmocka_unit_test(what_is_not_code_is_refused),
		cmocka_unit_test(a_known_end_is_not_passed),
		cmocka_unit_test(hotpatch_padding_is_used),
		cmocka_unit_test(a_scan_tells_how_far_it_was_sure),
		cmocka_unit_test(moved_instructions_do_what_they_did),
		cmocka_unit_test(an_operand_out_of_reach_is_told),
		cmocka_unit_test(a_trampoline_ends_where_the_function_goes_on),
		cmocka_unit_test(the_longest_trampoline_has_room),
		cmocka_unit_test(functions_that_read_their_return_address_are_known),
		cmocka_unit_test(branches_of_other_functions_are_seen),
		cmocka_unit_test(returns_that_are_more_than_returns_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
