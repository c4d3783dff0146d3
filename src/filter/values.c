/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, names of numbers and strings, and how they are compared. */
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "filter/tree.h"
#include "model/names.h"

const char *const filter_field_names[] = {
#define FIELD_NAME(symbol, name, form) name,
	FILTER_FIELDS(FIELD_NAME)
#undef FIELD_NAME
		NULL,
};

enum field_form filter_form(const struct test *test)
{
	static const enum field_form forms[] = {
#define FIELD_FORM(symbol, name, form) form,
		FILTER_FIELDS(FIELD_FORM)
#undef FIELD_FORM
			FORM_VALUE, /* of an argument */
	};

	return forms[test->field];
}

/*
 * Macros of the kernel, which its type information does not have: asm-generic/fcntl.h,
 * asm-generic/mman*.h and linux/stat.h of x86-64.
 */
static const struct {
	const char *name;
	uint64_t value;
} constants[] = {
	{"true", 1},
	{"false", 0},
	{"NULL", 0},
	{"O_RDONLY", 0},
	{"O_WRONLY", 01},
	{"O_RDWR", 02},
	{"O_ACCMODE", 03},
	{"O_CREAT", 0100},
	{"O_EXCL", 0200},
	{"O_NOCTTY", 0400},
	{"O_TRUNC", 01000},
	{"O_APPEND", 02000},
	{"O_NONBLOCK", 04000},
	{"O_DSYNC", 010000},
	{"O_DIRECT", 040000},
	{"O_LARGEFILE", 0100000},
	{"O_DIRECTORY", 0200000},
	{"O_NOFOLLOW", 0400000},
	{"O_NOATIME", 01000000},
	{"O_CLOEXEC", 02000000},
	{"O_SYNC", 04010000},
	{"O_PATH", 010000000},
	{"O_TMPFILE", 020200000},
	{"PROT_NONE", 0},
	{"PROT_READ", 1},
	{"PROT_WRITE", 2},
	{"PROT_EXEC", 4},
	{"MAP_SHARED", 1},
	{"MAP_PRIVATE", 2},
	{"MAP_FIXED", 0x10},
	{"MAP_ANONYMOUS", 0x20},
	{"S_IFMT", 0170000},
	{"S_IFSOCK", 0140000},
	{"S_IFLNK", 0120000},
	{"S_IFREG", 0100000},
	{"S_IFBLK", 0060000},
	{"S_IFDIR", 0040000},
	{"S_IFCHR", 0020000},
	{"S_IFIFO", 0010000},
};

/* Error numbers end below this, address families far below. */
#define MAX_NAMED 600

bool filter_constant(const char *name, uint64_t *value)
{
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		if (!strcmp(constants[i].name, name)) {
			*value = constants[i].value;
			return true;
		}
	}
	for (uint64_t i = 0; i < MAX_NAMED; i++) {
		const char *error = names_error(i), *family = names_family(i);

		if ((error && !strcmp(error, name)) || (family && !strcmp(family, name))) {
			*value = i;
			return true;
		}
	}
	return false;
}

static bool enumerator(const struct enumeration *enumeration, const char *name,
		       struct number *number)
{
	for (size_t i = 0; i < enumeration->n_members; i++) {
		int64_t value = enumeration->members[i].value;

		if (enumeration->members[i].name && !strcmp(enumeration->members[i].name, name)) {
			*number = (struct number){(uint64_t)value, value < 0};
			return true;
		}
	}
	return false;
}

static bool word_value(const struct catalog *catalog, const struct value_type *type,
		       const char *word, struct number *number)
{
	const struct api_table *table = &catalog->apis;

	if (type && (type->kind == VALUE_ENUM || type->kind == VALUE_FLAGS) &&
	    type->enumeration < table->n_enumerations &&
	    enumerator(&table->enumerations[type->enumeration], word, number))
		return true;
	number->negative = false;
	if (filter_constant(word, &number->bits))
		return true;
	/* Flags are often kept in a plain number: any enumeration may have the name. */
	for (size_t i = 0; i < table->n_enumerations; i++)
		if (enumerator(&table->enumerations[i], word, number))
			return true;
	return false;
}

