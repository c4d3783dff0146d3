/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/threads.h"

#include <stdlib.h>
#include <string.h>

#include "export/naming.h"

void threads_init(struct threads *threads)
{
	*threads = (struct threads){0};
	intern_init(&threads->keys);
}

void threads_fini(struct threads *threads)
{
	intern_fini(&threads->keys);
	free(threads->names);
	threads->names = NULL;
}

static int make_room(struct threads *threads, uint32_t number, struct error *err)
{
	size_t capacity = threads->capacity ? threads->capacity * 2 : 64;
	struct thread_name *names;

	if (number < threads->capacity)
		return 0;
	names = realloc(threads->names, capacity * sizeof(*names));
	if (!names)
		return error_no_memory(err);
	threads->names = names;
	threads->capacity = capacity;
	return 0;
}

/* *changed: it is new or has another name than before. */
static int meet(struct threads *threads, struct thread_key key, const struct kmn_header *header,
		bool rename, bool *changed, bool *added, struct error *err)
{
	uint32_t number;

	if (intern_add(&threads->keys, &key, sizeof(key), &number, added, err) ||
	    make_room(threads, number, err))
		return -1;
	*changed = *added || (rename && memcmp(threads->names[number].comm, header->comm,
					       sizeof(header->comm)));
	if (*changed)
		memcpy(threads->names[number].comm, header->comm, sizeof(header->comm));
	return 0;
}

int threads_meet(struct threads *threads, const struct kmn_header *header,
		 struct threads_news *news, struct error *err)
{
	struct thread_key process = {header->pid, 0};
	struct thread_key thread = {header->pid, naming_thread(header)};
	/* A process is called what its first thread is. Idle threads all have one name. */
	bool leader = header->tid == header->pid && header->tid;
	struct threads_news met;
	bool added;

	if (meet(threads, process, header, leader, &met.process, &added, err) ||
	    meet(threads, thread, header, header->tid, &met.thread, &met.first, err))
		return -1;
	*news = met;
	return 0;
}
