/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same work for many things, shared among threads. */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <stddef.h>

/*
 * Call each(i, context) once for every i below n, in at most so many threads, and return when all
 * is done. Where no thread can be had the caller's does it alone.
 */
void parallel_run(size_t n, size_t threads, void (*each)(size_t i, void *context), void *context);
/* Processors to run on: how many threads are worth it when the work is computing. */
size_t parallel_processors(void);

#endif
