/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/report.h"

#include <string.h>

#include "memory/facts.h"
#include "model/record.h"
#include "tally/table.h"
#include "view/color.h"
#include "view/escape.h"
#include "view/number.h"
#include "view/stack.h"

const char *report_word(const struct memory_report *report)
{
	return report->unloaded ? "leaked" : "outstanding";
}

size_t report_unexplained(const struct memory_report *report)
{
	size_t n = 0;

	for (size_t i = 0; i < report->memory->n_checks; i++)
		n += memory_check_unexplained(&report->memory->checks[i]);
	return n;
}

static void add_number(struct table *table, uint64_t number, const char *color)
{
	struct text text = TEXT_INIT;

	number_print_grouped(&text, number);
	table_add(table, &text, color);
	text_fini(&text);
}

static void add_signed(struct table *table, int64_t number, const char *color)
{
	struct text text = TEXT_INIT;

	if (number < 0)
		text_add_char(&text, '-');
	number_print_grouped(&text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
	table_add(table, &text, color);
	text_fini(&text);
}

static void add_text(struct table *table, const char *string, const char *color)
{
	struct text text = TEXT_INIT;

	escape_print(&text, string, strlen(string), 0);
	table_add(table, &text, color);
	text_fini(&text);
}

static int print_table(const struct table *table, bool color, struct text *out, struct error *err)
{
	int code = table_print(table, color, out, err);

	text_add_char(out, '\n');
	return code;
}

/*
 * What became of the blocks of each family: allocated while it was watched or before, freed or
 * still there. What was allocated before and is still there, nobody can count.
 */
static int families_print(const struct memory_report *report, bool color, struct text *out,
			  struct error *err)
{
	static const struct table_column columns[] = {
		{"FAMILY", true},	{"ALLOCATED", false},	{"FREED", false},
		{"STILL THERE", false}, {"BYTES THERE", false}, {"FREED OF BEFORE", false},
		{"FAILED", false},
	};
	struct memory_tag sums[MEMORY_N_FAMILIES] = {0};
	struct table table;
	int code;

	for (size_t i = 0; i < report->memory->n_tags; i++) {
		const struct memory_tag *tag = &report->memory->tags[i];
		struct memory_tag *sum = &sums[tag->family];

		if (tag->inner)
			continue;
		sum->allocs += tag->allocs;
		sum->alloc_bytes += tag->alloc_bytes;
		sum->frees += tag->frees;
		sum->free_bytes += tag->free_bytes;
		sum->unknown += tag->unknown;
		sum->failed += tag->failed;
	}
	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (int i = 0; i < MEMORY_N_FAMILIES; i++) {
		const struct memory_tag *sum = &sums[i];

		if (!sum->allocs && !sum->unknown && !sum->failed)
			continue;
		add_text(&table, memory_family_name((enum memory_family)i), "");
		add_number(&table, sum->allocs, "");
		add_number(&table, sum->frees, "");
		add_signed(&table, (int64_t)(sum->allocs - sum->frees), "");
		add_signed(&table, (int64_t)(sum->alloc_bytes - sum->free_bytes), "");
		add_number(&table, sum->unknown, "");
		add_number(&table, sum->failed, "");
	}
	code = print_table(&table, color, out, err);
	table_fini(&table);
	return code;
}

#define FIXED_COLUMNS 5
#define GROWTH_COLUMNS 2

static void add_group(const struct memory_report *report, const struct groups *groups,
		      struct table *table, const struct group *group, bool color)
{
	int64_t grown_blocks, grown_bytes;
	uint64_t doubtful = group->grades[MEMORY_DOUBTFUL];
	struct text text = TEXT_INIT;

	if (report->growth) {
		growth_since(report->growth, report->catalog, report->memory, groups, group,
			     &grown_blocks, &grown_bytes);
		add_signed(table, grown_blocks, "");
		add_signed(table, grown_bytes, color && grown_bytes > 0 ? COLOR_YELLOW : "");
	}
	add_number(table, group->blocks, "");
	add_number(table, group->bytes, "");
	add_number(table, group->grades[MEMORY_DEFERRED], "");
	add_number(table, doubtful, color && doubtful ? COLOR_YELLOW : "");
	number_print_duration(&text, report->memory->end - group->oldest);
	table_add(table, &text, "");
	for (size_t k = 0; k < report->by.n; k++) {
		group_print_key(report->catalog, report->memory, group, report->by.keys[k], &text);
		table_add(table, &text, "");
	}
	text_fini(&text);
}

static int groups_print(const struct memory_report *report, const struct groups *groups, bool color,
			struct text *out, struct error *err)
{
	struct table_column columns[GROWTH_COLUMNS + FIXED_COLUMNS + GROUP_PARTS] = {
		{"+BLOCKS", false},  {"+BYTES", false},	  {"BLOCKS", false}, {"BYTES", false},
		{"DEFERRED", false}, {"DOUBTFUL", false}, {"OLDEST", false},
	};
	struct table_column *shown_columns = columns + (report->growth ? 0 : GROWTH_COLUMNS);
	size_t n_columns = (report->growth ? GROWTH_COLUMNS : 0) + FIXED_COLUMNS + report->by.n;
	size_t shown = report->rows && report->rows < groups->n ? report->rows : groups->n;
	struct table table;
	int code;

	for (size_t k = 0; k < report->by.n; k++)
		columns[GROWTH_COLUMNS + FIXED_COLUMNS + k] =
			(struct table_column){group_key_title(report->by.keys[k]), true};
	table_init(&table, shown_columns, n_columns);
	for (size_t i = 0; i < shown; i++)
		add_group(report, groups, &table, &groups->groups[i], color);
	code = table_print(&table, color, out, err);
	table_fini(&table);
	if (shown < groups->n)
		text_addf(out, "(%zu more)\n", groups->n - shown);
	text_add_char(out, '\n');
	return code;
}

/* The stacks that most bytes come from. */
static int stacks_print(const struct memory_report *report, struct text *out, struct error *err)
{
	const struct group_by by = {.keys = {GROUP_STACK, GROUP_TAG}, .n = 2};
	struct groups groups;

	if (!report->stacks)
		return 0;
	if (groups_make(report->catalog, report->memory, report->selection, &by, &groups, err))
		return -1;
	for (size_t i = 0; i < groups.n && i < report->stacks; i++) {
		const struct group *group = &groups.groups[i];

		facts_print_count(out, group->blocks, "block", "blocks");
		text_add(out, " of ");
		group_print_key(report->catalog, report->memory, group, GROUP_TAG, out);
		text_add(out, ", ");
		facts_print_count(out, group->bytes, "byte", "bytes");
		text_add(out, ", by ");
		group_print_key(report->catalog, report->memory, group, GROUP_PROCESS, out);
		if (group->first->context != KMN_TASK)
			text_addf(out, " in %s", kmn_context_name(group->first->context));
		text_add_char(out, '\n');
		facts_print_stack(report, &group->owner, out);
		text_add_char(out, '\n');
	}
	if (groups.n > report->stacks)
		text_addf(out, "(%zu more stacks)\n\n", groups.n - report->stacks);
	groups_fini(&groups);
	return 0;
}

static void bars_print(const char *title, const uint64_t counts[64], bool time, struct text *out)
{
	uint64_t most = 0;
	int first = 63, last = 0;

	for (int i = 0; i < 64; i++) {
		if (!counts[i])
			continue;
		first = i < first ? i : first;
		last = i;
		most = counts[i] > most ? counts[i] : most;
	}
	if (!most)
		return;
	text_addf(out, "%s\n", title);
	for (int i = first; i <= last; i++) {
		size_t from = out->length, stars = (size_t)(counts[i] * 40 / most);

		text_add(out, "  ");
		if (time)
			number_print_duration(out, i ? 1ull << i : 0);
		else
			number_print_grouped(out, i ? 1ull << i : 0);
		text_pad(out, from, 12);
		number_print_padded(out, counts[i], 12, ' ');
		text_add(out, "  ");
		for (size_t k = 0; k < stars || (k < 1 && counts[i]); k++)
			text_add_char(out, '#');
		text_add_char(out, '\n');
	}
	text_add_char(out, '\n');
}

static void histograms_print(const struct memory_report *report, struct text *out)
{
	uint64_t sizes[64] = {0};

	for (size_t i = 0; i < report->memory->n_blocks; i++) {
		const struct memory_block *block = &report->memory->blocks[i];
		int power = 0;

		if (report->memory->tags[block->tag].inner)
			continue;
		while (power < 63 && block->bytes >> power > 1)
			power++;
		sizes[power]++;
	}
	bars_print("LIFETIME OF WHAT WAS FREED (from)", report->memory->lifetime, true, out);
	bars_print("BYTES OF WHAT IS STILL THERE (from)", sizes, false, out);
}

static int counters_print(const struct memory_report *report, bool all, bool color,
			  struct text *out, struct error *err)
{
	static const struct table_column columns[] = {
		{"KERNEL'S COUNTER", true}, {"UNIT", true},	 {"FOLLOWED", false},
		{"COUNTED", false},	    {"RESIDUAL", false}, {"", true},
	};
	const struct memory *memory = report->memory;
	size_t off = 0, exact = 0;
	struct table table;
	int code = 0;

	if (!memory->n_checks)
		return 0;
	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < memory->n_checks; i++) {
		const struct memory_check *check = &memory->checks[i];
		int64_t residual = check->counted - check->followed;
		bool unexplained = memory_check_unexplained(check);

		exact += !residual;
		off += unexplained;
		if (!all && !residual)
			continue;
		add_text(&table, check->name, "");
		add_text(&table, check->unit, "");
		add_signed(&table, check->followed, "");
		add_signed(&table, check->counted, "");
		add_signed(&table, residual, color && unexplained ? COLOR_RED : "");
		add_text(&table,
			 unexplained ? "unexplained"
			 : !residual ? ""
			 : (uint64_t)(residual < 0 ? -residual : residual) <= (uint64_t)check->slack
				 ? "within what the kernel's own count may be off"
				 : "within 1 %",
			 color && unexplained ? COLOR_RED : "");
	}
	if (exact < memory->n_checks || all)
		code = table_print(&table, color, out, err);
	table_fini(&table);
	text_addf(out, "%zu of the kernel's %zu own counters have grown by just what was followed",
		  exact, memory->n_checks);
	if (exact < memory->n_checks)
		text_addf(out, ", %zu otherwise explained, %zu not", memory->n_checks - exact - off,
			  off);
	text_add(out, "\n\n");
	return code;
}

