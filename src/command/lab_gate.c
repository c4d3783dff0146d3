/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/lab_gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BEFORE_COMMAND 8

int lab_gate_init(struct lab_gate *gate, struct lab_options *options, struct lab_share *shares,
		  const char *condition, struct error *err)
{
	const char *module = options->n_modules ? options->modules[options->n_modules - 1] : NULL;
	size_t n = 0, length = module ? strlen(module) : 0;

	*gate = (struct lab_gate){0};
	if (length < 4 || strcmp(module + length - 3, ".ko")) {
		error_usage(err, "--fail-on: which module is tested?");
		return error_hint(err, "give its file: --module ./mydriver.ko; --module may come "
				       "before with others that it needs");
	}
	while (options->command && options->command[n])
		n++;
	gate->module = realpath(module, NULL);
	if (!gate->module)
		return error_usage(err, "there is no module %s: %s", module, strerror(errno));
	gate->directory = strdup(gate->module);
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
	free(gate->module);
	free(gate->directory);
	free(gate->command);
	*gate = (struct lab_gate){0};
}
