/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4): the checksum of capture blocks. It finds every
 * burst of up to 32 wrong bits; it is no protection against a forger.
 */
#ifndef CAPTURE_CRC32C_H
#define CAPTURE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *bytes, size_t length);

#endif
