/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that add their two arguments, with first instructions as they are found in kernels.
 * KmnLoopBack branches back into its first bytes and KmnShort ends within them (with code behind
 * it): neither can be hooked. KmnStart lies in a section that is gone when the driver has started.
 * KmnVariable is data.
 */
#if defined(__i386__)
#define FUNCTION(name) .globl _##name##@8; .balign 16; _##name##@8:; \
	.section .drectve; .ascii " -export:" #name "@8"; .text
#define RETURN ret $8
#else
#define FUNCTION(name) .globl name; .balign 16; name:; \
	.section .drectve; .ascii " -export:" #name; .text
#define RETURN ret
#endif

	.text

#if defined(__i386__)

FUNCTION(KmnClassic)		/* push ebp; mov eax,[esp+8]; mov ebp,esp: the manual's example */
	push %ebp
	mov 8(%esp), %eax
	.byte 0x8b, 0xec
	add 12(%ebp), %eax
	pop %ebp
	RETURN

	.balign 16
	.fill 11, 1, 0xcc
	.fill 5, 1, 0xcc
	.globl _KmnHotpatch@8
_KmnHotpatch@8:			/* mov edi,edi; push ebp; mov ebp,esp behind five int3 */
	.byte 0x8b, 0xff, 0x55, 0x8b, 0xec
	mov 8(%ebp), %eax
	add 12(%ebp), %eax
	pop %ebp
	RETURN
	.section .drectve; .ascii " -export:KmnHotpatch@8"; .text

FUNCTION(KmnMsvc)		/* push ebp; mov ebp,esp; sub esp */
	.byte 0x55, 0x8b, 0xec, 0x83, 0xec, 0x08
	mov 8(%ebp), %eax
	add 12(%ebp), %eax
	.byte 0x8b, 0xe5, 0x5d
	RETURN

FUNCTION(KmnGcc)		/* lea ecx,[esp+4]; and esp,-16; push [ecx-4] */
	lea 4(%esp), %ecx
	and $-16, %esp
	push -4(%ecx)
	push %ebp
	mov %esp, %ebp
	push %ecx
	mov (%ecx), %eax
	add 4(%ecx), %eax
	pop %ecx
	pop %ebp
	lea -4(%ecx), %esp
	RETURN

FUNCTION(KmnLoopBack)
	xor %eax, %eax
1:	.byte 0x85, 0xc0	/* test eax,eax, where the loop goes back to */
	jnz 2f
	mov 4(%esp), %eax
	inc %eax
	jmp 1b
2:	dec %eax
	add 8(%esp), %eax
	RETURN

FUNCTION(KmnShort)
	jmp add_two
add_two_again:
	jmp add_two
FUNCTION(KmnData)		/* an absolute address among the first bytes */
	mov zero, %eax
	add 4(%esp), %eax
	add 8(%esp), %eax
	RETURN

FUNCTION(KmnJump)
	jmp add_two
add_two:
	mov 4(%esp), %eax
	add 8(%esp), %eax
	RETURN

#else

FUNCTION(KmnClassic)		/* mov [rsp+8],rbx; sub rsp: leaf-like MSVC */
	mov %rcx, 8(%rsp)
	lea (%rcx,%rdx), %rax
	RETURN

	.balign 16
	.fill 16, 1, 0xcc
	.globl KmnHotpatch
KmnHotpatch:			/* a first instruction of two bytes behind int3s */
	.byte 0x66, 0x90
	lea (%rcx,%rdx), %rax
	RETURN
	.section .drectve; .ascii " -export:KmnHotpatch"; .text

FUNCTION(KmnMsvc)		/* push rbx with a REX; sub rsp,20h */
	.byte 0x40, 0x53
	sub $0x20, %rsp
	mov %rcx, %rbx
	lea (%rbx,%rdx), %rax
	add $0x20, %rsp
	pop %rbx
	RETURN

FUNCTION(KmnGcc)		/* push rdi; push rsi; push rbx; sub rsp,40h */
	push %rdi
	push %rsi
	push %rbx
	sub $0x40, %rsp
	lea (%rcx,%rdx), %rax
	add $0x40, %rsp
	pop %rbx
	pop %rsi
	pop %rdi
	RETURN

FUNCTION(KmnLoopBack)
	xor %eax, %eax
1:	test %rax, %rax		/* where the loop goes back to */
	jnz 2f
	lea 1(%rcx), %rax
	jmp 1b
2:	lea -1(%rax,%rdx), %rax
	RETURN

FUNCTION(KmnShort)
	jmp add_two
add_two_again:
	jmp add_two
FUNCTION(KmnData)		/* RIP-relative among the first bytes */
	mov zero(%rip), %rax
	add %rcx, %rax
	add %rdx, %rax
	RETURN

FUNCTION(KmnJump)
	jmp add_two
add_two:
	lea (%rcx,%rdx), %rax
	RETURN

#endif

	.section INIT, "xrD"
#if defined(__i386__)
	.globl _KmnStart@8
	.balign 16
_KmnStart@8:
	.byte 0x55, 0x8b, 0xec, 0x83, 0xec, 0x08
	mov 8(%ebp), %eax
	add 12(%ebp), %eax
	.byte 0x8b, 0xe5, 0x5d
	RETURN
	.section .drectve; .ascii " -export:KmnStart@8"
#else
	.globl KmnStart
	.balign 16
KmnStart:
	sub $0x28, %rsp
	lea (%rcx,%rdx), %rax
	add $0x28, %rsp
	RETURN
	.section .drectve; .ascii " -export:KmnStart"
#endif

	.data
	.globl zero
	.balign 8
zero:
	.quad 0
#if defined(__i386__)
	.globl _KmnVariable
_KmnVariable:
#else
	.globl KmnVariable
KmnVariable:
#endif
	.quad 0
	.section .drectve
	.ascii " -export:KmnVariable,data"
