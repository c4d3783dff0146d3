/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as one JSON object with everything in it. Times are nanoseconds since 1970, ages
 * nanoseconds before the end. A stack is in a table of its own, under the id that blocks have.
 */
#include <string.h>

#include "memory/facts.h"
#include "memory/walk.h"
#include "memory/write.h"
#include "model/record.h"
#include "model/verdict.h"
#include "tally/intern.h"
#include "view/escape.h"
#include "view/json_writer.h"
#include "view/output.h"
#include "view/stack.h"

/* What a stack is shown with: its hash, and where in it the tracing ends and the owner is. */
struct shown_stack {
	uint64_t hash;
	uint32_t first, at;
};

struct writing {
	const struct memory_report *report;
	struct output output;
	struct json_writer json;
	struct intern hashes; /* of the stacks that are to be in the table */
	struct intern stacks; /* struct shown_stack, under the same numbers */
	struct text scratch;
};

static uint64_t since_1970(const struct memory_report *report, uint64_t time)
{
	return time + (uint64_t)report->catalog->clock_offset;
}

static void put_window(struct writing *writing)
{
	const struct memory_report *report = writing->report;
	const struct memory *memory = report->memory;
	struct json_writer *json = &writing->json;

	json_object(json, "window");
	json_number(json, "start", since_1970(report, memory->start));
	json_number(json, "end", since_1970(report, memory->end));
	json_number(json, "duration",
		    memory->end > memory->start ? memory->end - memory->start : 0);
	json_bool(json, "stacks", memory->stacks);
	json_bool(json, "ended", report->ledger != NULL);
	json_string(json, "unloaded", report->unloaded);
	json_object_end(json);
}

static int put_tags(struct writing *writing, struct error *err)
{
	const struct memory *memory = writing->report->memory;
	struct json_writer *json = &writing->json;

	json_array(json, "tags");
	for (size_t i = 0; i < memory->n_tags; i++) {
		const struct memory_tag *tag = &memory->tags[i];

		json_line(json);
		json_object(json, NULL);
		json_string(json, "tag", tag->name);
		json_string(json, "family", memory_family_name(tag->family));
		json_bool(json, "inner", tag->inner);
		json_bool(json, "fresh", tag->fresh);
		json_number(json, "object", tag->object);
		json_number(json, "allocs", tag->allocs);
		json_number(json, "alloc_bytes", tag->alloc_bytes);
		json_number(json, "frees", tag->frees);
		json_number(json, "free_bytes", tag->free_bytes);
		json_number(json, "freed_of_before", tag->unknown);
		json_number(json, "failed", tag->failed);
		json_object_end(json);
		if (output_spill(&writing->output, err))
			return -1;
	}
	json_array_end(json);
	json_line(json);
	return 0;
}

static void put_quadrant(struct json_writer *json, const char *name, uint64_t blocks,
			 uint64_t bytes)
{
	json_object(json, name);
	json_signed(json, "blocks", (int64_t)blocks);
	json_signed(json, "bytes", (int64_t)bytes);
	json_object_end(json);
}

/*
 * What was allocated and freed, inside the window or outside. What was allocated before and is
 * still there nobody can count, nor the bytes of what was allocated before.
 */
static void put_quadrants(struct writing *writing)
{
	const struct memory *memory = writing->report->memory;
	struct json_writer *json = &writing->json;
	struct memory_tag sum = {0};

	for (size_t i = 0; i < memory->n_tags; i++) {
		const struct memory_tag *tag = &memory->tags[i];

		if (tag->inner)
			continue;
		sum.allocs += tag->allocs;
		sum.alloc_bytes += tag->alloc_bytes;
		sum.frees += tag->frees;
		sum.free_bytes += tag->free_bytes;
		sum.unknown += tag->unknown;
	}
	json_object(json, "quadrants");
	put_quadrant(json, "allocated_inside_freed_inside", sum.frees, sum.free_bytes);
	put_quadrant(json, "allocated_inside_still_there", sum.allocs - sum.frees,
		     sum.alloc_bytes - sum.free_bytes);
	json_object(json, "allocated_before_freed_inside");
	json_number(json, "blocks", sum.unknown);
	json_object_end(json);
	json_object_end(json);
	json_line(json);
}

/* What is a part of another block is never selected. */
static void put_grades(struct json_writer *json, const uint64_t grades[MEMORY_N_GRADES])
{
	for (int grade = 0; grade < MEMORY_INNER; grade++)
		json_number(json, memory_grade_name((enum memory_grade)grade), grades[grade]);
}

