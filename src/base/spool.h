/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue of bytes: in memory up to a limit, and in a temporary file what is beyond it. The file
 * has no name, so whatever becomes of the program, nothing of it stays. It is in $TMPDIR, else in
 * /var/tmp or /tmp. Not for two threads at once.
 */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* As much as can be put in at a time; a multiple of it is what memory and file are taken in. */
#define SPOOL_CHUNK ((size_t)256 << 10)

struct spool;

/* memory: bytes; a few chunks are taken in any case. NULL with err: there is not so much. */
struct spool *spool_create(uint64_t memory, struct error *err);
void spool_destroy(struct spool *spool); /* takes NULL */

enum spool_result {
	SPOOL_PUT = 0,
	SPOOL_FULL = 1, /* not without taking some out before: the file can't grow */
};

/*
 * Put bytes in, which stay together: at most SPOOL_CHUNK. Returns an enum spool_result, with err
 * (why the file can't grow) when it is full, or -1 with err.
 */
int spool_put(struct spool *spool, const void *bytes, size_t length, struct error *err);
/* Take a chunk of memory more than the limit, for what must go in although the spool is full. */
void spool_widen(struct spool *spool);
/*
 * What was put in first: some of it that lies together, at least one spool_put(), aligned to 8
 * bytes if all lengths were multiples of it; valid until something is taken out. *bytes is NULL
 * when there is nothing. -1: the file can't be read.
 */
int spool_front(struct spool *spool, const void **bytes, size_t *length, struct error *err);
/* Take out so many of the bytes that spool_front() has given. */
void spool_take(struct spool *spool, size_t length);
/* How many are in it, and how many of these in the file. */
uint64_t spool_bytes(const struct spool *spool);
uint64_t spool_bytes_in_file(const struct spool *spool);

#endif
