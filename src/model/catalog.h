/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The catalog: everything that records refer to by number or address. A source owns and fills it,
 * sinks read it. It only grows while a session runs; a sink that copies it (a capture, a remote
 * peer) compares counts to find what is new.
 */
#ifndef MODEL_CATALOG_H
#define MODEL_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "model/api.h"
#include "model/ledger.h"
#include "model/module.h"
#include "model/stack.h"

/* What an address is: "ext4_file_open+0x1c [ext4]". */
struct frame {
	const char *symbol; /* NULL: unknown; valid as long as the catalog */
	uint64_t offset;    /* from the symbol; with no symbol, from the module's base */
	/* NULL: the kernel itself, or unknown. With no symbol, the kernel is called by its name. */
	const char *module;
};

struct memory;
struct namer;
struct place_finder;

struct catalog {
	struct module_table modules;
	struct api_table apis;
	struct stack_table *stacks;
	/* Wall clock minus monotonic clock, ns: time of a record + this = nanoseconds since 1970.
	 */
	int64_t clock_offset;
	uint64_t start; /* ns, monotonic: when recording began */
	uint32_t processors;
	char *kernel;  /* release: "6.1.0-56-amd64" */
	char *machine; /* "x86_64" */
	char *host;
	char *spec; /* the session file that asks for the same */
	/* Name an address; false if nothing is known. Set by whoever fills the catalog. */
	bool (*resolve)(const struct catalog *catalog, uint64_t address, struct frame *frame);
	void *resolver; /* for resolve */
	/* Asked for what is known by module and offset only, see model/namer.h; NULL: nobody is. */
	struct namer *namer;
	/* The source lines that a capture has, see model/place.h; NULL: none. */
	struct place_finder *places;
	struct memory *memory; /* what became of memory, at the end; NULL: it was not followed */
};

int catalog_init(struct catalog *catalog, struct error *err);
void catalog_fini(struct catalog *catalog);
/*
 * Calls catalog->resolve; fills module and offset from the module table when it can't, and asks
 * the namer when there is no more than that.
 */
void catalog_frame(const struct catalog *catalog, uint64_t address, struct frame *frame);
/* The same without asking the namer. */
void catalog_frame_alone(const struct catalog *catalog, uint64_t address, struct frame *frame);
/* What the kernel itself is called: "vmlinux", "ntoskrnl.exe". */
const char *catalog_kernel(const struct catalog *catalog);
/* Is the frame in the kernel itself, with a name or without? */
bool catalog_frame_is_kernel(const struct catalog *catalog, const struct frame *frame);
/*
 * The module that the frame of this address is in; NULL: none that is known. Of several at one
 * place, one after the other, it is the one that came last: names and records arrive in the order
 * of time. The address may lie outside of its range: that is its init text.
 */
const struct module *catalog_frame_module(const struct catalog *catalog, const struct frame *frame,
					  uint64_t address);

#endif
