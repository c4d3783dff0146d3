/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/operand.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "filter/regex.h"
#include "model/names.h"
#include "model/spec.h"

void parser_skip(struct parser *parser)
{
	while (isspace((unsigned char)parser->text[parser->at]))
		parser->at++;
}

static struct operand *add_operand(struct parser *parser, struct test *test)
{
	size_t n = test->n_operands;
	struct operand *operands;

	if (n == 0 || (n & (n - 1)) == 0) {
		operands = realloc(test->operands, (n ? n * 2 : 1) * sizeof(*operands));
		if (!operands) {
			error_no_memory(parser->err);
			return NULL;
		}
		test->operands = operands;
	}
	test->operands[n] = (struct operand){.at = parser->at};
	test->n_operands++;
	return &test->operands[n];
}

/* "It's \"here\"": the quote that it begins with ends it, a backslash takes what follows as it is.
 */
static int parse_quoted(struct parser *parser, struct operand *operand)
{
	const char *p = parser->text + parser->at;
	struct text string = TEXT_INIT;
	char quote = *p;

	for (p++; *p && *p != quote; p++) {
		if (*p == '\\' && p[1])
			p++;
		text_add_char(&string, *p);
	}
	if (!*p) {
		text_fini(&string);
		return filter_mistake(parser->text, operand->at, parser->err,
				      "the string that begins here has no end");
	}
	operand->kind = OPERAND_STRING;
	operand->text = text_take(&string);
	if (!operand->text)
		return error_no_memory(parser->err);
	parser->at = (size_t)(p + 1 - parser->text);
	parser_skip(parser);
	return 0;
}

/* Characters up to a blank or a sign of the language: "ext4_*", "kworker/0:1", "12:01:03.5". */
static size_t bare_length(const char *text)
{
	size_t length = 0;

	while (text[length] && !isspace((unsigned char)text[length]) &&
	       !strchr("(),&|\"'=!<>", text[length]))
		length++;
	return length;
}

static int missing(struct parser *parser, const struct test *test)
{
	static const char *const what[] = {
		[FORM_NAME] = "a name",
		[FORM_NUMBER] = "a number",
		[FORM_DURATION] = "a time with its unit, as in 20ms",
		[FORM_CLOCK] = "a time, as in 1.5s or 12:01:03",
		[FORM_CONTEXT] = "task, softirq, hardirq or nmi",
		[FORM_KIND] = "a kind of record, as in return",
		[FORM_ERRNO] = "an error, as in ENOENT",
		[FORM_VALUE] = "a value",
		[FORM_STACK] = "a module or a function",
		[FORM_RESERVED] = "a value",
	};

	return filter_mistake(parser->text, parser->at, parser->err,
			      parser->text[parser->at] ? "expected %s"
						       : "the expression ends, expected %s",
			      what[filter_form(test)]);
}

static int take_bare(struct parser *parser, const struct test *test, struct operand *operand)
{
	size_t length = bare_length(parser->text + parser->at);

	if (!length)
		return missing(parser, test);
	operand->text = strndup(parser->text + parser->at, length);
	if (!operand->text)
		return error_no_memory(parser->err);
	parser->at += length;
	parser_skip(parser);
	return 0;
}

static int parse_name(struct parser *parser, struct test *test, struct operand *operand)
{
	char c = parser->text[parser->at];

	if (c == '"' || c == '\'')
		return parse_quoted(parser, operand);
	operand->kind = OPERAND_STRING;
	return take_bare(parser, test, operand);
}

static int parse_regex(struct parser *parser, struct test *test, struct operand *operand)
{
	const char *p = parser->text + parser->at;
	struct text expression = TEXT_INIT;
	const char *why;

	if (*p == '"' || *p == '\'') {
		if (parse_quoted(parser, operand))
			return -1;
	} else {
		if (*p != '/')
			return filter_mistake(parser->text, parser->at, parser->err,
					      "expected a regular expression, as in /^tcp_/");
		for (p++; *p && *p != '/'; p++) {
			if (*p == '\\' && p[1] == '/')
				p++;
			else if (*p == '\\' && p[1])
				text_add_char(&expression, *p++);
			text_add_char(&expression, *p);
		}
		if (!*p) {
			text_fini(&expression);
			return filter_mistake(parser->text, operand->at, parser->err,
					      "the regular expression has no end");
		}
		operand->kind = OPERAND_STRING;
		operand->text = text_take(&expression);
		if (!operand->text)
			return error_no_memory(parser->err);
		parser->at = (size_t)(p + 1 - parser->text);
		parser_skip(parser);
	}
	why = filter_regex_compile(&test->regex, operand->text);
	if (why)
		return filter_mistake(parser->text, operand->at, parser->err,
				      "the regular expression is wrong: %s", why);
	test->has_regex = true;
	return 0;
}