/* "A|0x8|B" */
static bool union_value(const struct catalog *catalog, const struct value_type *type,
			const char *text, struct number *number)
{
	struct number all = {0, false}, one;
	char word[128], *end;

	while (*text) {
		size_t length = strcspn(text, "|");

		if (!length || length >= sizeof(word))
			return false;
		memcpy(word, text, length);
		word[length] = '\0';
		one.bits = strtoull(word, &end, 0);
		if (*end && !word_value(catalog, type, word, &one))
			return false;
		all.bits |= one.bits;
		text += length + (text[length] == '|');
	}
	*number = all;
	return true;
}

bool filter_word_value(const struct catalog *catalog, const struct value_type *type,
		       const struct operand *operand, struct number *number)
{
	struct number found;

	if (strchr(operand->text, '|'))
		return union_value(catalog, type, operand->text, number);
	if (!word_value(catalog, type, operand->text, &found))
		return false;
	if (operand->minus && found.bits)
		found = (struct number){0 - found.bits, !found.negative};
	*number = found;
	return true;
}

int number_order(const struct number *a, const struct number *b)
{
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	return a->bits < b->bits ? -1 : a->bits > b->bits;
}

static bool in_ranges(const struct range *ranges, size_t n, const struct number *value)
{
	for (size_t i = 0; i < n; i++)
		if (number_order(value, &ranges[i].low) >= 0 &&
		    number_order(value, &ranges[i].high) <= 0)
			return true;
	return false;
}

bool filter_numbers_hold(const struct test *test, const struct range *ranges,
			 const struct number *value)
{
	const struct number *with = &ranges[0].low;

	switch (test->op) {
	case OP_TRUE:
		return value->bits != 0;
	case OP_EQ:
		return value->bits == with->bits && value->negative == with->negative;
	case OP_NE:
		return value->bits != with->bits || value->negative != with->negative;
	case OP_LT:
		return number_order(value, with) < 0;
	case OP_LE:
		return number_order(value, with) <= 0;
	case OP_GT:
		return number_order(value, with) > 0;
	case OP_GE:
		return number_order(value, with) >= 0;
	case OP_BITS:
		if (test->masked == OP_TRUE)
			return value->bits & with->bits;
		/* The value to compare with stands behind the mask. */
		return ((value->bits & with->bits) == (ranges[1].low.bits & with->bits)) ==
		       (test->masked == OP_EQ);
	case OP_IN:
		return in_ranges(ranges, test->n_operands, value);
	case OP_NOT_IN:
		return !in_ranges(ranges, test->n_operands, value);
	case OP_GLOB:
	case OP_NOT_GLOB:
	case OP_REGEX:
	case OP_HAS:
		break;
	}
	return false;
}

static bool same_string(const char *text, const char *string, size_t length)
{
	return strlen(text) == length && !memcmp(text, string, length);
}

static bool is_listed(const struct test *test, const char *string, size_t length)
{
	for (size_t i = 0; i < test->n_operands; i++)
		if (test->operands[i].text && same_string(test->operands[i].text, string, length))
			return true;
	return false;
}

#define MAX_STRING 4096

static bool regex_holds(const struct test *test, const char *string, size_t length)
{
	char buffer[MAX_STRING];

	if (length >= sizeof(buffer))
		length = sizeof(buffer) - 1;
	memcpy(buffer, string, length);
	buffer[length] = '\0';
	return !regexec(&test->regex, buffer, 0, NULL, 0);
}

bool filter_string_holds(const struct test *test, const char *string, size_t length)
{
	switch (test->op) {
	case OP_EQ:
	case OP_IN:
	case OP_HAS:
		return is_listed(test, string, length);
	case OP_NE:
	case OP_NOT_IN:
		return !is_listed(test, string, length);
	case OP_GLOB:
		return glob_matches_bytes(test->operands[0].text, string, length);
	case OP_NOT_GLOB:
		return !glob_matches_bytes(test->operands[0].text, string, length);
	case OP_REGEX:
		return regex_holds(test, string, length);
	case OP_TRUE:
		return length != 0;
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
	case OP_BITS:
		break;
	}
	return false;
}

bool filter_same_module(const char *a, const char *b)
{
	while (*a && (*a == *b || (*a == '-' && *b == '_') || (*a == '_' && *b == '-')))
		a++, b++;
	return *a == *b;
}
