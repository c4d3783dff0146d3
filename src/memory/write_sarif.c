/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as SARIF 2.1.0 (OASIS standard, docs.oasis-open.org/sarif/sarif/v2.1.0); the sections
 * in comments are its own. A result per place, so that code scanning shows each once, however many
 * blocks it left.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "memory/facts.h"
#include "memory/write.h"
#include "view/escape.h"
#include "view/json_writer.h"
#include "view/number.h"
#include "view/output.h"
#include "view/stack.h"

/* X(SYMBOL, id, level, short description, full description) */
#define RULES(X)                                                                                   \
	X(LEAK, "kernel-memory-leak", "error", "Kernel memory was leaked",                         \
	  "A module was watched from before its first instruction until after its unload, and "    \
	  "memory that it had asked for was still there.")                                         \
	X(DOUBLE_FREE, "kernel-double-free", "error", "Kernel memory was freed twice",             \
	  "Memory was freed that had been freed already and had not been given out again.")        \
	X(INVALID_FREE, "kernel-invalid-free", "error",                                            \
	  "Kernel memory was freed that had not been allocated",                                   \
	  "Objects of a cache that came while it was watched were freed and had never been "       \
	  "allocated.")                                                                            \
	X(OUTSTANDING, "kernel-memory-outstanding", "note", "Kernel memory is outstanding",        \
	  "Memory was allocated and not freed while it was watched. It may still be in use.")      \
	X(DOUBTFUL, "kernel-memory-doubtful", "note", "Kernel memory may be outstanding",          \
	  "Memory was allocated and its free was not seen, at a time when frees may have been "    \
	  "missed.")

enum rule {
#define RULE_ENUM(symbol, id, level, brief, full) RULE_##symbol,
	RULES(RULE_ENUM)
#undef RULE_ENUM
		N_RULES
};

static const struct {
	const char *id, *level, *brief, *full;
} rules[] = {
#define RULE_ROW(symbol, id, level, brief, full) {id, level, brief, full},
	RULES(RULE_ROW)
#undef RULE_ROW
};

struct sarif {
	const struct memory_report *report;
	struct output output;
	struct json_writer json;
	struct text scratch;
};

/* Section 3.11: a message, of which only the text is given. */
static void put_message(struct sarif *sarif, const char *key, const char *text)
{
	json_object(&sarif->json, key);
	json_string(&sarif->json, "text", text);
	json_object_end(&sarif->json);
}

/* Taken from the scratch text, which is empty then. */
static void put_scratch_message(struct sarif *sarif, const char *key)
{
	json_object(&sarif->json, key);
	json_text(&sarif->json, "text", &sarif->scratch);
	json_object_end(&sarif->json);
	text_clear(&sarif->scratch);
}

static void add_percent(struct text *out, const char *path)
{
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		/* RFC 3986, section 2.3; a colon in the first part would begin a scheme. */
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr("-._~/", c))
			text_add_char(out, (char)c);
		else
			text_addf(out, "%%%02X", c);
	}
}

/*
 * Section 3.4: what lies in the folder we run in, or is relative as it stands, is relative to the
 * root of the sources, which only the reader knows. An absolute path elsewhere stays one.
 */
static void put_artifact(struct sarif *sarif, const char *file)
{
	struct json_writer *json = &sarif->json;
	bool relative;

	file = facts_path(file);
	relative = file[0] != '/';
	text_clear(&sarif->scratch);
	if (!relative)
		text_add(&sarif->scratch, "file://");
	add_percent(&sarif->scratch, file);
	json_object(json, "artifactLocation");
	json_text(json, "uri", &sarif->scratch);
	if (relative)
		json_string(json, "uriBaseId", "SRCROOT");
	json_object_end(json);
	text_clear(&sarif->scratch);
}

/* Section 3.28: the source line and the function, as far as they are known; text may be NULL. */
static void put_location(struct sarif *sarif, const char *key, const struct source_line *source,
			 const char *module, const char *text)
{
	struct json_writer *json = &sarif->json;

	json_object(json, key);
	if (source->file && *source->file) {
		json_object(json, "physicalLocation");
		put_artifact(sarif, source->file);
		if (source->line) { /* section 3.30.5: it begins with 1 */
			json_object(json, "region");
			json_number(json, "startLine", source->line);
			json_object_end(json);
		}
		json_object_end(json);
	}
	if (source->function) {
		json_array(json, "logicalLocations");
		json_object(json, NULL);
		json_string(json, "name", source->function);
		text_clear(&sarif->scratch);
		escape_print(&sarif->scratch, module, strlen(module), 0);
		text_add(&sarif->scratch, "::");
		escape_print(&sarif->scratch, source->function, strlen(source->function), 0);
		json_text(json, "fullyQualifiedName", &sarif->scratch);
		text_clear(&sarif->scratch);
		json_string(json, "kind", "function");
		json_object_end(json);
		json_array_end(json);
	}
	if (text)
		put_message(sarif, "message", text);
	json_object_end(json);
}

