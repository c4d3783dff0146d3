/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon install, start, stop, remove: TRACE.SYS as a service. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "command/options.h"
#include "source/nt_device.h"
#include "windows/command.h"

static int set_nothing(void *context, int id, const char *value, struct error *err)
{
	return 0;
}

static const struct options install_options = {
	.usage = "[TRACE.SYS]",
	.summary = "Make the driver a service that is started by hand. Without an argument it is "
		   "the\nTRACE.SYS beside KAPIMON.EXE.",
	.set = set_nothing,
};

static int own_driver(char *path, size_t room, struct error *err)
{
	DWORD n = GetModuleFileNameA(NULL, path, (DWORD)room);
	char *slash = strrchr(path, '\\');

	if (!n || n >= room || !slash || (size_t)(slash - path) + sizeof("\\trace.sys") > room)
		return error_set(err, "can't tell where KAPIMON.EXE is");
	strcpy(slash, "\\trace.sys");
	return 0;
}

int windows_install(int argc, char **argv, struct error *err)
{
	struct options_rest rest;
	char path[MAX_PATH];
	int parsed = options_parse(&install_options, argc, argv, NULL, &rest, err);

	if (parsed)
		return parsed < 0 ? -1 : STATUS_OK;
	if (rest.n_arguments > 1)
		return error_usage(err, "there is one driver only");
	if (!rest.n_arguments && own_driver(path, sizeof(path), err))
		return -1;
	if (rest.n_arguments && !GetFullPathNameA(rest.arguments[0], sizeof(path), path, NULL))
		return error_usage(err, "%s is no path", rest.arguments[0]);
	if (GetFileAttributesA(path) == INVALID_FILE_ATTRIBUTES)
		return error_set(err, "there is no %s", path);
	return nt_service_install(path, err) ? -1 : STATUS_OK;
}

static int run_plain(const char *summary, int (*run)(struct error *err), int argc, char **argv,
		     struct error *err)
{
	const struct options options = {.usage = "", .summary = summary, .set = set_nothing};
	struct options_rest rest;
	int parsed = options_parse(&options, argc, argv, NULL, &rest, err);

	if (parsed)
		return parsed < 0 ? -1 : STATUS_OK;
	if (rest.n_arguments)
		return error_usage(err, "it takes no arguments");
	return run(err) ? -1 : STATUS_OK;
}

int windows_start(int argc, char **argv, struct error *err)
{
	return run_plain("Load the driver.", nt_service_start, argc, argv, err);
}

int windows_stop(int argc, char **argv, struct error *err)
{
	return run_plain("Unload the driver.", nt_service_stop, argc, argv, err);
}

int windows_remove(int argc, char **argv, struct error *err)
{
	return run_plain("Remove the service; the driver's file stays.", nt_service_remove, argc,
			 argv, err);
}
