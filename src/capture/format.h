/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The constants of the capture format (.kmn), which docs/kmn.md describes: a file header, then
 * blocks, each with a header of its own, a payload, and checksums of both.
 */
#ifndef CAPTURE_FORMAT_H
#define CAPTURE_FORMAT_H

#include <stdint.h>

/* As PNG's: the high bit, both line ends and ^Z show at once what a text transfer would break. */
#define CAPTURE_MAGIC "\x89KMN\r\n\x1a\n"
#define CAPTURE_MAGIC_BYTES 8
#define CAPTURE_MAJOR 2
#define CAPTURE_FIRST_MAJOR 1 /* still read: it had whole records */
#define CAPTURE_MINOR 0
#define CAPTURE_MINOR_LINES 1 /* there may be source lines */
#define CAPTURE_HEADER_BYTES 16

#define BLOCK_MAGIC 0x424e4d4bu /* "KMNB" */
#define BLOCK_HEADER_BYTES 28
#define BLOCK_MAX_BYTES (16u << 20) /* of a payload, stored or unpacked */

/* X(name, number, text) */
#define BLOCK_TYPES(X)                                                                             \
	X(SYSTEM, 1, "system")                                                                     \
	X(SPEC, 2, "spec")                                                                         \
	X(MODULES, 3, "modules")                                                                   \
	X(ENUMERATIONS, 4, "enumerations")                                                         \
	X(APIS, 5, "APIs")                                                                         \
	X(FRAMES, 6, "frames")                                                                     \
	X(STACKS, 7, "stacks")                                                                     \
	X(EVENTS, 8, "events")                                                                     \
	X(LEDGER, 9, "ledger")                                                                     \
	X(END, 10, "end")                                                                          \
	X(COLUMNS, 11, "events")                                                                   \
	X(INDEX, 12, "index")                                                                      \
	X(LINES, 13, "lines")

enum block_type {
#define BLOCK_TYPE_ENUM(name, number, text) BLOCK_##name = number,
	BLOCK_TYPES(BLOCK_TYPE_ENUM)
#undef BLOCK_TYPE_ENUM
};

/* Bytes before the records in the payload of a block of whole events. */
#define EVENTS_HEADER_BYTES 32

/* The block that ends a capture is as long, its header too: a file's index is found from there. */
#define CAPTURE_END_BYTES (BLOCK_HEADER_BYTES + 20)

/* A payload of tables is a row of entries; an index in one is below this. */
#define CAPTURE_MAX_INDEX 65536u

enum api_entry_flag {
	API_TYPED = 1 << 0,
	API_VARIADIC = 1 << 1,
	API_RETURNS_HOOKED = 1 << 2,
};

enum ledger_entry_flag {
	LEDGER_INTERRUPTED = 1 << 0,
	LEDGER_CONTINUED = 1 << 1, /* by another capture */
};

/* Of a block in the index. */
enum index_flag {
	INDEX_FRAMES = 1 << 0, /* its records make stacks known: it is not to be passed over */
};

/* Of the places of an address: what they are the places of. */
enum lines_entry_flag {
	LINES_HERE = 1 << 0,	 /* the address itself */
	LINES_RETURNED = 1 << 1, /* the call that returns to it */
};

/* Kinds of entries in the ledger's block. */
enum ledger_entry {
	LEDGER_STATE = 0,
	LEDGER_ROW = 1,
};

#endif
