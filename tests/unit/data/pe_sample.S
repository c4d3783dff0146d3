/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small library of NT with functions of known shape, for i386 and x64 with mingw-w64's assembler, so that
 * no compiler decides: test_pe says which can be hooked.
 */
#ifdef __i386__
#define AX eax
#define SYMBOL(name) _##name
#else
#define AX rax
#define SYMBOL(name) name
#endif
	.intel_syntax noprefix

	.macro function symbol
	.balign 16, 0xcc
	.globl \symbol
	.def \symbol
	.scl 2
	.type 32
	.endef
\symbol:
	.endm

	.text
	function SYMBOL(plain)
	mov eax, 1
	ret

	function SYMBOL(tiny)
	ret
	push AX
	pop AX
	ret

	function SYMBOL(padded)
	ret

	function SYMBOL(loop_to_start)
	dec eax
	test eax, eax
	jnz SYMBOL(loop_to_start)
	ret

	function SYMBOL(entered)
	push AX
inside_entered:
	mov eax, 1
	pop AX
	ret

	function SYMBOL(enters)
	mov eax, 2
	jmp inside_entered

	function SYMBOL(trap)
	int3
	mov eax, 1
	ret

	function SYMBOL(pc_thunk)
#ifdef __i386__
	mov ebx, [esp]
#else
	mov rbx, [rsp]
#endif
	nop
	nop
	ret

	function SYMBOL(_setjmp)
	mov eax, 1
	ret

	function SYMBOL(work.cold)
	mov eax, 1
	ret

	.skip 8, 0xcc
	function SYMBOL(hotpatch)
	mov edi, edi
	push AX
	pop AX
	ret

#ifdef __i386__
	function _decorated@8
	mov eax, 1
	ret 8

	function _longjmp@8
	mov eax, 1
	ret 8
#endif

	/* Neither is exported; x64's has unwind data, and so a size. */
	function SYMBOL(unexported)
#ifdef __i386__
	mov eax, 1
	ret
#else
	.seh_proc unexported
	push rbx
	.seh_pushreg rbx
	sub rsp, 32
	.seh_stackalloc 32
	.seh_endprologue
	add rsp, 32
	pop rbx
	ret
	.seh_endproc
#endif

	function SYMBOL(start)
	mov eax, 1
#ifdef __i386__
	ret 12
#else
	ret
#endif

	.data
	.globl SYMBOL(variable)
SYMBOL(variable):
	.long 0x1234, 0x5678