/* Section 3.45. */
static void put_stack_frame(struct sarif *sarif, const struct source_line *source,
			    const char *module, const char *text)
{
	json_object(&sarif->json, NULL);
	put_location(sarif, "location", source, module, text);
	json_string(&sarif->json, "module", module);
	json_object_end(&sarif->json);
}

/* The functions inlined in it first, then its own, which is named as the stack has it. */
static void put_frame(struct sarif *sarif, uint64_t address)
{
	const struct memory_report *report = sarif->report;
	const struct place *places = NULL;
	struct text name = TEXT_INIT;
	struct frame frame = {0};
	struct source_line source;
	const char *module;
	size_t n = 0;

	catalog_frame(report->catalog, address, &frame);
	frame_print(report->catalog, address, &name);
	module = frame.module ? frame.module : frame.symbol ? "vmlinux" : "?";
	source = (struct source_line){.function = frame.symbol};
	if (report->places)
		n = report->places->find(report->places, report->catalog, address, true, &places);
	for (size_t i = 0; i < n; i++) {
		const struct source_line line = {places[i].function, places[i].file,
						 places[i].line};

		if (line.function) {
			put_stack_frame(sarif, &line, module, NULL);
			continue;
		}
		source.file = line.file;
		source.line = line.line;
	}
	put_stack_frame(sarif, &source, module, text_string(&name));
	sarif->output.text.failed |= name.failed;
	text_fini(&name);
}

/* Section 3.44. */
static void put_stacks(struct sarif *sarif, const struct owner *owner)
{
	struct json_writer *json = &sarif->json;

	if (!owner->stack)
		return;
	json_array(json, "stacks");
	json_object(json, NULL);
	json_array(json, "frames");
	for (size_t i = owner->first; i < owner->stack->n_frames; i++)
		put_frame(sarif, owner->stack->frames[i]);
	json_array_end(json);
	json_object_end(json);
	json_array_end(json);
}

static void put_locations(struct sarif *sarif, const struct owner *owner)
{
	struct source_line source;

	if (!owner->address)
		return;
	facts_source(sarif->report, owner, &source);
	if (!source.file && !source.function)
		return;
	json_array(&sarif->json, "locations");
	put_location(sarif, NULL, &source, owner_module(owner), NULL);
	json_array_end(&sarif->json);
}

/*
 * Section 3.27.17: what stays the same from run to run, wherever the kernel lies and however many
 * blocks there are. The number in the name is that of this way to make it.
 */
static void put_fingerprint(struct sarif *sarif, const struct owner *owner, const char *tag)
{
	struct text *out = &sarif->scratch;

	text_clear(out);
	facts_print_site(sarif->report, owner, out);
	text_add(out, " / ");
	escape_print(out, tag, strlen(tag), 0);
	json_object(&sarif->json, "partialFingerprints");
	json_text(&sarif->json, "kapimonPlace/v1", out);
	json_object_end(&sarif->json);
	text_clear(out);
}

static void begin_result(struct sarif *sarif, enum rule rule)
{
	struct json_writer *json = &sarif->json;

	json_line(json);
	json_object(json, NULL);
	json_string(json, "ruleId", rules[rule].id);
	json_number(json, "ruleIndex", rule);
	json_string(json, "level", rules[rule].level);
}

static enum rule rule_of(const struct memory_report *report, const struct group *place)
{
	if (place->first->grade == MEMORY_DOUBTFUL)
		return RULE_DOUBTFUL;
	return facts_leaked(report, place) ? RULE_LEAK : RULE_OUTSTANDING;
}

