/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as test results in the XML of Ant's JUnit task. It has no standard; what is written is
 * what Jenkins' junit plugin (its jenkins-junit.xsd) and GitLab (documentation, "Unit test
 * reports") both read: <testsuites>, <testsuite> with counts, <testcase> with classname, name, file
 * and line, <failure> and <skipped> with a message.
 *
 * Both tell tests of two runs apart by class and name, so these have no counts and no addresses.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "memory/facts.h"
#include "memory/write.h"
#include "view/escape.h"
#include "view/number.h"
#include "view/output.h"

enum outcome { PASSED, FAILED, SKIPPED, N_OUTCOMES };

struct junit {
	const struct memory_report *report;
	const struct groups *places;
	struct output output;
	struct text cases; /* before what counts them */
	struct text name, message, details;
	unsigned counts[N_OUTCOMES];
};

static void add_attribute(struct text *out, const char *name, const char *value)
{
	text_add_char(out, ' ');
	text_add(out, name);
	text_add(out, "=\"");
	escape_xml(out, value, strlen(value), true);
	text_add_char(out, '"');
}

static void add_content(struct text *out, const struct text *text)
{
	escape_xml(out, text_string(text), text->length, false);
}

static void add_class(const struct junit *junit, struct text *out)
{
	struct text name = TEXT_INIT;

	text_add(&name, "kapimon.mem");
	if (junit->report->unloaded) {
		text_add_char(&name, '.');
		escape_print(&name, junit->report->unloaded, strlen(junit->report->unloaded), 0);
	}
	add_attribute(out, "classname", text_string(&name));
	out->failed |= name.failed;
	text_fini(&name);
}

/* The case is called junit->name; unless it passed, message and details tell why. */
static void add_case(struct junit *junit, enum outcome outcome, const char *type,
		     const struct source_line *source)
{
	struct text *out = &junit->cases;

	junit->counts[outcome]++;
	text_add(out, "    <testcase");
	add_class(junit, out);
	add_attribute(out, "name", text_string(&junit->name));
	if (source && source->file) {
		add_attribute(out, "file", source->file);
		text_addf(out, " line=\"%u\"", source->line);
	}
	text_add(out, " time=\"0\"");
	if (outcome == PASSED) {
		text_add(out, "/>\n");
	} else if (outcome == SKIPPED) {
		text_add(out, ">\n      <skipped");
		add_attribute(out, "message", text_string(&junit->message));
		text_add(out, "/>\n    </testcase>\n");
	} else {
		text_add(out, ">\n      <failure");
		add_attribute(out, "message", text_string(&junit->message));
		add_attribute(out, "type", type);
		text_add_char(out, '>');
		add_content(out, &junit->details);
		text_add(out, "</failure>\n    </testcase>\n");
	}
	out->failed |= junit->name.failed || junit->message.failed || junit->details.failed;
	text_clear(&junit->name);
	text_clear(&junit->message);
	text_clear(&junit->details);
}

static void add_place(struct junit *junit, const struct group *place)
{
	const struct memory_report *report = junit->report;
	const struct memory *memory = report->memory;
	const char *tag = memory->tags[place->first->tag].name;
	struct text *details = &junit->details;
	struct source_line source;

	facts_print_site(report, &place->owner, &junit->name);
	text_add(&junit->name, ": ");
	escape_print(&junit->name, tag, strlen(tag), 0);
	facts_print_count(&junit->message, place->blocks, "block of ", "blocks of ");
	escape_print(&junit->message, tag, strlen(tag), 0);
	text_add(&junit->message, ", ");
	facts_print_count(&junit->message, place->bytes, "byte", "bytes");
	text_addf(&junit->message, ", %s leaked", place->blocks == 1 ? "is" : "are");
	text_add_bytes(details, text_string(&junit->message), junit->message.length);
	text_add(details, "\nasked for by ");
	facts_print_site(report, &place->owner, details);
	text_add(details, "\nthe oldest ");
	number_print_duration(details, memory_block_age(memory, place->first));
	text_add(details, " before the end, by ");
	escape_print(details, place->first->comm, strlen(place->first->comm), 0);
	text_addf(details, "[%" PRIu32 "]\n", place->first->pid);
	facts_print_stack(report, &place->owner, details);
	facts_source(report, &place->owner, &source);
	add_case(junit, FAILED, "leak", &source);
}

