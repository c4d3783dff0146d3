/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/mem_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/module_deps.h"

/* Statuses that hardly any command has. */
#define NOT_LOADED 197
#define NOT_UNLOADED 198

/*
 * The file, the parameters, the module's name and our end of the pipe, then the command. The module
 * is taken out whatever the command did, and the command's status is kept. Names of a module that
 * has gone before the loading was seen would not be known.
 */
static const char script[] = "file=$1 parameters=$2 module=$3 seen=/proc/$PPID/fd/$4; shift 4\n"
			     "insmod \"$file\" $parameters || exit 197\n"
			     "read -r line <$seen\n"
			     "status=0\n"
			     "[ $# = 0 ] || \"$@\" || status=$?\n"
			     "rmmod \"$module\" || exit 198\n"
			     "exit $status\n";

#define BEFORE_COMMAND 8

int mem_load_init(struct mem_load *load, const char *value, struct error *err)
{
	const char *blank = strchr(value, ' ');
	size_t length = blank ? (size_t)(blank - value) : strlen(value);
	struct mem_load new = {.seen = {-1, -1}};
	const char *slash, *base;

	new.file = strndup(value, length);
	if (!new.file)
		return error_no_memory(err);
	slash = strrchr(new.file, '/');
	new.directory = slash ? strndup(new.file, (size_t)(slash - new.file) + 1) : strdup(".");
	new.parameters = strdup(blank ? blank + 1 : "");
	new.module = module_name_of_path(new.file);
	if (!new.directory || !new.parameters || !new.module) {
		mem_load_fini(&new);
		return error_no_memory(err);
	}
	base = slash ? slash + 1 : new.file;
	if (!*new.module || strncmp(base + strcspn(base, "."), ".ko", 3)) {
		error_usage(err, "'%s' is not a module's file, a .ko", new.file);
		mem_load_fini(&new);
		return -1;
	}
	mem_load_fini(load);
	*load = new;
	return 0;
}

int mem_load_command(struct mem_load *load, char *const *command, struct error *err)
{
	size_t n = 0;
	char **argv;

	while (command && command[n])
		n++;
	if (pipe2(load->seen, O_CLOEXEC))
		return error_set(err, "can't load %s: %s", load->file, strerror(errno));
	argv = calloc(BEFORE_COMMAND + n + 1, sizeof(*argv));
	if (!argv)
		return error_no_memory(err);
	snprintf(load->end, sizeof(load->end), "%d", load->seen[0]);
	argv[0] = (char *)"sh";
	argv[1] = (char *)"-c";
	argv[2] = (char *)script;
	argv[3] = (char *)"kapimon";
	argv[4] = load->file;
	argv[5] = load->parameters;
	argv[6] = load->module;
	argv[7] = load->end;
	for (size_t i = 0; i < n; i++)
		argv[BEFORE_COMMAND + i] = command[i];
	load->argv = argv;
	return 0;
}

void mem_load_seen(struct mem_load *load)
{
	if (load->seen[1] < 0)
		return;
	/* A pipe that is empty takes it. */
	(void)!write(load->seen[1], "\n", 1);
	close(load->seen[1]);
	load->seen[1] = -1;
}

int mem_load_check(const struct mem_load *load, int status, struct error *err)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (!code)
		return 0;
	if (code == NOT_LOADED)
		return error_set(err, "%s could not be loaded", load->file);
	if (code == NOT_UNLOADED) {
		error_set(err, "%s could not be unloaded: what it has is outstanding, not leaked",
			  load->file);
		return error_hint(err, "end what uses it before the command ends");
	}
	if (code < 0)
		return error_set(err, "the command was ended by signal %d",
				 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return error_set(err, "the command failed with status %d", code);
}

void mem_load_fini(struct mem_load *load)
{
	if (load->file) {
		for (int i = 0; i < 2; i++)
			if (load->seen[i] >= 0)
				close(load->seen[i]);
	}
	free(load->file);
	free(load->parameters);
	free(load->directory);
	free(load->module);
	free(load->argv);
	*load = (struct mem_load){0};
}
