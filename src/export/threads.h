/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads and processes met so far, for formats that name them apart from the calls.
 */
#ifndef EXPORT_THREADS_H
#define EXPORT_THREADS_H

#include <stdbool.h>

#include "base/error.h"
#include "model/record.h"
#include "tally/intern.h"

/* A process is the thread 0 of its number: no thread is called that here. */
struct thread_key {
	uint32_t pid, thread; /* as naming_thread() has it */
};

struct threads {
	struct intern keys; /* each is a struct thread_key */
	struct thread_name {
		char comm[KMN_COMM];
	} * names; /* by the key's number */
	size_t capacity;
};

struct threads_news {
	bool process; /* it was not met before, or is called something else now */
	bool thread;
	bool first; /* the thread was not met before */
};

void threads_init(struct threads *threads);
void threads_fini(struct threads *threads);
int threads_meet(struct threads *threads, const struct kmn_header *header,
		 struct threads_news *news, struct error *err);

#endif
