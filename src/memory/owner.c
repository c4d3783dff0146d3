/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/owner.h"

#include <string.h>

#include "base/glob.h"
#include "model/stack.h"

/*
 * Frames of the tracing itself, which lie below the allocator's: the tracepoint's call, or the
 * trampoline, which has no name.
 */
static const char *const tracing[] = {
	"__traceiter_*", "__bpf_trace_*", "bpf_trace_run*", "bpf_prog_*", "bpf_trampoline_*",
};

#define SLAB (1 << MEMORY_SLAB)
#define PAGES (1 << MEMORY_PAGES)
#define VMALLOC (1 << MEMORY_VMALLOC)
#define PERCPU (1 << MEMORY_PERCPU)
#define ANY (SLAB | PAGES | VMALLOC | PERCPU)
#define POOL (1 << MEMORY_POOL)

/*
 * What allocates (mm/slub.c, slab_common.c, page_alloc.c, vmalloc.c, percpu.c, mempool.c,
 * dmapool.c), and what only allocates for its caller (mm/util.c, net/core/skbuff.c,
 * drivers/base/devres.c, kernel/dma, lib/kasprintf.c), with the families of which it does so: an
 * object that vmalloc() takes to describe an area is vmalloc's own. Since 6.10 allocating functions
 * end in "_noprof" (7bd230a26648, "mm/slab: enable slab allocation tagging for kmalloc and
 * friends"). The last ones are NT's.
 */
static const struct {
	const char *pattern;
	int families;
} helpers[] = {
	{"kmalloc*", SLAB},
	{"__kmalloc*", SLAB},
	{"___kmalloc*", SLAB},
	{"kzalloc*", SLAB},
	{"kcalloc*", SLAB},
	{"krealloc*", SLAB},
	{"__do_krealloc", SLAB},
	{"kmem_cache_alloc*", SLAB},
	{"__kmem_cache_alloc*", SLAB},
	{"kmem_cache_zalloc*", SLAB},
	{"kmemdup*", SLAB},
	{"kstrdup*", SLAB},
	{"kstrndup*", SLAB},
	{"kasprintf*", SLAB},
	{"kvasprintf*", SLAB},
	{"memdup_user*", SLAB},
	{"strndup_user", SLAB},
	{"kvmalloc*", SLAB | VMALLOC},
	{"__kvmalloc*", SLAB | VMALLOC},
	{"kvzalloc*", SLAB | VMALLOC},
	{"kvrealloc*", SLAB | VMALLOC},
	{"kvmemdup*", SLAB | VMALLOC},
	{"vmemdup_user*", SLAB | VMALLOC},
	{"vmalloc*", VMALLOC},
	{"__vmalloc*", VMALLOC},
	{"vzalloc*", VMALLOC},
	{"__vmap_pages_range*", VMALLOC},
	{"vmap_pages_range*", VMALLOC},
	{"vmap", VMALLOC},
	{"alloc_pages*", PAGES},
	{"__alloc_pages*", PAGES},
	{"__folio_alloc*", PAGES},
	{"folio_alloc*", PAGES},
	{"__get_free_pages*", PAGES},
	{"get_free_pages*", PAGES},
	{"get_zeroed_page*", PAGES},
	{"alloc_page_interleave", PAGES},
	{"make_alloc_exact", PAGES},
	{"page_frag_alloc*", PAGES},
	{"__page_frag_alloc*", PAGES},
	{"devm_get_free_pages", PAGES},
	{"__alloc_percpu*", PERCPU},
	{"pcpu_alloc*", PERCPU},
	{"__devm_alloc_percpu", PERCPU},
	{"mempool_*", ANY},
	{"dma_alloc_attrs", PAGES | VMALLOC},
	{"dma_direct_alloc*", PAGES | VMALLOC},
	{"__dma_direct_alloc*", PAGES | VMALLOC},
	{"dma_pool_alloc", PAGES | VMALLOC},
	{"dmam_alloc*", PAGES | VMALLOC},
	{"alloc_skb*", SLAB | PAGES},
	{"__alloc_skb", SLAB | PAGES},
	{"__build_skb*", SLAB},
	{"build_skb*", SLAB},
	{"__netdev_alloc_skb", SLAB | PAGES},
	{"__napi_alloc_skb", SLAB | PAGES},
	{"napi_alloc_skb", SLAB | PAGES},
	{"napi_skb_cache_get", SLAB},
	{"skb_clone", SLAB},
	{"skb_copy*", SLAB | PAGES},
	{"__pskb_copy*", SLAB | PAGES},
	{"pskb_expand_head", SLAB | PAGES},
	{"devm_kmalloc*", SLAB},
	{"devm_krealloc*", SLAB},
	{"devm_kmemdup*", SLAB},
	{"devm_kstrdup*", SLAB},
	{"devm_kasprintf", SLAB},
	{"devm_kvasprintf", SLAB},
	{"devres_alloc*", SLAB},
	{"__devres_alloc*", SLAB},
	{"sg_alloc_table*", SLAB | PAGES},
	{"__sg_alloc_table*", SLAB | PAGES},
	{"sg_kmalloc", SLAB | PAGES},
	{"ExAllocatePool*", POOL},
	{"ExpAllocatePool*", POOL},
	{"ExAllocateHeapPool", POOL},
	{"ExAllocateFromPagedLookasideList", POOL},
	{"ExAllocateFromNPagedLookasideList", POOL},
};

