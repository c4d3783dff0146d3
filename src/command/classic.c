/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/classic.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum takes { TAKES_NOTHING, TAKES_ONE, TAKES_MAYBE, TAKES_MANY };

/* X(letter, what follows, what it lacks: NULL when it works) */
#define SWITCHES(X)                                                                                \
	X('A', TAKES_NOTHING, NULL)                                                                \
	X('C', TAKES_MAYBE, "watching another machine")                                            \
	X('F', TAKES_ONE, NULL)                                                                    \
	X('H', TAKES_MANY, NULL)                                                                   \
	X('M', TAKES_NOTHING, NULL)                                                                \
	X('P', TAKES_ONE, NULL)                                                                    \
	X('S', TAKES_NOTHING, "serving another machine")

static const struct classic_switch {
	char letter;
	enum takes takes;
	const char *lacks;
} switches[] = {
#define SWITCH_ROW(letter, takes, lacks) {letter, takes, lacks},
	SWITCHES(SWITCH_ROW)
#undef SWITCH_ROW
};

#define N_SWITCHES (sizeof(switches) / sizeof(switches[0]))

const struct classic_ways classic_linux = {
	.prefixes = "-",
	.separator = ':',
	.looks_up = true,
	.commands = true,
};
const struct classic_ways classic_nt = {
	.prefixes = "-/",
	.separator = ';',
};

/* What the switches say together. */
struct classic {
	const struct classic_ways *ways;
	const char *file;
	const char *path; /* of symbol files */
	bool modules;	  /* symbols of all of them */
	bool hook, returns, any;
	bool memory;
	char **apis; /* of the arguments */
	int n_apis;
	char **command; /* behind "--" */
	int n_command;
};

static const struct classic_switch *find(const struct classic_ways *ways, const char *argument)
{
	const char *rest;

	if (!argument[0] || !strchr(ways->prefixes, argument[0]) || !argument[1])
		return NULL;
	rest = argument + 2;
	/* -HR, -HF, -HRF: each letter once. */
	if (toupper((unsigned char)argument[1]) == 'H') {
		bool returns = false, any = false;

		for (; *rest; rest++) {
			bool *seen = toupper((unsigned char)*rest) == 'R'   ? &returns
				     : toupper((unsigned char)*rest) == 'F' ? &any
									    : NULL;

			if (!seen || *seen)
				return NULL;
			*seen = true;
		}
	}
	for (size_t i = 0; i < N_SWITCHES; i++)
		if (switches[i].letter == toupper((unsigned char)argument[1]) && !*rest)
			return &switches[i];
	return NULL;
}

bool classic_is_switch(const char *argument, const struct classic_ways *ways)
{
	return find(ways, argument);
}

static int lacking(const struct classic_switch *found, struct error *err)
{
	error_usage(err, "-%c: %s is not there yet", found->letter, found->lacks);
	return error_hint(err, "the README says what works");
}

/* How many of the arguments behind a switch belong to it. */
static int values_of(const struct classic_ways *ways, enum takes takes, char **behind, int n)
{
	int most = takes == TAKES_NOTHING ? 0 : takes == TAKES_MANY ? n : 1, values = 0;

	/* "-" alone is standard input. */
	while (values < n && values < most &&
	       (!behind[values][0] || !strchr(ways->prefixes, behind[values][0]) ||
		!behind[values][1]))
		values++;
	return values;
}

static int take(struct classic *classic, const struct classic_switch *found, const char *argument,
		char **values, int n_values, struct error *err)
{
	switch (found->letter) {
	case 'A':
		classic->modules = true;
		return 0;
	case 'P':
		if (classic->path)
			return error_usage(err,
					   "-P is there twice: its directories have '%c' between "
					   "them",
					   classic->ways->separator);
		classic->path = values[0];
		return 0;
	case 'F':
		if (classic->file)
			return error_usage(err, "-F is there twice: only one capture is opened");
		classic->file = values[0];
		return 0;
	case 'M':
		classic->memory = true;
		return 0;
	case 'H':
		if (classic->hook)
			return error_usage(err, "-H is there twice");
		classic->hook = true;
		for (const char *letter = argument + 2; *letter; letter++)
			*(toupper((unsigned char)*letter) == 'R' ? &classic->returns
								 : &classic->any) = true;
		classic->apis = values;
		classic->n_apis = n_values;
		return 0;
	}
	return 0;
}

