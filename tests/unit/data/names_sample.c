/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel of the build that the sample captures say they are of, with functions where their stacks
 * lead: for tests that name them.
 */
__asm__(".text\n"
	".globl _stext\n"
	"_stext: .skip 0x100, 0x90\n"
	".globl sample_first\n.type sample_first, @function\n"
	"sample_first: .skip 0x100, 0x90\n"
	".globl sample_last\n.type sample_last, @function\n"
	"sample_last: .skip 0x10000, 0x90\n"
	".globl _etext\n"
	"_etext: nop\n");

void sample_line(void);

__attribute__((section(".text.hot"))) void sample_line(void)
{
}
