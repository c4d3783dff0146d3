/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiled for test_lines.c: a symbol of the same name as one in lines_sample.c. */
void sample_second(void);

__attribute__((noinline, noclone)) void sample_second(void)
{
	__asm__ volatile(".globl second_mark\nsecond_mark: twin: nop");
}

#ifndef KERNEL
/* The kernel puts code like the first into memory of its own, and the second behind .text. */
__attribute__((noinline, noclone, section(".init.text"))) void sample_init(void);
__attribute__((noinline, noclone, section(".init.text"))) void sample_init(void)
{
	__asm__ volatile("nop");
}

__attribute__((noinline, noclone, section(".exit.text"), aligned(64))) void sample_exit(void);
__attribute__((noinline, noclone, section(".exit.text"), aligned(64))) void sample_exit(void)
{
	__asm__ volatile("nop");
}
#endif

#ifdef KERNEL
__asm__(".text\n.globl _etext\n_etext:\n");
#endif