static int parse(struct classic *classic, int n, char **arguments, struct error *err)
{
	for (int i = 0; i < n;) {
		const struct classic_switch *found = find(classic->ways, arguments[i]);
		int n_values;

		if (!strcmp(arguments[i], "--")) {
			classic->command = arguments + i;
			classic->n_command = n - i;
			break;
		}
		if (!found) {
			error_usage(err, "'%s' is no switch of the classic's", arguments[i]);
			return error_hint(err, "expected -A, -C, -F FILE, -H[R][F] API..., -M, -P "
					       "PATH or -S; \"kapimon --help\" lists the commands");
		}
		n_values = values_of(classic->ways, found->takes, arguments + i + 1, n - i - 1);
		if (found->takes == TAKES_ONE && !n_values)
			return error_usage(err, "-%c lacks its value", found->letter);
		if (found->lacks)
			return lacking(found, err);
		if (take(classic, found, arguments[i], arguments + i + 1, n_values, err))
			return -1;
		i += 1 + n_values;
	}
	return 0;
}

static int check(const struct classic *classic, struct error *err)
{
	if (classic->command && !classic->ways->commands)
		return error_usage(err,
				   "a command can't be watched on this system: start it beside "
				   "kapimon");
	if (classic->file && !classic->memory && !classic->ways->looks_up &&
	    (classic->path || classic->modules))
		return error_usage(err,
				   "-%c: what -F shows has the names that the capture has, on "
				   "this system",
				   classic->path ? 'P' : 'A');
	if (classic->file && (classic->hook || classic->command)) {
		error_usage(err, "-F opens a capture: nothing can be watched with it");
		return error_hint(err, "\"kapimon run FILE\" watches again what a capture watched");
	}
	if (classic->memory && classic->hook) {
		error_usage(err, "-M and -H: memory and functions are watched one at a time");
		return error_hint(err, "run \"kapimon mem\" beside \"kapimon hook\"");
	}
	if (classic->memory)
		return 0;
	if (!classic->file && !classic->hook) {
		error_usage(err, "there is neither -F nor -H nor -M: what is to be done?");
		return error_hint(err, "-A and -P say which symbols to take for what -F FILE shows "
				       "or -H API... watches");
	}
	if (!classic->file && !classic->n_apis) {
		error_usage(err, "-H: which function is to be hooked?");
		return error_hint(err, "expected kapimon -H API..., as in kapimon -HR vfs_open");
	}
	return 0;
}

int classic_translate(int n_arguments, char **arguments, const struct classic_ways *ways, int *argc,
		      char ***argv, struct error *err)
{
	struct classic classic = {.ways = ways};
	char **line;
	int n = 0;

	if (parse(&classic, n_arguments, arguments, err) || check(&classic, err))
		return -1;
	/* The command, two options of -F or -HRF, no more than all arguments, NULL. */
	line = calloc((size_t)n_arguments + 4, sizeof(*line));
	if (!line)
		return error_no_memory(err);
	line[n++] = (char *)(classic.memory ? "mem" : classic.file ? "show" : "hook");
	if (classic.file) {
		if (!classic.memory)
			line[n++] = (char *)"--alone";
		line[n++] = (char *)classic.file;
	}
	if (classic.returns)
		line[n++] = (char *)"--return";
	if (classic.any)
		line[n++] = (char *)"--any";
	if (classic.path) {
		line[n++] = (char *)"--symbol-path";
		line[n++] = (char *)classic.path;
	}
	if (classic.modules)
		line[n++] = (char *)"--all-modules";
	for (int i = 0; i < classic.n_apis; i++)
		line[n++] = classic.apis[i];
	for (int i = 0; i < classic.n_command; i++)
		line[n++] = classic.command[i];
	*argc = n;
	*argv = line;
	return 0;
}
