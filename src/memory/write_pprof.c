/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as a heap profile for pprof: what is in use, in the two values that heap profiles of
 * Go and gperftools have too, so that "pprof -inuse_space" and its like work.
 */
#include "export/profile.h"
#include "memory/facts.h"
#include "memory/write.h"
#include "model/verdict.h"

static int add_locations(const struct memory_report *report, struct profile *profile,
			 const struct owner *owner, uint32_t *locations, size_t *n,
			 struct error *err)
{
	const struct stack *stack = owner->stack;

	*n = 0;
	for (size_t i = owner->first; stack && i < stack->n_frames && *n < KMN_MAX_FRAMES; i++) {
		if (profile_frame(profile, stack->frames[i], &locations[(*n)++], err))
			return -1;
	}
	if (*n)
		return 0;
	*n = 1;
	return owner->address ? profile_frame(profile, owner->address, locations, err)
			      : profile_location(profile, 0, "(no stack)", locations, err);
}

static int add_group(const struct memory_report *report, struct profile *profile,
		     const struct group *group, struct error *err)
{
	const struct profile_label labels[] = {
		{"tag", report->memory->tags[group->first->tag].name},
		{"module", owner_module(&group->owner)},
		{"grade", facts_word(report, group)},
	};
	const uint64_t values[PROFILE_VALUES] = {group->blocks, group->bytes};
	uint32_t locations[KMN_MAX_FRAMES];
	size_t n;

	if (add_locations(report, profile, &group->owner, locations, &n, err))
		return -1;
	return profile_add(profile, locations, n, labels, sizeof(labels) / sizeof(labels[0]),
			   values, err);
}

static int fill_and_write(const struct memory_report *report, struct profile *profile,
			  const struct groups *groups, struct output *output, struct error *err)
{
	const struct memory *memory = report->memory;
	struct text comment = TEXT_INIT;
	struct profile_facts facts = {
		.values = {{"inuse_objects", "count"}, {"inuse_space", "bytes"}},
		.main_type = "inuse_space",
		.time = memory->start + (uint64_t)report->catalog->clock_offset,
		.duration = memory->end > memory->start ? memory->end - memory->start : 0,
	};
	int code;

	for (size_t i = 0; i < groups->n; i++) {
		if (add_group(report, profile, &groups->groups[i], err))
			return -1;
	}
	if (facts_whole(report, &comment))
		text_add(&comment, "COMPLETE");
	else if (comment.length)
		comment.data[--comment.length] = '\0'; /* the last newline */
	facts.comment = text_string(&comment);
	code = text_failed(&comment) ? error_no_memory(err)
				     : profile_write(profile, &facts, output, err);
	text_fini(&comment);
	return code ? code : output_flush(output, err);
}

int memory_write_pprof(const struct memory_report *report, FILE *file, struct error *err)
{
	const struct group_by by = {.keys = {GROUP_STACK, GROUP_TAG, GROUP_GRADE}, .n = 3};
	struct output output = {.file = file};
	struct profile profile;
	struct groups groups;
	int code;

	if (profile_init(&profile, report->catalog, err))
		return -1;
	profile.places = report->places;
	code = groups_make(report->catalog, report->memory, report->selection, &by, &groups, err);
	if (!code) {
		code = fill_and_write(report, &profile, &groups, &output, err);
		groups_fini(&groups);
	}
	profile_fini(&profile);
	text_fini(&output.text);
	return code;
}
