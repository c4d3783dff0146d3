// SPDX-License-Identifier: GPL-2.0-only
/*
 * One function for each kind of argument and return value. Writing N to "run" calls each of them N
 * times with the arguments told beside it; its own counters say how often each was entered.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/sched.h>

#include "kmn_sample.h"

enum kmn_colour { KMN_RED, KMN_GREEN = 4, KMN_BLUE };

enum kmn_access { KMN_READ = 1, KMN_WRITE = 2, KMN_APPEND = 4 };

struct kmn_item {
	int number;
	const char *name;
	u64 size;
};

struct kmn_struct8 {
	u32 a, b;
};

struct kmn_struct16 {
	u64 a, b;
};

struct kmn_struct24 {
	u64 a, b, c;
};

/* X(function) */
#define COUNTED(X)                                                                                 \
	X(kmn_target)                                                                              \
	X(kmn_enum)                                                                                \
	X(kmn_flags)                                                                               \
	X(kmn_string)                                                                              \
	X(kmn_bool)                                                                                \
	X(kmn_u64)                                                                                 \
	X(kmn_small)                                                                               \
	X(kmn_errno)                                                                               \
	X(kmn_pointer)                                                                             \
	X(kmn_by_value8)                                                                           \
	X(kmn_by_value16)                                                                          \
	X(kmn_by_value24)                                                                          \
	X(kmn_returns24)                                                                           \
	X(kmn_variadic)                                                                            \
	X(kmn_eight)                                                                               \
	X(kmn_void)

enum {
#define COUNTED_INDEX(function) COUNT_##function,
	COUNTED(COUNTED_INDEX)
#undef COUNTED_INDEX
};

static struct kmn_count counts[] = {
#define COUNTED_ENTRY(function) KMN_COUNT(function),
	COUNTED(COUNTED_ENTRY)
#undef COUNTED_ENTRY
};

#define CALLED(function) KMN_CALLED(counts[COUNT_##function])

/* Returns number + 1. */
static KMN_TRACED int kmn_target(int number, const char *name, struct file *file)
{
	CALLED(kmn_target);
	return number + 1;
}

static KMN_TRACED enum kmn_colour kmn_enum(enum kmn_colour colour)
{
	CALLED(kmn_enum);
	return colour;
}

static KMN_TRACED enum kmn_access kmn_flags(enum kmn_access access)
{
	CALLED(kmn_flags);
	return access;
}

/* Returns the same string. */
static KMN_TRACED const char *kmn_string(const char *text)
{
	CALLED(kmn_string);
	return text;
}

static KMN_TRACED bool kmn_bool(bool on)
{
	CALLED(kmn_bool);
	return !on;
}

static KMN_TRACED u64 kmn_u64(u64 value)
{
	CALLED(kmn_u64);
	return value;
}

/* Types smaller than a register: what is above them in it means nothing. */
static KMN_TRACED s8 kmn_small(s8 a, u16 b)
{
	CALLED(kmn_small);
	return a;
}

/* 0, -ENOENT, -EINVAL in turn. */
static KMN_TRACED int kmn_errno(u64 nth)
{
	CALLED(kmn_errno);
	switch (nth % 3) {
	case 0:
		return 0;
	case 1:
		return -ENOENT;
	default:
		return -EINVAL;
	}
}

/* item itself, or ERR_PTR(-ENOMEM) for every second call. */
static KMN_TRACED struct kmn_item *kmn_pointer(struct kmn_item *item, u64 nth)
{
	CALLED(kmn_pointer);
	return nth % 2 ? ERR_PTR(-ENOMEM) : item;
}

static KMN_TRACED u64 kmn_by_value8(struct kmn_struct8 s)
{
	CALLED(kmn_by_value8);
	return s.a + s.b;
}

static KMN_TRACED u64 kmn_by_value16(int before, struct kmn_struct16 s, int after)
{
	CALLED(kmn_by_value16);
	return s.a + s.b;
}

static KMN_TRACED u64 kmn_by_value24(struct kmn_struct24 s)
{
	CALLED(kmn_by_value24);
	return s.a + s.b + s.c;
}

static KMN_TRACED struct kmn_struct24 kmn_returns24(u64 a)
{
	CALLED(kmn_returns24);
	return (struct kmn_struct24){a, a + 1, a + 2};
}

static KMN_TRACED int kmn_variadic(const char *format, ...)
{
	CALLED(kmn_variadic);
	return 3;
}

static KMN_TRACED u64 kmn_eight(int a, u8 b, u16 c, u32 d, u64 e, const char *f, long g, long h)
{
	CALLED(kmn_eight);
	return a + b + c + d + e + g + h;
}

static KMN_TRACED void kmn_void(void)
{
	CALLED(kmn_void);
}

static void call_each(u64 nth, struct file *file)
{
	struct kmn_item item = {.number = 7, .name = "seven", .size = 4096};

	kmn_target((int)nth, "a name", file);
	kmn_enum(KMN_GREEN);
	kmn_flags(KMN_READ | KMN_APPEND);
	kmn_string("a \"quoted\"\tstring\n");
	kmn_bool(true);
	kmn_u64(0xfedcba9876543210ULL);
	kmn_small(-5, 65535);
	kmn_errno(nth);
	kmn_pointer(&item, nth);
	kmn_by_value8((struct kmn_struct8){1, 2});
	kmn_by_value16(-1, (struct kmn_struct16){3, 4}, -2);
	kmn_by_value24((struct kmn_struct24){5, 6, 7});
	kmn_returns24(8);
	kmn_variadic("%d %s", 1, "one");
	kmn_eight(1, 2, 3, 4, 5, "six", -7, -8);
	kmn_void();
}

static int run(u64 number, struct file *file)
{
	for (u64 nth = 0; nth < number; nth++) {
		call_each(nth, file);
		cond_resched();
	}
	return 0;
}

KMN_SAMPLE(run, counts);
MODULE_DESCRIPTION("Kapimon sample: calls with every kind of argument");
