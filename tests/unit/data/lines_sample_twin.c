/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiled for test_lines.c: a symbol of the same name as one in lines_sample.c. */
void sample_second(void);

__attribute__((noinline, noclone)) void sample_second(void)
{
	__asm__ volatile(".globl second_mark\nsecond_mark: twin: nop");
}

#ifdef KERNEL
__asm__(".text\n.globl _etext\n_etext:\n");
#endif
