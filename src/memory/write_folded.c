/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folded stacks by bytes, as flamegraph.pl and Speedscope read them: frames from the outermost to
 * the innermost, a blank, the bytes. The tag is the leaf: the same path of calls stays one tower
 * whatever it asks for, and on top of it stands what it got. As the root it would cut each path
 * into as many as it has tags; who wants that has his tool draw the stacks upside down.
 */
#include <stdlib.h>
#include <string.h>

#include "export/naming.h"
#include "memory/group.h"
#include "memory/write.h"
#include "tally/intern.h"
#include "view/escape.h"
#include "view/number.h"
#include "view/output.h"

/* No name of ours has the separator, but a capture is anybody's. */
static void hide_separators(struct text *line, size_t from)
{
	for (size_t i = from; i < line->length; i++) {
		if (line->data[i] == ';')
			line->data[i] = ':';
	}
}

static void add_frame(const struct memory_report *report, uint64_t address, struct text *line)
{
	size_t from = line->length;

	naming_frame(report->catalog, address, line);
	hide_separators(line, from);
	text_add_char(line, ';');
}

static void print_line(const struct memory_report *report, const struct group *group,
		       struct text *line)
{
	const struct owner *owner = &group->owner;
	enum memory_grade grade = (enum memory_grade)group->first->grade;
	const char *tag = report->memory->tags[group->first->tag].name;
	size_t from;

	if (owner->stack) {
		for (size_t i = owner->stack->n_frames; i-- > owner->first;)
			add_frame(report, owner->stack->frames[i], line);
	} else if (owner->address) {
		add_frame(report, owner->address, line);
	} else {
		text_add(line, "(no stack);");
	}
	from = line->length;
	escape_print(line, tag, strlen(tag), 0);
	hide_separators(line, from);
	/* What may have been freed must not pass for what is there. */
	if (grade != MEMORY_OUTSTANDING)
		text_addf(line, " (%s)", memory_grade_name(grade));
}

/* Stacks that read alike - offsets are left out - are one line. */
static int sum_up(const struct memory_report *report, const struct groups *groups,
		  struct intern *lines, uint64_t *sums, struct error *err)
{
	struct text line = TEXT_INIT;
	int code = 0;

	for (size_t i = 0; i < groups->n && !code; i++) {
		uint32_t number;
		bool added;

		text_clear(&line);
		print_line(report, &groups->groups[i], &line);
		code = text_failed(&line) ? error_no_memory(err)
					  : intern_add(lines, text_string(&line), line.length,
						       &number, &added, err);
		if (!code)
			sums[number] += groups->groups[i].bytes;
	}
	text_fini(&line);
	return code;
}

static int print_lines(const struct intern *lines, const uint64_t *sums, FILE *file,
		       struct error *err)
{
	struct output output = {.file = file};
	int code = 0;

	for (uint32_t i = 0; i < lines->count && !code; i++) {
		text_add_bytes(&output.text, intern_bytes(lines, i), intern_length(lines, i));
		text_add_char(&output.text, ' ');
		number_print(&output.text, sums[i]);
		text_add_char(&output.text, '\n');
		code = output_spill(&output, err);
	}
	if (!code)
		code = output_flush(&output, err);
	text_fini(&output.text);
	return code;
}

int memory_write_folded(const struct memory_report *report, FILE *file, struct error *err)
{
	const struct group_by by = {.keys = {GROUP_STACK, GROUP_TAG, GROUP_GRADE}, .n = 3};
	struct intern lines;
	struct groups groups;
	uint64_t *sums;
	int code;

	if (groups_make(report->catalog, report->memory, report->selection, &by, &groups, err))
		return -1;
	intern_init(&lines);
	sums = calloc(groups.n ? groups.n : 1, sizeof(*sums));
	code = sums ? sum_up(report, &groups, &lines, sums, err) : error_no_memory(err);
	if (!code)
		code = print_lines(&lines, sums, file, err);
	free(sums);
	intern_fini(&lines);
	groups_fini(&groups);
	return code;
}
