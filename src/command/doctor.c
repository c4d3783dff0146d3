/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/command.h"

int command_doctor(int argc, char **argv, struct error *err)
{
	return error_set(err, "'doctor' is not built yet");
}