static void put_group(struct writing *writing, const struct group *group)
{
	const struct memory_report *report = writing->report;
	const struct memory *memory = report->memory;
	struct json_writer *json = &writing->json;

	json_line(json);
	json_object(json, NULL);
	json_object(json, "key");
	for (size_t k = 0; k < report->by.n; k++) {
		text_clear(&writing->scratch);
		group_print_key(report->catalog, memory, group, report->by.keys[k],
				&writing->scratch);
		json_text(json, group_key_name(report->by.keys[k]), &writing->scratch);
	}
	json_object_end(json);
	json_number(json, "blocks", group->blocks);
	json_number(json, "bytes", group->bytes);
	put_grades(json, group->grades);
	json_number(json, "oldest", since_1970(report, group->oldest));
	json_number(json, "newest", since_1970(report, group->newest));
	json_object_end(json);
}

static int put_groups(struct writing *writing, struct error *err)
{
	const struct memory_report *report = writing->report;
	struct json_writer *json = &writing->json;
	struct groups groups;
	int code = 0;

	if (groups_make(report->catalog, report->memory, report->selection, &report->by, &groups,
			err))
		return -1;
	json_array(json, "by");
	for (size_t k = 0; k < report->by.n; k++)
		json_string(json, NULL, group_key_name(report->by.keys[k]));
	json_array_end(json);
	json_array(json, "groups");
	for (size_t i = 0; i < groups.n && !code; i++) {
		put_group(writing, &groups.groups[i]);
		code = output_spill(&writing->output, err);
	}
	json_array_end(json);
	json_number(json, "left_out", groups.left_out);
	json_line(json);
	groups_fini(&groups);
	return code;
}

/* The stack is put into the table; without one there is no id. */
static int put_stack_id(struct writing *writing, const struct owner *owner, uint64_t hash,
			struct error *err)
{
	struct shown_stack shown = {hash, (uint32_t)owner->first, (uint32_t)owner->at};
	struct json_writer *json = &writing->json;
	uint32_t number;
	bool added;

	if (!hash) {
		json_string(json, "stack", NULL);
		return 0;
	}
	json_address(json, "stack", hash);
	if (!owner->stack)
		return 0;
	if (intern_add(&writing->hashes, &hash, sizeof(hash), &number, &added, err))
		return -1;
	return added ? intern_add(&writing->stacks, &shown, sizeof(shown), &number, &added, err)
		     : 0;
}

/* Who it was: the function and module, and the source line if one is known. */
static void put_owner(struct writing *writing, const struct owner *owner)
{
	struct json_writer *json = &writing->json;
	struct source_line source;

	json_string(json, "module", owner_module(owner));
	json_string(json, "function", owner->frame.symbol);
	if (owner->address)
		json_address(json, "owner", owner->address);
	if (owner->address)
		json_number(json, "offset", owner->frame.offset);
	facts_source(writing->report, owner, &source);
	if (!source.file)
		return;
	json_string(json, "file", source.file);
	json_number(json, "line", source.line);
}

static int put_block(void *context, const struct memory_block *block, const struct owner *owner,
		     struct error *err)
{
	struct writing *writing = context;
	const struct memory *memory = writing->report->memory;
	const struct memory_tag *tag = &memory->tags[block->tag];
	struct json_writer *json = &writing->json;

	json_line(json);
	json_object(json, NULL);
	json_address(json, "address", block->address);
	json_number(json, "bytes", block->bytes);
	json_string(json, "tag", tag->name);
	json_string(json, "family", memory_family_name(tag->family));
	json_string(json, "grade", memory_grade_name((enum memory_grade)block->grade));
	json_number(json, "age", memory_block_age(memory, block));
	json_number(json, "pid", block->pid);
	json_string(json, "comm", block->comm);
	json_number(json, "cpu", block->cpu);
	json_string(json, "context", kmn_context_name(block->context));
	json_number(json, "gfp", block->gfp);
	if (block->site)
		json_address(json, "site", block->site);
	else
		json_string(json, "site", NULL);
	put_owner(writing, owner);
	if (put_stack_id(writing, owner, block->stack, err))
		return -1;
	json_object_end(json);
	return output_spill(&writing->output, err);
}