/* "64k", "0x40", "-1", "0644". False: it is no number. */
static bool read_number(const char *text, struct number *number)
{
	static const char units[] = "kMGT";
	bool minus = *text == '-';
	unsigned long long bits;
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)text[minus]))
		return false;
	errno = 0;
	bits = strtoull(text + minus, &end, 0);
	if (errno)
		return false;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return false;
		for (const char *u = units; u <= unit; u++) {
			if (bits >> 54)
				return false;
			bits <<= 10;
		}
	}
	if (minus && bits > 1ull << 63)
		return false;
	*number = (struct number){minus ? 0 - bits : bits, minus && bits};
	return true;
}

static bool read_time(const char *text, struct number *number)
{
	number->negative = false;
	return !spec_parse_time(text, &number->bits, NULL);
}

/* Digits in front, or a minus and digits. */
static bool looks_like_number(const char *text)
{
	return isdigit((unsigned char)text[*text == '-']);
}

/* What stands in operand->text: a number, or two with ".." between them. */
static int parse_range(struct parser *parser, const struct test *test, struct operand *operand,
		       bool (*read)(const char *text, struct number *number))
{
	char *dots = strstr(operand->text, ".."), *high = dots ? dots + 2 : operand->text;
	bool is_list = test->op == OP_IN || test->op == OP_NOT_IN;

	if (dots && !is_list)
		return filter_mistake(parser->text, operand->at, parser->err,
				      "a range stands in a list, as in: in (1..3, 7)");
	if (dots)
		*dots = '\0';
	operand->kind = OPERAND_NUMBER;
	if (!read(operand->text, &operand->range.low) || !read(high, &operand->range.high)) {
		return filter_mistake(parser->text, operand->at, parser->err,
				      read == read_time ? "expected a time with its unit: ns, us, "
							  "ms, s, m or h"
							: "this is not a number of 64 bits");
	}
	if (number_order(&operand->range.low, &operand->range.high) > 0)
		return filter_mistake(parser->text, operand->at, parser->err,
				      "the range ends before it begins");
	return 0;
}

static const char *read_digits(const char *p, size_t n, int *number)
{
	*number = 0;
	for (; n; n--, p++) {
		if (!isdigit((unsigned char)*p))
			return NULL;
		*number = *number * 10 + *p - '0';
	}
	return p;
}

/* [YYYY-MM-DD(T| )]HH:MM[:SS[.FRACTION]] */
static bool read_clock(const char *p, struct clock_time *clock)
{
	uint32_t scale = 100000000;

	if (strlen(p) > 10 && p[4] == '-') {
		clock->dated = true;
		p = read_digits(p, 4, &clock->year);
		if (!p || *p != '-' || !(p = read_digits(p + 1, 2, &clock->month)) || *p != '-' ||
		    !(p = read_digits(p + 1, 2, &clock->day)) || (*p != 'T' && *p != ' '))
			return false;
		p++;
	}
	p = read_digits(p, 2, &clock->hour);
	if (!p || *p != ':' || !(p = read_digits(p + 1, 2, &clock->minute)))
		return false;
	if (*p == ':') {
		p = read_digits(p + 1, 2, &clock->second);
		if (!p)
			return false;
		if (*p == '.')
			for (p++; isdigit((unsigned char)*p) && scale; p++, scale /= 10)
				clock->ns += (uint32_t)(*p - '0') * scale;
	}
	return !*p && clock->hour < 24 && clock->minute < 60 && clock->second <= 60 &&
	       clock->month <= 12 && clock->day <= 31;
}

static int parse_clock(struct parser *parser, const struct test *test, struct operand *operand)
{
	if (!strchr(operand->text, ':'))
		return parse_range(parser, test, operand, read_time);
	operand->kind = OPERAND_CLOCK;
	if (read_clock(operand->text, &operand->clock))
		return 0;
	return filter_mistake(parser->text, operand->at, parser->err,
			      "expected HH:MM:SS, with YYYY-MM-DDT before it if need be");
}

/* One of the words that nth() knows by number; NULL ends them. */
static int parse_word_of(struct parser *parser, struct operand *operand, const char *what,
			 const char *(*nth)(unsigned number))
{
	struct nearest nearest;
	const char *word;

	nearest_init(&nearest, operand->text);
	for (unsigned i = 0; (word = nth(i)); i++) {
		if (!strcmp(word, operand->text)) {
			operand->kind = OPERAND_NUMBER;
			operand->range.low = operand->range.high = (struct number){i, false};
			return 0;
		}
		nearest_offer(&nearest, word);
	}
	filter_mistake(parser->text, operand->at, parser->err, "\"%.40s\" is no %s", operand->text,
		       what);
	return nearest.best ? error_hint(parser->err, "did you mean %s?", nearest.best) : -1;
}

