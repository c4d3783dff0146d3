/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From text to tests:
 *
 *	any     = all { ("or" | "||") all }
 *	all     = one { ("and" | "&&") one }
 *	one     = ("not" | "!") one | "(" any ")" | test
 *	test    = FIELD [ operator operand | ["not"] "in" "(" operand { "," operand } ")" ]
 *		| FIELD "&" operand [ ("==" | "!=") operand ] | "stack" "has" NAME
 *
 * What an operand may be depends on the field, so the operand's reader looks at its characters
 * itself.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "filter/operand.h"
#include "filter/tree.h"

static int parse_any(struct parser *parser, unsigned depth, uint32_t *node);

/* Where the last thing that was read ends: blanks behind it don't belong to it. */
static size_t end_of(const struct parser *parser)
{
	size_t end = parser->at;

	while (end && isspace((unsigned char)parser->text[end - 1]))
		end--;
	return end;
}

static int add_node(struct parser *parser, enum node_kind kind, uint32_t first, size_t at,
		    uint32_t *node)
{
	struct filter *filter = parser->filter;

	if (filter->n_nodes == filter->nodes_capacity) {
		size_t capacity = filter->nodes_capacity ? filter->nodes_capacity * 2 : 16;
		struct node *nodes = realloc(filter->nodes, capacity * sizeof(*nodes));

		if (!nodes)
			return error_no_memory(parser->err);
		filter->nodes = nodes;
		filter->nodes_capacity = capacity;
	}
	filter->nodes[filter->n_nodes] = (struct node){
		.kind = kind,
		.first = first,
		.next = NO_NODE,
		.text = parser->text,
		.at = (uint32_t)at,
		.end = (uint32_t)end_of(parser),
	};
	*node = (uint32_t)filter->n_nodes++;
	return 0;
}

static struct test *add_test(struct parser *parser)
{
	struct filter *filter = parser->filter;

	if (filter->n_tests == FILTER_MAX_TESTS) {
		filter_mistake(parser->text, parser->at, parser->err,
			       "there are more than %d comparisons", FILTER_MAX_TESTS);
		return NULL;
	}
	if (filter->n_tests == filter->tests_capacity) {
		size_t capacity = filter->tests_capacity ? filter->tests_capacity * 2 : 8;
		struct test *tests = realloc(filter->tests, capacity * sizeof(*tests));

		if (!tests) {
			error_no_memory(parser->err);
			return NULL;
		}
		filter->tests = tests;
		filter->tests_capacity = capacity;
	}
	filter->tests[filter->n_tests] = (struct test){.text = parser->text, .at = parser->at};
	return &filter->tests[filter->n_tests++];
}

/* True and behind it when the next word is this one. */
static bool take_word(struct parser *parser, const char *word)
{
	size_t length = strlen(word);
	const char *p = parser->text + parser->at;

	if (strncmp(p, word, length) || isalnum((unsigned char)p[length]) || p[length] == '_')
		return false;
	parser->at += length;
	parser_skip(parser);
	return true;
}