bool owner_is_helper(const char *function, enum memory_family family)
{
	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++) {
		if (helpers[i].families & 1 << family && glob_matches(helpers[i].pattern, function))
			return true;
	}
	return false;
}

/* Helpers are the kernel's: a module's function of such a name is the module's own. */
static bool is_owner(const struct frame *frame, enum memory_family family)
{
	return frame->module || !frame->symbol || !owner_is_helper(frame->symbol, family);
}

static bool is_tracing(const struct frame *frame)
{
	for (size_t i = 0; frame->symbol && i < sizeof(tracing) / sizeof(tracing[0]); i++) {
		if (glob_matches(tracing[i], frame->symbol))
			return true;
	}
	return false;
}

static bool is_nameless(const struct frame *frame)
{
	return !frame->symbol && !frame->module;
}

/* How many frames may lie between the program that traces and the allocation's caller. */
#define TRACING_WITHIN 8

/*
 * The first frame behind those of the tracing. A trampoline has no name, but neither has a module
 * that is gone: what tells them apart is that a trampoline was entered from an allocator, whose
 * frame comes next. Tracing may be entered from a frame that has its own function above it again.
 */
static size_t skip_tracing(const struct catalog *catalog, const struct stack *stack,
			   enum memory_family family, uint64_t site)
{
	bool nameless = false;
	struct frame frame;
	size_t first = 0;

	for (size_t i = 0; i < stack->n_frames && i < TRACING_WITHIN; i++) {
		/* The kernel told who called the allocator. */
		if (site && stack->frames[i] == site) {
			first = nameless ? i : first;
			break;
		}
		catalog_frame(catalog, stack->frames[i], &frame);
		if (is_tracing(&frame))
			first = i + 1;
		else if (nameless && !is_owner(&frame, family))
			first = i;
		nameless = is_nameless(&frame);
	}
	return first < stack->n_frames ? first : 0;
}

/* Without symbols, the kernel's own addresses are told by their range alone. */
static void name_owner(const struct catalog *catalog, struct owner *owner)
{
	catalog_frame(catalog, owner->address, &owner->frame);
	owner->nowhere =
		is_nameless(&owner->frame) && catalog->modules.n_modules &&
		module_table_find(&catalog->modules, owner->address, 0) != catalog->modules.modules;
}

static void find_in_stack(const struct catalog *catalog, uint64_t site, struct owner *owner)
{
	const struct stack *stack = owner->stack;
	struct frame frame;
	size_t i;

	owner->first = skip_tracing(catalog, stack, owner->family, site);
	for (i = owner->first; i < stack->n_frames; i++) {
		catalog_frame(catalog, stack->frames[i], &frame);
		if (is_owner(&frame, owner->family))
			break;
	}
	if (i == stack->n_frames)
		i = owner->first;
	owner->at = i;
	owner->address = stack->frames[i];
	name_owner(catalog, owner);
}

void owner_find(const struct catalog *catalog, enum memory_family family,
		const struct memory_block *block, struct owner *owner)
{
	*owner = (struct owner){
		.family = family,
		.kernel = catalog_kernel(catalog),
		.stack = block->stack ? stack_table_find(catalog->stacks, block->stack) : NULL};
	if (owner->stack && owner->stack->n_frames) {
		find_in_stack(catalog, block->site, owner);
		return;
	}
	owner->stack = NULL;
	owner->address = block->site;
	if (block->site)
		name_owner(catalog, owner);
}

const char *owner_module(const struct owner *owner)
{
	if (!owner->address || owner->nowhere)
		return "?";
	return owner->frame.module ? owner->frame.module : owner->kernel;
}