static void findings_print(const struct memory_report *report, struct text *out)
{
	const struct memory *memory = report->memory;

	for (size_t i = 0; i < memory->n_findings; i++) {
		const struct memory_finding *finding = &memory->findings[i];
		const struct memory_block like = {.stack = finding->stack, .site = finding->site};
		struct owner owner;

		text_addf(out, "FREED TWICE: ");
		escape_print(out, memory->tags[finding->tag].name,
			     strlen(memory->tags[finding->tag].name), 0);
		text_add(out, " at ");
		number_print_hex(out, finding->address, 16);
		text_add(out, ", the second time by ");
		escape_print(out, finding->comm, strlen(finding->comm), 0);
		text_addf(out, "[%u]\n", finding->pid);
		owner_find(report->catalog, memory->tags[finding->tag].family, &like, &owner);
		facts_print_stack(report, &owner, out);
		text_add_char(out, '\n');
	}
	for (size_t i = 0; i < memory->n_tags; i++) {
		const struct memory_tag *tag = &memory->tags[i];

		/* All that is in a cache that came while it was watched was seen. */
		if (!tag->fresh || !tag->unknown)
			continue;
		text_add(out, "FREED UNSEEN: ");
		facts_print_count(out, tag->unknown, "object", "objects");
		text_add(out, " of ");
		escape_print(out, tag->name, strlen(tag->name), 0);
		text_add(out, ", a cache that came while it was watched, were freed and had never "
			      "been allocated\n\n");
	}
}