/* The same for signs. */
static bool take_sign(struct parser *parser, const char *sign)
{
	size_t length = strlen(sign);

	if (strncmp(parser->text + parser->at, sign, length))
		return false;
	parser->at += length;
	parser_skip(parser);
	return true;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static int name_field(struct parser *parser, struct test *test, const char *name, size_t length)
{
	const char *dot = memchr(name, '.', length);
	size_t label = dot ? (size_t)(dot - name) + 1 : 0;

	test->field = FIELD_ARGUMENT;
	/* arg.pid is the argument called pid, which would be the process otherwise. */
	if (label == 4 && !memcmp(name, "arg", 3)) {
		name += label;
		length -= label;
		dot = memchr(name, '.', length);
		label = dot ? (size_t)(dot - name) + 1 : 0;
	} else {
		for (int i = 0; filter_field_names[i]; i++)
			if (strlen(filter_field_names[i]) == length &&
			    !memcmp(filter_field_names[i], name, length))
				test->field = (enum field)i;
	}
	/* Words that memory records will have are common names of arguments, too. */
	if (test->field != FIELD_ARGUMENT && filter_form(test) != FORM_RESERVED)
		return 0;
	test->name = strndup(name, label ? label - 1 : length);
	if (!test->name)
		return error_no_memory(parser->err);
	if (label) {
		test->label = strndup(name + label, length - label);
		if (!test->label)
			return error_no_memory(parser->err);
	} else if (length > 3 && length < 6 && !memcmp(name, "arg", 3)) {
		unsigned long position = strtoul(test->name + 3, NULL, 10);

		if (isdigit((unsigned char)name[3]) && position >= 1 && position <= KMN_MAX_ARGS)
			test->position = (unsigned)position;
	}
	return 0;
}

static int parse_field(struct parser *parser, struct test *test)
{
	const char *name = parser->text + parser->at;
	size_t length = 0;

	if (isalpha((unsigned char)*name) || *name == '_')
		while (is_name(name[length]) || (name[length] == '.' && is_name(name[length + 1])))
			length++;
	if (!length)
		return filter_mistake(parser->text, parser->at, parser->err,
				      *name ? "expected a field, such as api or errno"
					    : "the expression ends where a field is expected");
	if (name_field(parser, test, name, length))
		return -1;
	parser->at += length;
	parser_skip(parser);
	return 0;
}

/* Which operators a field has beside == and !=. */
static const char *refused(const struct test *test)
{
	enum field_form form = filter_form(test);
	bool text = test->op == OP_GLOB || test->op == OP_NOT_GLOB || test->op == OP_REGEX;
	bool order = test->op >= OP_LT && test->op <= OP_GE;

	if (test->op == OP_HAS && form != FORM_STACK)
		return "has no \"has\", which is for stack";
	switch (form) {
	case FORM_NAME:
		return order || test->op == OP_BITS || test->op == OP_TRUE
			       ? "is a name: it has == != ~ !~ =~ and in"
			       : NULL;
	case FORM_CONTEXT:
	case FORM_KIND:
		return text || order || test->op == OP_BITS || test->op == OP_TRUE
			       ? "is one of a few words: it has == != and in"
			       : NULL;
	case FORM_NUMBER:
	case FORM_DURATION:
	case FORM_CLOCK:
	case FORM_ERRNO:
		return text ? "is a number: it has == != < <= > >= & and in" : NULL;
	case FORM_STACK:
		return test->op == OP_HAS ? NULL : "is asked as in: stack has ext4";
	case FORM_VALUE:
	case FORM_RESERVED:
		break;
	}
	return NULL;
}

static const struct {
	const char *sign;
	enum op op;
} operators[] = {
	/* Those that another one begins like come first. */
	{"=~", OP_REGEX}, {"==", OP_EQ}, {"!=", OP_NE}, {"!~", OP_NOT_GLOB}, {"<=", OP_LE},
	{">=", OP_GE},	  {"<", OP_LT},	 {">", OP_GT},	{"~", OP_GLOB},	     {"=", OP_EQ},
};

static bool take_operator(struct parser *parser, struct test *test)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (take_sign(parser, operators[i].sign)) {
			test->op = operators[i].op;
			return true;
		}
	}
	if (!strncmp(parser->text + parser->at, "&", 1) && parser->text[parser->at + 1] != '&') {
		take_sign(parser, "&");
		test->op = OP_BITS;
		return true;
	}
	return false;
}

static int parse_list(struct parser *parser, struct test *test)
{
	size_t open = parser->at;

	if (!take_sign(parser, "("))
		return filter_mistake(parser->text, parser->at, parser->err,
				      "expected \"(\" and a list behind in");
	do {
		if (operand_parse(parser, test))
			return -1;
	} while (take_sign(parser, ","));
	if (take_sign(parser, ")"))
		return 0;
	if (!parser->text[parser->at])
		return filter_mistake(parser->text, open, parser->err,
				      "the list that begins here has no end");
	return filter_mistake(parser->text, parser->at, parser->err, "expected \",\" or \")\"");
}

static int parse_bits(struct parser *parser, struct test *test)
{
	if (operand_parse(parser, test))
		return -1;
	if (take_sign(parser, "=="))
		test->masked = OP_EQ;
	else if (take_sign(parser, "!="))
		test->masked = OP_NE;
	else
		return 0;
	return operand_parse(parser, test);
}