static const char *nth_context(unsigned number)
{
	return number <= KMN_NMI ? kmn_context_name((uint8_t)number) : NULL;
}

/* Kind 0 is none, but a number's place has to be filled. */
static const char *nth_kind(unsigned number)
{
	return number <= KMN_RESUME ? (number ? kmn_kind_name((uint8_t)number) : "") : NULL;
}

/* 2, -2, ENOENT and -ENOENT are the same error. */
static int parse_errno(struct parser *parser, const struct test *test, struct operand *operand)
{
	const char *name = operand->text + (*operand->text == '-');
	struct range *range = &operand->range;
	struct nearest nearest;

	if (looks_like_number(operand->text)) {
		memmove(operand->text, name, strlen(name) + 1);
		return parse_range(parser, test, operand, read_number);
	}
	nearest_init(&nearest, name);
	for (uint64_t i = 0; i < 4096; i++) {
		const char *known = names_error(i);

		if (!known)
			continue;
		if (!strcmp(known, name)) {
			operand->kind = OPERAND_NUMBER;
			range->low = range->high = (struct number){i, false};
			return 0;
		}
		nearest_offer(&nearest, known);
	}
	filter_mistake(parser->text, operand->at, parser->err, "\"%.40s\" is no error", name);
	return nearest.best ? error_hint(parser->err, "did you mean %s?", nearest.best) : -1;
}

/* "O_CREAT | O_EXCL": what follows the first of them is added to the text without blanks. */
static int parse_union(struct parser *parser, const struct test *test, struct operand *operand)
{
	struct operand more = {0};
	struct text all = TEXT_INIT;

	text_add(&all, operand->text);
	while (parser->text[parser->at] == '|' && parser->text[parser->at + 1] != '|') {
		parser->at++;
		parser_skip(parser);
		if (take_bare(parser, test, &more)) {
			text_fini(&all);
			return -1;
		}
		text_add_char(&all, '|');
		text_add(&all, more.text);
		free(more.text);
	}
	free(operand->text);
	operand->text = text_take(&all);
	operand->kind = OPERAND_WORD;
	return operand->text ? 0 : error_no_memory(parser->err);
}

static int parse_value(struct parser *parser, const struct test *test, struct operand *operand)
{
	char c = parser->text[parser->at];

	if (c == '"' || c == '\'') {
		if (test->op != OP_EQ && test->op != OP_NE && test->op != OP_IN &&
		    test->op != OP_NOT_IN)
			return filter_mistake(parser->text, parser->at, parser->err,
					      "a string can't be compared like that");
		return parse_quoted(parser, operand);
	}
	if (take_bare(parser, test, operand))
		return -1;
	if (parser->text[parser->at] == '|' && parser->text[parser->at + 1] != '|')
		return parse_union(parser, test, operand);
	if (looks_like_number(operand->text))
		return parse_range(parser, test, operand, read_number);
	operand->kind = OPERAND_WORD;
	if (*operand->text == '-') {
		operand->minus = true;
		memmove(operand->text, operand->text + 1, strlen(operand->text));
	}
	return *operand->text ? 0
			      : filter_mistake(parser->text, operand->at, parser->err,
					       "expected a value behind \"-\"");
}

int operand_parse(struct parser *parser, struct test *test)
{
	struct operand *operand = add_operand(parser, test);
	char c = parser->text[parser->at];

	if (!operand)
		return -1;
	if (test->op == OP_REGEX)
		return parse_regex(parser, test, operand);
	if (test->op == OP_GLOB || test->op == OP_NOT_GLOB)
		return parse_name(parser, test, operand);
	switch (filter_form(test)) {
	case FORM_NAME:
	case FORM_STACK:
		return parse_name(parser, test, operand);
	case FORM_VALUE:
	case FORM_RESERVED:
		return parse_value(parser, test, operand);
	default:
		break;
	}
	if (filter_form(test) == FORM_CLOCK && (c == '"' || c == '\'')
		    ? parse_quoted(parser, operand)
		    : take_bare(parser, test, operand))
		return -1;
	switch (filter_form(test)) {
	case FORM_NUMBER:
		return parse_range(parser, test, operand, read_number);
	case FORM_DURATION:
		return parse_range(parser, test, operand, read_time);
	case FORM_CLOCK:
		return parse_clock(parser, test, operand);
	case FORM_CONTEXT:
		return parse_word_of(parser, operand, "context", nth_context);
	case FORM_KIND:
		return parse_word_of(parser, operand, "kind of record", nth_kind);
	default:
		return parse_errno(parser, test, operand);
	}
}
