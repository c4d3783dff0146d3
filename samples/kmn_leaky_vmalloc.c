// SPDX-License-Identifier: GPL-2.0-only
/* kmn_leaky: virtually contiguous memory, and pages of one's own that are mapped so. */
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "kmn_leaky.h"

#define MAPPED_PAGES 4

static struct page *mapped[MAPPED_PAGES];

int leaky_vmalloc_init(void)
{
	for (int i = 0; i < MAPPED_PAGES; i++) {
		mapped[i] = alloc_page(GFP_KERNEL);
		if (!mapped[i]) {
			leaky_vmalloc_fini();
			return -ENOMEM;
		}
	}
	return 0;
}

/* Pages that are still mapped stay. */
void leaky_vmalloc_fini(void)
{
	if (leaky_leaked(LEAKY_FAMILY_vmap))
		return;
	for (int i = 0; i < MAPPED_PAGES && mapped[i]; i++)
		__free_page(mapped[i]);
}

static void give(enum leaky_family family, void *block)
{
	if (!block)
		return;
	leaky_gave(family, 1);
	vfree(block);
}

void leaky_make_vmalloc(const struct leaky_turn *turn)
{
	void *small = leaky_got(LEAKY_FAMILY_vmalloc, vmalloc(100));
	void *large = leaky_got(LEAKY_FAMILY_vmalloc, __vmalloc(40000, turn->gfp));

	give(LEAKY_FAMILY_vmalloc, small);
	give(LEAKY_FAMILY_vmalloc, large);
}

void leaky_make_vzalloc(const struct leaky_turn *turn)
{
	give(LEAKY_FAMILY_vzalloc, leaky_got(LEAKY_FAMILY_vzalloc, vzalloc(12345)));
	give(LEAKY_FAMILY_vzalloc,
	     leaky_got(LEAKY_FAMILY_vzalloc, vzalloc_node(4096, numa_mem_id())));
}

/* Taken by the task; vfree() in a softirq puts it off until a worker has time. */
static DEFINE_PER_CPU(struct llist_head, for_softirq);

static void give_all(struct llist_head *list)
{
	struct llist_node *node = llist_del_all(list), *next;

	for (; node; node = next) {
		next = node->next;
		give(LEAKY_FAMILY_vfree_atomic, node);
	}
}

void leaky_make_vfree_atomic(const struct leaky_turn *turn)
{
	struct llist_head *list = per_cpu_ptr(&for_softirq, raw_smp_processor_id());
	struct llist_node *node;

	if (turn->context == LEAKY_SOFTIRQ) {
		give_all(list);
		return;
	}
	node = leaky_got(LEAKY_FAMILY_vfree_atomic, vmalloc(6000));
	if (node)
		llist_add(node, list);
}

void leaky_make_vmap(const struct leaky_turn *turn)
{
	void *block = leaky_got(LEAKY_FAMILY_vmap,
				vmap(mapped, 1 + turn->nth % MAPPED_PAGES, VM_MAP, PAGE_KERNEL));

	if (!block)
		return;
	leaky_gave(LEAKY_FAMILY_vmap, 1);
	vunmap(block);
}

KMN_TRACED void *kmn_leaky_leak_vmalloc(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_vmalloc, vmalloc(10000));
}

KMN_TRACED void *kmn_leaky_leak_vzalloc(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_vzalloc, vzalloc(20000));
}

/* The pages are the module's all the time, the mapping is what is lost. */
KMN_TRACED void *kmn_leaky_leak_vmap(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_vmap, vmap(mapped, MAPPED_PAGES, VM_MAP, PAGE_KERNEL));
}

void leaky_release_vmalloc(void *block)
{
	vfree(block);
}

void leaky_release_vmap(void *block)
{
	vunmap(block);
}

/*
 * What softirqs gave back is freed by a work item of their processor, all that there is in one go,
 * and never two goes at once: when a second block that was sent after the first is gone, so is all
 * that came before.
 */
static long put_off_and_wait(void *unused)
{
	struct page *page;
	void *block;

	for (int turn = 0; turn < 2; turn++) {
		block = leaky_got(LEAKY_FAMILY_vfree_atomic, vmalloc(1));
		if (!block)
			continue;
		page = vmalloc_to_page(block);
		leaky_gave(LEAKY_FAMILY_vfree_atomic, 1);
		local_bh_disable();
		vfree(block);
		local_bh_enable();
		while (vmalloc_to_page(block) == page)
			msleep(1);
	}
	return 0;
}

void leaky_vmalloc_settle(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
	{
		give_all(per_cpu_ptr(&for_softirq, cpu));
		work_on_cpu(cpu, put_off_and_wait, NULL);
	}
}
