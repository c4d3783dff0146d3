/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon audit: which functions of a driver of NT could be hooked, without running it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/options.h"
#include "symbol/file_read.h"
#include "symbol/pe_functions.h"
#include "view/escape.h"

enum option {
	OPTION_ALL,
	OPTION_REFUSED,
	OPTION_SUMMARY,
};

static const struct option_row rows[] = {
	{'a', "all", NULL, "also functions that have no name, as far as unwind data tell of them",
	 OPTION_ALL},
	{'r', "refused", NULL, "only functions that can't be hooked at entry and return",
	 OPTION_REFUSED},
	{'s', "summary", NULL, "only the numbers at the end", OPTION_SUMMARY},
};

struct audit {
	bool all, refused, summary;
};

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct audit *audit = context;

	audit->all |= id == OPTION_ALL;
	audit->refused |= id == OPTION_REFUSED;
	audit->summary |= id == OPTION_SUMMARY;
	return 0;
}

static const struct options options = {
	.usage = "[OPTION]... FILE",
	.summary =
		"Tell for each function of FILE, a driver, a kernel or a library of NT, whether it "
		"can\nbe hooked at its entry and on its return, and why not. The file is only "
		"read.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

struct counts {
	size_t n, both;
	size_t entry[HOOK_N_REASONS];	 /* can't be hooked */
	size_t returned[HOOK_N_REASONS]; /* at entry only */
	size_t at_once, short_jump, unsure;
};

static void count(struct counts *counts, enum hook_reason reason, enum hook_reason return_reason,
		  const struct hook_plan *plan)
{
	counts->n++;
	if (reason) {
		counts->entry[reason]++;
		return;
	}
	if (return_reason)
		counts->returned[return_reason]++;
	else
		counts->both++;
	counts->at_once += !plan->n_inside;
	counts->short_jump += plan->form == HOOK_FORM_HOTPATCH;
	counts->unsure += !plan->scanned_all;
}

static void print_function(const struct pe_function *function, enum hook_reason reason,
			   enum hook_reason return_reason)
{
	struct text line = TEXT_INIT;

	text_addf(&line, "%08x  ", function->rva);
	if (function->name)
		escape_print(&line, function->name, strlen(function->name), 0);
	else
		text_add(&line, "-");
	text_pad(&line, 10, 40);
	if (reason)
		text_addf(&line, " no: %s", hook_reason_sentence(reason));
	else if (return_reason)
		text_addf(&line, " entry only: %s", hook_reason_sentence(return_reason));
	else
		text_add(&line, " entry, return");
	puts(text_string(&line));
	text_fini(&line);
}

static size_t sum(const size_t numbers[HOOK_N_REASONS])
{
	size_t n = 0;

	for (size_t i = 0; i < HOOK_N_REASONS; i++)
		n += numbers[i];
	return n;
}

static void print_reasons(const char *what, const size_t numbers[HOOK_N_REASONS])
{
	printf("%8zu %s\n", sum(numbers), what);
	for (size_t i = 0; i < HOOK_N_REASONS; i++)
		if (numbers[i])
			printf("%16zu %s: %s\n", numbers[i], hook_reason_word((enum hook_reason)i),
			       hook_reason_sentence((enum hook_reason)i));
}

static void print_counts(const struct pe_functions *functions, const struct counts *counts)
{
	printf("%zu functions, %s\n", counts->n, functions->image->is_64 ? "x64" : "i386");
	printf("%8zu can be hooked at entry and return\n", counts->both);
	print_reasons("at entry only", counts->returned);
	print_reasons("not at all", counts->entry);
	printf("Of those that can be hooked, %zu are patched over a single instruction, %zu of "
	       "them "
	       "by a short jump;\n%zu have no sure end, or hold what was not understood: branches "
	       "back may hide there.\n",
	       counts->at_once, counts->short_jump, counts->unsure);
	if (functions->n_forwarded)
		printf("%zu exports are other modules' functions.\n", functions->n_forwarded);
}

static int audit_image(const struct audit *audit, const char *path, const struct pe_image *image,
		       struct error *err)
{
	struct pe_functions functions;
	struct counts counts = {0};

	if (pe_functions_init(&functions, image, err))
		return error_prefix(err, "%s", path);
	for (size_t i = 0; i < functions.n_functions; i++) {
		const struct pe_function *function = &functions.functions[i];
		enum hook_reason reason, return_reason = HOOK_NONE;
		struct hook_plan plan;

		if (!function->name && !audit->all)
			continue;
		reason = pe_function_plan(&functions, i, &plan, &return_reason);
		count(&counts, reason, return_reason, &plan);
		if (!audit->summary && !(audit->refused && !reason && !return_reason))
			print_function(function, reason, return_reason);
	}
	print_counts(&functions, &counts);
	pe_functions_fini(&functions);
	return fflush(stdout) ? error_set(err, "can't write the output") : 0;
}

int command_audit(int argc, char **argv, struct error *err)
{
	struct audit audit = {0};
	struct options_rest rest;
	struct pe_image image;
	char *data;
	size_t size;
	int status = options_parse(&options, argc, argv, &audit, &rest, err);

	if (status)
		return status < 0 ? -1 : STATUS_OK;
	if (rest.n_arguments != 1 || rest.n_behind) {
		error_usage(err, "it takes one file");
		return error_hint(err, "expected kapimon audit [OPTION]... FILE");
	}
	if (file_read(rest.arguments[0], &data, &size, err))
		return -1;
	status = pe_image_init(&image, rest.arguments[0], data, size, err);
	if (!status) {
		status = audit_image(&audit, rest.arguments[0], &image, err);
		pe_image_fini(&image);
	}
	free(data);
	return status;
}

const struct options *command_audit_options(void)
{
	return &options;
}
