/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up session, the same every time: a catalog, records of every kind, a ledger. The golden
 * captures were recorded from it and tests compare what they read with it, so what it gives for a
 * number below SAMPLE_GOLDEN_RECORDS must never change.
 */
#ifndef SUPPORT_CAPTURE_SAMPLE_H
#define SUPPORT_CAPTURE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "model/catalog.h"
#include "model/record.h"

#define SAMPLE_GOLDEN_RECORDS 64

/* Room for one record, aligned as records are. */
struct sample_record {
	uint64_t words[KMN_MAX_RECORD / 8];
};

void sample_catalog_init(struct catalog *catalog);
/* Record number i; its stack, if it has one, comes to the catalog (may be NULL). */
const struct kmn_header *sample_record_make(struct sample_record *record, uint64_t i,
					    struct catalog *catalog);
void sample_ledger_init(struct ledger *ledger, uint64_t n_records);

/* Write a capture of n records, flushing after each `flush` (0: never). Fails hard. */
void sample_capture_write(const char *path, uint64_t n_records, uint64_t flush);
/* The same without names of frames. */
void sample_capture_write_minimal(const char *path, uint64_t n_records, uint64_t flush);

#endif