/* Without an unload nobody can tell: what is there may be in use. Nor where something was lost. */
static void add_leaks(struct junit *junit)
{
	const struct memory_report *report = junit->report;
	struct facts_sums sums;
	uint64_t outstanding, doubtful;

	facts_sum(junit->places, &sums);
	outstanding = sums.blocks[MEMORY_OUTSTANDING];
	doubtful = sums.blocks[MEMORY_DOUBTFUL];
	text_add(&junit->name, "no block is leaked");
	if (report->unloaded && outstanding) {
		facts_print_count(&junit->message, outstanding, "block, ", "blocks, ");
		facts_print_count(&junit->message, sums.bytes[MEMORY_OUTSTANDING], "byte", "bytes");
		text_addf(&junit->message, ", %s leaked", outstanding == 1 ? "is" : "are");
		facts_print_summary(report, junit->places, &junit->details);
		add_case(junit, FAILED, "leak", NULL);
	} else if (doubtful || outstanding) {
		facts_print_count(&junit->message, outstanding + doubtful, "block ", "blocks ");
		text_add(&junit->message, report->unloaded
						  ? "may have been freed: frees were missed"
						  : "may still be in use");
		add_case(junit, SKIPPED, NULL, NULL);
	} else if (!facts_whole(report, &junit->details)) {
		text_add(&junit->message, "not everything was seen");
		add_case(junit, SKIPPED, NULL, NULL);
	} else {
		add_case(junit, PASSED, NULL, NULL);
	}
}

static void add_findings(struct junit *junit)
{
	const struct memory_report *report = junit->report;
	const struct memory *memory = report->memory;

	for (size_t i = 0; i < memory->n_findings; i++) {
		const struct memory_finding *finding = &memory->findings[i];
		const struct memory_block like = {.stack = finding->stack, .site = finding->site};
		const char *tag = memory->tags[finding->tag].name;
		struct owner owner;

		owner_find(report->catalog, memory->tags[finding->tag].family, &like, &owner);
		escape_print(&junit->details, tag, strlen(tag), 0);
		text_add(&junit->details, " at ");
		number_print_hex(&junit->details, finding->address, 16);
		text_add(&junit->details, ", the second time by ");
		escape_print(&junit->details, finding->comm, strlen(finding->comm), 0);
		text_addf(&junit->details, "[%" PRIu32 "]\n", finding->pid);
		facts_print_stack(report, &owner, &junit->details);
	}
	text_add(&junit->name, "nothing was freed twice");
	/* Only so many are kept in full. */
	if (memory->freed_twice || memory->n_findings)
		facts_print_count(&junit->message,
				  memory->freed_twice > memory->n_findings ? memory->freed_twice
									   : memory->n_findings,
				  "block was freed twice", "blocks were freed twice");
	add_case(junit, junit->message.length ? FAILED : PASSED, "double-free", NULL);
}

static void add_unseen(struct junit *junit)
{
	const struct memory *memory = junit->report->memory;
	uint64_t all = 0;

	for (size_t i = 0; i < memory->n_tags; i++) {
		uint64_t unseen = facts_unseen(&memory->tags[i]);

		if (!unseen)
			continue;
		all += unseen;
		facts_print_count(&junit->details, unseen, "object of ", "objects of ");
		escape_print(&junit->details, memory->tags[i].name, strlen(memory->tags[i].name),
			     0);
		text_add(&junit->details, ", a cache that came while it was watched\n");
	}
	text_add(&junit->name, "nothing was freed that had never been allocated");
	if (all)
		facts_print_count(&junit->message, all, "object was freed and never allocated",
				  "objects were freed and never allocated");
	add_case(junit, all ? FAILED : PASSED, "invalid-free", NULL);
}

