/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the sample session as a capture: the golden captures of tests/unit/data, the fuzzer's
 * first inputs.
 *
 *	make_capture [--minimal] FILE [RECORDS [FLUSH [BLOCKS]]]
 *
 * BLOCKS: with memory, of which so many blocks are outstanding.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_sample.h"
#include "memory_capture_sample.h"

int main(int argc, char **argv)
{
	bool minimal = argc > 1 && !strcmp(argv[1], "--minimal");
	uint64_t n_records, flush;

	argc -= minimal;
	argv += minimal;
	n_records = argc > 2 ? strtoull(argv[2], NULL, 10) : SAMPLE_GOLDEN_RECORDS;
	flush = argc > 3 ? strtoull(argv[3], NULL, 10) : 16;

	if (argc < 2 || argc > 5) {
		fputs("usage: make_capture [--minimal] FILE [RECORDS [FLUSH [BLOCKS]]]\n", stderr);
		return 2;
	}
	if (argc > 4)
		sample_memory_capture_write(argv[1], n_records, flush, strtoull(argv[4], NULL, 10));
	else
		(minimal ? sample_capture_write_minimal : sample_capture_write)(argv[1], n_records,
										flush);
	return 0;
}
