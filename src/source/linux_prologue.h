/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a function a kprobe sees each of its calls exactly once, without being at the first
 * instruction. There stands ftrace's nop: a kprobe on it goes through ftrace, which walks all of
 * its records for every probe put in or taken out. Behind it a probe is a plain breakpoint, or a
 * jump, and a hundred times cheaper to put in.
 */
#ifndef SOURCE_LINUX_PROLOGUE_H
#define SOURCE_LINUX_PROLOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* offset 0: the function's first byte is the only place. */
struct probe_place {
	uint32_t offset; /* of the probe, from the function's first byte */
	uint32_t pushed; /* bytes the function has pushed when it gets there */
};

/*
 * The place for a probe in the function whose code this is. It is behind ftrace's nop and the first
 * pushes, on an instruction of two bytes or more: the unwinder takes the byte behind a breakpoint
 * for the place where the function is, and what it knows of the stack changes with the instruction.
 */
struct probe_place prologue_place(const unsigned char *code, size_t size);

/*
 * May the code, which is at `address`, jump to one of the addresses from `first` to `last`? It
 * errs on the side of yes: it takes any bytes that could be such a jump for one.
 */
bool prologue_jumps(const unsigned char *code, size_t size, uint64_t address, uint64_t first,
		    uint64_t last);

#endif
