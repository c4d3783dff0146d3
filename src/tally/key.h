/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What calls are put together by: their function, their caller and so on, one of these or several.
 * A key is made of names, never of addresses, so that keys of recordings of different boots (where
 * the kernel lies elsewhere) can be compared.
 */
#ifndef TALLY_KEY_H
#define TALLY_KEY_H

#include <stdbool.h>

#include "base/text.h"
#include "model/catalog.h"
#include "model/record.h"
#include "tally/intern.h"

/* X(symbol, name, title, help) */
#define KEY_PARTS(X)                                                                               \
	X(API, "api", "API", "the function that was called")                                       \
	X(CALLER, "caller", "CALLER", "the place that called it")                                  \
	X(MODULE, "module", "MODULE", "the innermost module that called it, directly or not")      \
	X(STACK, "stack", "STACK", "the whole stack")                                              \
	X(PROCESS, "process", "PROCESS", "the process that was running")                           \
	X(ERROR, "error", "ERROR", "the error that it returned")

enum key_part {
#define KEY_PART_ENUM(symbol, name, title, help) KEY_##symbol,
	KEY_PARTS(KEY_PART_ENUM)
#undef KEY_PART_ENUM
		N_KEY_PARTS
};

struct key_spec {
	enum key_part parts[N_KEY_PARTS]; /* each at most once */
	unsigned n_parts;
	bool no_pids;	 /* processes by name alone: numbers differ from boot to boot */
	bool no_offsets; /* places by function alone: offsets differ from kernel to kernel */
};

const char *key_part_name(enum key_part part);
const char *key_part_title(enum key_part part);
/* "api" or "api,caller"; the rest of *spec is left as it is. */
int key_spec_parse(const char *text, struct key_spec *spec, struct error *err);
/* Is one of the parts this one? */
bool key_spec_has(const struct key_spec *spec, enum key_part part);

/* Makes keys of calls. The catalog may grow meanwhile. */
struct key_maker {
	struct key_spec spec;
	const struct catalog *catalog;
	struct intern names;
	/* The name's number for a function's number or a stack's hash. */
	struct intern known;
	uint32_t *known_names;
	size_t known_capacity;
	struct text scratch;
};

void key_maker_init(struct key_maker *maker, const struct key_spec *spec,
		    const struct catalog *catalog);
void key_maker_fini(struct key_maker *maker);
/* Addresses may mean something else now: a module came or went. */
void key_maker_forget(struct key_maker *maker);
/*
 * The numbers of a call's names, one for each part, in `names`. `who` is the entry, or the return
 * when the entry is not there; ret is NULL when it is not known how the call ended.
 */
int key_make(struct key_maker *maker, const struct record_view *who, const struct record_view *ret,
	     uint32_t *names, struct error *err);
/* A name as it came out of key_make(); the frames of a stack have a line each. Not escaped. */
const char *key_name(const struct key_maker *maker, uint32_t name);

/* The name of a function as it stands in a key: "ext4_file_open [ext4]". */
void key_api_name(const struct catalog *catalog, uint32_t hook, struct text *out);
/* The error that a return stands for, as in value_error(); NULL: none. */
const char *key_error(const struct catalog *catalog, const struct record_view *ret);

#endif
