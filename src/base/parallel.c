/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parallel.h"

#include <pthread.h>
#include <unistd.h>

#define MAX_THREADS 16

struct work {
	void (*each)(size_t i, void *context);
	void *context;
	size_t n;
	size_t next; /* atomic */
};

static void *take_turns(void *argument)
{
	struct work *work = argument;

	for (;;) {
		size_t i = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED);

		if (i >= work->n)
			return NULL;
		work->each(i, work->context);
	}
}

void parallel_run(size_t n, size_t threads, void (*each)(size_t i, void *context), void *context)
{
	struct work work = {.each = each, .context = context, .n = n};
	pthread_t others[MAX_THREADS - 1];
	size_t n_others = 0;

	if (threads > n)
		threads = n;
	if (threads > MAX_THREADS)
		threads = MAX_THREADS;
	while (n_others + 1 < threads &&
	       !pthread_create(&others[n_others], NULL, take_turns, &work))
		n_others++;
	take_turns(&work);
	while (n_others > 0)
		pthread_join(others[--n_others], NULL);
}

size_t parallel_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (size_t)n : 1;
}
