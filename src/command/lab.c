/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/command.h"

int command_lab(int argc, char **argv, struct error *err)
{
	return error_set(err, "'lab' is not built yet");
}
