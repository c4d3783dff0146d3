/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * APIs: the functions that are hooked, with what is needed to show their calls: parameters, types,
 * and what is fetched from behind their pointers. A record names its API by number (header.hook).
 */
#ifndef MODEL_API_H
#define MODEL_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum value_kind {
	VALUE_VOID,
	VALUE_SIGNED,
	VALUE_UNSIGNED,
	VALUE_BOOL,
	VALUE_ENUM,    /* one of the names of an enumeration */
	VALUE_FLAGS,   /* an enumeration whose values are bits */
	VALUE_POINTER, /* shown as an address, with the name of what it points to */
	VALUE_STRING,  /* char *: fetched */
	VALUE_OBJECT,  /* a pointer to something a person knows by a name: fetched */
	VALUE_STRUCT,  /* a struct by value: its words in hexadecimal */
	VALUE_UNKNOWN, /* no type at hand: a word in hexadecimal */
};

struct value_type {
	enum value_kind kind;
	uint32_t size;	      /* bytes */
	char *name;	      /* as in C: "struct file *", "unsigned int"; NULL: unknown */
	uint32_t enumeration; /* with ENUM and FLAGS: index in the table's enumerations */
};

struct api_param {
	char *name; /* NULL: the debug information has none */
	struct value_type type;
	uint8_t slot;  /* first of its argument words in a record */
	uint8_t slots; /* 1, or more for a struct by value */
};

/* How fetched bytes are shown. */
enum fetch_form {
	FETCH_STRING,	/* bytes up to a NUL, never including it */
	FETCH_UNSIGNED, /* little-endian number of `length` bytes */
	FETCH_SIGNED,
	FETCH_BE16,   /* big-endian number (ports) */
	FETCH_FAMILY, /* address family number: AF_INET... */
	FETCH_PATH,   /* path components, innermost first, each ending in NUL; "/" ends a whole path
		       */
};

#define FETCH_MAX_STEPS 4

/* One datum fetched from behind a parameter at the time of a call. */
struct api_fetch {
	uint8_t param; /* index of the parameter */
	char *label;   /* "", or the field's name: "len", "dev" */
	enum fetch_form form;
	uint16_t size; /* bytes at most */
	/*
	 * Where it is: start with the argument; for each step but the last add the offset and load
	 * the pointer there; the last step's offset is added to give the address of the datum.
	 * Known only to a source that fetches; not stored in captures.
	 */
	uint8_t n_steps;
	int32_t step[FETCH_MAX_STEPS];
};

/* How calls are intercepted; X(name, text). */
#define HOOK_METHODS(X)                                                                            \
	X(NONE, "none")                                                                            \
	X(FENTRY, "fentry")                                                                        \
	X(KPROBE, "kprobe")                                                                        \
	X(KPROBE_MULTI, "kprobe.multi")                                                            \
	X(KPROBE_EVENT, "kprobe-event")                                                            \
	X(PATCH, "patch")                                                                          \
	X(TRACEPOINT, "tracepoint")

enum hook_method {
#define HOOK_METHOD_ENUM(name, text) METHOD_##name,
	HOOK_METHODS(HOOK_METHOD_ENUM)
#undef HOOK_METHOD_ENUM
};

const char *hook_method_name(enum hook_method method);

struct api {
	uint32_t id;
	char *name;
	char *module;	  /* NULL: the kernel itself */
	uint64_t address; /* 0: not loaded (yet) */
	bool typed;	  /* the prototype is known */
	bool variadic;
	bool returns_hooked;
	enum hook_method method;
	struct value_type result;
	struct api_param *params;
	size_t n_params;
	struct api_fetch *fetches;
	size_t n_fetches;
};

struct enumerator {
	int64_t value;
	char *name;
};

struct enumeration {
	char *name; /* "" when anonymous */
	bool flags;
	struct enumerator *members; /* in order of declaration */
	size_t n_members;
};

/* All memory below is owned by the table. */
struct api_table {
	struct api **apis; /* sorted by id */
	size_t n_apis, apis_capacity;
	struct enumeration *enumerations;
	size_t n_enumerations, enumerations_capacity;
};

void api_fini(struct api *api); /* frees what it points to, not itself */

void api_table_init(struct api_table *table);
void api_table_fini(struct api_table *table);
/*
 * Take over *api (a shallow copy is kept and *api is emptied). Its id must not be there yet: -1
 * with err otherwise. The pointer returned by api_table_find() stays valid until the table's end.
 */
int api_table_add(struct api_table *table, struct api *api, struct error *err);
struct api *api_table_find(const struct api_table *table, uint32_t id);
/* Take over *enumeration; *index says where it is. */
int api_table_add_enumeration(struct api_table *table, struct enumeration *enumeration,
			      uint32_t *index, struct error *err);

#endif