static int put_blocks(struct writing *writing, struct error *err)
{
	const struct memory_report *report = writing->report;

	json_array(&writing->json, "blocks");
	if (memory_walk(report->catalog, report->memory, report->selection, put_block, writing,
			NULL, err))
		return -1;
	json_array_end(&writing->json);
	json_line(&writing->json);
	return 0;
}

static int put_findings(struct writing *writing, struct error *err)
{
	const struct memory_report *report = writing->report;
	const struct memory *memory = report->memory;
	struct json_writer *json = &writing->json;

	json_array(json, "findings");
	for (size_t i = 0; i < memory->n_findings; i++) {
		const struct memory_finding *finding = &memory->findings[i];
		const struct memory_block like = {.stack = finding->stack, .site = finding->site};
		struct owner owner;

		owner_find(report->catalog, memory->tags[finding->tag].family, &like, &owner);
		json_line(json);
		json_object(json, NULL);
		json_string(json, "kind", "freed twice");
		json_address(json, "address", finding->address);
		json_string(json, "tag", memory->tags[finding->tag].name);
		json_number(json, "time", since_1970(report, finding->time));
		json_number(json, "pid", finding->pid);
		json_string(json, "comm", finding->comm);
		put_owner(writing, &owner);
		if (put_stack_id(writing, &owner, finding->stack, err))
			return -1;
		json_object_end(json);
	}
	for (size_t i = 0; i < memory->n_tags; i++) {
		uint64_t unseen = facts_unseen(&memory->tags[i]);

		if (!unseen)
			continue;
		json_line(json);
		json_object(json, NULL);
		json_string(json, "kind", "freed unseen");
		json_string(json, "tag", memory->tags[i].name);
		json_number(json, "objects", unseen);
		json_object_end(json);
	}
	json_array_end(json);
	json_number(json, "freed_twice", memory->freed_twice);
	json_line(json);
	return 0;
}

static void put_frame(struct writing *writing, uint64_t address)
{
	const struct memory_report *report = writing->report;
	const struct place *places = NULL, *own = NULL;
	struct json_writer *json = &writing->json;
	struct frame frame = {0};
	size_t n = 0, inlined = 0;

	catalog_frame(report->catalog, address, &frame);
	json_object(json, NULL);
	json_address(json, "address", address);
	json_string(json, "symbol", frame.symbol);
	json_number(json, "offset", frame.offset);
	json_string(json, "module", frame.module);
	if (report->places)
		n = report->places->find(report->places, report->catalog, address, true, &places);
	for (size_t i = 0; i < n; i++) {
		if (!places[i].function)
			own = &places[i];
		else
			inlined++;
	}
	if (own) {
		json_string(json, "file", own->file);
		json_number(json, "line", own->line);
	}
	if (inlined)
		json_array(json, "inlined");
	for (size_t i = 0; i < n; i++) {
		if (!places[i].function)
			continue;
		json_object(json, NULL);
		json_string(json, "function", places[i].function);
		json_string(json, "file", places[i].file);
		json_number(json, "line", places[i].line);
		json_object_end(json);
	}
	if (inlined)
		json_array_end(json);
	json_object_end(json);
}

static int put_stacks(struct writing *writing, struct error *err)
{
	const struct stack_table *table = writing->report->catalog->stacks;
	struct json_writer *json = &writing->json;

	json_object(json, "stacks");
	for (uint32_t i = 0; i < writing->stacks.count; i++) {
		const struct shown_stack *shown = intern_bytes(&writing->stacks, i);
		const struct stack *stack = stack_table_find(table, shown->hash);

		json_line(json);
		text_clear(&writing->scratch);
		text_addf(&writing->scratch, "0x%016llx", (unsigned long long)shown->hash);
		json_object(json, text_string(&writing->scratch));
		json_number(json, "owner", shown->at - shown->first);
		json_bool(json, "truncated", stack->flags & KMN_STACK_TRUNCATED);
		json_array(json, "frames");
		for (size_t k = shown->first; k < stack->n_frames; k++)
			put_frame(writing, stack->frames[k]);
		json_array_end(json);
		json_object_end(json);
		if (output_spill(&writing->output, err))
			return -1;
	}
	json_object_end(json);
	json_line(json);
	return 0;
}

