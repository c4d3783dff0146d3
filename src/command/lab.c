/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/command.h"
#include "command/lab_gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/options.h"
#include "lab/guest.h"
#include "lab/lab.h"
#include "lab/plan.h"
#include "model/spec.h"

#define STRING_(number) #number
#define STRING(number) STRING_(number)

enum option {
	OPTION_KERNEL,
	OPTION_MODULE,
	OPTION_SHARE,
	OPTION_OUTPUT,
	OPTION_TIMEOUT,
	OPTION_SMP,
	OPTION_MEMORY,
	OPTION_APPEND,
	OPTION_ACCEL,
	OPTION_ICOUNT,
	OPTION_FAIL_ON,
	OPTION_VERBOSE,
};

static const struct option_row rows[] = {
	{'k', "kernel", "KERNEL",
	 "a series (6.1, 6.12, 6.12-rt), a release, a directory with boot/ and lib/modules/, a "
	 "bzImage or a vmlinux; " LAB_KERNEL " if not given",
	 OPTION_KERNEL},
	{'m', "module", "MODULE",
	 "load this module, a .ko file or one of the kernel's by name; again for more",
	 OPTION_MODULE},
	{'s', "share", "DIR[:rw]",
	 "show this directory in the guest, writable with :rw; the current one is there anyway",
	 OPTION_SHARE},
	{'o', "output", "FILE",
	 "keep what the guest writes to " PLAN_CAPTURE "; \"-\" is standard output", OPTION_OUTPUT},
	{'t', "timeout", "TIME", "end the guest after this time: 30s, 5m", OPTION_TIMEOUT},
	{0, "smp", "N", "processors: " STRING(LAB_SMP) " if not given, 1 with --icount",
	 OPTION_SMP},
	{0, "memory", "SIZE", "memory: " LAB_MEMORY " if not given", OPTION_MEMORY},
	{0, "append", "WORDS", "more words for the kernel's command line", OPTION_APPEND},
	{0, "accel", "auto|kvm|tcg|tcg-single",
	 "what runs the guest; auto is KVM if a guest lives under it, else emulation",
	 OPTION_ACCEL},
	{0, "icount", NULL, "let each instruction of the guest take one nanosecond of its time",
	 OPTION_ICOUNT},
	{0, "fail-on", "leak",
	 "test the last module for leaks: load it, run the command, unload it; 4 if it leaks",
	 OPTION_FAIL_ON},
	{'v', "verbose", NULL, "tell each step, and show what the kernel prints", OPTION_VERBOSE},
};

struct arguments {
	struct lab_options options;
	const char **modules;
	struct lab_share *shares;
	const char *fail_on; /* of "kapimon mem"; NULL: the command runs as it is */
};

/* DIR or DIR:rw, within argv. */
static void add_share(struct arguments *arguments, const char *value)
{
	static const char suffix[] = ":rw";
	size_t length = strlen(value), end = strlen(suffix);
	struct lab_share *share = &arguments->shares[arguments->options.n_shares++];

	share->path = value;
	share->writable = length > end && !strcmp(value + length - end, suffix);
	if (share->writable)
		((char *)value)[length - end] = '\0';
}

static int set_accel(struct lab_options *options, const char *value, struct error *err)
{
	static const char *const names[] = {
		[LAB_ACCEL_AUTO] = "auto",
		[LAB_ACCEL_KVM] = "kvm",
		[LAB_ACCEL_TCG] = "tcg",
		[LAB_ACCEL_TCG_SINGLE] = "tcg-single",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			options->accel = (enum lab_accel)i;
			return 0;
		}
	}
	return error_usage(err, "'%s' is not auto, kvm, tcg or tcg-single", value);
}

static int set_smp(struct lab_options *options, const char *value, struct error *err)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || n < 1 || n > 255)
		return error_usage(err, "'%s' is not a number from 1 to 255", value);
	options->smp = (unsigned int)n;
	return 0;
}