static int parse_test(struct parser *parser, struct test *test)
{
	size_t field_end, operator_at;
	const char *why;

	if (parse_field(parser, test))
		return -1;
	field_end = parser->at;
	operator_at = parser->at;
	if (take_word(parser, "has"))
		test->op = OP_HAS;
	else if (take_word(parser, "in"))
		test->op = OP_IN;
	else if (take_word(parser, "not")) {
		if (!take_word(parser, "in"))
			return filter_mistake(parser->text, parser->at, parser->err,
					      "expected in behind not");
		test->op = OP_NOT_IN;
	} else if (!take_operator(parser, test)) {
		test->op = OP_TRUE;
	}
	why = refused(test);
	if (why) {
		filter_mistake(parser->text, operator_at, parser->err, "\"%.*s\" %s",
			       (int)(strcspn(parser->text + test->at, " \t\n&=!<>~()")),
			       parser->text + test->at, why);
		return -1;
	}
	switch (test->op) {
	case OP_TRUE:
		parser->at = field_end;
		return 0;
	case OP_IN:
	case OP_NOT_IN:
		return parse_list(parser, test);
	case OP_BITS:
		return parse_bits(parser, test);
	default:
		return operand_parse(parser, test);
	}
}

static int parse_one(struct parser *parser, unsigned depth, uint32_t *node)
{
	size_t open = parser->at;
	uint32_t child, number;
	struct test *test;

	if (depth > FILTER_MAX_DEPTH)
		return filter_mistake(parser->text, parser->at, parser->err,
				      "the expression nests deeper than %d levels",
				      FILTER_MAX_DEPTH);
	if (take_word(parser, "not") || take_sign(parser, "!")) {
		if (parse_one(parser, depth + 1, &child))
			return -1;
		return add_node(parser, NODE_NOT, child, open, node);
	}
	if (take_sign(parser, "(")) {
		if (parse_any(parser, depth + 1, node))
			return -1;
		if (take_sign(parser, ")")) {
			parser->filter->nodes[*node].at = (uint32_t)open;
			parser->filter->nodes[*node].end = (uint32_t)end_of(parser);
			return 0;
		}
		if (!parser->text[parser->at])
			return filter_mistake(parser->text, open, parser->err,
					      "this \"(\" has no \")\"");
		return filter_mistake(parser->text, parser->at, parser->err,
				      "expected and, or or \")\"");
	}
	number = (uint32_t)parser->filter->n_tests;
	test = add_test(parser);
	if (!test || parse_test(parser, test))
		return -1;
	return add_node(parser, NODE_TEST, number, open, node);
}

/* A chain of what `part` reads between the words, which are one node when there is more than one.
 */
static int parse_chain(struct parser *parser, unsigned depth, enum node_kind kind, const char *word,
		       const char *sign,
		       int (*part)(struct parser *parser, unsigned depth, uint32_t *node),
		       uint32_t *node)
{
	uint32_t first, last, next;
	size_t begin = parser->at;

	if (part(parser, depth, &first))
		return -1;
	*node = last = first;
	if (!take_word(parser, word) && !take_sign(parser, sign))
		return 0;
	do {
		if (part(parser, depth, &next))
			return -1;
		parser->filter->nodes[last].next = next;
		last = next;
	} while (take_word(parser, word) || take_sign(parser, sign));
	return add_node(parser, kind, first, begin, node);
}

static int parse_all(struct parser *parser, unsigned depth, uint32_t *node)
{
	return parse_chain(parser, depth, NODE_ALL, "and", "&&", parse_one, node);
}

static int parse_any(struct parser *parser, unsigned depth, uint32_t *node)
{
	return parse_chain(parser, depth, NODE_ANY, "or", "||", parse_all, node);
}

int filter_parse(struct filter *filter, const char *text, uint32_t *node, struct error *err)
{
	struct parser parser = {.filter = filter, .text = text, .err = err};

	if (strlen(text) > FILTER_MAX_LENGTH)
		return error_usage(err, "the expression is longer than %d characters",
				   FILTER_MAX_LENGTH);
	parser_skip(&parser);
	if (!text[parser.at])
		return error_usage(err, "the expression is empty");
	if (parse_any(&parser, 0, node))
		return -1;
	if (!text[parser.at])
		return 0;
	if (text[parser.at] == ')')
		return filter_mistake(text, parser.at, err, "this \")\" has no \"(\"");
	return filter_mistake(text, parser.at, err, "expected and, or or the end");
}
