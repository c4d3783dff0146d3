// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmn_leaky: kmalloc() and what stands on it. Sizes are partly constants, for which the compiler
 * picks the cache, and partly not.
 */
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "kmn_leaky.h"

/* Its value is unknown to the compiler. */
static __always_inline size_t unknown(size_t size)
{
	OPTIMIZER_HIDE_VAR(size);
	return size;
}

static void give(enum leaky_family family, void *block)
{
	if (!block)
		return;
	leaky_gave(family, 1);
	kfree(block);
}

void leaky_make_kmalloc(const struct leaky_turn *turn)
{
	static const unsigned short sizes[] = {8, 13, 90, 190, 700, 4000, 8000};
	void *blocks[ARRAY_SIZE(sizes)];
	void *block = leaky_got(LEAKY_FAMILY_kmalloc, kmalloc(100, turn->gfp));

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		blocks[i] = leaky_got(LEAKY_FAMILY_kmalloc, kmalloc(sizes[i], turn->gfp));
	/* not in the order of their allocation */
	give(LEAKY_FAMILY_kmalloc, block);
	for (size_t i = ARRAY_SIZE(sizes); i-- > 0;)
		give(LEAKY_FAMILY_kmalloc, blocks[i]);
}

void leaky_make_kzalloc(const struct leaky_turn *turn)
{
	void *constant = leaky_got(LEAKY_FAMILY_kzalloc, kzalloc(64, turn->gfp));
	void *variable = leaky_got(LEAKY_FAMILY_kzalloc, kzalloc(unknown(300), turn->gfp));

	give(LEAKY_FAMILY_kzalloc, constant);
	give(LEAKY_FAMILY_kzalloc, variable);
}

void leaky_make_kmalloc_node(const struct leaky_turn *turn)
{
	int node = numa_mem_id();
	void *constant = leaky_got(LEAKY_FAMILY_kmalloc_node, kmalloc_node(50, turn->gfp, node));
	void *variable =
		leaky_got(LEAKY_FAMILY_kmalloc_node, kmalloc_node(unknown(500), turn->gfp, node));

	give(LEAKY_FAMILY_kmalloc_node, constant);
	give(LEAKY_FAMILY_kmalloc_node, variable);
}

void leaky_make_kmalloc_array(const struct leaky_turn *turn)
{
	give(LEAKY_FAMILY_kmalloc_array,
	     leaky_got(LEAKY_FAMILY_kmalloc_array, kmalloc_array(unknown(3), 100, turn->gfp)));
	give(LEAKY_FAMILY_kmalloc_array,
	     leaky_got(LEAKY_FAMILY_kmalloc_array, kcalloc(unknown(5), 8, turn->gfp)));
}

void leaky_make_kmalloc_track_caller(const struct leaky_turn *turn)
{
	static const char text[] = "a string to be copied";

	give(LEAKY_FAMILY_kmalloc_track_caller,
	     leaky_got(LEAKY_FAMILY_kmalloc_track_caller, kstrdup(text, turn->gfp)));
	give(LEAKY_FAMILY_kmalloc_track_caller,
	     leaky_got(LEAKY_FAMILY_kmalloc_track_caller, kmemdup(text, 7, turn->gfp)));
	give(LEAKY_FAMILY_kmalloc_track_caller,
	     leaky_got(LEAKY_FAMILY_kmalloc_track_caller, kasprintf(turn->gfp, "%s", text)));
}

/* Over two pages: these come from the page allocator, and kfree() gives them back to it. */
void leaky_make_kmalloc_large(const struct leaky_turn *turn)
{
	void *constant =
		leaky_got(LEAKY_FAMILY_kmalloc_large, kmalloc(9000, turn->gfp | __GFP_NOWARN));
	void *variable = leaky_got(LEAKY_FAMILY_kmalloc_large,
				   kmalloc(unknown(20000), turn->gfp | __GFP_NOWARN));

	give(LEAKY_FAMILY_kmalloc_large, constant);
	give(LEAKY_FAMILY_kmalloc_large, variable);
}

/* A block that moves is given back by krealloc() itself. */
static __always_inline void *move(void *block, size_t size, gfp_t gfp)
{
	void *moved = krealloc(block, size, gfp);

	if (!moved) {
		leaky_count(LEAKY_FAMILY_krealloc, LEAKY_FAILURES, 1);
		return block;
	}
	if (moved == block)
		return block;
	leaky_count(LEAKY_FAMILY_krealloc, LEAKY_ALLOCATIONS, 1);
	if (block)
		leaky_gave(LEAKY_FAMILY_krealloc, 1);
	return moved;
}

void leaky_make_krealloc(const struct leaky_turn *turn)
{
	void *block = move(NULL, 20, turn->gfp);

	block = move(block, unknown(30), turn->gfp); /* in place */
	block = move(block, unknown(200), turn->gfp);
	block = move(block, unknown(100), turn->gfp); /* in place */
	block = move(block, unknown(3000), turn->gfp);
	if (!block)
		return;
	/* to nothing: gives it back */
	leaky_gave(LEAKY_FAMILY_krealloc, 1);
	block = krealloc(block, unknown(0), turn->gfp);
	WARN_ON_ONCE(block != ZERO_SIZE_PTR);
}

void leaky_make_kfree_sensitive(const struct leaky_turn *turn)
{
	void *block = leaky_got(LEAKY_FAMILY_kfree_sensitive, kmalloc(40, turn->gfp));

	if (!block)
		return;
	leaky_gave(LEAKY_FAMILY_kfree_sensitive, 1);
	kfree_sensitive(block);
}

