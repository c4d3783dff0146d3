/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/linux_prologue.h"

#define FTRACE_NOP 0x0f, 0x1f, 0x44, 0x00, 0x00

static void a_probe_stands_behind_the_nop_and_the_first_pushes(void **state)
{
	static const struct {
		const char *what;
		unsigned char code[24];
		size_t size;
		struct probe_place place;
	} rows[] = {
		{"mov behind the nop", {FTRACE_NOP, 0x48, 0x89, 0xf8}, 8, {5, 0}},
		{"a call of ftrace", {0xe8, 1, 2, 3, 4, 0x48, 0x89, 0xf8}, 8, {5, 0}},
		{"endbr64 before it", {0xf3, 0x0f, 0x1e, 0xfa, FTRACE_NOP, 0x31, 0xc0}, 11, {9, 0}},
		{"push %r14 has two bytes", {FTRACE_NOP, 0x41, 0x56, 0x53}, 8, {5, 0}},
		{"push %rbp; mov %rsp,%rbp", {FTRACE_NOP, 0x55, 0x48, 0x89, 0xe5}, 9, {6, 8}},
		{"push %rbp; push %rbx; sub",
		 {FTRACE_NOP, 0x55, 0x53, 0x48, 0x83, 0xec, 0x10},
		 11,
		 {7, 16}},
		{"ret", {FTRACE_NOP, 0xc3}, 6, {0, 0}},
		{"push, then ret", {FTRACE_NOP, 0x53, 0xc3}, 7, {0, 0}},
		{"jmp to the return thunk", {FTRACE_NOP, 0xe9, 1, 2, 3, 4}, 10, {5, 0}},
		{"somebody's breakpoint", {FTRACE_NOP, 0xcc, 0x89, 0xf8}, 8, {0, 0}},
		{"no nop", {0x48, 0x89, 0xf8, 0xc3, 0x90, 0x90, 0x90}, 7, {0, 0}},
		{"seven pushes",
		 {FTRACE_NOP, 0x50, 0x51, 0x52, 0x53, 0x55, 0x56, 0x57, 0x31, 0xc0},
		 14,
		 {0, 0}},
		{"nothing behind the nop", {FTRACE_NOP}, 5, {0, 0}},
		{"only pushes", {FTRACE_NOP, 0x55, 0x53}, 7, {0, 0}},
		{"cut within the nop", {FTRACE_NOP}, 3, {0, 0}},
		{"nothing at all", {0}, 0, {0, 0}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct probe_place place = prologue_place(rows[i].code, rows[i].size);

		if (place.offset != rows[i].place.offset || place.pushed != rows[i].place.pushed)
			fail_msg("%s: +%u, %u pushed", rows[i].what, place.offset, place.pushed);
	}
}

static void a_jump_back_is_seen(void **state)
{
	/* The code is at 0x1000; what must not be jumped to is 0x1001 to 0x1006. */
	static const struct {
		const char *what;
		unsigned char code[32];
		size_t size;
		bool jumps;
	} rows[] = {
		{"jne back", {[16] = 0x75, 0xf3}, 18, true},		   /* to 0x1005 */
		{"jmp back", {[16] = 0xeb, 0xf4}, 18, true},		   /* to 0x1006 */
		{"loop back", {[16] = 0xe2, 0xf4}, 18, true},		   /* to 0x1006 */
		{"jne behind it", {[16] = 0x75, 0xf5}, 18, false},	   /* to 0x1007 */
		{"jne to the first byte", {[16] = 0x75, 0xee}, 18, false}, /* to 0x1000 */
		{"jne forward", {[2] = 0x75, 0x10}, 18, false},
		{"long jmp back", {[16] = 0xe9, 0xf0, 0xff, 0xff, 0xff}, 21, true},
		{"long jne back", {[16] = 0x0f, 0x85, 0xef, 0xff, 0xff, 0xff}, 22, true},
		{"long jmp behind it", {[16] = 0xe9, 0xf2, 0xff, 0xff, 0xff}, 21, false},
		{"jmp *%rax", {[16] = 0xff, 0xe0}, 18, true},
		{"jmp through a table", {[16] = 0xff, 0x24, 0xc5, 0, 0, 0, 0}, 23, true},
		{"call *%rax", {[16] = 0xff, 0xd0}, 18, false},
		{"a jump cut by the end", {[16] = 0x75}, 17, false},
		{"no code", {0}, 0, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool jumps = prologue_jumps(rows[i].code, rows[i].size, 0x1000, 0x1001, 0x1006);

		if (jumps != rows[i].jumps)
			fail_msg("%s: %d", rows[i].what, jumps);
	}
}

static void a_jump_from_elsewhere_is_seen(void **state)
{
	/* The cold part of a function at 0x1000 lies at 0x9000. */
	static const unsigned char back[] = {0x90, 0xe9, 0xff, 0x7f, 0xff, 0xff};

	assert_true(prologue_jumps(back, sizeof(back), 0x9000, 0x1001, 0x1005));
	assert_false(prologue_jumps(back, sizeof(back), 0x9001, 0x1001, 0x1005));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_stands_behind_the_nop_and_the_first_pushes),
		cmocka_unit_test(a_jump_back_is_seen),
		cmocka_unit_test(a_jump_from_elsewhere_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