static void put_doubts(struct writing *writing)
{
	const struct memory_report *report = writing->report;
	const struct memory *memory = report->memory;
	struct json_writer *json = &writing->json;

	json_array(json, "doubts");
	for (size_t i = 0; i < memory->n_doubts; i++) {
		const struct memory_doubt *doubt = &memory->doubts[i];

		json_object(json, NULL);
		json_string(json, "family", memory_family_name(doubt->family));
		json_number(json, "from", since_1970(report, doubt->from));
		json_number(json, "to", since_1970(report, doubt->to));
		json_number(json, "missed", doubt->missed);
		json_object_end(json);
	}
	json_array_end(json);
	json_number(json, "capacity", memory->capacity);
	json_number(json, "no_room", memory->no_room);
	json_number(json, "replaced", memory->replaced);
	json_line(json);
}

static int put_checks(struct writing *writing, struct error *err)
{
	const struct memory *memory = writing->report->memory;
	struct json_writer *json = &writing->json;

	json_array(json, "checks");
	for (size_t i = 0; i < memory->n_checks; i++) {
		const struct memory_check *check = &memory->checks[i];

		json_line(json);
		json_object(json, NULL);
		json_string(json, "name", check->name);
		json_string(json, "unit", check->unit);
		json_signed(json, "followed", check->followed);
		json_signed(json, "counted", check->counted);
		json_signed(json, "residual", check->counted - check->followed);
		json_signed(json, "slack", check->slack);
		json_bool(json, "unexplained", memory_check_unexplained(check));
		json_object_end(json);
		if (output_spill(&writing->output, err))
			return -1;
	}
	json_array_end(json);
	json_line(json);
	return 0;
}

static void put_reasons(struct writing *writing)
{
	struct json_writer *json = &writing->json;
	struct text line = TEXT_INIT;

	text_clear(&writing->scratch);
	json_bool(json, "complete", facts_whole(writing->report, &writing->scratch));
	json_array(json, "reasons");
	for (const char *reason = text_string(&writing->scratch); *reason;) {
		size_t length = strcspn(reason, "\n");

		text_clear(&line);
		text_add_bytes(&line, reason, length);
		json_text(json, NULL, &line);
		reason += length + (reason[length] != '\0');
	}
	json_array_end(json);
	text_fini(&line);
}

static int put_verdict(struct writing *writing, struct error *err)
{
	const struct memory_report *report = writing->report;
	struct json_writer *json = &writing->json;
	struct facts_sums sums;
	struct groups places;

	if (facts_places(report, &places, err))
		return -1;
	facts_sum(&places, &sums);
	groups_fini(&places);
	json_object(json, "verdict");
	put_reasons(writing);
	text_clear(&writing->scratch);
	if (report->ledger) {
		ledger_verdict(report->ledger, report->catalog, &writing->scratch);
		json_text(json, "ledger", &writing->scratch);
	} else {
		json_string(json, "ledger", NULL);
	}
	json_bool(json, "leaked", report->unloaded && sums.blocks[MEMORY_OUTSTANDING]);
	json_object(json, "blocks");
	put_grades(json, sums.blocks);
	json_object_end(json);
	json_object(json, "bytes");
	put_grades(json, sums.bytes);
	json_object_end(json);
	json_object_end(json);
	return 0;
}

static int put_report(struct writing *writing, struct error *err)
{
	const struct catalog *catalog = writing->report->catalog;
	struct json_writer *json = &writing->json;

	json_object(json, NULL);
	json_string(json, "kapimon", KAPIMON_VERSION);
	json_string(json, "kernel", catalog->kernel);
	json_string(json, "machine", catalog->machine);
	json_string(json, "host", catalog->host);
	put_window(writing);
	if (put_tags(writing, err))
		return -1;
	put_quadrants(writing);
	/* The table of stacks behind all that name one. */
	if (put_groups(writing, err) || put_blocks(writing, err) || put_findings(writing, err) ||
	    put_stacks(writing, err))
		return -1;
	put_doubts(writing);
	if (put_checks(writing, err) || put_verdict(writing, err))
		return -1;
	json_object_end(json);
	text_add_char(json->text, '\n');
	return output_flush(&writing->output, err);
}

int memory_write_json(const struct memory_report *report, FILE *file, struct error *err)
{
	struct writing writing = {.report = report, .output = {.file = file}};
	int code;

	writing.json.text = &writing.output.text;
	intern_init(&writing.hashes);
	intern_init(&writing.stacks);
	code = put_report(&writing, err);
	intern_fini(&writing.hashes);
	intern_fini(&writing.stacks);
	text_fini(&writing.scratch);
	text_fini(&writing.output.text);
	return code;
}