static uint64_t missed_of(const struct memory *memory, enum memory_family family)
{
	uint64_t missed = 0;

	for (size_t i = 0; i < memory->n_doubts; i++) {
		if (memory->doubts[i].family == family)
			missed += memory->doubts[i].missed;
	}
	return missed;
}

/* How far the numbers can be trusted. */
static void notes_print(const struct memory_report *report, struct text *out)
{
	const struct memory *memory = report->memory;
	uint64_t user = 0;

	for (int family = 0; family < MEMORY_N_FAMILIES; family++) {
		uint64_t missed = missed_of(memory, (enum memory_family)family);

		if (!missed)
			continue;
		text_add(out, "note: ");
		facts_print_count(out, missed, "free", "frees");
		text_addf(out,
			  " of %s may have been missed: what was there at that time is "
			  "doubtful\n",
			  memory_family_name((enum memory_family)family));
	}
	for (size_t i = 0; i < memory->n_tags; i++) {
		if (!memory->tags[i].replaced)
			continue;
		text_add(out, "note: ");
		facts_print_count(out, memory->tags[i].replaced, "block", "blocks");
		text_addf(out, " of %s freed without a word, whose address was allocated again\n",
			  memory->tags[i].name);
	}
	if (memory->no_room) {
		text_add(out, "note: ");
		facts_print_count(out, memory->no_room, "allocation", "allocations");
		text_add(out, " found no room in the table of ");
		facts_print_count(out, memory->capacity, "block", "blocks");
		text_addf(out, " and can't be among what is %s; give it more: --blocks\n",
			  report_word(report));
	}
	for (size_t i = 0; i < memory->n_blocks; i++)
		user += memory_tag_is_user(&memory->tags[memory->blocks[i].tag]);
	if (user && !report->selection->user && !report->selection->tags.count) {
		text_add(out, "note: ");
		facts_print_count(out, user, "block", "blocks");
		text_add(out, " of user memory and page cache not shown; --user shows them\n");
	}
}

