/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading what a field is compared with. For parse.c. */
#ifndef FILTER_OPERAND_H
#define FILTER_OPERAND_H

#include "filter/tree.h"

struct parser {
	struct filter *filter;
	const char *text;
	size_t at;
	struct error *err;
};

void parser_skip(struct parser *parser); /* blanks */
/* Add the next operand, as the field of the test takes it. */
int operand_parse(struct parser *parser, struct test *test);

#endif
