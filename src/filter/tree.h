/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The expression tree behind struct filter: "all of", "any of" and "not" over tests, a test being
 * one comparison. Lists of children are chains of siblings, so that only parentheses and "not" make
 * it deeper. For the files of this folder.
 */
#ifndef FILTER_TREE_H
#define FILTER_TREE_H

#include <regex.h>
#include <stdint.h>

#include "base/text.h"
#include "filter/filter.h"

/* How a field is compared. */
enum field_form {
	FORM_NAME,     /* a string */
	FORM_NUMBER,   /* a plain number */
	FORM_DURATION, /* a number of ns, written with its unit */
	FORM_CLOCK,    /* since the start, or by the clock */
	FORM_CONTEXT,
	FORM_KIND,
	FORM_ERRNO,
	FORM_VALUE, /* by the type that it has in the function at hand: arguments, results */
	FORM_STACK,
	FORM_RESERVED,
};

/* X(symbol, name, form) */
#define FILTER_FIELDS(X)                                                                           \
	X(API, "api", FORM_NAME)                                                                   \
	X(MODULE, "module", FORM_NAME)                                                             \
	X(RET, "ret", FORM_VALUE)                                                                  \
	X(ERRNO, "errno", FORM_ERRNO)                                                              \
	X(DURATION, "duration", FORM_DURATION)                                                     \
	X(PID, "pid", FORM_NUMBER)                                                                 \
	X(TID, "tid", FORM_NUMBER)                                                                 \
	X(COMM, "comm", FORM_NAME)                                                                 \
	X(CPU, "cpu", FORM_NUMBER)                                                                 \
	X(CONTEXT, "context", FORM_CONTEXT)                                                        \
	X(KIND, "kind", FORM_KIND)                                                                 \
	X(TIME, "time", FORM_CLOCK)                                                                \
	X(STACK, "stack", FORM_STACK)                                                              \
	X(CALLER, "caller", FORM_NAME)                                                             \
	X(SIZE, "size", FORM_RESERVED)                                                             \
	X(TAG, "tag", FORM_RESERVED)

enum field {
#define FIELD_ENUM(symbol, name, form) FIELD_##symbol,
	FILTER_FIELDS(FIELD_ENUM)
#undef FIELD_ENUM
		FIELD_ARGUMENT,
};

enum op {
	OP_TRUE, /* the field stands alone: it is not 0 */
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_BITS, /* has any of these; with `masked` set these bits are compared */
	OP_IN,
	OP_NOT_IN,
	OP_GLOB,
	OP_NOT_GLOB,
	OP_REGEX,
	OP_HAS,
};

/* A number of 64 bits of either sign: -1 is {UINT64_MAX, true}. */
struct number {
	uint64_t bits;
	bool negative;
};

struct range {
	struct number low, high; /* the same for a single number */
};

enum operand_kind {
	OPERAND_NUMBER,
	OPERAND_WORD,	/* a name without quotes: a string or a constant */
	OPERAND_STRING, /* in quotes */
	OPERAND_CLOCK,	/* the clock's time; bound to the recording's day */
};

struct clock_time {
	bool dated;
	int year, month, day, hour, minute, second;
	uint32_t ns;
};

struct operand {
	enum operand_kind kind;
	bool minus; /* before a word: -ENOENT */
	char *text; /* of a word or a string */
	size_t at;  /* where it stands */
	struct range range;
	struct clock_time clock;
};

/* How a value is found in the records of one function, and what it is compared with there. */
struct bound {
	enum { BOUND_ABSENT, BOUND_WORD, BOUND_RESULT, BOUND_FETCHED, BOUND_TEXT } what;
	uint8_t slot;
	uint8_t fetch;
	uint8_t size; /* bytes */
	bool is_signed;
	enum fetch_form form;
	struct range *ranges; /* one for each operand */
};

