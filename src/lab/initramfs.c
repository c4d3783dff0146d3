/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/initramfs.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab/cpio.h"
#include "lab/initramfs_modules.h"
#include "lab/plan.h"
#include "lab/tool.h"

#define GUEST_PATH "/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The program interpreter of a dynamically linked program, NULL of a static one. */
static const char *find_interpreter(const struct text *image)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (image->length < sizeof(header))
		return NULL;
	memcpy(&header, image->data, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_phoff > image->length ||
	    header.e_phnum > (image->length - header.e_phoff) / sizeof(segment))
		return NULL;
	for (size_t i = 0; i < header.e_phnum; i++) {
		memcpy(&segment, image->data + header.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		if (segment.p_type == PT_INTERP && segment.p_offset < image->length)
			return image->data + segment.p_offset;
	}
	return NULL;
}

static int add_host_file(struct cpio *cpio, const char *path, const char *place, struct error *err)
{
	struct text image = TEXT_INIT;
	int result = read_path(path, &image, err);

	if (!result)
		result = cpio_file(cpio, place, 0755, image.data, image.length, err);
	text_fini(&image);
	return result;
}

/*
 * The libraries, at the paths where the dynamic linker finds them here. It prints a line for each:
 * "NAME => PATH (ADDRESS)", or "PATH (ADDRESS)" for itself, or a NAME without path for the vDSO.
 */
static int add_libraries(struct cpio *cpio, const char *linker, const char *program,
			 struct error *err)
{
	const char *argv[] = {linker, "--list", program, NULL};
	struct text list = TEXT_INIT;
	char *next = NULL;
	int result = tool_run(argv, NULL, &list, err);

	if (!result)
		result = add_host_file(cpio, linker, linker, err);
	for (char *line = result || !list.data ? NULL : strtok_r(list.data, "\n", &next);
	     line && !result; line = strtok_r(NULL, "\n", &next)) {
		char *path = strchr(line, '/'), *end = strstr(line, " (0x");

		if (!path || !end || end < path)
			continue;
		*end = '\0';
		result = add_host_file(cpio, path, path, err);
	}
	text_fini(&list);
	return result;
}

static int add_program(struct cpio *cpio, const char *given, struct error *err)
{
	struct text image = TEXT_INIT;
	char self[32];
	const char *program = given, *linker;
	int result;

	/* By number, since the dynamic linker that is asked for its libraries is another process.
	 */
	snprintf(self, sizeof(self), "/proc/%d/exe", (int)getpid());
	if (!program)
		program = self;
	result = read_path(program, &image, err);
	if (!result)
		result = cpio_file(cpio, PLAN_PROGRAM, 0755, image.data, image.length, err);
	if (!result && (linker = find_interpreter(&image)))
		result = add_libraries(cpio, linker, program, err);
	text_fini(&image);
	return result;
}

static int add_busybox(struct cpio *cpio, struct error *err)
{
	char *busybox;
	int result;

	if (tool_find("busybox", "busybox-static", &busybox, err))
		return -1;
	result = add_host_file(cpio, busybox, PLAN_BUSYBOX, err);
	free(busybox);
	return result;
}

/* The host's modprobe looks into the host's module tree, unless it is told another. */
static int add_modprobe(struct cpio *cpio, const char *modules, struct error *err)
{
	static const char within[] = "/lib/modules/";
	const char *end = strstr(modules, within);
	struct text script = TEXT_INIT;
	int result = 0;

	for (const char *at = end; at; at = strstr(at + 1, within))
		end = at;
	if (!end)
		return 0;
	text_add(&script, "#!" PLAN_BUSYBOX " sh\nexec /sbin/modprobe -d '" PLAN_HOST);
	for (const char *at = modules; at < end; at++) {
		if (*at == '\'')
			text_add(&script, "'\\'");
		text_add_char(&script, *at);
	}
	text_add(&script, "' \"$@\"\n");
	if (text_failed(&script))
		result = error_no_memory(err);
	else
		result = cpio_file(cpio, PLAN_MODPROBE, 0755, script.data, script.length, err);
	text_fini(&script);
	return result;
}

/* What a guest that doesn't see the host's /etc and /dev has. */
static int add_basics(struct cpio *cpio, struct error *err)
{
	static const char *const directories[] = {"dev",  "proc", "sys",     "run",
						  "root", "tmp",  "var/tmp", "var/log"};
	static const char users[] = "root:x:0:0:root:/root:/bin/sh\n"
				    "nobody:x:65534:65534:nobody:/:/bin/false\n";
	static const char groups[] = "root:x:0:\nnogroup:x:65534:\n";

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		if (cpio_directory(cpio, directories[i], 0755, err))
			return -1;
	}
	if (cpio_file(cpio, "etc/passwd", 0644, users, sizeof(users) - 1, err) ||
	    cpio_file(cpio, "etc/group", 0644, groups, sizeof(groups) - 1, err))
		return -1;
	return cpio_device(cpio, "dev/console", 0600, 5, 1, err);
}

static void plan_share(struct text *plan, size_t number, const char *path, bool writable)
{
	struct text value = TEXT_INIT;

	text_addf(&value, INITRAMFS_SHARE_TAG ":%s", number, path);
	plan_add(plan, writable ? PLAN_SHARE_WRITABLE : PLAN_SHARE, text_string(&value));
	text_fini(&value);
}

