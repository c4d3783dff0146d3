/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon completion: print a script that completes command lines. */
#include "command/completion.h"

#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "command/options.h"

static const struct completed {
	const char *name, *summary;
	const struct options *(*options)(void);
} commands[] = {
#define COMPLETED_ROW(name, summary) {#name, summary, command_##name##_options},
	COMMANDS(COMPLETED_ROW)
#undef COMPLETED_ROW
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option_row help_row = {'h', "help", NULL, "print the options", 0};

/* Row number `index` of a command, of which the one behind the last is --help. */
static const struct option_row *row_at(const struct options *options, size_t index)
{
	return index < options->n_rows ? &options->rows[index] : &help_row;
}

static bool is_file(const struct option_row *row)
{
	static const char *const files[] = {"FILE", "OUT", "DIR", "FIFO", "PATH", "X.ko"};

	for (size_t i = 0; row->argument && i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(row->argument, files[i]))
			return true;
	return false;
}

/* An optional value stands behind a "=", so the next word is none. */
static bool takes_word(const struct option_row *row)
{
	return row->argument && row->argument[0] != '[';
}

/* "-o|--output|" for each option whose value is a file, or is none. */
static void bash_patterns(const struct options *options, bool files, const char *action,
			  struct text *out)
{
	size_t begin = out->length;

	for (size_t i = 0; i < options->n_rows; i++) {
		const struct option_row *row = &options->rows[i];

		if (!row->name || !takes_word(row) || is_file(row) != files)
			continue;
		text_add(out, out->length == begin ? "\t\t" : " | ");
		if (row->letter)
			text_addf(out, "-%c | ", row->letter);
		text_addf(out, "--%s", row->name);
	}
	if (out->length != begin)
		text_addf(out, ") %s ;;\n", action);
}

static void bash_command(const struct completed *command, struct text *out)
{
	const struct options *options = command->options();
	size_t begin;

	text_addf(out, "\t%s)\n\t\tcase $previous in\n", command->name);
	begin = out->length;
	bash_patterns(options, true, "files=yes words=", out);
	bash_patterns(options, false, "files= words=", out);
	if (out->length == begin)
		text_add(out, "\t\t--) ;;\n");
	text_add(out, "\t\t*) words=\"");
	for (size_t i = 0; i <= options->n_rows; i++) {
		const struct option_row *row = row_at(options, i);

		if (!row->name)
			continue;
		if (row->letter)
			text_addf(out, "-%c ", row->letter);
		text_addf(out, i < options->n_rows ? "--%s " : "--%s", row->name);
	}
	text_add(out, "\" ;;\n\t\tesac\n\t\t;;\n");
}

void completion_bash(struct text *out)
{
	text_add(out, "# Made by \"kapimon completion bash\".\n"
		      "_kapimon()\n"
		      "{\n"
		      "\tlocal current=${COMP_WORDS[COMP_CWORD]}\n"
		      "\tlocal previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
		      "\tlocal words= files=yes\n\n"
		      "\tif ((COMP_CWORD == 1)); then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W \"");
	for (size_t i = 0; i < N_COMMANDS; i++)
		text_addf(out, "%s ", commands[i].name);
	text_add(out, "help --help --version\" -- \"$current\")\n"
		      "\t\treturn\n"
		      "\tfi\n"
		      "\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		bash_command(&commands[i], out);
	text_add(out, "\tesac\n"
		      "\tif [[ ${COMP_WORDS[1]} == completion && $current != -* ]]; then\n"
		      "\t\twords=\"bash zsh\" files=\n"
		      "\telif [[ $current != -* ]]; then\n"
		      "\t\twords=\n"
		      "\tfi\n"
		      "\tif [[ $words ]]; then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
		      "\telif [[ $files ]]; then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
		      "\tfi\n"
		      "}\n"
		      "complete -o filenames -F _kapimon kapimon\n");
}

/* Within single quotes, where _arguments and _describe give some characters a meaning. */
static void zsh_quote(struct text *out, const char *string)
{
	for (; *string; string++) {
		if (*string == '\'') {
			text_add(out, "'\\''");
			continue;
		}
		if (strchr("[]:\\", *string))
			text_add_char(out, '\\');
		text_add_char(out, *string);
	}
}

static void zsh_row(const struct option_row *row, struct text *out)
{
	const char *equals = !row->argument ? "" : takes_word(row) ? "=" : "=-";

	text_add(out, " \\\n\t\t\t'*'");
	if (row->letter)
		text_addf(out, "{-%c,--%s%s}", row->letter, row->name, equals);
	else
		text_addf(out, "--%s%s", row->name, equals);
	text_add(out, "'[");
	zsh_quote(out, row->help);
	text_add_char(out, ']');
	if (row->argument) {
		text_add(out, takes_word(row) ? ":" : "::");
		zsh_quote(out, row->argument);
		text_add(out, is_file(row) ? ":_files" : ": ");
	}
	text_add_char(out, '\'');
}

static void zsh_command(const struct completed *command, struct text *out)
{
	const struct options *options = command->options();

	text_addf(out, "\t%s)\n\t\t_arguments -s", command->name);
	for (size_t i = 0; i <= options->n_rows; i++)
		if (row_at(options, i)->name)
			zsh_row(row_at(options, i), out);
	text_add(out, " \\\n\t\t\t");
	text_add(out,
		 strcmp(command->name, "completion") ? "'*:file:_files'" : "'1:shell:(bash zsh)'");
	text_add(out, "\n\t\t;;\n");
}

void completion_zsh(struct text *out)
{
	text_add(out, "#compdef kapimon\n"
		      "# Made by \"kapimon completion zsh\".\n"
		      "_kapimon()\n"
		      "{\n"
		      "\tlocal -a commands\n\n"
		      "\tcommands=(\n");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		text_addf(out, "\t\t'%s:", commands[i].name);
		zsh_quote(out, commands[i].summary);
		text_add(out, "'\n");
	}
	text_add(out, "\t)\n"
		      "\tif ((CURRENT == 2)); then\n"
		      "\t\t_describe command commands\n"
		      "\t\treturn\n"
		      "\tfi\n"
		      "\tshift words\n"
		      "\t((CURRENT--))\n"
		      "\tcase $words[1] in\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		zsh_command(&commands[i], out);
	text_add(out, "\tesac\n"
		      "}\n"
		      "_kapimon \"$@\"\n");
}

static int set_option(void *context, int id, const char *value, struct error *err)
{
	return 0;
}

static const struct options options = {
	.usage = "bash | zsh",
	.summary = "Print a script with which the shell completes commands, options and files.",
	.set = set_option,
};

int command_completion(int argc, char **argv, struct error *err)
{
	struct options_rest rest;
	struct text text = TEXT_INIT;
	int status = options_parse(&options, argc, argv, NULL, &rest, err);

	if (status)
		return status < 0 ? -1 : STATUS_OK;
	if (rest.n_arguments == 1 && !strcmp(rest.arguments[0], "bash")) {
		completion_bash(&text);
	} else if (rest.n_arguments == 1 && !strcmp(rest.arguments[0], "zsh")) {
		completion_zsh(&text);
	} else {
		error_usage(err, "for which shell?");
		return error_hint(err,
				  "expected kapimon completion bash or kapimon completion zsh");
	}
	if (text_failed(&text))
		status = error_no_memory(err);
	else if (fputs(text_string(&text), stdout) < 0 || fflush(stdout))
		status = error_set(err, "can't write the output");
	text_fini(&text);
	return status;
}

const struct options *command_completion_options(void)
{
	return &options;
}