struct test {
	enum field field;
	enum op op;
	char *name;	   /* of an argument */
	char *label;	   /* of something fetched from behind it; NULL: the argument itself */
	unsigned position; /* 1 to 12 with arg1 to arg12 */
	struct operand *operands;
	size_t n_operands;
	enum op masked; /* with OP_BITS: OP_EQ or OP_NE with the second operand; OP_TRUE: neither */
	const char *text; /* the expression that it stands in */
	size_t at;	  /* where in it */
	bool has_regex;
	regex_t regex;
	/* Made by filter_bind(). */
	struct range *ranges;	 /* of fields that mean the same in every function */
	uint8_t *by_hook;	 /* answers for api and module, + 1 */
	struct bound **bounds;	 /* of fields that are another value in each function */
	size_t n_hooks;		 /* room in by_hook or bounds */
	uint8_t stack_bit;	 /* in the cache of stacks */
	uint64_t modules;	 /* with OP_HAS: bits of the module of this name */
	bool is_module, by_bits; /* with OP_HAS: it is a module; its bits tell all */
};

enum node_kind { NODE_ALL, NODE_ANY, NODE_NOT, NODE_TEST };

#define NO_NODE UINT32_MAX

struct node {
	enum node_kind kind;
	uint32_t first;	  /* child, or number of the test */
	uint32_t next;	  /* sibling */
	const char *text; /* the expression that it stands in */
	uint32_t at, end; /* where in it, with its parentheses */
};

struct stack_answers;

struct filter {
	struct node *nodes;
	size_t n_nodes, nodes_capacity;
	struct test *tests;
	size_t n_tests, tests_capacity;
	char **texts; /* the expressions */
	size_t n_texts;
	uint32_t root; /* NODE_ALL */
	unsigned uses;
	const struct catalog *catalog;
	struct stack_answers *stacks;
	size_t n_modules;    /* of the catalog when stack tests were bound last */
	struct text scratch; /* a path that is being compared */
};

/* Numbers of functions above this are looked up each time. */
#define FILTER_MAX_HOOKS (1u << 20)
#define FILTER_MAX_STACK_TESTS 32

/* filter.c: what the answer of a node depends on */
unsigned filter_node_uses(const struct filter *filter, uint32_t node);

/* parse.c */
int filter_parse(struct filter *filter, const char *text, uint32_t *node, struct error *err);

/* values.c */
extern const char *const filter_field_names[];
enum field_form filter_form(const struct test *test);
/* A name such as O_CREAT or AF_INET that is no enumerator of the kernel. */
bool filter_constant(const char *name, uint64_t *value);
int number_order(const struct number *a, const struct number *b);
/* The value of a word in a function's type (may be NULL); false: it means nothing there. */
bool filter_word_value(const struct catalog *catalog, const struct value_type *type,
		       const struct operand *operand, struct number *number);
bool filter_numbers_hold(const struct test *test, const struct range *ranges,
			 const struct number *value);
bool filter_string_holds(const struct test *test, const char *string, size_t length);
/* '-' and '_' are the same in the name of a module. */
bool filter_same_module(const char *a, const char *b);

/* bind.c */
void filter_bind_stacks(struct filter *filter);
/* bound.c: the place and the constants of a test in the function with this number; never NULL */
const struct bound *filter_bound(struct filter *filter, struct test *test, uint32_t hook);
void filter_bounds_free(struct test *test);
bool filter_is_argument(const struct test *test);
/* Is the argument an enumeration in this function? */
bool filter_is_enumeration(const struct test *test, const struct api *api);
/* The constant in the type that it is compared with. */
void filter_convert(const struct bound *bound, struct number *number);

/* stacks.c: the answers of tests on stacks, kept by the stack's name */
struct stack_answers *stack_answers_create(void);
void stack_answers_destroy(struct stack_answers *answers);
void stack_answers_forget(struct stack_answers *answers);
/* False also when the call has no stack, or none whose frames are known. */
bool filter_stack_holds(struct filter *filter, const struct test *test,
			const struct filter_call *call);

/* place.c: a mistake with its place; `at` counts bytes of text */
int filter_mistake(const char *text, size_t at, struct error *err, const char *format, ...)
	BASE_PRINTF(4, 5);

#endif