void leaky_make_kvmalloc_small(const struct leaky_turn *turn)
{
	void *block = leaky_got(LEAKY_FAMILY_kvmalloc_small, kvmalloc(1000, turn->gfp));

	if (!block)
		return;
	leaky_gave(LEAKY_FAMILY_kvmalloc_small, 1);
	kvfree(block);
}

void leaky_make_kvmalloc_large(const struct leaky_turn *turn)
{
	void *block =
		leaky_got(LEAKY_FAMILY_kvmalloc_large, kvmalloc(LEAKY_KVMALLOC_LARGE, turn->gfp));

	if (!block)
		return;
	leaky_gave(LEAKY_FAMILY_kvmalloc_large, 1);
	kvfree(block);
}

/*
 * Taken in one context and on one processor, given back in whatever context comes to the list next,
 * on the processor before.
 */
static DEFINE_PER_CPU(struct llist_head, handed_over);

static void give_all(struct llist_head *list)
{
	struct llist_node *node = llist_del_all(list), *next;

	for (; node; node = next) {
		next = node->next;
		give(LEAKY_FAMILY_handed_over, node);
	}
}

void leaky_make_handed_over(const struct leaky_turn *turn)
{
	unsigned int cpu = raw_smp_processor_id();
	unsigned int next = cpumask_next(cpu, cpu_online_mask);
	struct llist_node *node =
		leaky_got(LEAKY_FAMILY_handed_over,
			  kmalloc(turn->context == LEAKY_TASK ? 160 : 80, turn->gfp));

	if (next >= nr_cpu_ids)
		next = cpumask_first(cpu_online_mask);
	if (node)
		llist_add(node, per_cpu_ptr(&handed_over, next));
	give_all(per_cpu_ptr(&handed_over, cpu));
}

void leaky_handed_over_settle(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) give_all(per_cpu_ptr(&handed_over, cpu));
}

/* What is asked for is more than there can be: no block, and nothing to give back. */
void leaky_make_failed(const struct leaky_turn *turn)
{
	gfp_t gfp = turn->gfp | __GFP_NOWARN;

	leaky_got(LEAKY_FAMILY_failed, kmalloc(unknown(1UL << 40), gfp));
	leaky_got(LEAKY_FAMILY_failed, kmalloc_array(unknown(SIZE_MAX / 2), 3, gfp));
	leaky_got(LEAKY_FAMILY_failed, (void *)__get_free_pages(gfp, unknown(20)));
	leaky_got(LEAKY_FAMILY_failed,
		  (void __force *)__alloc_percpu_gfp(unknown(1 << 20), 8, gfp));
	if (turn->context != LEAKY_TASK)
		return;
	leaky_got(LEAKY_FAMILY_failed, kvmalloc(unknown(1UL << 40), gfp));
	leaky_got(LEAKY_FAMILY_failed, __vmalloc(unknown(1UL << 40), gfp));
}

/* Nothing is taken and nothing given back, though the functions are called. */
void leaky_make_nothing(const struct leaky_turn *turn)
{
	void *nothing = NULL;
	void *empty = kmalloc(unknown(0), turn->gfp);

	WARN_ON_ONCE(empty != ZERO_SIZE_PTR);
	OPTIMIZER_HIDE_VAR(nothing);
	kfree(empty);
	kfree(nothing);
	kfree_sensitive(nothing);
	kfree_bulk(unknown(0), &nothing);
	kvfree(nothing);
	free_pages((unsigned long)nothing, 0);
	free_percpu((void __percpu __force *)nothing);
	if (turn->context == LEAKY_TASK)
		vfree(nothing);
}

KMN_TRACED void *kmn_leaky_leak_kmalloc(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmalloc, kmalloc(100, gfp));
}

KMN_TRACED void *kmn_leaky_leak_softirq_kmalloc(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmalloc, kmalloc(unknown(240), gfp));
}

KMN_TRACED void *kmn_leaky_leak_hardirq_kmalloc(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmalloc, kmalloc(400, gfp));
}

KMN_TRACED void *kmn_leaky_leak_kzalloc(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kzalloc, kzalloc(200, gfp));
}

KMN_TRACED void *kmn_leaky_leak_kmalloc_node(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmalloc_node, kmalloc_node(500, gfp, numa_mem_id()));
}

KMN_TRACED void *kmn_leaky_leak_kmalloc_array(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmalloc_array, kmalloc_array(unknown(3), 300, gfp));
}

KMN_TRACED void *kmn_leaky_leak_kstrdup(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmalloc_track_caller,
			 kstrdup("a string of 28 bytes with 0", gfp));
}

KMN_TRACED void *kmn_leaky_leak_kmemdup(gfp_t gfp)
{
	static const char bytes[60];

	return leaky_got(LEAKY_FAMILY_kmalloc_track_caller, kmemdup(bytes, sizeof(bytes), gfp));
}

KMN_TRACED void *kmn_leaky_leak_kmalloc_large(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmalloc_large, kmalloc(20000, gfp));
}

/* The block it began with is given back when it moves; the one that it moved to stays. */
KMN_TRACED void *kmn_leaky_leak_krealloc(gfp_t gfp)
{
	void *block = move(NULL, 60, gfp);
	void *moved = move(block, unknown(1500), gfp);

	if (moved != block)
		return moved;
	give(LEAKY_FAMILY_krealloc, block);
	return NULL;
}

KMN_TRACED void *kmn_leaky_leak_kvmalloc_small(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kvmalloc_small, kvmalloc(3000, gfp));
}

KMN_TRACED void *kmn_leaky_leak_kvmalloc_large(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kvmalloc_large, kvmalloc(LEAKY_KVMALLOC_LARGE, gfp));
}

void leaky_release_slab(void *block)
{
	kfree(block);
}

void leaky_release_kvmalloc(void *block)
{
	kvfree(block);
}
