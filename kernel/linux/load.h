/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading a word of kernel memory from an address that is a mere number. bpf_probe_read_kernel()
 * takes some 90 instructions; since 6.2 a number can be declared to be a pointer that may fault
 * (a35b9af4ec2c, "bpf: Add a kfunc to type cast from bpf uapi ctx to kernel ctx", and the commit
 * before it, fd264ca02094, "bpf: Add bpf_rdonly_cast()"), and a load takes about ten.
 */
#ifndef KMN_LINUX_LOAD_H
#define KMN_LINUX_LOAD_H

#include "maps.h"

/* Not in 6.1: the verifier then sees that the call is never reached (direct_loads is constant). */
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

/* Only where direct_loads says that it can be done. A fault reads as 0. */
static __always_inline __u64 load_direct(__u64 address)
{
	struct pt_regs *words =
		bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct pt_regs));

	return words->r15; /* the first */
}

/*
 * False: nothing can be read there. With direct loads a fault reads as 0 instead, so what a 0 would
 * say must never be believed on its own.
 */
static __always_inline bool load(__u64 *room, __u64 address, __u64 *word)
{
	if (direct_loads) {
		*word = load_direct(address);
		return true;
	}
	if (bpf_probe_read_kernel(room, 8, (void *)address))
		return false;
	*word = *(volatile __u64 *)room;
	return true;
}

#endif
