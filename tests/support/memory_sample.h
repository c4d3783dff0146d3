/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory made by hand, for tests of what reports on it: a catalog with a few functions of the
 * kernel and of modules, and blocks put in one by one.
 */
#ifndef SUPPORT_MEMORY_SAMPLE_H
#define SUPPORT_MEMORY_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "model/catalog.h"
#include "model/memory.h"
#include "model/place.h"

#define SECOND 1000000000ull

/* Functions of 0x100 bytes each, one behind the other; X(symbol, name, module). */
#define SAMPLE_FUNCTIONS(X)                                                                        \
	X(TRACEITER, "__traceiter_kmalloc", NULL)                                                  \
	X(BPF_PROG, "bpf_prog_0123456789abcdef_on_kmalloc", NULL)                                  \
	X(KMALLOC, "__kmalloc_noprof", NULL)                                                       \
	X(KSTRDUP, "kstrdup", NULL)                                                                \
	X(CACHE_ALLOC, "kmem_cache_alloc", NULL)                                                   \
	X(ALLOC_SKB, "__alloc_skb", NULL)                                                          \
	X(DEVM, "devm_kmalloc", NULL)                                                              \
	X(VMALLOC, "vmalloc", NULL)                                                                \
	X(SENDMSG, "tcp_sendmsg_locked", NULL)                                                     \
	X(INITCALL, "do_one_initcall", NULL)                                                       \
	X(SYSCALL, "do_syscall_64", NULL)                                                          \
	X(ALLOC_PAGES, "alloc_pages_noprof", NULL)                                                 \
	X(PCPU_ALLOC, "pcpu_alloc_noprof", NULL)                                                   \
	X(LEAKY_INIT, "leaky_init", "leaky")                                                       \
	X(LEAKY_PROBE, "leaky_probe", "leaky")                                                     \
	X(LEAKY_KMALLOC, "kmalloc_of_leaky", "leaky")                                              \
	X(ODD, "odd\001<&>\"'\\;\xff\xe2\x80\xae", "m<o>d\xff")

enum sample_function {
#define SAMPLE_FUNCTION_ENUM(symbol, name, module) SAMPLE_##symbol,
	SAMPLE_FUNCTIONS(SAMPLE_FUNCTION_ENUM)
#undef SAMPLE_FUNCTION_ENUM
};

#define SAMPLE_KERNEL 0xffffffff81000000ull
#define SAMPLE_LEAKY 0xffffffffc0200000ull
#define SAMPLE_ODDLY 0xffffffffc0300000ull
/* Where nothing is known to be. */
#define SAMPLE_NOWHERE 0xffffffffc0900000ull

uint64_t sample_address(enum sample_function function, uint64_t offset);
/* How much further up everything lies, as after another boot; set it before all else. */
extern uint64_t sample_slide;

/* It began at 100 s; the clock's zero is 2026-01-02 03:04:05 UTC. */
void sample_memory_catalog_init(struct catalog *catalog);
/* Learn a stack; returns its hash. */
uint64_t sample_stack(struct catalog *catalog, const uint64_t *frames, uint16_t n);

/* From 100 s to 160 s, with a tag for each of these. */
enum {
	SAMPLE_KMALLOC_64,
	SAMPLE_KMALLOC_1K,
	SAMPLE_DENTRY,
	SAMPLE_VMALLOC_TAG,
	SAMPLE_PAGES,
	SAMPLE_USER_PAGES,
	SAMPLE_PERCPU,
	SAMPLE_INNER,
	SAMPLE_ODD_TAG,
	SAMPLE_N_TAGS
};

void sample_memory_init(struct memory *memory);
/* It is counted as an allocation of its tag. Valid until the next. */
struct memory_block *sample_block(struct memory *memory, uint32_t tag, uint64_t bytes,
				  uint64_t time);

/*
 * leaky_probe is at line 42 of ./drv/leaky.c with kzalloc() of include/linux/slab.h:7 inlined,
 * leaky_init at line 12, kmalloc_of_leaky in a file below a folder of its own, "/src/my drv/%.c",
 * the kernel in /usr/src/linux/kernel.c at the function's number. Nothing is known of the others.
 */
struct place_finder *sample_places(void);

#endif