static void add_place_message(struct sarif *sarif, const struct group *place, enum rule rule)
{
	const struct memory_report *report = sarif->report;
	const char *tag = report->memory->tags[place->first->tag].name;
	bool one = place->blocks == 1;
	struct text *out = &sarif->scratch;

	text_clear(out);
	facts_print_count(out, place->blocks, "block of ", "blocks of ");
	escape_print(out, tag, strlen(tag), 0);
	text_add(out, ", ");
	facts_print_count(out, place->bytes, "byte", "bytes");
	text_add(out, ", asked for by ");
	facts_print_site(report, &place->owner, out);
	switch (rule) {
	case RULE_LEAK:
		text_addf(out, ", %s still there after the unload of ", one ? "was" : "were");
		escape_print(out, report->unloaded, strlen(report->unloaded), 0);
		text_add(out, ": leaked.");
		break;
	case RULE_DOUBTFUL:
		text_addf(out, ", %s not seen to be freed, but frees may have been missed.",
			  one ? "was" : "were");
		break;
	default:
		text_addf(out, ", %s outstanding and may still be in use.", one ? "is" : "are");
	}
}

static void put_place(struct sarif *sarif, const struct group *place)
{
	const struct memory *memory = sarif->report->memory;
	const struct memory_tag *tag = &memory->tags[place->first->tag];
	struct json_writer *json = &sarif->json;
	enum rule rule = rule_of(sarif->report, place);

	begin_result(sarif, rule);
	add_place_message(sarif, place, rule);
	put_scratch_message(sarif, "message");
	put_locations(sarif, &place->owner);
	put_stacks(sarif, &place->owner);
	put_fingerprint(sarif, &place->owner, tag->name);
	json_object(json, "properties");
	json_number(json, "count", place->blocks);
	json_number(json, "bytes", place->bytes);
	json_string(json, "tag", tag->name);
	json_string(json, "family", memory_family_name(tag->family));
	json_string(json, "module", owner_module(&place->owner));
	json_string(json, "grade", memory_grade_name((enum memory_grade)place->first->grade));
	json_number(json, "oldestAge", memory_block_age(memory, place->first));
	json_object_end(json);
	json_object_end(json);
}

static void put_double_free(struct sarif *sarif, const struct memory_finding *finding)
{
	const struct memory_block like = {.stack = finding->stack, .site = finding->site};
	const struct memory_tag *tag = &sarif->report->memory->tags[finding->tag];
	struct text *out = &sarif->scratch;
	struct owner owner;

	owner_find(sarif->report->catalog, tag->family, &like, &owner);
	begin_result(sarif, RULE_DOUBLE_FREE);
	text_clear(out);
	text_add(out, "A block of ");
	escape_print(out, tag->name, strlen(tag->name), 0);
	text_add(out, " was freed a second time, by ");
	facts_print_site(sarif->report, &owner, out);
	text_add_char(out, '.');
	put_scratch_message(sarif, "message");
	put_locations(sarif, &owner);
	put_stacks(sarif, &owner);
	put_fingerprint(sarif, &owner, tag->name);
	json_object(&sarif->json, "properties");
	json_string(&sarif->json, "tag", tag->name);
	json_string(&sarif->json, "module", owner_module(&owner));
	json_address(&sarif->json, "address", finding->address);
	json_string(&sarif->json, "comm", finding->comm);
	json_number(&sarif->json, "pid", finding->pid);
	json_object_end(&sarif->json);
	json_object_end(&sarif->json);
}

static void put_unseen(struct sarif *sarif, const struct memory_tag *tag)
{
	uint64_t unseen = facts_unseen(tag);
	const struct owner nobody = {0};

	if (!unseen)
		return;
	begin_result(sarif, RULE_INVALID_FREE);
	text_clear(&sarif->scratch);
	facts_print_count(&sarif->scratch, unseen, "object of ", "objects of ");
	escape_print(&sarif->scratch, tag->name, strlen(tag->name), 0);
	text_addf(&sarif->scratch,
		  ", a cache that came while it was watched, %s freed and had "
		  "never been allocated.",
		  unseen == 1 ? "was" : "were");
	put_scratch_message(sarif, "message");
	put_fingerprint(sarif, &nobody, tag->name);
	json_object(&sarif->json, "properties");
	json_number(&sarif->json, "count", unseen);
	json_string(&sarif->json, "tag", tag->name);
	json_object_end(&sarif->json);
	json_object_end(&sarif->json);
}

static int put_results(struct sarif *sarif, const struct groups *places, struct error *err)
{
	const struct memory *memory = sarif->report->memory;

	json_array(&sarif->json, "results");
	for (size_t i = 0; i < places->n; i++) {
		/* What was given to kfree_rcu() is freed as soon as it can be. */
		if (places->groups[i].first->grade == MEMORY_DEFERRED)
			continue;
		put_place(sarif, &places->groups[i]);
		if (output_spill(&sarif->output, err))
			return -1;
	}
	for (size_t i = 0; i < memory->n_findings; i++)
		put_double_free(sarif, &memory->findings[i]);
	for (size_t i = 0; i < memory->n_tags; i++)
		put_unseen(sarif, &memory->tags[i]);
	json_array_end(&sarif->json);
	json_line(&sarif->json);
	return 0;
}

