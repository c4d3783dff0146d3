/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prototypes as in zlib's manual; the header is there for one of the two builds only. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "workload.h"

#define SIZE 100000ul

typedef unsigned long ulong;

uint64_t workload_zlib(void *library, int alone)
{
	int (*compress2)(uint8_t *, ulong *, const uint8_t *, ulong, int) =
		dlsym(library, "compress2");
	int (*uncompress)(uint8_t *, ulong *, const uint8_t *, ulong) =
		dlsym(library, "uncompress");
	ulong (*crc32)(ulong, const uint8_t *, unsigned) = dlsym(library, "crc32");
	ulong (*adler32)(ulong, const uint8_t *, unsigned) = dlsym(library, "adler32");
	void *(*gzopen)(const char *, const char *) = dlsym(library, "gzopen");
	int (*gzwrite)(void *, const void *, unsigned) = dlsym(library, "gzwrite");
	int (*gzclose)(void *) = dlsym(library, "gzclose");
	uint8_t *plain = malloc(SIZE), *packed = malloc(2 * SIZE), *back = malloc(SIZE);
	uint64_t sum = SUM_INIT;
	uint32_t state = 3;
	void *file;

	for (ulong i = 0; i < SIZE; i++) {
		state = state * 1664525u + 1013904223u;
		plain[i] =
			(uint8_t)(i % 1000 < 500 ? (uint32_t) "words and "[i % 10] : state >> 28);
	}
	for (int level = 0; level <= 9; level++) {
		ulong n = 2 * SIZE, n_back = SIZE;

		sum = sum_number(sum, (uint64_t)compress2(packed, &n, plain, SIZE, level));
		sum = sum_bytes(sum, packed, n);
		sum = sum_number(sum, (uint64_t)uncompress(back, &n_back, packed, n));
		sum = sum_number(sum, n_back == SIZE && !memcmp(plain, back, SIZE));
		sum = sum_number(sum,
				 crc32(0, packed, (unsigned)n) ^ adler32(1, packed, (unsigned)n));
	}
	file = alone ? gzopen("/dev/null", "wb") : NULL;
	if (file) {
		sum = sum_number(sum, (uint64_t)gzwrite(file, plain, SIZE));
		sum = sum_number(sum, (uint64_t)gzclose(file));
	}
	free(plain);
	free(packed);
	free(back);
	return sum;
}
