/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/outlet.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/spool.h"
#include "base/text.h"

/* What stands before each part of a piece in the spool. */
struct part {
	uint32_t length; /* of the bytes that follow */
	uint32_t more;	 /* another part of the same piece follows */
};

#define PART_BYTES (SPOOL_CHUNK - sizeof(struct part))

struct outlet {
	int (*write)(void *context, const void *bytes, size_t length, struct error *err);
	void *context;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t came, went; /* something to write; something was taken out, or written */
	/* All that follows is guarded by the mutex. */
	struct spool *spool;
	size_t n_pieces; /* whole ones, not written yet: the one that is being written too */
	bool closing;
	bool full;	     /* there was a wait, which was not told yet */
	struct error why;    /* of it */
	struct error failed; /* STATUS_OK: writing has not failed */
};

/* Take a whole piece out of the spool. */
static int take_piece(struct outlet *outlet, struct text *piece, struct error *err)
{
	struct part part = {.more = 1};

	text_clear(piece);
	while (part.more) {
		const void *bytes;
		size_t length;

		if (spool_front(outlet->spool, &bytes, &length, err))
			return -1;
		memcpy(&part, bytes, sizeof(part));
		text_add_bytes(piece, (const char *)bytes + sizeof(part), part.length);
		spool_take(outlet->spool, sizeof(part) + part.length);
	}
	return text_failed(piece) ? error_no_memory(err) : 0;
}

static void *run(void *argument)
{
	struct outlet *outlet = argument;
	struct text piece = TEXT_INIT;
	struct error err = {0};
	bool failed = false;

	pthread_mutex_lock(&outlet->mutex);
	while (!failed) {
		while (!outlet->n_pieces && !outlet->closing)
			pthread_cond_wait(&outlet->came, &outlet->mutex);
		if (!outlet->n_pieces)
			break;
		failed = take_piece(outlet, &piece, &err);
		pthread_cond_signal(&outlet->went);
		if (!failed) {
			pthread_mutex_unlock(&outlet->mutex);
			failed = outlet->write(outlet->context, piece.data, piece.length, &err);
			pthread_mutex_lock(&outlet->mutex);
		}
		outlet->n_pieces--;
		if (failed)
			outlet->failed = err;
		pthread_cond_signal(&outlet->went);
	}
	pthread_mutex_unlock(&outlet->mutex);
	text_fini(&piece);
	return NULL;
}

/* Signals are for the thread that there was before. */
static int start(struct outlet *outlet)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	code = pthread_create(&outlet->thread, NULL, run, outlet);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

struct outlet *outlet_create(uint64_t memory,
			     int (*write)(void *context, const void *bytes, size_t length,
					  struct error *err),
			     void *context, struct error *err)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	int code;

	if (!outlet) {
		error_no_memory(err);
		return NULL;
	}
	outlet->spool = spool_create(memory, err);
	if (!outlet->spool) {
		free(outlet);
		return NULL;
	}
	outlet->write = write;
	outlet->context = context;
	pthread_mutex_init(&outlet->mutex, NULL);
	pthread_cond_init(&outlet->came, NULL);
	pthread_cond_init(&outlet->went, NULL);
	code = start(outlet);
	if (!code)
		return outlet;
	error_set(err, "can't start a thread: %s", strerror(code));
	spool_destroy(outlet->spool);
	free(outlet);
	return NULL;
}

void outlet_destroy(struct outlet *outlet)
{
	if (!outlet)
		return;
	pthread_mutex_lock(&outlet->mutex);
	outlet->closing = true;
	pthread_cond_signal(&outlet->came);
	pthread_mutex_unlock(&outlet->mutex);
	pthread_join(outlet->thread, NULL);
	pthread_cond_destroy(&outlet->came);
	pthread_cond_destroy(&outlet->went);
	pthread_mutex_destroy(&outlet->mutex);
	spool_destroy(outlet->spool);
	free(outlet);
}

static int failure(const struct outlet *outlet, struct error *err)
{
	if (outlet->failed.status == STATUS_OK)
		return 0;
	if (err)
		*err = outlet->failed;
	return -1;
}

/* Waits while the spool is full; the thread takes out of it, or fails. */
static int put_part(struct outlet *outlet, const struct part *part, const void *bytes,
		    struct error *err)
{
	unsigned char together[SPOOL_CHUNK];
	struct error why = {0};
	int result;

	memcpy(together, part, sizeof(*part));
	memcpy(together + sizeof(*part), bytes, part->length);
	for (;;) {
		if (failure(outlet, err))
			return -1;
		result = spool_put(outlet->spool, together, sizeof(*part) + part->length, &why);
		if (result != SPOOL_FULL)
			break;
		outlet->full = true;
		outlet->why = why;
		/* When only half of this piece is in it nothing goes out. */
		if (outlet->n_pieces)
			pthread_cond_wait(&outlet->went, &outlet->mutex);
		else
			spool_widen(outlet->spool);
	}
	if (result && err)
		*err = why;
	return result;
}

int outlet_put(struct outlet *outlet, const void *bytes, size_t length, struct error *err)
{
	const char *at = bytes;
	int code = 0;

	pthread_mutex_lock(&outlet->mutex);
	do {
		size_t n = length < PART_BYTES ? length : PART_BYTES;
		const struct part part = {(uint32_t)n, n < length};

		code = put_part(outlet, &part, at, err);
		at += n;
		length -= n;
	} while (!code && length);
	if (!code) {
		outlet->n_pieces++;
		pthread_cond_signal(&outlet->came);
	} else if (outlet->failed.status == STATUS_OK && err) {
		/* Half a piece is in the spool: nothing may follow it. */
		outlet->failed = *err;
	}
	pthread_mutex_unlock(&outlet->mutex);
	return code;
}

int outlet_check(struct outlet *outlet, struct error *err)
{
	int code;

	pthread_mutex_lock(&outlet->mutex);
	code = failure(outlet, err);
	pthread_mutex_unlock(&outlet->mutex);
	return code;
}

int outlet_drain(struct outlet *outlet, struct error *err)
{
	int code;

	pthread_mutex_lock(&outlet->mutex);
	while (outlet->n_pieces && outlet->failed.status == STATUS_OK)
		pthread_cond_wait(&outlet->went, &outlet->mutex);
	code = failure(outlet, err);
	pthread_mutex_unlock(&outlet->mutex);
	return code;
}

bool outlet_was_full(struct outlet *outlet, struct error *why)
{
	bool full;

	pthread_mutex_lock(&outlet->mutex);
	full = outlet->full;
	if (full)
		*why = outlet->why;
	outlet->full = false;
	pthread_mutex_unlock(&outlet->mutex);
	return full;
}
