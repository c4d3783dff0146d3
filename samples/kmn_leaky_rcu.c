// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmn_leaky: blocks that are given back when a grace period is over. They count as given back when
 * kfree_rcu() is called, and with call_rcu() when the callback frees them.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "kmn_leaky.h"

struct later {
	u64 number;
	struct rcu_head rcu;
};

void leaky_make_kfree_rcu(const struct leaky_turn *turn)
{
	struct later *block =
		leaky_got(LEAKY_FAMILY_kfree_rcu,
			  turn->nth % 2 ? kmalloc(sizeof(*block), turn->gfp)
					: kzalloc(sizeof(*block) + turn->nth % 600, turn->gfp));

	if (!block)
		return;
	leaky_gave(LEAKY_FAMILY_kfree_rcu, 1);
	kfree_rcu(block, rcu);
}

void leaky_make_kvfree_rcu_headless(const struct leaky_turn *turn)
{
	void *small = leaky_got(LEAKY_FAMILY_kvfree_rcu_headless, kmalloc(90, turn->gfp));
	void *large = leaky_got(LEAKY_FAMILY_kvfree_rcu_headless, vmalloc(5000));

	if (small) {
		leaky_gave(LEAKY_FAMILY_kvfree_rcu_headless, 1);
		kvfree_rcu_mightsleep(small);
	}
	if (large) {
		leaky_gave(LEAKY_FAMILY_kvfree_rcu_headless, 1);
		kvfree_rcu_mightsleep(large);
	}
}

static void later_free(struct rcu_head *rcu)
{
	leaky_gave(LEAKY_FAMILY_call_rcu, 1);
	kfree(container_of(rcu, struct later, rcu));
}

void leaky_make_call_rcu(const struct leaky_turn *turn)
{
	struct later *block = leaky_got(LEAKY_FAMILY_call_rcu, kmalloc(sizeof(*block), turn->gfp));

	if (block)
		call_rcu(&block->rcu, later_free);
}

static void later_forget(struct rcu_head *rcu)
{
}

/* Forgotten by the callback that should have freed it. */
KMN_TRACED void *kmn_leaky_leak_call_rcu(gfp_t gfp)
{
	struct later *block = leaky_got(LEAKY_FAMILY_call_rcu, kmalloc(48, gfp));

	if (block)
		call_rcu(&block->rcu, later_forget);
	return block;
}

/* Only the first of two is given back. */
KMN_TRACED void *kmn_leaky_leak_kvfree_rcu_headless(gfp_t gfp)
{
	void *given = leaky_got(LEAKY_FAMILY_kvfree_rcu_headless, kmalloc(90, gfp));
	void *leaked = leaky_got(LEAKY_FAMILY_kvfree_rcu_headless, kmalloc(90, gfp));

	if (given) {
		leaky_gave(LEAKY_FAMILY_kvfree_rcu_headless, 1);
		kvfree_rcu_mightsleep(given);
	}
	return leaked;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
static void kvfree_rcu_wait(void)
{
	kvfree_rcu_barrier();
}
#else
struct marker {
	void *block;
	struct page *page;
};

static DEFINE_PER_CPU(struct marker, markers);

static bool marker_is_there(const struct marker *marker)
{
	return marker->block && vmalloc_to_page(marker->block) == marker->page;
}

/* On the processor whose queue the marker is for. */
static long marker_send(void *data)
{
	struct marker *marker = data;

	marker->block = leaky_got(LEAKY_FAMILY_kvfree_rcu_headless, vmalloc(1));
	if (!marker->block)
		return -ENOMEM;
	marker->page = vmalloc_to_page(marker->block);
	leaky_gave(LEAKY_FAMILY_kvfree_rcu_headless, 1);
	kvfree_rcu_mightsleep(marker->block);
	return 0;
}

/*
 * This kernel has no kvfree_rcu_barrier(). Each processor's queue gets a marker, whose page is
 * mapped until it is freed. A queue is drained in two alternating batches, so when a second marker
 * is gone, so is all that came before the first.
 */
static void kvfree_rcu_wait(void)
{
	unsigned int cpu;

	for (int turn = 0; turn < 2; turn++) {
		for_each_online_cpu(cpu) work_on_cpu(cpu, marker_send, per_cpu_ptr(&markers, cpu));
		for_each_online_cpu(cpu)
		{
			while (marker_is_there(per_cpu_ptr(&markers, cpu)))
				msleep(20);
		}
	}
}
#endif

void leaky_rcu_settle(void)
{
	rcu_barrier();
	kvfree_rcu_wait();
}
