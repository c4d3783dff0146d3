/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/lab_gate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BEFORE_COMMAND 8

/* "./X.ko PARAMETER=VALUE": the file, with its whole path, and the rest as it is. */
static int find_module(struct lab_gate *gate, const char *module, struct error *err)
{
	size_t length = strcspn(module, " ");
	char *file = strndup(module, length);

	if (!file)
		return error_no_memory(err);
	gate->file = realpath(file, NULL);
	if (!gate->file)
		error_usage(err, "there is no module %s: %s", file, strerror(errno));
	free(file);
	if (!gate->file)
		return -1;
	gate->module = malloc(strlen(gate->file) + strlen(module + length) + 1);
	if (!gate->module)
		return error_no_memory(err);
	strcpy(stpcpy(gate->module, gate->file), module + length);
	return 0;
}

static bool is_file(const char *module)
{
	size_t length = module ? strcspn(module, " ") : 0;

	return length > 3 && !strncmp(module + length - 3, ".ko", 3);
}

int lab_gate_init(struct lab_gate *gate, struct lab_options *options, struct lab_share *shares,
		  const char *condition, struct error *err)
{
	const char *module = options->n_modules ? options->modules[options->n_modules - 1] : NULL;
	size_t n = 0;

	*gate = (struct lab_gate){0};
	if (!is_file(module)) {
		error_usage(err, "--fail-on: which module is tested?");
		return error_hint(err, "give its file: --module ./mydriver.ko; --module may come "
				       "before with others that it needs");
	}
	while (options->command && options->command[n])
		n++;
	if (find_module(gate, module, err)) {
		lab_gate_fini(gate);
		return -1;
	}
	gate->directory = strdup(gate->file);
	gate->command = calloc(BEFORE_COMMAND + n + 1, sizeof(*gate->command));
	if (!gate->directory || !gate->command) {
		lab_gate_fini(gate);
		return error_no_memory(err);
	}
	*strrchr(gate->directory, '/') = '\0';
	gate->command[0] = "kapimon";
	gate->command[1] = "mem";
	gate->command[2] = "--load";
	gate->command[3] = gate->module;
	gate->command[4] = "--fail-on";
	gate->command[5] = condition;
	if (n)
		gate->command[6] = "--";
	for (size_t i = 0; i < n; i++)
		gate->command[7 + i] = options->command[i];
	options->n_modules--;
	options->command = gate->command;
	shares[options->n_shares++] = (struct lab_share){.path = gate->directory};
	return 0;
}

void lab_gate_fini(struct lab_gate *gate)
{
	free(gate->file);
	free(gate->module);
	free(gate->directory);
	free(gate->command);
	*gate = (struct lab_gate){0};
}
