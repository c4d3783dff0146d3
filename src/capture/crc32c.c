/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slicing by eight: eight bytes a step through eight tables, built at the first use. */
#include "capture/crc32c.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "capture/bytes.h"

#define POLYNOMIAL 0x82f63b78u /* reversed */

static uint32_t tables[8][256];
static atomic_bool built;

/* Two threads that come here at once write the same numbers. */
static void build_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][i] = crc;
	}
	for (int table = 1; table < 8; table++) {
		for (int i = 0; i < 256; i++) {
			uint32_t before = tables[table - 1][i];

			tables[table][i] = before >> 8 ^ tables[0][before & 0xff];
		}
	}
	atomic_store(&built, true);
}

uint32_t crc32c(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint32_t crc = 0xffffffffu;

	if (!atomic_load(&built))
		build_tables();
	for (; length >= 8; length -= 8, at += 8) {
		uint32_t low = crc ^ load_u32(at);
		uint32_t high = load_u32(at + 4);

		crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^
		      tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^ tables[3][high & 0xff] ^
		      tables[2][high >> 8 & 0xff] ^ tables[1][high >> 16 & 0xff] ^
		      tables[0][high >> 24];
	}
	while (length--)
		crc = crc >> 8 ^ tables[0][(crc ^ *at++) & 0xff];
	return ~crc;
}
