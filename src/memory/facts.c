/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/facts.h"

#include <string.h>
#include <unistd.h>

#include "model/verdict.h"
#include "view/escape.h"
#include "view/number.h"
#include "view/stack.h"

int facts_places(const struct memory_report *report, struct groups *places, struct error *err)
{
	const struct group_by by = {.keys = {GROUP_SITE, GROUP_TAG, GROUP_GRADE}, .n = 3};

	return groups_make(report->catalog, report->memory, report->selection, &by, places, err);
}

bool facts_leaked(const struct memory_report *report, const struct group *place)
{
	return report->unloaded && place->first->grade == MEMORY_OUTSTANDING;
}

const char *facts_word(const struct memory_report *report, const struct group *place)
{
	if (facts_leaked(report, place))
		return "leaked";
	return memory_grade_name((enum memory_grade)place->first->grade);
}

void facts_sum(const struct groups *places, struct facts_sums *sums)
{
	*sums = (struct facts_sums){0};
	for (size_t i = 0; i < places->n; i++) {
		const struct group *place = &places->groups[i];

		sums->blocks[place->first->grade] += place->blocks;
		sums->bytes[place->first->grade] += place->bytes;
	}
}

void facts_print_site(const struct memory_report *report, const struct owner *owner,
		      struct text *out)
{
	const struct module_table *modules = &report->catalog->modules;

	if (!owner->address) {
		text_add(out, "(not known)");
		return;
	}
	if (owner->frame.symbol || owner->frame.module || owner->nowhere || !modules->n_modules) {
		frame_print(report->catalog, owner->address, out);
		return;
	}
	text_add_char(out, '+');
	number_print_hex(out, owner->address - modules->modules[0].base, 0);
	text_add(out, " [vmlinux]");
}

const char *facts_path(const char *file)
{
	char folder[4096];
	size_t length;

	if (getcwd(folder, sizeof(folder))) {
		length = strlen(folder);
		if (length > 1 && !strncmp(file, folder, length) && file[length] == '/')
			file += length + 1;
	}
	while (file[0] == '.' && file[1] == '/')
		file += 2;
	return file;
}

void facts_source(const struct memory_report *report, const struct owner *owner,
		  struct source_line *source)
{
	const struct place *places = NULL, *best = NULL;
	size_t n = 0;

	if (report->places && owner->address)
		n = report->places->find(report->places, report->catalog, owner->address, true,
					 &places);
	for (size_t i = 0; i < n && !best; i++) {
		if (!places[i].function || !owner_is_helper(places[i].function, owner->family))
			best = &places[i];
	}
	*source = (struct source_line){.function = owner->frame.symbol};
	if (!best)
		return;
	source->file = facts_path(best->file);
	source->line = best->line;
	if (best->function)
		source->function = best->function;
}

static void print_frame(const struct memory_report *report, uint64_t address, bool owner,
			struct text *lines, struct text *out)
{
	text_clear(lines);
	frame_print_places(report->catalog, report->places, address, true, lines);
	for (const char *line = text_string(lines); *line;) {
		size_t length = strcspn(line, "\n");

		text_add(out, owner ? "  > " : "    ");
		text_add_bytes(out, line, length);
		text_add_char(out, '\n');
		line += length + (line[length] != '\0');
	}
	out->failed |= lines->failed;
}

void facts_print_stack(const struct memory_report *report, const struct owner *owner,
		       struct text *out)
{
	const struct stack *stack = owner->stack;
	struct text lines = TEXT_INIT;

	if (!stack && owner->address)
		print_frame(report, owner->address, true, &lines, out);
	else if (!stack)
		text_add(out, "    (no stack)\n");
	for (size_t i = owner->first; stack && i < stack->n_frames; i++)
		print_frame(report, stack->frames[i], i == owner->at, &lines, out);
	if (stack && stack->flags & KMN_STACK_TRUNCATED)
		text_add(out, "    ... (truncated)\n");
	text_fini(&lines);
}

void facts_print_count(struct text *out, uint64_t n, const char *one, const char *many)
{
	number_print_grouped(out, n);
	text_add_char(out, ' ');
	text_add(out, n == 1 ? one : many);
}

static void print_missed(const struct memory *memory, enum memory_family family, struct text *why)
{
	uint64_t missed = 0;
	bool doubt = false;

	for (size_t i = 0; i < memory->n_doubts; i++) {
		if (memory->doubts[i].family != family)
			continue;
		doubt = true;
		missed += memory->doubts[i].missed;
	}
	if (!doubt)
		return;
	facts_print_count(why, missed, "free", "frees");
	text_addf(why, " of %s may have been missed: what was there at that time is doubtful\n",
		  memory_family_name(family));
}

bool facts_whole(const struct memory_report *report, struct text *why)
{
	const struct memory *memory = report->memory;
	size_t before = why->length;

	if (report->ledger && !ledger_complete(report->ledger)) {
		ledger_verdict(report->ledger, report->catalog, why);
		text_add_char(why, '\n');
	}
	if (memory->no_room) {
		facts_print_count(why, memory->no_room, "allocation", "allocations");
		text_add(why, " found no room in the table of ");
		facts_print_count(why, memory->capacity, "block", "blocks");
		text_add(why, " and can't be among what is still there\n");
	}
	for (int family = 0; family < MEMORY_N_FAMILIES; family++)
		print_missed(memory, (enum memory_family)family, why);
	return why->length == before;
}

uint64_t facts_unseen(const struct memory_tag *tag)
{
	return tag->fresh && !tag->inner ? tag->unknown : 0;
}

static void print_sum(struct text *out, uint64_t blocks, uint64_t bytes, const char *word)
{
	facts_print_count(out, blocks, "block", "blocks");
	text_add(out, " of ");
	facts_print_count(out, bytes, "byte", "bytes");
	text_addf(out, " %s %s\n", blocks == 1 ? "is" : "are", word);
}

void facts_print_summary(const struct memory_report *report, const struct groups *places,
			 struct text *out)
{
	const struct memory *memory = report->memory;
	struct facts_sums sums;

	facts_sum(places, &sums);
	if (report->unloaded) {
		text_add(out, "module ");
		escape_print(out, report->unloaded, strlen(report->unloaded), 0);
		text_add(out, " was watched until after its unload\n");
	}
	print_sum(out, sums.blocks[MEMORY_OUTSTANDING], sums.bytes[MEMORY_OUTSTANDING],
		  report->unloaded ? "leaked" : "outstanding");
	if (sums.blocks[MEMORY_DEFERRED])
		print_sum(out, sums.blocks[MEMORY_DEFERRED], sums.bytes[MEMORY_DEFERRED],
			  "to be freed by kfree_rcu()");
	if (sums.blocks[MEMORY_DOUBTFUL])
		print_sum(out, sums.blocks[MEMORY_DOUBTFUL], sums.bytes[MEMORY_DOUBTFUL],
			  "doubtful");
	if (memory->freed_twice) {
		facts_print_count(out, memory->freed_twice, "block was", "blocks were");
		text_add(out, " freed twice\n");
	}
	if (memory->n_checks) {
		text_addf(out, "%zu of the kernel's ", report_unexplained(report));
		facts_print_count(out, memory->n_checks, "own counter", "own counters");
		text_add(out, " can't be explained by what was followed\n");
	}
	facts_whole(report, out);
	if (report->ledger && ledger_complete(report->ledger)) {
		ledger_verdict(report->ledger, report->catalog, out);
		text_add_char(out, '\n');
	}
}
