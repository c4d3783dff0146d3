// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmn_leaky: slab caches of its own, taken from one by one, in bulk and through a pool. A
 * constructor keeps a cache from being merged with others of its size, so that /proc/slabinfo tells
 * its number of objects.
 */
#include <linux/mempool.h>

#include "kmn_leaky.h"

#define BULK 16
/* What the pool holds back; taken when it is made, given back when it ends. */
#define POOL_RESERVE 8

static struct kmem_cache *cache;
static struct kmem_cache *pool_cache;
static mempool_t *pool;

static void object_init(void *object)
{
	*(u64 *)object = 0;
}

int leaky_caches_init(void)
{
	cache = kmem_cache_create("kmn_leaky_cache", LEAKY_CACHE_SIZE, 0, 0, object_init);
	pool_cache = kmem_cache_create("kmn_leaky_pool", LEAKY_POOL_SIZE, 0, 0, object_init);
	if (cache && pool_cache)
		pool = mempool_create_slab_pool(POOL_RESERVE, pool_cache);
	if (pool)
		return 0;
	leaky_caches_fini();
	return -ENOMEM;
}

/* A cache can't be destroyed while some of its objects are leaked. */
void leaky_caches_fini(void)
{
	mempool_destroy(pool);
	if (!leaky_leaked(LEAKY_FAMILY_mempool))
		kmem_cache_destroy(pool_cache);
	if (!leaky_leaked(LEAKY_FAMILY_kmem_cache) && !leaky_leaked(LEAKY_FAMILY_kmem_cache_bulk))
		kmem_cache_destroy(cache);
}

void leaky_make_kmem_cache(const struct leaky_turn *turn)
{
	void *objects[4];

	objects[0] = leaky_got(LEAKY_FAMILY_kmem_cache, kmem_cache_alloc(cache, turn->gfp));
	objects[1] = leaky_got(LEAKY_FAMILY_kmem_cache, kmem_cache_alloc(cache, turn->gfp));
	objects[2] = leaky_got(LEAKY_FAMILY_kmem_cache,
			       kmem_cache_alloc_node(cache, turn->gfp, numa_mem_id()));
	objects[3] = leaky_got(LEAKY_FAMILY_kmem_cache,
			       kmem_cache_alloc_node(cache, turn->gfp, NUMA_NO_NODE));
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		if (!objects[i])
			continue;
		leaky_gave(LEAKY_FAMILY_kmem_cache, 1);
		kmem_cache_free(cache, objects[i]);
	}
}

/* All or none are there afterwards. */
static __always_inline unsigned int bulk_take(struct kmem_cache *from, enum leaky_family family,
					      gfp_t gfp, unsigned int n, void **objects)
{
	n = kmem_cache_alloc_bulk(from, gfp, n, objects);
	leaky_count(family, n ? LEAKY_ALLOCATIONS : LEAKY_FAILURES, n ? n : 1);
	return n;
}

void leaky_make_kmem_cache_bulk(const struct leaky_turn *turn)
{
	void *objects[BULK];
	unsigned int n = bulk_take(cache, LEAKY_FAMILY_kmem_cache_bulk, turn->gfp, BULK, objects);

	if (!n)
		return;
	/* one of them by itself */
	leaky_gave(LEAKY_FAMILY_kmem_cache_bulk, n);
	kmem_cache_free(cache, objects[n - 1]);
	kmem_cache_free_bulk(cache, n - 1, objects);
}

/* Blocks of several sizes go back in one call. */
void leaky_make_kfree_bulk(const struct leaky_turn *turn)
{
	void *blocks[6];
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		blocks[n] = leaky_got(LEAKY_FAMILY_kfree_bulk, kmalloc(50 * (i + 1), turn->gfp));
		n += blocks[n] != NULL;
	}
	leaky_gave(LEAKY_FAMILY_kfree_bulk, n);
	kfree_bulk(n, blocks);
}

void leaky_make_mempool(const struct leaky_turn *turn)
{
	void *objects[2];

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = leaky_got(LEAKY_FAMILY_mempool, mempool_alloc(pool, turn->gfp));
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		if (!objects[i])
			continue;
		leaky_gave(LEAKY_FAMILY_mempool, 1);
		mempool_free(objects[i], pool);
	}
}

KMN_TRACED void *kmn_leaky_leak_kmem_cache(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmem_cache, kmem_cache_alloc(cache, gfp));
}

KMN_TRACED void *kmn_leaky_leak_softirq_cache(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmem_cache, kmem_cache_alloc(cache, gfp));
}

KMN_TRACED void *kmn_leaky_leak_hardirq_cache(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_kmem_cache, kmem_cache_alloc(cache, gfp));
}

/* Of those that came together, the middle one stays. */
static __always_inline void *bulk_leak(gfp_t gfp)
{
	void *objects[BULK];
	void *leaked;
	unsigned int n = bulk_take(cache, LEAKY_FAMILY_kmem_cache_bulk, gfp, BULK, objects);

	if (!n)
		return NULL;
	leaked = objects[n / 2];
	objects[n / 2] = objects[n - 1];
	leaky_gave(LEAKY_FAMILY_kmem_cache_bulk, n - 1);
	kmem_cache_free_bulk(cache, n - 1, objects);
	return leaked;
}

KMN_TRACED void *kmn_leaky_leak_kmem_cache_bulk(gfp_t gfp)
{
	return bulk_leak(gfp);
}

KMN_TRACED void *kmn_leaky_leak_softirq_bulk(gfp_t gfp)
{
	return bulk_leak(gfp);
}

KMN_TRACED void *kmn_leaky_leak_kfree_bulk(gfp_t gfp)
{
	void *blocks[3];
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		blocks[n] = leaky_got(LEAKY_FAMILY_kfree_bulk, kmalloc(150, gfp));
		n += blocks[n] != NULL;
	}
	if (!n)
		return NULL;
	leaky_gave(LEAKY_FAMILY_kfree_bulk, n - 1);
	kfree_bulk(n - 1, blocks);
	return blocks[n - 1];
}

KMN_TRACED void *kmn_leaky_leak_mempool(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_mempool, mempool_alloc(pool, gfp));
}

KMN_TRACED void *kmn_leaky_leak_hardirq_mempool(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_mempool, mempool_alloc(pool, gfp));
}

void leaky_release_cache(void *block)
{
	kmem_cache_free(cache, block);
}

void leaky_release_mempool(void *block)
{
	mempool_free(block, pool);
}
