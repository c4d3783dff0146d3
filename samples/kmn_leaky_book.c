// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmn_leaky's book: how many blocks each family took and gave back, which are to be leaked in this
 * run, and those that are, so that they can be given back on demand.
 */
#include <linux/string.h>

#include "kmn_leaky.h"

/* What one place can have leaked at a time. */
#define MAX_LEAKED 256

struct place {
	const char *name;
	enum leaky_family family;
	enum leaky_context context;
	const char *tag;
	size_t bytes;
	unsigned int blocks;
	void *(*leak)(gfp_t gfp);
	void (*release)(void *block);
	atomic_t planned; /* leaks still to be made in this run */
	atomic_t leaked;
	void *kept[MAX_LEAKED];
};

static struct place places[] = {
#define X(name_, family_, context_, tag_, bytes_, blocks_, release_)                               \
	{                                                                                          \
		.name = #name_,                                                                    \
		.family = LEAKY_FAMILY_##family_,                                                  \
		.context = context_,                                                               \
		.tag = tag_,                                                                       \
		.bytes = bytes_,                                                                   \
		.blocks = blocks_,                                                                 \
		.leak = kmn_leaky_leak_##name_,                                                    \
		.release = leaky_release_##release_,                                               \
	},
	LEAKY_PLACES(X)
#undef X
};

static const char *const family_names[] = {
#define X(name, contexts, every) #name,
	LEAKY_FAMILIES(X)
#undef X
};

static const char *const context_names[] = {"task", "softirq", "hardirq"};

static DEFINE_PER_CPU(u64[LEAKY_N_FAMILIES][LEAKY_N_WHATS], counted);

u64 leaky_work_ns;

/* One instruction: an interrupt can't come between its read and its write. */
void leaky_count(enum leaky_family family, enum leaky_what what, unsigned int n)
{
	this_cpu_add(counted[family][what], n);
}

u64 leaky_cpu_allocations(unsigned int cpu)
{
	u64 sum = 0;

	for (int family = 0; family < LEAKY_N_FAMILIES; family++)
		sum += READ_ONCE(per_cpu(counted, cpu)[family][LEAKY_ALLOCATIONS]);
	return sum;
}

static u64 count_of(enum leaky_family family, enum leaky_what what)
{
	u64 sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu) sum += per_cpu(counted, cpu)[family][what];
	return sum;
}

/* Whether a comma-separated list holds the name. */
static bool listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ',') &&
		    (!at[length] || at[length] == ',' || at[length] == '\n'))
			return true;
	return false;
}

/*
 * From now on each of the listed places (empty: all) is to leak `leaks` times, those in interrupts
 * only when there will be interrupts.
 */
int leaky_leaks_plan(unsigned int leaks, const char *list, bool interrupts)
{
	bool all = !*list || *list == '\n';

	for (struct place *place = places; place < places + ARRAY_SIZE(places); place++)
		if (atomic_read(&place->leaked) + leaks > MAX_LEAKED)
			return -ENOSPC;
	for (struct place *place = places; place < places + ARRAY_SIZE(places); place++)
		if ((interrupts || place->context == LEAKY_TASK) &&
		    (all || listed(list, place->name)))
			atomic_set(&place->planned, leaks);
		else
			atomic_set(&place->planned, 0);
	return 0;
}

bool leaky_leaks_made(void)
{
	for (struct place *place = places; place < places + ARRAY_SIZE(places); place++)
		if (atomic_read(&place->planned) > 0)
			return false;
	return true;
}

/* The next leak that is planned for this context, if any; what has no memory is tried again. */
void leaky_leak_next(enum leaky_context context, gfp_t gfp, unsigned int *cursor)
{
	struct place *place;
	void *block;

	for (size_t tried = 0; tried < ARRAY_SIZE(places); tried++) {
		place = &places[(*cursor)++ % ARRAY_SIZE(places)];
		if (place->context != context || atomic_dec_if_positive(&place->planned) < 0)
			continue;
		block = place->leak(gfp);
		if (block)
			place->kept[atomic_inc_return(&place->leaked) - 1] = block;
		else
			atomic_inc(&place->planned);
		return;
	}
}

unsigned int leaky_leaked(enum leaky_family family)
{
	unsigned int blocks = 0;

	for (struct place *place = places; place < places + ARRAY_SIZE(places); place++)
		if (place->family == family)
			blocks += atomic_read(&place->leaked) * place->blocks;
	return blocks;
}

/* Gives back all that is leaked; says how many blocks that were. Nothing may run meanwhile. */
u64 leaky_release(void)
{
	u64 blocks = 0;

	for (struct place *place = places; place < places + ARRAY_SIZE(places); place++) {
		for (int i = atomic_read(&place->leaked); i-- > 0;) {
			leaky_gave(place->family, place->blocks);
			place->release(place->kept[i]);
			blocks += place->blocks;
		}
		atomic_set(&place->leaked, 0);
	}
	return blocks;
}

int leaky_counts_show(struct seq_file *out, void *unused)
{
	u64 sums[LEAKY_N_WHATS] = {0};
	u64 leaked = 0, bytes = 0;
	unsigned int n_places = 0;

	for (int family = 0; family < LEAKY_N_FAMILIES; family++)
		for (int what = 0; what < LEAKY_N_WHATS; what++)
			sums[what] += count_of(family, what);
	for (struct place *place = places; place < places + ARRAY_SIZE(places); place++) {
		unsigned int times = atomic_read(&place->leaked);

		leaked += times * place->blocks;
		bytes += times * place->bytes;
		n_places += times > 0;
	}
	seq_printf(out, "allocations %llu\nfrees %llu\nfailures %llu\n", sums[LEAKY_ALLOCATIONS],
		   sums[LEAKY_FREES], sums[LEAKY_FAILURES]);
	seq_printf(out, "leaked %llu\nleaked_bytes %llu\nplaces %u\nwork_ns %llu\n", leaked, bytes,
		   n_places, leaky_work_ns);
	for (int family = 0; family < LEAKY_N_FAMILIES; family++)
		seq_printf(out, "family %s %llu %llu %llu\n", family_names[family],
			   count_of(family, LEAKY_ALLOCATIONS), count_of(family, LEAKY_FREES),
			   count_of(family, LEAKY_FAILURES));
	for (struct place *place = places; place < places + ARRAY_SIZE(places); place++) {
		unsigned int times = atomic_read(&place->leaked);

		seq_printf(out, "place kmn_leaky_leak_%s %s %s %u %zu\n", place->name,
			   context_names[place->context], place->tag, times * place->blocks,
			   times * place->bytes);
	}
	return 0;
}