static void summary_print(const struct memory_report *report, const struct groups *groups,
			  bool color, struct text *out)
{
	uint64_t doubtful = groups->grades[MEMORY_DOUBTFUL];
	uint64_t deferred = groups->grades[MEMORY_DEFERRED];
	uint64_t certain = groups->blocks - doubtful - deferred;

	if (color)
		text_add(out, report->unloaded && certain ? COLOR_RED : COLOR_BOLD);
	facts_print_count(out, certain, "block", "blocks");
	text_addf(out, " %s", report_word(report));
	if (color)
		text_add(out, COLOR_OFF);
	if (deferred) {
		text_add(out, ", ");
		facts_print_count(out, deferred, "waits", "wait");
		text_add(out, " to be freed by kfree_rcu()");
	}
	if (doubtful) {
		text_add(out, ", ");
		facts_print_count(out, doubtful, "is", "are");
		text_add(out, " doubtful");
	}
	text_add(out, "; ");
	facts_print_count(out, groups->bytes, "byte", "bytes");
	text_add(out, " in all");
	if (report->unloaded) {
		text_add(out, ", of ");
		escape_print(out, report->unloaded, strlen(report->unloaded), 0);
	}
	text_add_char(out, '\n');
}

int memory_report_text(const struct memory_report *report,
		       const struct memory_text_options *options, struct text *out,
		       struct error *err)
{
	struct groups groups;
	int code;

	if (groups_make(report->catalog, report->memory, report->selection, &report->by, &groups,
			err))
		return -1;
	code = families_print(report, options->color, out, err);
	if (!code && groups.n)
		code = groups_print(report, &groups, options->color, out, err);
	if (!code)
		code = stacks_print(report, out, err);
	if (!code && options->histogram)
		histograms_print(report, out);
	if (!code)
		code = counters_print(report, options->counters, options->color, out, err);
	if (!code) {
		findings_print(report, out);
		notes_print(report, out);
		summary_print(report, &groups, options->color, out);
	}
	groups_fini(&groups);
	if (!code && text_failed(out))
		code = error_no_memory(err);
	return code;
}