static int set_memory(struct lab_options *options, const char *value, struct error *err)
{
	uint64_t bytes;

	if (spec_parse_size(value, &bytes, err))
		return -1;
	/* The kernel and its initramfs alone take about 150 MB while it boots. */
	if (bytes < (uint64_t)256 << 20)
		return error_usage(err, "%s is too little: a guest needs 256M", value);
	options->memory = bytes;
	return 0;
}

/* A bare number is seconds. */
static int set_timeout(struct lab_options *options, const char *value, struct error *err)
{
	size_t digits = strspn(value, "0123456789");
	uint64_t ns = 0;

	if (digits && digits < 10 && !value[digits])
		options->timeout = strtod(value, NULL);
	else if (spec_parse_time(value, &ns, err))
		return -1;
	else
		options->timeout = (double)ns * 1e-9;
	return options->timeout > 0 ? 0 : error_usage(err, "a guest needs more time than 0");
}

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct arguments *arguments = context;
	struct lab_options *options = &arguments->options;

	switch ((enum option)id) {
	case OPTION_KERNEL:
		options->kernel = value;
		return 0;
	case OPTION_MODULE:
		arguments->modules[options->n_modules++] = value;
		return 0;
	case OPTION_SHARE:
		add_share(arguments, value);
		return 0;
	case OPTION_OUTPUT:
		options->capture = value;
		return 0;
	case OPTION_TIMEOUT:
		return set_timeout(options, value, err);
	case OPTION_SMP:
		return set_smp(options, value, err);
	case OPTION_MEMORY:
		return set_memory(options, value, err);
	case OPTION_APPEND:
		options->append = value;
		return 0;
	case OPTION_ACCEL:
		return set_accel(options, value, err);
	case OPTION_ICOUNT:
		options->icount = true;
		return 0;
	case OPTION_FAIL_ON:
		arguments->fail_on = value;
		return 0;
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	}
	return 0;
}

static const struct options table = {
	.usage = "[OPTION]... [-- COMMAND [ARGUMENT]...]",
	.summary = "Boot a throw-away virtual machine and run a command in it, \"kapimon doctor\" "
		   "if none\nis given. Its output and its exit status are the lab's.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

static int run_gate(struct arguments *arguments, struct error *err)
{
	struct lab_gate gate;
	int status;

	if (lab_gate_init(&gate, &arguments->options, arguments->shares, arguments->fail_on, err))
		return -1;
	if (lab_run(&arguments->options, &status, err))
		status = -1;
	lab_gate_fini(&gate);
	return status;
}

static int run(struct arguments *arguments, int argc, char **argv, struct error *err)
{
	static const char *const doctor[] = {"kapimon", "doctor", NULL};
	struct options_rest rest;
	int status = options_parse(&table, argc, argv, arguments, &rest, err);

	if (status)
		return status > 0 ? STATUS_OK : -1;
	if (rest.n_arguments) {
		error_usage(err, "'%s' is not an option", rest.arguments[0]);
		return error_hint(err, "the command comes behind \"--\": kapimon lab -- %s",
				  rest.arguments[0]);
	}
	arguments->options.modules = arguments->modules;
	arguments->options.shares = arguments->shares;
	arguments->options.command = (const char *const *)(rest.n_behind ? rest.behind : NULL);
	if (arguments->fail_on)
		return run_gate(arguments, err);
	if (!arguments->options.command)
		arguments->options.command = doctor;
	return lab_run(&arguments->options, &status, err) ? -1 : status;
}

int command_lab(int argc, char **argv, struct error *err)
{
	struct arguments arguments = {0};
	int status;

	/* A guest's kernel started this as its init. */
	if (argc == 2 && !strcmp(argv[1], PLAN_INIT_ARGUMENT) && guest_is_here())
		guest_run();
	arguments.modules = calloc((size_t)argc, sizeof(*arguments.modules));
	arguments.shares = calloc((size_t)argc + 1, sizeof(*arguments.shares));
	if (arguments.modules && arguments.shares)
		status = run(&arguments, argc, argv, err);
	else
		status = error_no_memory(err);
	free(arguments.modules);
	free(arguments.shares);
	return status;
}

const struct options *command_lab_options(void)
{
	return &table;
}
