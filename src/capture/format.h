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
#define CAPTURE_MINOR 2	      /* there may be blocks of memory */
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
	X(LINES, 13, "lines")                                                                      \
	X(MEMORY, 14, "memory")

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

/* Kinds of entries in blocks of memory. */
enum memory_entry {
	MEMORY_ENTRY_TOTALS = 0, /* first, once */
	MEMORY_ENTRY_TAG = 1,
	MEMORY_ENTRY_BLOCKS = 2, /* many, as columns */
	MEMORY_ENTRY_DOUBT = 3,
	MEMORY_ENTRY_FINDING = 4,
	MEMORY_ENTRY_CHECK = 5,
};

enum memory_totals_flag {
	MEMORY_HAS_STACKS = 1 << 0,
};

enum memory_tag_flag {
	MEMORY_TAG_INNER = 1 << 0,
	MEMORY_TAG_FRESH = 1 << 1,
};

/* Columns of an entry of blocks, in their order; X(name) */
#define MEMORY_COLUMNS(X)                                                                          \
	X(TIME)                                                                                    \
	X(TAG)                                                                                     \
	X(ADDRESS)                                                                                 \
	X(BYTES)                                                                                   \
	X(STACK)                                                                                   \
	X(STACKS)                                                                                  \
	X(SITE)                                                                                    \
	X(SITES)                                                                                   \
	X(TASK)                                                                                    \
	X(TASKS)                                                                                   \
	X(GFP)                                                                                     \
	X(CPU)                                                                                     \
	X(STATE)

enum memory_column {
#define MEMORY_COLUMN_ENUM(name) MEMORY_COLUMN_##name,
	MEMORY_COLUMNS(MEMORY_COLUMN_ENUM)
#undef MEMORY_COLUMN_ENUM
		MEMORY_N_COLUMNS
};

/* Each block has a byte at least in every column but those of the tables. */
#define MEMORY_LEAST_BYTES (MEMORY_N_COLUMNS - 3)
/* A reader has to have room for so many blocks. */
#define MEMORY_BLOCKS_AT_ONCE 65536u
#define MEMORY_MAX_BLOCKS (1u << 24)
/* Values are guessed from the last block with the same tag modulo this. */
#define MEMORY_GUESSES 1024u

/* Kinds of entries in the ledger's block. */
enum ledger_entry {
	LEDGER_STATE = 0,
	LEDGER_ROW = 1,
};

#endif
