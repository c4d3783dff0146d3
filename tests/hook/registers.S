/* SPDX-License-Identifier: GPL-2.0-or-later */
	.intel_syntax noprefix
#if defined(__i386__)
	.set CELL, 4
	.set N_GENERAL, 7
#define AT(name) name
#define CELL_PTR dword ptr
#define PUSHF pushfd
#define POPF popfd
#else
	.set CELL, 8
	.set N_GENERAL, 15
#define AT(name) rip + name
#define CELL_PTR qword ptr
#define PUSHF pushfq
#define POPF popfq
#endif
	.set FLAGS, N_GENERAL * CELL
	.set SSE, FLAGS + CELL
	.set SIZE, SSE + 16 * (N_GENERAL + 1)

	.bss
	.balign 16
	.globl registers_before, registers_given, registers_seen, registers_after
registers_before:	.skip SIZE
registers_given:	.skip SIZE
registers_seen:		.skip SIZE
registers_after:	.skip SIZE

	.text
	.macro each_general operation, name
	.set at, 0
#if defined(__i386__)
	.irp register, eax, ecx, edx, ebx, ebp, esi, edi
#else
	.irp register, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
#endif
	\operation \register, \name
	.set at, at + CELL
	.endr
	.endm
	.macro load_general register, name
	mov \register, [AT(\name) + at]
	.endm
	.macro store_general register, name
	mov [AT(\name) + at], \register
	.endm

	.macro each_sse operation, name
	.set at, SSE
#if defined(__i386__)
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7
#else
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#endif
	\operation xmm\number, \name
	.set at, at + 16
	.endr
	.endm
	.macro load_sse register, name
	movups \register, [AT(\name) + at]
	.endm
	.macro store_sse register, name
	movups [AT(\name) + at], \register
	.endm

	/* No instruction of these changes flags but the one that is for them. */
	.macro load_all name
	each_sse load_sse, \name
	each_general load_general, \name
	push CELL_PTR [AT(\name) + FLAGS]
	POPF
	.endm
	.macro store_all name
	PUSHF
	pop CELL_PTR [AT(\name) + FLAGS]
	each_general store_general, \name
	each_sse store_sse, \name
	.endm

	.globl registers_target
	.type registers_target, @function
registers_target:
	.cfi_startproc
	store_all registers_seen
	load_all registers_given
	ret
	.cfi_endproc
	.size registers_target, . - registers_target

	.globl registers_call
	.type registers_call, @function
registers_call:
	.cfi_startproc
#if defined(__i386__)
	.irp register, ebx, ebp, esi, edi
#else
	.irp register, rbx, rbp, r12, r13, r14, r15
#endif
	push \register
	.endr
	load_all registers_before
	call registers_target
	store_all registers_after
	cld
#if defined(__i386__)
	.irp register, edi, esi, ebp, ebx
#else
	.irp register, r15, r14, r13, r12, rbp, rbx
#endif
	pop \register
	.endr
	ret
	.cfi_endproc
	.size registers_call, . - registers_call

	.globl registers_spoil
	.type registers_spoil, @function
registers_spoil:
	.cfi_startproc
#if defined(__i386__)
	.irp register, eax, ecx, edx
#else
	.irp register, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
#endif
	mov \register, -1
	.endr
	.macro spoil register, name
	pcmpeqd \register, \register
	.endm
	each_sse spoil, none
	xor eax, eax
	ret
	.cfi_endproc
	.size registers_spoil, . - registers_spoil

	.globl registers_return_address
	.type registers_return_address, @function
registers_return_address:
	.cfi_startproc
#if defined(__i386__)
	mov eax, [esp]
#else
	mov rax, [rsp]
#endif
	nop
	nop
	ret
	.cfi_endproc
	.size registers_return_address, . - registers_return_address

	.section .note.GNU-stack, "", @progbits