static void plan_files(struct text *plan, const struct lab_options *options,
		       const struct lab_kernel *kernel)
{
	plan_add(plan, PLAN_HOST_ROOT, "");
	if (kernel->modules)
		plan_add(plan, PLAN_MODULE_TREE, kernel->modules);
	for (size_t i = 0; i < options->n_shares; i++)
		plan_share(plan, i, options->shares[i].path, options->shares[i].writable);
}

/* The user's modules stand in the guest, where "kapimon hook --on-load" looks for their files. */
static void plan_module_path(struct text *plan)
{
	const char *path = getenv("KAPIMON_MODULE_PATH");
	struct text variable = TEXT_INIT;

	text_addf(&variable, "KAPIMON_MODULE_PATH=" PLAN_MODULES "%s%s", path ? ":" : "",
		  path ? path : "");
	plan_add(plan, PLAN_ENVIRONMENT, text_string(&variable));
	plan->failed |= variable.failed;
	text_fini(&variable);
}

static void plan_environment(struct text *plan)
{
	/* What makes programs speak and show as they do on the host, and Kapimon's own. */
	static const char *const passed[] = {
		"TERM=", "LANG=", "LANGUAGE=", "LC_", "TZ=", "KAPIMON_"};

	plan_add(plan, PLAN_ENVIRONMENT, "PATH=" GUEST_PATH);
	plan_add(plan, PLAN_ENVIRONMENT, "HOME=/root");
	plan_add(plan, PLAN_ENVIRONMENT, "USER=root");
	plan_add(plan, PLAN_ENVIRONMENT, "KAPIMON_LAB=1");
	for (char **variable = environ; *variable; variable++) {
		for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
			if (!strncmp(*variable, passed[i], strlen(passed[i])))
				plan_add(plan, PLAN_ENVIRONMENT, *variable);
		}
	}
	plan_module_path(plan);
}

/* Does this command watch while another command of its own runs? */
static bool watches(const char *const *command)
{
	static const char *const watchers[] = {"hook"};
	const char *slash = strrchr(command[0], '/');

	if (strcmp(slash ? slash + 1 : command[0], "kapimon") || !command[1])
		return false;
	for (size_t i = 0; i < sizeof(watchers) / sizeof(watchers[0]); i++) {
		if (!strcmp(command[1], watchers[i]))
			return true;
	}
	return false;
}

/*
 * The user's modules are loaded before the command; under a kapimon that watches, they are loaded
 * by the command that it runs, after its hooks are in: "kapimon hook X -- /lab/load-modules
 * [COMMAND]".
 */
static void plan_command(struct text *plan, const struct lab_options *options)
{
	const char *const *command = options->command;
	bool loads = options->n_modules > 0;

	if (loads && !watches(command)) {
		plan_add(plan, PLAN_ARGUMENT, PLAN_LOAD_MODULES);
		loads = false;
	}
	for (size_t i = 0; command[i]; i++) {
		plan_add(plan, PLAN_ARGUMENT, command[i]);
		if (loads && !strcmp(command[i], "--")) {
			plan_add(plan, PLAN_ARGUMENT, PLAN_LOAD_MODULES);
			loads = false;
		}
	}
	if (loads) {
		plan_add(plan, PLAN_ARGUMENT, "--");
		plan_add(plan, PLAN_ARGUMENT, PLAN_LOAD_MODULES);
	}
}

static int build(struct cpio *cpio, const struct lab_options *options,
		 const struct lab_kernel *kernel, bool *sees_host, struct error *err)
{
	struct text plan = TEXT_INIT;
	char *directory = getcwd(NULL, 0);
	int result = -1;

	if (add_basics(cpio, err) || add_busybox(cpio, err) ||
	    add_program(cpio, options->program, err) ||
	    initramfs_add_modules(cpio, &plan, options, kernel, sees_host, err))
		goto out;
	if (*sees_host) {
		plan_files(&plan, options, kernel);
		if (add_modprobe(cpio, kernel->modules, err))
			goto out;
	}
	if (directory)
		plan_add(&plan, PLAN_DIRECTORY, *sees_host ? directory : "/root");
	plan_environment(&plan);
	plan_command(&plan, options);
	if (text_failed(&plan))
		error_no_memory(err);
	else if (!cpio_file(cpio, PLAN_FILE, 0644, plan.data, plan.length, err))
		result = cpio_finish(cpio, err);
out:
	text_fini(&plan);
	free(directory);
	return result;
}

int initramfs_init(struct initramfs *initramfs, const struct lab_options *options,
		   const struct lab_kernel *kernel, struct error *err)
{
	struct cpio cpio;
	bool sees_host = false;
	int result, fd = memfd_create("initramfs", MFD_CLOEXEC);

	if (fd < 0)
		return error_set(err, "can't make a file in memory: %s", strerror(errno));
	cpio_init(&cpio, fd);
	result = build(&cpio, options, kernel, &sees_host, err);
	cpio_fini(&cpio);
	if (result)
		close(fd);
	else
		*initramfs = (struct initramfs){.fd = fd, .sees_host = sees_host};
	return result;
}

void initramfs_fini(struct initramfs *initramfs)
{
	close(initramfs->fd);
	initramfs->fd = -1;
}
