/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One processor's records on their way to the reader. Room is reserved, filled and committed; any
 * number of writers can be at it at once, as interrupts nest and threads change processors; one
 * reader takes what is committed, in the order of reservation. A record's first word is written
 * last: as long as it is 0, the record is not there yet. What was lost shows as a gap in the
 * sequence numbers.
 *
 * A ring can get a successor, of another size, while it is written to: who comes to it from then on
 * goes on there, with the numbers that follow. Once it is drained nobody touches its memory any
 * more; the ring itself has to stay, for who comes late.
 *
 * No OS, no lock, no allocation; any IRQL.
 */
#ifndef NT_RING_H
#define NT_RING_H

#include <record.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	/*
	 * The sequence number of the next record (39 bits), and where it will be: units of 8 bytes
	 * counted modulo 2^24. In one word, so that a number and its place are taken together. The
	 * highest bit: the successor has the number.
	 */
	uint64_t next;
	uint32_t tail; /* units, modulo 2^24: everything before was read */
	uint32_t units;
	uint64_t *memory;
	struct ring *successor; /* or NULL */
};

/* memory: size bytes, zeroed, a power of 2 up to 64 MB; it stays the caller's. */
void ring_init(struct ring *ring, void *memory, size_t size);
/*
 * Room for a record of length bytes (a multiple of 8, up to KMN_MAX_RECORD), and its sequence
 * number. NULL: there is none, the number is lost. What comes back must be committed soon: nothing
 * behind it can be read before.
 */
struct kmn_header *ring_reserve(struct ring *ring, uint16_t length, uint64_t *sequence);
/* header is written into the record at last, behind everything else. */
void ring_commit(struct kmn_header *record, const struct kmn_header *header);
/* Move committed records into bytes, as long as they fit. Returns the bytes written. */
size_t ring_read(struct ring *ring, void *bytes, size_t size);
/* Has every reserved record been read? */
bool ring_empty(const struct ring *ring);
/*
 * From now on records go to the successor, which is fresh from ring_init() and nobody's yet. A ring
 * has one. By the reader.
 */
void ring_pass(struct ring *ring, struct ring *successor);
/* It has been passed on, and every record in it was read: its memory may go. */
bool ring_drained(const struct ring *ring);

#endif
