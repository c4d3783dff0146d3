/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers that differ between the clones of one template program. Each is a move of a magic
 * immediate that user space finds in the loaded template's instructions and replaces, so that a
 * clone carries its numbers without a map lookup (src/source/linux_clone.c).
 */
#ifndef KMN_LINUX_CLONE_H
#define KMN_LINUX_CLONE_H

#include "shared.h"

#define KMN_STRINGIFY_(x) #x
#define KMN_STRINGIFY(x) KMN_STRINGIFY_(x)

#define CLONE_NUMBER(name, magic)                                                                  \
	static __always_inline __u32 name(void)                                                    \
	{                                                                                          \
		__u32 number;                                                                      \
                                                                                                   \
		asm volatile("%0 = " KMN_STRINGIFY(magic) : "=r"(number));                         \
		return number;                                                                     \
	}

CLONE_NUMBER(clone_hook, KMN_MAGIC_HOOK)
CLONE_NUMBER(clone_copy, KMN_MAGIC_COPY)
CLONE_NUMBER(clone_slot, KMN_MAGIC_SLOT)

/* The same for addresses that all clones share. */
#define TEMPLATE_ADDRESS(name, magic)                                                              \
	static __always_inline __u64 name(void)                                                    \
	{                                                                                          \
		__u64 address;                                                                     \
                                                                                                   \
		asm volatile("%0 = " KMN_STRINGIFY(magic) " ll" : "=r"(address));                  \
		return address;                                                                    \
	}

TEMPLATE_ADDRESS(rethook_address, KMN_MAGIC_RETHOOK)
TEMPLATE_ADDRESS(return_to_handler_address, KMN_MAGIC_RETURN_TO_HANDLER)

#endif
