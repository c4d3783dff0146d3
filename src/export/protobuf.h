/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocol buffers' wire format, as far as it takes to write them
 * (https://protobuf.dev/programming-guides/encoding). Fields are added to a text, which is a buffer
 * of bytes:
 *
 *	size_t packet = proto_begin(out, 1);
 *	proto_number(out, 8, time);
 *	proto_string(out, 23, "vfs_open");
 *	proto_end(out, packet);
 */
#ifndef EXPORT_PROTOBUF_H
#define EXPORT_PROTOBUF_H

#include <stdint.h>

#include "base/text.h"

/* Any of the integer types but the zigzag ones; a negative number as its two's complement. */
void proto_number(struct text *out, uint32_t field, uint64_t number);
void proto_bytes(struct text *out, uint32_t field, const void *bytes, size_t length);
void proto_string(struct text *out, uint32_t field, const char *string);
/* A message within a message: what is added until the end belongs to it. Less than 256 MB. */
size_t proto_begin(struct text *out, uint32_t field);
void proto_end(struct text *out, size_t begin);
/* A bare number, for packed fields. */
void proto_varint(struct text *out, uint64_t number);

#endif
