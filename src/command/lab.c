/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/guest.h"
#include "lab/lab.h"
#include "lab/plan.h"

/* X(letter, name, argument, help) */
#define LAB_OPTIONS(X)                                                                             \
	X('k', "kernel", "KERNEL",                                                                 \
	  "a series (6.1, 6.12, 6.12-rt), a release, a directory with\n"                           \
	  "boot/ and lib/modules/, a bzImage or a vmlinux "                                        \
	  "(" LAB_KERNEL ")")                                                                      \
	X('m', "module", "X.ko", "load this module, a file or one of the kernel's by name")        \
	X('s', "smp", "N", "processors (2; 1 with --icount)")                                      \
	X('M', "memory", "SIZE", "memory (" LAB_MEMORY ")")                                        \
	X('a', "append", "WORDS", "more words for the kernel's command line")                      \
	X('S', "share", "DIR[:rw]", "show this directory in the guest; :rw: let it write there")   \
	X('A', "accel", "auto|kvm|tcg", "how to run it (auto: KVM if a guest lives under it)")     \
	X('o', "output", "FILE",                                                                   \
	  "keep the capture that the guest writes to\n" PLAN_CAPTURE "; '-' is stdout")            \
	X('t', "timeout", "TIME", "end the guest after this time: 30, 90s, 5m, 1h")                \
	X('i', "icount", NULL, "one instruction of the guest takes one nanosecond")                \
	X('v', "verbose", NULL, "tell each step, and show the kernel's messages")                  \
	X('h', "help", NULL, "print this")

static const struct lab_option {
	char letter;
	const char *name, *argument, *help;
} table[] = {
#define LAB_ENTRY(letter, name, argument, help) {letter, name, argument, help},
	LAB_OPTIONS(LAB_ENTRY)
#undef LAB_ENTRY
};

#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

static const struct option long_options[] = {
#define LAB_ENTRY(letter, name, argument, help) {name, (argument) != NULL, NULL, letter},
	LAB_OPTIONS(LAB_ENTRY)
#undef LAB_ENTRY
		{NULL, 0, NULL, 0}};

static void print_help(void)
{
	puts("usage: kapimon lab [OPTION]... [-- COMMAND [ARGUMENT]...]\n"
	     "Boot a throw-away virtual machine and run a command in it (kapimon doctor).\n");
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const char *help = table[i].help;
		int n = printf("  -%c, --%s%s%s", table[i].letter, table[i].name,
			       table[i].argument ? " " : "",
			       table[i].argument ? table[i].argument : "");

		printf("%*s", n < 30 ? 30 - n : 1, "");
		for (; *help; help++) {
			putchar(*help);
			if (*help == '\n')
				printf("%30s", "");
		}
		putchar('\n');
	}
	puts("\nThe command's output and exit status are the lab's. \"man kapimon-lab\" tells "
	     "more.");
}

struct arguments {
	struct lab_options options;
	const char **modules;
	struct lab_share *shares;
};

static int parse_share(struct arguments *arguments, char *value)
{
	size_t length = strlen(value);
	struct lab_share *share = &arguments->shares[arguments->options.n_shares++];

	share->writable = length > 3 && !strcmp(value + length - 3, ":rw");
	if (share->writable)
		value[length - 3] = '\0';
	share->path = value;
	return 0;
}

static int parse_accel(struct lab_options *options, const char *value, struct error *err)
{
	static const char *const names[] = {
		[LAB_ACCEL_AUTO] = "auto", [LAB_ACCEL_KVM] = "kvm", [LAB_ACCEL_TCG] = "tcg"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			options->accel = (enum lab_accel)i;
			return 0;
		}
	}
	return error_usage(err, "--accel is auto, kvm or tcg, not '%s'", value);
}

static int parse_smp(struct lab_options *options, const char *value, struct error *err)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || n < 1 || n > 255)
		return error_usage(err, "--smp takes a number from 1 to 255, not '%s'", value);
	options->smp = (unsigned int)n;
	return 0;
}

static int parse_memory(struct lab_options *options, const char *value, struct error *err)
{
	size_t digits = strspn(value, "0123456789");

	if (!digits || value[0] == '0' || digits > 9 ||
	    (value[digits] && (!strchr("MG", value[digits]) || value[digits + 1])))
		return error_usage(err, "--memory takes a size such as 512M or 2G, not '%s'",
				   value);
	options->memory = value;
	return 0;
}

static int parse_timeout(struct lab_options *options, const char *value, struct error *err)
{
	char *end;
	double seconds = strtod(value, &end);
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"ms", 0.001}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && end > value; i++) {
		if (!strcmp(end, units[i].name) && seconds > 0 && seconds < 1e6) {
			options->timeout = seconds * units[i].seconds;
			return 0;
		}
	}
	return error_usage(err, "--timeout takes a time such as 30s or 5m, not '%s'", value);
}

static int parse_option(struct arguments *arguments, int letter, struct error *err)
{
	struct lab_options *options = &arguments->options;

	switch (letter) {
	case 'k':
		options->kernel = optarg;
		return 0;
	case 'm':
		arguments->modules[options->n_modules++] = optarg;
		return 0;
	case 's':
		return parse_smp(options, optarg, err);
	case 'M':
		return parse_memory(options, optarg, err);
	case 'a':
		options->append = optarg;
		return 0;
	case 'S':
		return parse_share(arguments, optarg);
	case 'A':
		return parse_accel(options, optarg, err);
	case 'o':
		options->capture = optarg;
		return 0;
	case 't':
		return parse_timeout(options, optarg, err);
	case 'i':
		options->icount = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'h':
		print_help();
		return 1;
	}
	return -1;
}

/* 1: nothing is left to do. */
static int parse(int argc, char **argv, struct arguments *arguments, struct error *err)
{
	static const char *const doctor[] = {"kapimon", "doctor", NULL};
	char letters[3 * N_OPTIONS + 3] = "+:";
	int letter, parsed = 0;

	for (size_t i = 0, n = 2; i < N_OPTIONS; i++) {
		letters[n++] = table[i].letter;
		if (table[i].argument)
			letters[n++] = ':';
	}
	optind = 1;
	opterr = 0;
	while (!parsed && (letter = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (letter == '?' || letter == ':') {
			error_usage(err,
				    letter == '?' ? "there is no option '%s'"
						  : "the option '%s' needs a value",
				    argv[optind - 1]);
			return error_hint(err, "kapimon lab --help lists the options");
		}
		parsed = parse_option(arguments, letter, err);
	}
	arguments->options.command = optind < argc ? (const char *const *)argv + optind : doctor;
	return parsed;
}

int command_lab(int argc, char **argv, struct error *err)
{
	struct arguments arguments = {0};
	int status = -1, parsed;

	/* A kernel of the lab's guest started this as its init. */
	if (argc == 2 && !strcmp(argv[1], PLAN_INIT_ARGUMENT) && guest_is_here())
		guest_run();
	arguments.modules = calloc((size_t)argc, sizeof(*arguments.modules));
	arguments.shares = calloc((size_t)argc, sizeof(*arguments.shares));
	if (!arguments.modules || !arguments.shares) {
		error_no_memory(err);
	} else {
		arguments.options.modules = arguments.modules;
		arguments.options.shares = arguments.shares;
		parsed = parse(argc, argv, &arguments, err);
		if (parsed > 0)
			status = STATUS_OK;
		else if (!parsed && lab_run(&arguments.options, &status, err))
			status = -1;
	}
	free(arguments.modules);
	free(arguments.shares);
	return status;
}
