/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock of the benchmarks that run on the machine itself. */
#ifndef BENCH_TIMER_H
#define BENCH_TIMER_H

#include <time.h>

/* Of this process: what else the machine does is not in it. */
static inline double cpu_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

#endif
