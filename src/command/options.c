/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

#define HELP_COLUMN 30
#define HELP_WIDTH 80

/* getopt_long() returns this plus the row's index, so that it can't be taken for a letter. */
#define FIRST_ROW 256

static const struct option_row help_row = {'h', "help", NULL, "print this and do nothing else", 0};

/* What getopt_long() wants: a string of letters and an array of names. */
struct getopt_tables {
	char *letters;
	struct option *names;
};

static int has_argument(const struct option_row *row)
{
	if (!row->argument)
		return no_argument;
	return row->argument[0] == '[' ? optional_argument : required_argument;
}

/* The row at index, of which the one behind the last is --help. */
static const struct option_row *row_at(const struct options *options, size_t index)
{
	return index < options->n_rows ? &options->rows[index] : &help_row;
}

static void tables_fini(struct getopt_tables *tables)
{
	free(tables->letters);
	free(tables->names);
}

static int tables_init(struct getopt_tables *tables, const struct options *options,
		       struct error *err)
{
	size_t n_names = 0;
	char *letter;

	/* ":" in front, a letter and at most two colons each, NUL. */
	tables->letters = calloc((options->n_rows + 1) * 3 + 2, 1);
	tables->names = calloc(options->n_rows + 2, sizeof(*tables->names));
	if (!tables->letters || !tables->names) {
		tables_fini(tables);
		return error_no_memory(err);
	}
	letter = tables->letters;
	*letter++ = ':';
	for (size_t i = 0; i <= options->n_rows; i++) {
		const struct option_row *row = row_at(options, i);

		if (!row->name)
			continue;
		tables->names[n_names++] = (struct option){
			.name = row->name,
			.has_arg = has_argument(row),
			.val = FIRST_ROW + (int)i,
		};
		if (!row->letter)
			continue;
		*letter++ = row->letter;
		for (int colons = has_argument(row); colons; colons--)
			*letter++ = ':';
	}
	*letter = '\0';
	return 0;
}

static size_t row_of(const struct options *options, int found)
{
	size_t i = 0;

	if (found >= FIRST_ROW)
		return (size_t)(found - FIRST_ROW);
	while (row_at(options, i)->letter != found || !row_at(options, i)->name)
		i++;
	return i;
}

static int unknown_name(const struct options *options, const char *word, struct error *err)
{
	size_t length = strcspn(word, "="), n_matches = 0;
	struct nearest nearest;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)length, word);
	nearest_init(&nearest, name);
	for (size_t i = 0; i <= options->n_rows; i++) {
		const struct option_row *row = row_at(options, i);

		if (!row->name)
			continue;
		nearest_offer(&nearest, row->name);
		n_matches += !strncmp(row->name, name, length);
	}
	if (n_matches > 1)
		error_usage(err, "--%s is the beginning of more than one option", name);
	else
		error_usage(err, "there is no option --%s", name);
	if (nearest.best)
		return error_hint(err, "did you mean --%s?", nearest.best);
	return error_hint(err, "--help lists the options");
}

/* Why getopt_long() returned ':' or '?'. */
static int bad_option(const struct options *options, int found, const char *word, struct error *err)
{
	const struct option_row *row;

	if (optopt >= FIRST_ROW || found == ':') {
		row = row_at(options, row_of(options, optopt));
		if (found == '?')
			return error_usage(err, "--%s takes no value", row->name);
		error_usage(err, "--%s lacks its value", row->name);
		return error_hint(err, "expected --%s=%s: %s", row->name, row->argument, row->help);
	}
	if (optopt) {
		error_usage(err, "there is no option -%c", optopt);
		return error_hint(err, "--help lists the options");
	}
	return unknown_name(options, word + strspn(word, "-"), err);
}

static int help_print(const struct options *options, const char *command, struct error *err)
{
	struct text text = TEXT_INIT;
	int status = 1;

	options_help(options, command, &text);
	if (text_failed(&text))
		status = error_no_memory(err);
	else
		fputs(text_string(&text), stdout);
	text_fini(&text);
	return status;
}

static int parse(const struct options *options, const struct getopt_tables *tables, int argc,
		 char **argv, void *context, struct error *err)
{
	int found;

	opterr = 0;
	optind = 0; /* start afresh: getopt_long() has a memory */
	while ((found = getopt_long(argc, argv, tables->letters, tables->names, NULL)) != -1) {
		const struct option_row *row;

		if (found == '?' || found == ':')
			return bad_option(options, found, argv[optind - 1], err);
		row = row_at(options, row_of(options, found));
		if (row == &help_row)
			return help_print(options, argv[0], err);
		if (options->set(context, row->id, optarg, err))
			return error_prefix(err, "--%s", row->name);
	}
	return 0;
}

int options_parse(const struct options *options, int argc, char **argv, void *context,
		  struct options_rest *rest, struct error *err)
{
	struct getopt_tables tables = {0};
	int status, dashes = 1;

	/* getopt_long() moves the arguments behind a "--": what follows it must be known before. */
	while (dashes < argc && strcmp(argv[dashes], "--"))
		dashes++;
	if (tables_init(&tables, options, err))
		return -1;
	status = parse(options, &tables, dashes, argv, context, err);
	tables_fini(&tables);
	if (status)
		return status;
	*rest = (struct options_rest){
		.arguments = argv + optind,
		.n_arguments = (size_t)(dashes - optind),
		.dashes = dashes < argc,
		.behind = argv + (dashes < argc ? dashes + 1 : argc),
		.n_behind = dashes < argc ? (size_t)(argc - dashes - 1) : 0,
	};
	return 0;
}

/* Words of help from column HELP_COLUMN on, broken before HELP_WIDTH. */
static void add_wrapped(struct text *out, const char *help, size_t column)
{
	while (*help) {
		size_t word = strcspn(help, " ");

		if (column > HELP_COLUMN && column + 1 + word > HELP_WIDTH) {
			text_add_char(out, '\n');
			text_pad(out, out->length, HELP_COLUMN);
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			text_add_char(out, ' ');
			column++;
		}
		text_add_bytes(out, help, word);
		column += word;
		help += word;
		help += strspn(help, " ");
	}
	text_add_char(out, '\n');
}

static void row_help(const struct option_row *row, struct text *out)
{
	size_t begin = out->length;

	if (row->letter)
		text_addf(out, "  -%c, --%s", row->letter, row->name);
	else
		text_addf(out, "      --%s", row->name);
	/* A value that may be left out takes its "=" with it. */
	if (row->argument && row->argument[0] == '[')
		text_addf(out, "[=%s", row->argument + 1);
	else if (row->argument)
		text_addf(out, "=%s", row->argument);
	if (out->length - begin + 2 > HELP_COLUMN) {
		text_add_char(out, '\n');
		begin = out->length;
	}
	text_pad(out, begin, HELP_COLUMN);
	add_wrapped(out, row->help, HELP_COLUMN);
}

void options_help(const struct options *options, const char *command, struct text *out)
{
	text_addf(out, "usage: kapimon %s %s\n%s\n", command, options->usage, options->summary);
	if (options->n_rows && options->rows[0].name)
		text_add_char(out, '\n');
	for (size_t i = 0; i < options->n_rows; i++) {
		if (options->rows[i].name)
			row_help(&options->rows[i], out);
		else
			text_addf(out, "\n%s:\n", options->rows[i].help);
	}
	if (!options->n_rows)
		text_add_char(out, '\n');
	row_help(&help_row, out);
}