/* Section 3.19; each rule as section 3.49 has it. */
static void put_tool(struct sarif *sarif)
{
	struct json_writer *json = &sarif->json;

	json_object(json, "tool");
	json_object(json, "driver");
	json_string(json, "name", "Kapimon");
	json_string(json, "version", KAPIMON_VERSION);
	json_string(json, "semanticVersion", KAPIMON_VERSION);
	json_array(json, "rules");
	for (size_t i = 0; i < N_RULES; i++) {
		json_line(json);
		json_object(json, NULL);
		json_string(json, "id", rules[i].id);
		put_message(sarif, "shortDescription", rules[i].brief);
		put_message(sarif, "fullDescription", rules[i].full);
		json_object(json, "defaultConfiguration");
		json_string(json, "level", rules[i].level);
		json_object_end(json);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
	json_object_end(json);
	json_line(json);
}

static void put_time(struct sarif *sarif, const char *key, uint64_t time)
{
	uint64_t ns = time + (uint64_t)sarif->report->catalog->clock_offset;
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm utc;
	char text[40];

	/* Section 3.9 */
	if (gmtime_r(&seconds, &utc) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
		json_string(&sarif->json, key, text);
}

/*
 * Section 3.20. A run that did not see everything has not done what it was there for: it has not
 * succeeded (3.20.14), and a notification says why (3.20.21).
 */
static void put_invocation(struct sarif *sarif)
{
	const struct memory_report *report = sarif->report;
	struct json_writer *json = &sarif->json;
	struct text why = TEXT_INIT;

	json_array(json, "invocations");
	json_object(json, NULL);
	json_bool(json, "executionSuccessful", facts_whole(report, &why));
	put_time(sarif, "startTimeUtc", report->memory->start);
	put_time(sarif, "endTimeUtc", report->memory->end);
	if (report->catalog->host)
		json_string(json, "machine", report->catalog->host);
	json_array(json, "toolExecutionNotifications");
	for (const char *line = text_string(&why); *line;) {
		size_t length = strcspn(line, "\n");

		json_object(json, NULL);
		json_string(json, "level", "warning");
		text_clear(&sarif->scratch);
		text_add_bytes(&sarif->scratch, line, length);
		put_scratch_message(sarif, "message");
		json_object_end(json);
		line += length + (line[length] != '\0');
	}
	json_array_end(json);
	json_object_end(json);
	json_array_end(json);
	json_line(json);
	text_fini(&why);
}

static void put_run_properties(struct sarif *sarif, const struct groups *places)
{
	struct json_writer *json = &sarif->json;
	struct facts_sums sums;

	facts_sum(places, &sums);
	json_object(json, "properties");
	json_string(json, "kernel", sarif->report->catalog->kernel);
	json_string(json, "unloaded", sarif->report->unloaded);
	for (int grade = 0; grade < MEMORY_INNER; grade++)
		json_number(json, memory_grade_name((enum memory_grade)grade), sums.blocks[grade]);
	json_number(json, "freedTwice", sarif->report->memory->freed_twice);
	json_object_end(json);
}

static int put_log(struct sarif *sarif, const struct groups *places, struct error *err)
{
	struct json_writer *json = &sarif->json;

	json_object(json, NULL);
	json_string(json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_string(json, "version", "2.1.0");
	json_array(json, "runs");
	json_object(json, NULL);
	put_tool(sarif);
	put_invocation(sarif);
	if (put_results(sarif, places, err))
		return -1;
	put_run_properties(sarif, places);
	json_object_end(json);
	json_array_end(json);
	json_object_end(json);
	text_add_char(json->text, '\n');
	return output_flush(&sarif->output, err);
}

int memory_write_sarif(const struct memory_report *report, FILE *file, struct error *err)
{
	struct sarif sarif = {.report = report, .output = {.file = file}};
	struct groups places;
	int code;

	if (facts_places(report, &places, err))
		return -1;
	sarif.json.text = &sarif.output.text;
	code = put_log(&sarif, &places, err);
	groups_fini(&places);
	text_fini(&sarif.output.text);
	text_fini(&sarif.scratch);
	return code;
}
