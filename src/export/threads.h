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

struct threads {
	struct intern keys;
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
