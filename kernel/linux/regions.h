/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which text of modules has ORC entries, and where: kept for the walker as modules come and go. The
 * text of init functions is left out, as nothing tells when it is gone.
 */
#ifndef KMN_LINUX_REGIONS_H
#define KMN_LINUX_REGIONS_H

#include "maps.h"

static __always_inline void module_text(struct module *module, __u64 *base, __u64 *size)
{
	struct module___layout *old = (void *)module;

	if (bpf_core_field_exists(module->mem)) {
		*base = (__u64)BPF_CORE_READ(module, mem[0].base);
		*size = BPF_CORE_READ(module, mem[0].size);
	} else {
		*base = (__u64)BPF_CORE_READ(old, core_layout.base);
		*size = BPF_CORE_READ(old, core_layout.text_size);
	}
}

/* What was known of text holds no longer: rules and memos are of the generation before. */
static __always_inline void generation_end(void)
{
	__sync_fetch_and_add(&walking.generation, 1);
}

struct pages_change {
	__u64 first;
	__u16 value;
	bool regions; /* of text_regions, not of text_pages */
};

static long page_mark(__u32 i, struct pages_change *change)
{
	__u64 page = change->first + i;

	BOUND(page, KMN_TEXT_PAGES - 1);
	if (change->regions)
		text_regions[page] = change->value;
	else
		text_pages[page] = change->value;
	return 0;
}

static __always_inline void pages_mark(__u64 start, __u64 size, struct pages_change change)
{
	__u64 n = (((start & 4095) + size) + 4095) >> 12;

	change.first = (start - KMN_TEXT_BASE) >> 12;
	if (n > KMN_MAX_MODULE_PAGES)
		n = KMN_MAX_MODULE_PAGES;
	bpf_loop(n, page_mark, &change, 0);
}

/* For the walker: the region's index + 1, KMN_GENERATED_TEXT, or 0. */
static __always_inline void text_mark(__u64 start, __u64 size, __u16 value)
{
	pages_mark(start, size, (struct pages_change){.value = value, .regions = true});
}

/* Find a region's index; of a start of 0: of one that is free, which is taken for `next`. */
struct region_search {
	__u64 start, next;
	__u64 found;
};

static long region_is(__u32 i, struct region_search *search)
{
	__u64 index = i;

	BOUND(index, KMN_MAX_REGIONS - 1);
	if (regions[index].start != search->start ||
	    (search->next && __sync_val_compare_and_swap(&regions[index].start, 0, search->next)))
		return 0;
	search->found = i;
	return 1;
}

static __always_inline void region_remove(__u64 start)
{
	struct region_search search = {.start = start, .found = KMN_MAX_REGIONS};
	__u64 index;

	if (!start)
		return;
	bpf_loop(KMN_MAX_REGIONS, region_is, &search, 0);
	index = search.found;
	if (index >= KMN_MAX_REGIONS)
		return;
	BOUND(index, KMN_MAX_REGIONS - 1);
	text_mark(start, regions[index].size, 0);
	regions[index].size = 0;
	regions[index].start = 0;
	generation_end();
}

static __always_inline void region_add(struct module *module, __u64 start, __u64 size)
{
	struct region_search search = {.next = start, .found = KMN_MAX_REGIONS};
	__u64 orc_ip, orc, n, index;

	/* A kernel whose unwinder is another one has none. */
	if (!start || !bpf_core_field_exists(module->arch.orc_unwind))
		return;
	orc_ip = (__u64)BPF_CORE_READ(module, arch.orc_unwind_ip);
	orc = (__u64)BPF_CORE_READ(module, arch.orc_unwind);
	n = BPF_CORE_READ(module, arch.num_orcs);
	region_remove(start);
	if (!orc_ip || !orc || !n)
		return;
	bpf_loop(KMN_MAX_REGIONS, region_is, &search, 0);
	index = search.found;
	if (index >= KMN_MAX_REGIONS)
		return;
	BOUND(index, KMN_MAX_REGIONS - 1);
	regions[index].orc_ip = orc_ip;
	regions[index].orc = orc;
	regions[index].n = n;
	regions[index].size = size;
	text_mark(start, size, index + 1);
	generation_end();
}

/* The kernel's list of modules, for those that are there already. */
struct list_scan {
	__u64 list; /* address of its head */
	__u64 at;
	__u64 n;   /* how many there are */
	__u64 sum; /* tells whether they are still the same */
};

/* Go on to the next; false: that was the last. */
static __always_inline bool list_next(struct list_scan *scan)
{
	return !bpf_probe_read_kernel(&scan->at, sizeof(scan->at), (void *)scan->at) && scan->at &&
	       scan->at != scan->list;
}

static long module_scan_one(__u32 i, struct list_scan *scan)
{
	struct module *module;
	__u64 base, size;

	if (!list_next(scan))
		return 1;
	module = (void *)scan->at - bpf_core_field_offset(struct module, list);
	module_text(module, &base, &size);
	region_add(module, base, size);
	scan->n++;
	return 0;
}

/* Run by user space when the programs on modules are in place. */
SEC("syscall")
int scan_modules(struct list_scan *context)
{
	struct list_scan scan = {.list = context->list, .at = context->list};

	bpf_loop(KMN_MAX_REGIONS, module_scan_one, &scan, 0);
	context->n = scan.n;
	return 0;
}

static long generated_scan_one(__u32 i, struct list_scan *scan)
{
	struct bpf_ksym *text;
	__u64 start, end;

	if (!list_next(scan))
		return 1;
	text = (void *)scan->at - bpf_core_field_offset(struct bpf_ksym, lnode);
	start = BPF_CORE_READ(text, start);
	end = BPF_CORE_READ(text, end);
	if (start >= KMN_TEXT_BASE && end > start)
		text_mark(start, end - start, KMN_GENERATED_TEXT);
	scan->n++;
	scan->sum = (scan->sum ^ start ^ end << 1) * 0x9e3779b97f4a7c15ull;
	return 0;
}

/*
 * The same for the text of BPF programs and trampolines. Pages with such text have no other. That
 * of programs that have gone is taken out by user space, which runs this again and again.
 */
SEC("syscall")
int scan_generated(struct list_scan *context)
{
	struct list_scan scan = {.list = context->list, .at = context->list};

	bpf_loop(1 << 16, generated_scan_one, &scan, 0);
	context->n = scan.n;
	context->sum = scan.sum;
	return 0;
}

#endif
