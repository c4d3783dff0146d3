// SPDX-License-Identifier: GPL-2.0-only
/* kmn_leaky: per-CPU memory and network buffers. */
#include <linux/percpu.h>
#include <linux/skbuff.h>

#include "kmn_leaky.h"

/* Blocks travel as ordinary pointers, for the book. */
static __always_inline void *percpu_take(size_t size, size_t align, gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_percpu,
			 (void __force *)__alloc_percpu_gfp(size, align, gfp | __GFP_NOWARN));
}

static void percpu_give(void *block)
{
	if (!block)
		return;
	leaky_gave(LEAKY_FAMILY_percpu, 1);
	free_percpu((void __percpu __force *)block);
}

void leaky_make_percpu(const struct leaky_turn *turn)
{
	void *counter = percpu_take(sizeof(u64), sizeof(u64), turn->gfp);
	void *line = percpu_take(100, 64, turn->gfp);

	percpu_give(counter);
	percpu_give(line);
}

KMN_TRACED void *kmn_leaky_leak_percpu(gfp_t gfp)
{
	return percpu_take(72, 8, gfp);
}

KMN_TRACED void *kmn_leaky_leak_softirq_percpu(gfp_t gfp)
{
	return percpu_take(40, 8, gfp);
}

void leaky_release_percpu(void *block)
{
	free_percpu((void __percpu __force *)block);
}

/* An skb is its head and its data; a clone is one more head. */
static __always_inline struct sk_buff *skb_take(gfp_t gfp)
{
	struct sk_buff *skb = alloc_skb(LEAKY_SKB_SIZE, gfp);

	OPTIMIZER_HIDE_VAR(skb);
	leaky_count(LEAKY_FAMILY_skb, skb ? LEAKY_ALLOCATIONS : LEAKY_FAILURES, skb ? 2 : 1);
	return skb;
}

void leaky_make_skb(const struct leaky_turn *turn)
{
	struct sk_buff *skb = skb_take(turn->gfp);
	struct sk_buff *clone;

	if (!skb)
		return;
	clone = leaky_got(LEAKY_FAMILY_skb, skb_clone(skb, turn->gfp));
	if (clone)
		leaky_gave(LEAKY_FAMILY_skb, 1);
	leaky_gave(LEAKY_FAMILY_skb, 2);
	kfree_skb(skb);
	kfree_skb(clone); /* which may be NULL */
}

KMN_TRACED void *kmn_leaky_leak_skb(gfp_t gfp)
{
	return skb_take(gfp);
}

void leaky_release_skb(void *block)
{
	kfree_skb(block);
}
