/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an address of text to its ORC rule. In front there is a table of the rules that were looked
 * up before; behind it are the kernel's own tables, read where they lie, so that nothing is copied
 * and what is found is what the kernel itself would find: the kernel's in its data, those of
 * modules through a list that is kept as modules come and go. Text that is in none of them
 * (generated code, init text) has no rule here.
 */
#ifndef KMN_LINUX_RULES_H
#define KMN_LINUX_RULES_H

#include "load.h"

#define RULES (1 << 15)

/*
 * A rule, 16 bits of the address that its index in the table doesn't tell, and the generation that
 * it belongs to, all in one word so that it is never seen half written.
 */
__u64 rules[RULES] SEC(".data.rules");

#define RULE_MASK ((1u << RULE_BITS) - 1)

/* Kernel text lies in the top 2 GiB: 31 bits tell an address. */
static __always_inline __u64 rule_index(__u64 address)
{
	__u64 index = address ^ (address >> 15);

	BOUND(index, RULES - 1);
	return index;
}

static __always_inline __u64 rule_tag(__u64 address, __u64 generation)
{
	return generation << 16 | (address >> 15 & 0xffff);
}

/*
 * Some bytes (at most 8, in the low ones of what is returned) at an address of any alignment; that
 * of modules' tables is 1. No load crosses into a page in which nothing is wanted.
 */
static __always_inline __u64 load_bytes(struct walk *walk, __u64 address, __u32 n)
{
	__u64 shift = (address & 7) * 8, low = 0, high = 0;

	load(&walk->word, address & ~7ull, &low);
	if (shift + n * 8 <= 64)
		return low >> shift;
	load(&walk->word, (address & ~7ull) + 8, &high);
	return low >> shift | high << (64 - shift);
}

static __always_inline __u32 load_u32(struct walk *walk, __u64 address)
{
	return load_bytes(walk, address, 4);
}

/*
 * The rightmost of n entries from the first on whose address is not above this one, as
 * __orc_find() in arch/x86/kernel/unwind_orc.c; -1: none.
 */
static __always_inline __s64 orc_search(struct walk *walk, __u64 orc_ip, __u64 first, __u64 n,
					__u64 address)
{
	__u64 begin = first;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < 24; i++) {
		__u64 half, at, ip;

		LAUNDER(first);
		LAUNDER(n);
		if (!n)
			break;
		half = n >> 1;
		at = orc_ip + (first + half) * 4;
		ip = at + (__s64)(__s32)load_u32(walk, at);
		if (ip <= address) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return first == begin ? -1 : (__s64)first - 1;
}

/*
 * Look an address up behind the table, and put its rule there. Besides a rule there may come
 * RULE_UNKNOWN.
 */
#define RULE_UNKNOWN (1u << RULE_BITS | RULE_NONE)

/* Generated code has frames with rbp: orc_fp_entry in arch/x86/kernel/unwind_orc.c. */
#define RULE_GENERATED RULE(RULE_BP, 2, 2)

__noinline __u64 rule_search(__u32 scratch_index, __u64 address, __u64 generation)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &scratch_index);
	__u64 orc_ip, orc, first = 0, n, offset = address - walking.text, rule;
	struct walk *walk;
	__s64 found;

	if (!scratch)
		return RULE_UNKNOWN;
	walk = &scratch->walk;
	if (offset < walking.text_size) {
		orc_ip = walking.orc_ip;
		orc = walking.orc;
		n = walking.n;
		if (walking.lookup) {
			__u64 block = walking.lookup + (offset >> 8) * 4;

			first = load_u32(walk, block);
			n = load_u32(walk, block + 4) + 1 - first;
		}
	} else {
		__u64 page = (address - KMN_TEXT_BASE) >> 12, index;

		BOUND(page, KMN_TEXT_PAGES - 1);
		index = text_regions[page];
		if (index == KMN_GENERATED_TEXT) {
			rule = RULE_GENERATED;
			goto found;
		}
		index -= 1;
		if (index >= KMN_MAX_REGIONS) {
			walking.unknown = address;
			return RULE_UNKNOWN;
		}
		BOUND(index, KMN_MAX_REGIONS - 1);
		if (address - regions[index].start >= regions[index].size)
			return RULE_UNKNOWN;
		orc_ip = regions[index].orc_ip;
		orc = regions[index].orc;
		n = regions[index].n;
	}
	found = orc_search(walk, orc_ip, first, n, address);
	/* Hooked returns: the kernel looks up where they really go. */
	if (found < 0 || address - walking.trampolines[0] + 1 < 2 ||
	    address - walking.trampolines[1] + 1 < 2)
		rule = RULE_NONE;
	else
		rule = kmn_orc_rule(load_bytes(walk, orc + found * 6, 6), &walking.layout);
	if (walking.spoiled && address - walking.spoil < walking.spoil_size)
		rule = RULE_END;
found:
	rules[rule_index(address)] = rule_tag(address, generation) << RULE_BITS | rule;
	return rule;
}

static __always_inline __u64 rule_find(__u32 scratch_index, __u64 address, __u64 generation)
{
	__u64 known = rules[rule_index(address)];

	if (known >> RULE_BITS == rule_tag(address, generation))
		return known & RULE_MASK;
	return rule_search(scratch_index, address, generation);
}

#endif
