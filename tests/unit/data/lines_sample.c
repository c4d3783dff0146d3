/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiled for test_lines.c, which knows the numbers of these lines. */
#ifdef KERNEL
__asm__(".text\n.globl _stext\n_stext:\n");
#endif

static inline __attribute__((always_inline)) int inner(int n)
{
	__asm__ volatile(".globl sample_mark\nsample_mark: nop" : "+r"(n));
	return n;
}

static inline __attribute__((always_inline)) int middle(int n)
{
	return inner(n) * 3;
}

__attribute__((noinline, noclone)) int sample_outer(int n)
{
	return middle(n + 1) * 7;
}

__attribute__((noinline, noclone)) void sample_first(void)
{
	__asm__ volatile(".globl first_mark\nfirst_mark: twin: nop");
}
