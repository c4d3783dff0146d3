/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/owner.h"

#include <fnmatch.h>
#include <string.h>

#include "model/stack.h"

/*
 * Frames of the tracing itself, which lie below the allocator's: the tracepoint's call, or the
 * trampoline, which has no name.
 */
static const char *const tracing[] = {
	"__traceiter_*", "__bpf_trace_*", "bpf_trace_run*", "bpf_prog_*", "bpf_trampoline_*",
};

/*
 * What allocates (mm/slub.c, slab_common.c, page_alloc.c, vmalloc.c, percpu.c, mempool.c,
 * dmapool.c), and what only allocates for its caller (mm/util.c, net/core/skbuff.c,
 * drivers/base/devres.c, kernel/dma, lib/kasprintf.c). Since 6.10 allocating functions end in
 * "_noprof" (7bd230a26648, "mm/slab: enable slab allocation tagging for kmalloc and friends").
 */
static const char *const helpers[] = {
	"kmalloc*",
	"__kmalloc*",
	"___kmalloc*",
	"kzalloc*",
	"kcalloc*",
	"kvmalloc*",
	"__kvmalloc*",
	"kvzalloc*",
	"krealloc*",
	"__do_krealloc",
	"kvrealloc*",
	"kmem_cache_alloc*",
	"__kmem_cache_alloc*",
	"kmem_cache_zalloc*",
	"__slab_alloc*",
	"___slab_alloc*",
	"allocate_slab",
	"new_slab*",
	"kmemdup*",
	"kstrdup*",
	"kstrndup*",
	"kvmemdup*",
	"kasprintf*",
	"kvasprintf*",
	"memdup_user*",
	"vmemdup_user*",
	"strndup_user",
	"alloc_pages*",
	"__alloc_pages*",
	"__folio_alloc*",
	"folio_alloc*",
	"__get_free_pages*",
	"get_free_pages*",
	"get_zeroed_page*",
	"alloc_page_interleave",
	"make_alloc_exact",
	"vmalloc*",
	"__vmalloc*",
	"vzalloc*",
	"__vmap_pages_range*",
	"vmap_pages_range*",
	"vmap",
	"__alloc_percpu*",
	"pcpu_alloc*",
	"mempool_*",
	"dma_alloc_attrs",
	"dma_direct_alloc*",
	"__dma_direct_alloc*",
	"dma_pool_alloc",
	"dmam_alloc*",
	"alloc_skb*",
	"__alloc_skb",
	"__build_skb*",
	"build_skb*",
	"__netdev_alloc_skb",
	"__napi_alloc_skb",
	"napi_alloc_skb",
	"skb_clone",
	"skb_copy*",
	"__pskb_copy*",
	"pskb_expand_head",
	"page_frag_alloc*",
	"__page_frag_alloc*",
	"devm_kmalloc*",
	"devm_krealloc*",
	"devm_kmemdup*",
	"devm_kstrdup*",
	"devm_kasprintf",
	"devm_kvasprintf",
	"devres_alloc*",
	"__devres_alloc*",
	"devm_get_free_pages",
	"__devm_alloc_percpu",
	"sg_alloc_table*",
	"__sg_alloc_table*",
	"sg_kmalloc",
};

static bool matches(const char *const *patterns, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!fnmatch(patterns[i], name, 0))
			return true;
	}
	return false;
}

bool owner_is_helper(const char *function)
{
	return matches(helpers, sizeof(helpers) / sizeof(helpers[0]), function);
}

/* Helpers are the kernel's: a module's function of such a name is the module's own. */
static bool is_owner(const struct frame *frame)
{
	return frame->module || !frame->symbol || !owner_is_helper(frame->symbol);
}

static bool is_tracing(const struct frame *frame)
{
	if (!frame->symbol)
		return !frame->module;
	return matches(tracing, sizeof(tracing) / sizeof(tracing[0]), frame->symbol);
}

static void find_in_stack(const struct catalog *catalog, struct owner *owner)
{
	const struct stack *stack = owner->stack;
	struct frame frame;
	size_t i = 0;

	/* Tracing may be entered from a frame that has its own function above it again. */
	for (size_t k = 0; k < stack->n_frames && k < 6; k++) {
		catalog_frame(catalog, stack->frames[k], &frame);
		if (is_tracing(&frame))
			i = k + 1;
	}
	owner->first = i < stack->n_frames ? i : 0;
	for (i = owner->first; i < stack->n_frames; i++) {
		catalog_frame(catalog, stack->frames[i], &frame);
		if (is_owner(&frame))
			break;
	}
	if (i == stack->n_frames)
		i = owner->first;
	owner->at = i;
	owner->address = stack->frames[i];
	catalog_frame(catalog, owner->address, &owner->frame);
}

void owner_find(const struct catalog *catalog, const struct memory_block *block,
		struct owner *owner)
{
	*owner = (struct owner){
		.stack = block->stack ? stack_table_find(catalog->stacks, block->stack) : NULL};
	if (owner->stack && owner->stack->n_frames) {
		find_in_stack(catalog, owner);
		return;
	}
	owner->stack = NULL;
	owner->address = block->site;
	if (block->site)
		catalog_frame(catalog, block->site, &owner->frame);
}

const char *owner_module(const struct owner *owner)
{
	if (!owner->address)
		return "?";
	return owner->frame.module ? owner->frame.module : "vmlinux";
}
