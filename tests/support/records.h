/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records and a small catalog built by hand, for tests of what reads records.
 */
#ifndef TESTS_RECORDS_H
#define TESTS_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "model/catalog.h"
#include "model/place.h"
#include "model/record.h"

/* A record under construction; parts must be added in the order of kernel/record.h. */
struct record_builder {
	union {
		struct kmn_header header;
		uint64_t words[KMN_MAX_RECORD / 8];
	};
};

/* A record of bash/412 on CPU 1, at so many nanoseconds. */
void record_begin(struct record_builder *record, enum kmn_kind kind, uint32_t hook, uint64_t time,
		  uint64_t sequence);
void record_add_return(struct record_builder *record, uint64_t value, uint64_t duration,
		       uint32_t entry_cpu, uint64_t entry_sequence);
void record_add_stack(struct record_builder *record, uint64_t hash);
void record_add_arg(struct record_builder *record, uint64_t word);
void record_add_fetched(struct record_builder *record, uint8_t fetch, enum kmn_fetch_status status,
			const void *data, size_t length);
/* Behind the fetched data; the stack must have been added. */
void record_add_frames(struct record_builder *record, const uint64_t *frames, uint16_t n);

/* Hook numbers in the catalog below. */
enum {
	HOOK_OPEN = 1,	/* int do_open(const char *name, int flags) of module ext4, with returns */
	HOOK_WAKE = 2,	/* void wake(struct task_struct *task, enum mode mode), entries only */
	HOOK_ALLOC = 3, /* void *alloc(size_t size, gfp_t flags), with returns */
	HOOK_RAW = 4,	/* without a prototype, entries only */
	HOOK_POLL = 5,	/* void poll(struct file *file), with returns */
};

/*
 * The clock's zero is 2026-01-02 03:04:05 UTC. Addresses from 0x1000 to 0x1fff are "alpha", from
 * 0x2000 to 0x2fff "beta" of module ext4.
 */
void test_catalog_init(struct catalog *catalog);
/*
 * "alpha" is at line 10 of alpha.c, at 20 where a call returns to it. Into "beta", whose own place
 * is not known, "odd\nname" is inlined; other addresses have no place.
 */
struct place_finder *test_places(void);

#endif
