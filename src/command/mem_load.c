/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/mem_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Statuses that hardly any command has. */
#define NOT_LOADED 197
#define NOT_UNLOADED 198

/*
 * The file, the parameters, the module's name, then the command. The module is taken out whatever
 * the command did, and the command's status is kept.
 */
static const char script[] = "file=$1 parameters=$2 module=$3; shift 3\n"
			     "insmod \"$file\" $parameters || exit 197\n"
			     "status=0\n"
			     "[ $# = 0 ] || \"$@\" || status=$?\n"
			     "rmmod \"$module\" || exit 198\n"
			     "exit $status\n";

#define BEFORE_COMMAND 7

char **mem_load_command(const char *file, const char *module, char *const *command,
			struct error *err)
{
	const char *blank = strchr(file, ' ');
	size_t length = blank ? (size_t)(blank - file) : strlen(file);
	size_t n = 0, bytes;
	char **argv, *strings;

	while (command && command[n])
		n++;
	bytes = (BEFORE_COMMAND + n + 1) * sizeof(*argv);
	argv = malloc(bytes + strlen(file) + 2 + strlen(module) + 1);
	if (!argv) {
		error_no_memory(err);
		return NULL;
	}
	strings = (char *)argv + bytes;
	argv[0] = (char *)"sh";
	argv[1] = (char *)"-c";
	argv[2] = (char *)script;
	argv[3] = (char *)"kapimon";
	argv[4] = strings;
	strings += sprintf(strings, "%.*s", (int)length, file) + 1;
	argv[5] = strings;
	strings += sprintf(strings, "%s", blank ? blank + 1 : "") + 1;
	argv[6] = strings;
	strcpy(strings, module);
	for (size_t i = 0; i <= n; i++)
		argv[BEFORE_COMMAND + i] = command ? command[i] : NULL;
	return argv;
}

int mem_load_check(int status, const char *file, struct error *err)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (!code)
		return 0;
	if (code == NOT_LOADED)
		return error_set(err, "%s could not be loaded", file);
	if (code == NOT_UNLOADED) {
		error_set(err, "%s could not be unloaded: what it has is outstanding, not leaked",
			  file);
		return error_hint(err, "end what uses it before the command ends");
	}
	if (code < 0)
		return error_set(err, "the command was ended by signal %d",
				 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return error_set(err, "the command failed with status %d", code);
}
