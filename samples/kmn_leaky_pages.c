// SPDX-License-Identifier: GPL-2.0-only
/* kmn_leaky: the page allocator itself. */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "kmn_leaky.h"

#define BULK 8
#define SPLIT_ORDER 2

static void give(enum leaky_family family, void *pages, unsigned int order)
{
	if (!pages)
		return;
	leaky_gave(family, 1);
	free_pages((unsigned long)pages, order);
}

static __always_inline void *get(enum leaky_family family, gfp_t gfp, unsigned int order)
{
	return leaky_got(family, (void *)__get_free_pages(gfp | __GFP_NOWARN, order));
}

void leaky_make_get_free_pages(const struct leaky_turn *turn)
{
	for (unsigned int order = 0; order < 4; order++)
		give(LEAKY_FAMILY_get_free_pages,
		     get(LEAKY_FAMILY_get_free_pages, turn->gfp, order), order);
	give(LEAKY_FAMILY_get_free_pages,
	     leaky_got(LEAKY_FAMILY_get_free_pages, (void *)get_zeroed_page(turn->gfp)), 0);
}

/* One of the pages is given back by put_page(), as the last who uses it. */
void leaky_make_alloc_pages(const struct leaky_turn *turn)
{
	struct page *block = leaky_got(LEAKY_FAMILY_alloc_pages,
				       alloc_pages(turn->gfp | __GFP_COMP | __GFP_NOWARN, 1));
	struct page *page = leaky_got(LEAKY_FAMILY_alloc_pages, alloc_page(turn->gfp));

	if (block) {
		leaky_gave(LEAKY_FAMILY_alloc_pages, 1);
		__free_pages(block, 1);
	}
	if (page) {
		leaky_gave(LEAKY_FAMILY_alloc_pages, 1);
		put_page(page);
	}
}

/* The allocator takes eight pages here and gives three of them back at once. */
void leaky_make_pages_exact(const struct leaky_turn *turn)
{
	void *pages = leaky_got(LEAKY_FAMILY_pages_exact,
				alloc_pages_exact(LEAKY_EXACT_SIZE, turn->gfp | __GFP_NOWARN));

	if (!pages)
		return;
	leaky_gave(LEAKY_FAMILY_pages_exact, 1);
	free_pages_exact(pages, LEAKY_EXACT_SIZE);
}

/* One block becomes several, which go back one by one. NULL when there was none. */
static __always_inline struct page *split(gfp_t gfp)
{
	struct page *pages =
		leaky_got(LEAKY_FAMILY_pages_split, alloc_pages(gfp | __GFP_NOWARN, SPLIT_ORDER));

	if (pages) {
		split_page(pages, SPLIT_ORDER);
		leaky_count(LEAKY_FAMILY_pages_split, LEAKY_ALLOCATIONS, (1 << SPLIT_ORDER) - 1);
	}
	return pages;
}

static void split_give(struct page *page)
{
	leaky_gave(LEAKY_FAMILY_pages_split, 1);
	__free_page(page);
}

void leaky_make_pages_split(const struct leaky_turn *turn)
{
	struct page *pages = split(turn->gfp);

	for (int i = 0; pages && i < 1 << SPLIT_ORDER; i++)
		split_give(pages + i);
}

/* It may give fewer pages than asked for. */
static __always_inline unsigned long bulk_take(gfp_t gfp, struct page **pages)
{
	unsigned long n = alloc_pages_bulk_array(gfp | __GFP_NOWARN, BULK, pages);

	leaky_count(LEAKY_FAMILY_pages_bulk, n ? LEAKY_ALLOCATIONS : LEAKY_FAILURES, n ? n : 1);
	return n;
}

static void bulk_give(struct page **pages, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		leaky_gave(LEAKY_FAMILY_pages_bulk, 1);
		__free_page(pages[i]);
	}
}

void leaky_make_pages_bulk(const struct leaky_turn *turn)
{
	struct page *pages[BULK] = {0};

	bulk_give(pages, bulk_take(turn->gfp, pages));
}

KMN_TRACED void *kmn_leaky_leak_get_free_pages(gfp_t gfp)
{
	return get(LEAKY_FAMILY_get_free_pages, gfp, 1);
}

KMN_TRACED void *kmn_leaky_leak_hardirq_pages(gfp_t gfp)
{
	return get(LEAKY_FAMILY_get_free_pages, gfp, 1);
}

static __always_inline void *alloc_leak(gfp_t gfp, unsigned int order)
{
	struct page *page =
		leaky_got(LEAKY_FAMILY_alloc_pages, alloc_pages(gfp | __GFP_NOWARN, order));

	return page ? page_address(page) : NULL;
}

KMN_TRACED void *kmn_leaky_leak_alloc_page(gfp_t gfp)
{
	return alloc_leak(gfp, 0);
}

KMN_TRACED void *kmn_leaky_leak_alloc_pages(gfp_t gfp)
{
	return alloc_leak(gfp, 3);
}

KMN_TRACED void *kmn_leaky_leak_softirq_page(gfp_t gfp)
{
	return alloc_leak(gfp, 0);
}

KMN_TRACED void *kmn_leaky_leak_pages_exact(gfp_t gfp)
{
	return leaky_got(LEAKY_FAMILY_pages_exact,
			 alloc_pages_exact(LEAKY_EXACT_SIZE, gfp | __GFP_NOWARN));
}

/* Of a split block, the third page stays. */
KMN_TRACED void *kmn_leaky_leak_pages_split(gfp_t gfp)
{
	struct page *pages = split(gfp);

	if (!pages)
		return NULL;
	for (int i = 0; i < 1 << SPLIT_ORDER; i++)
		if (i != 2)
			split_give(pages + i);
	return page_address(pages + 2);
}

/* Of those that came together, the first stays. */
KMN_TRACED void *kmn_leaky_leak_pages_bulk(gfp_t gfp)
{
	struct page *pages[BULK] = {0};
	unsigned long n = bulk_take(gfp, pages);

	if (!n)
		return NULL;
	bulk_give(pages + 1, n - 1);
	return page_address(pages[0]);
}

void leaky_release_pages0(void *block)
{
	free_pages((unsigned long)block, 0);
}

void leaky_release_pages1(void *block)
{
	free_pages((unsigned long)block, 1);
}

void leaky_release_pages3(void *block)
{
	free_pages((unsigned long)block, 3);
}

void leaky_release_exact(void *block)
{
	free_pages_exact(block, LEAKY_EXACT_SIZE);
}

void leaky_release_split(void *block)
{
	free_pages((unsigned long)block, 0);
}
