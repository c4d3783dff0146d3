/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KmnGuarded(a, b) calls KmnMiddle, which calls KmnRaise, which raises an exception; KmnGuarded's
 * handler (raising.c) unwinds the stack to it, and it returns a + b, from registers that the others
 * have saved and changed. KmnMiddle and KmnRaise never return.
 */
#if defined(__i386__)

	.text
	.globl _KmnGuarded@8
	.balign 16
_KmnGuarded@8:
	push %ebp
	mov %esp, %ebp
	push %ebx
	push %esi
	push %edi
	mov 8(%ebp), %ebx
	add 12(%ebp), %ebx
	push %ebx			/* raising.c finds it behind the registration */
	push $_raising_handle
	push %fs:0
	mov %esp, %fs:0
	push 12(%ebp)
	push 8(%ebp)
	call _KmnMiddle@8
	ud2

	.globl _raising_landing
_raising_landing:			/* eax: the registration */
	mov %eax, %esp
	pop %fs:0
	add $4, %esp
	pop %eax
	pop %edi
	pop %esi
	pop %ebx
	pop %ebp
	ret $8

	.globl _KmnMiddle@8
	.balign 16
_KmnMiddle@8:
	push %ebp
	mov %esp, %ebp
	push %ebx
	mov $0x11111111, %ebx
	push 12(%ebp)
	push 8(%ebp)
	call _KmnRaise@8
	ud2

	.globl _KmnRaise@8
	.balign 16
_KmnRaise@8:
	push %ebp
	mov %esp, %ebp
	push $0xc0000001		/* STATUS_UNSUCCESSFUL */
	call _ExRaiseStatus@4
	ud2

	.section .drectve
	.ascii " -export:KmnGuarded@8 -export:KmnMiddle@8 -export:KmnRaise@8"

#else

	.text
	.globl KmnGuarded
	.balign 16
	.seh_proc KmnGuarded
KmnGuarded:
	push %rbx
	.seh_pushreg %rbx
	push %rsi
	.seh_pushreg %rsi
	sub $0x28, %rsp
	.seh_stackalloc 0x28
	.seh_endprologue
	.seh_handler raising_handle, @except, @unwind
	mov %rcx, %rbx
	mov %rdx, %rsi
	call KmnMiddle
	ud2
	.globl raising_landing
raising_landing:
	lea (%rbx,%rsi), %rax
	add $0x28, %rsp
	pop %rsi
	pop %rbx
	ret
	.seh_endproc

	.globl KmnMiddle
	.balign 16
	.seh_proc KmnMiddle
KmnMiddle:
	push %rbx
	.seh_pushreg %rbx
	sub $0x20, %rsp
	.seh_stackalloc 0x20
	.seh_endprologue
	mov $0x1111111111111111, %rbx
	call KmnRaise
	ud2
	.seh_endproc

	.globl KmnRaise
	.balign 16
	.seh_proc KmnRaise
KmnRaise:
	push %rsi
	.seh_pushreg %rsi
	sub $0x20, %rsp
	.seh_stackalloc 0x20
	.seh_endprologue
	mov $0x2222222222222222, %rsi
	mov $0xc0000001, %ecx		/* STATUS_UNSUCCESSFUL */
	call ExRaiseStatus
	ud2
	.seh_endproc

	.section .drectve
	.ascii " -export:KmnGuarded -export:KmnMiddle -export:KmnRaise"

#endif