static void add_losses(struct junit *junit)
{
	bool whole = facts_whole(junit->report, &junit->details);

	text_add(&junit->name, "nothing was lost");
	text_add_bytes(&junit->message, text_string(&junit->details),
		       strcspn(text_string(&junit->details), "\n"));
	add_case(junit, whole ? PASSED : FAILED, "incomplete", NULL);
}

static void add_counts(const struct junit *junit, struct text *out)
{
	const struct memory *memory = junit->report->memory;
	uint64_t ms = memory->end > memory->start ? (memory->end - memory->start) / 1000000 : 0;

	text_addf(out, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\"",
		  junit->counts[PASSED] + junit->counts[FAILED] + junit->counts[SKIPPED],
		  junit->counts[FAILED], junit->counts[SKIPPED]);
	text_addf(out, " time=\"%" PRIu64 ".%03u\"", ms / 1000, (unsigned)(ms % 1000));
}

static void add_timestamp(const struct junit *junit, struct text *out)
{
	time_t seconds = (time_t)((junit->report->memory->start +
				   (uint64_t)junit->report->catalog->clock_offset) /
				  1000000000);
	struct tm utc;
	char text[40];

	/* Without a zone, as the schema of Ant wants it. */
	if (gmtime_r(&seconds, &utc) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc))
		add_attribute(out, "timestamp", text);
}

static void add_property(struct text *out, const char *name, const char *value)
{
	if (!value)
		return;
	text_add(out, "      <property");
	add_attribute(out, "name", name);
	add_attribute(out, "value", value);
	text_add(out, "/>\n");
}

static void add_suite(struct junit *junit, struct text *out)
{
	const struct memory_report *report = junit->report;
	const struct catalog *catalog = report->catalog;

	text_add(out, "  <testsuite");
	add_attribute(out, "name", report->unloaded ? report->unloaded : "kernel memory");
	add_counts(junit, out);
	add_timestamp(junit, out);
	if (catalog->host)
		add_attribute(out, "hostname", catalog->host);
	text_add(out, ">\n    <properties>\n");
	add_property(out, "kapimon", KAPIMON_VERSION);
	add_property(out, "kernel", catalog->kernel);
	add_property(out, "machine", catalog->machine);
	text_add(out, "    </properties>\n");
	text_add_bytes(out, text_string(&junit->cases), junit->cases.length);
	facts_print_summary(report, junit->places, &junit->details);
	text_add(out, "    <system-out>");
	add_content(out, &junit->details);
	text_add(out, "</system-out>\n  </testsuite>\n");
	out->failed |= junit->cases.failed || junit->details.failed;
}

static int put_suites(struct junit *junit, struct error *err)
{
	struct text *out = &junit->output.text;

	add_leaks(junit);
	add_findings(junit);
	add_unseen(junit);
	add_losses(junit);
	for (size_t i = 0; i < junit->places->n; i++) {
		if (facts_leaked(junit->report, &junit->places->groups[i]))
			add_place(junit, &junit->places->groups[i]);
	}
	text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"kapimon\"");
	add_counts(junit, out);
	text_add(out, ">\n");
	add_suite(junit, out);
	text_add(out, "</testsuites>\n");
	return output_flush(&junit->output, err);
}

int memory_write_junit(const struct memory_report *report, FILE *file, struct error *err)
{
	struct junit junit = {.report = report, .output = {.file = file}};
	struct groups places;
	int code;

	if (facts_places(report, &places, err))
		return -1;
	junit.places = &places;
	code = put_suites(&junit, err);
	groups_fini(&places);
	text_fini(&junit.output.text);
	text_fini(&junit.cases);
	text_fini(&junit.name);
	text_fini(&junit.message);
	text_fini(&junit.details);
	return code;
}
