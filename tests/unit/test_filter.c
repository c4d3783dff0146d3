/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filter/calls.h"
#include "filter/filter.h"
#include "model/tag.h"
#include "filter/tree.h"
#include "records.h"

/* Of bash/412 on CPU 1, 2.5 s after the start: do_open("/etc/passwd", 0x42) = -ENOENT in 30 us. */
static void make_open(struct record_builder *entry, struct record_builder *ret)
{
	record_begin(entry, KMN_ENTRY, HOOK_OPEN, 3500000000, 7);
	record_add_stack(entry, 0x51);
	((struct kmn_stack *)(&entry->header + 1))->modules = 3;
	record_add_arg(entry, 0xffff888000001000);
	record_add_arg(entry, 0xdead00000042);
	record_add_fetched(entry, 0, KMN_FETCHED, "/etc/passwd", 11);
	record_begin(ret, KMN_RETURN, HOOK_OPEN, 3500030000, 8);
	record_add_return(ret, (uint32_t)-2, 30000, 1, 7);
}

/* do_open() was called by beta() of ext4, that by alpha(). */
static void make_catalog(struct catalog *catalog)
{
	static const struct module modules[] = {
		{.name = "vmlinux", .base = 0x100, .size = 0x1000, .bit = 0},
		{.name = "ext4", .base = 0x2000, .size = 0x1000, .bit = 1},
		{.name = "nvme_core", .base = 0x9000, .size = 0x1000, .bit = MODULE_SHARED_BIT},
	};
	static const uint64_t frames[] = {0x100, 0x2004, 0x1008, 0x9000};
	struct stack stack = {.hash = 0x51, .modules = 3, .n_frames = 4, .frames = frames};
	bool added;

	test_catalog_init(catalog);
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		module_table_add(&catalog->modules, &modules[i], NULL);
	stack_table_add(catalog->stacks, &stack, &added, NULL);
}

static enum filter_answer judge(const struct catalog *catalog, const char *text,
				const struct filter_call *call)
{
	struct filter *filter = filter_create();
	struct error err = {0};
	enum filter_answer answer;

	if (filter_add(filter, text, &err) || filter_bind(filter, catalog, true, &err))
		fail_msg("%s: %s", text, err.message);
	answer = filter_judge(filter, call);
	/* What was kept from the first time says the same. */
	assert_int_equal(filter_judge(filter, call), answer);
	filter_destroy(filter);
	return answer;
}

static void a_call_is_judged_by_its_fields(void **state)
{
	static const struct {
		const char *text;
		bool yes;
	} cases[] = {
		{"api == do_open", true},
		{"api = do_open", true},
		{"api == open", false},
		{"api != do_open", false},
		{"api ~ do_*", true},
		{"api ~ \"*op[a-e]n\"", true},
		{"api !~ do_*", false},
		{"api =~ /^do_(open|close)$/", true},
		{"api =~ /close/", false},
		{"api =~ /^(d+o+)+_(o+p+e+n+)+$/", true},
		{"api in (wake, do_open)", true},
		{"api not in (wake, do_open)", false},
		{"module == ext4", true},
		{"module == vmlinux", false},
		{"ret == -ENOENT", true},
		{"ret == -2", true},
		{"ret < 0", true},
		{"ret == 0xfffffffe", true},
		{"ret == 0xfffffffffffffffe", false},
		{"ret > -3 and ret < -1", true},
		{"ret in (-5..-1)", true},
		{"ret in (0..5, -7)", false},
		{"ret", true},
		{"not ret", false},
		{"errno == ENOENT", true},
		{"errno == -ENOENT", true},
		{"errno == 2", true},
		{"errno in (EPERM, ENOENT)", true},
		{"errno", true},
		{"errno == 0", false},
		{"duration > 20us", true},
		{"duration >= 30us && duration <= 0.03ms", true},
		{"duration in (1us..1ms)", true},
		{"duration > 1ms", false},
		{"pid == 412", true},
		{"pid in (1, 400..420)", true},
		{"tid == 413", true},
		{"comm == bash", true},
		{"comm == 'bash'", true},
		{"comm ~ ba?h", true},
		{"comm == bas", false},
		{"cpu == 1", true},
		{"cpu & 3 == 1", true},
		{"cpu & 2", false},
		{"context == task", true},
		{"context in (hardirq, nmi)", false},
		{"time >= 2.5s", true},
		{"time > 2.5s", false},
		{"time < 10m", true},
		{"flags & O_CREAT", true},
		{"flags & O_CREAT|O_RDWR == O_RDWR", false},
		{"flags & O_CREAT | O_RDWR == O_CREAT | 2", true},
		{"flags & O_EXCL", false},
		{"flags == 0x42", true},
		{"arg2 == 0x42", true},
		{"arg1 == NULL", false},
		{"name == \"/etc/passwd\"", true},
		{"name ~ /etc/*", true},
		{"name =~ /pass/", true},
		{"name != /etc/passwd", false},
		{"name == NULL", false},
		{"arg.name ~ *wd", true},
		{"stack has ext4", true},
		{"stack has beta", true},
		{"stack has alpha", true},
		{"stack has al*a", true},
		{"stack has gamma", false},
		{"stack has nvme-core", true},
		{"caller == beta", true},
		{"caller == alpha", false},
		{"caller ~ b*", true},
		/* What the call doesn't have is false, whatever the operator. */
		{"size == 1", false},
		{"size != 1", false},
		{"not size == 1", true},
		{"task.pid != 1", false},
		{"arg7 != 0", false},
		/* and binds closer than or, not closer than both */
		{"api == wake or api == do_open and pid == 412", true},
		{"api == do_open or api == wake and pid == 1", true},
		{"(api == do_open or api == wake) and pid == 1", false},
		{"not api == wake and pid == 412", true},
		{"not (api == wake and pid == 412)", true},
		{"!(api==wake)&&!(pid==1)||cpu==9", true},
		{"not not api == do_open", true},
		{"kind == return", true},
		{"kind == entry", false},
	};
	struct record_builder entry, ret;
	struct catalog catalog;
	const struct filter_call call = {&ret.header, &entry.header, &ret.header, false};

	make_catalog(&catalog);
	make_open(&entry, &ret);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (judge(&catalog, cases[i].text, &call) !=
		    (cases[i].yes ? FILTER_YES : FILTER_NO))
			fail_msg("%s", cases[i].text);
	}
	catalog_fini(&catalog);
}

static void the_answer_waits_for_the_return_only_where_it_must(void **state)
{
	static const struct {
		const char *text;
		enum filter_answer answer;
	} cases[] = {
		{"ret < 0", FILTER_LATER},
		{"not ret < 0", FILTER_LATER},
		{"errno == ENOENT and pid == 412", FILTER_LATER},
		{"errno == ENOENT and pid == 1", FILTER_NO},
		{"errno == ENOENT or pid == 412", FILTER_YES},
		{"duration > 1s or pid == 1", FILTER_LATER},
		{"pid == 412", FILTER_YES},
	};
	struct record_builder entry, ret;
	struct catalog catalog;
	const struct filter_call call = {&entry.header, &entry.header, NULL, true};

	make_catalog(&catalog);
	make_open(&entry, &ret);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (judge(&catalog, cases[i].text, &call) != cases[i].answer)
			fail_msg("%s", cases[i].text);
	catalog_fini(&catalog);
}

static void a_mistake_points_at_its_place(void **state)
{
	static const struct {
		const char *text, *message, *hint;
	} cases[] = {
		{"", "the expression is empty", ""},
		{"  ", "the expression is empty", ""},
		{"api ==",
		 "the expression ends, expected a name (column 7)\n"
		 "  api ==\n"
		 "        ^",
		 ""},
		{"pid == 4 and (cpu == 1",
		 "this \"(\" has no \")\" (column 14)\n"
		 "  pid == 4 and (cpu == 1\n"
		 "               ^",
		 ""},
		{"pid == 4)",
		 "this \")\" has no \"(\" (column 9)\n"
		 "  pid == 4)\n"
		 "          ^",
		 ""},
		{"pid == 4 cpu == 1",
		 "expected and, or or the end (column 10)\n"
		 "  pid == 4 cpu == 1\n"
		 "           ^",
		 ""},
		{"pid ~ 4",
		 "\"pid\" is a number: it has == != < <= > >= & and in (column 5)\n"
		 "  pid ~ 4\n"
		 "      ^",
		 ""},
		{"comm > 4",
		 "\"comm\" is a name: it has == != ~ !~ =~ and in (column 6)\n"
		 "  comm > 4\n"
		 "       ^",
		 ""},
		{"pid == x", NULL, NULL},
		{"pid == 1..2", NULL, NULL},
		{"pid in (2..1)", NULL, NULL},
		{"pid in 1", NULL, NULL},
		{"pid in (1", NULL, NULL},
		{"pid in (1,)", NULL, NULL},
		{"pid == 0x10000000000000000", NULL, NULL},
		{"duration > 5", NULL, NULL},
		{"time > 12:61", NULL, NULL},
		{"context == harirq",
		 "\"harirq\" is no context (column 12)\n"
		 "  context == harirq\n"
		 "             ^",
		 "did you mean hardirq?"},
		{"kind == retrun", NULL, "did you mean return?"},
		{"errno == ENOET", NULL, "did you mean ENOENT?"},
		{"errno == 0 or erno == 1",
		 "\"erno\" is neither a field nor an argument of a function that is hooked "
		 "(column 15)\n"
		 "  errno == 0 or erno == 1\n"
		 "                ^",
		 "did you mean errno?"},
		{"flag & 1", NULL, "did you mean flags?"},
		{"flags & O_CRAET", NULL, NULL},
		{"flags & (O_CREAT)", NULL, NULL},
		{"tag == Tcpt",
		 "\"tag\" is for records of memory, of which there are none here, and no function "
		 "here has an argument of this name (column 1)\n"
		 "  tag == Tcpt\n"
		 "  ^",
		 ""},
		{"stack == ext4", NULL, NULL},
		{"api has ext4", NULL, NULL},
		{"name < \"x\"", NULL, NULL},
		{"comm == \"x", NULL, NULL},
		{"api =~ /x", NULL, NULL},
		{"api =~ /(/", NULL, NULL},
		{"api =~ /(a{1,255}){1,255}/", NULL, NULL},
		{"api =~ /a+++++++++++/", NULL, NULL},
		{"api =~ /((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+/", NULL, NULL},
		{"api =~ /(a)\\1/", NULL, NULL},
		{"api =~ x", NULL, NULL},
		{"api vfs_open", NULL, NULL},
		{"and", NULL, NULL},
		{"not", NULL, NULL},
		{"# pid", NULL, NULL},
		{"comm == \"d\xc3\xa9j\xc3\xa0\" nd",
		 "expected and, or or the end (column 16)\n"
		 "  comm == \"d\xc3\xa9j\xc3\xa0\" nd\n"
		 "                 ^",
		 ""},
	};
	struct catalog catalog;

	make_catalog(&catalog);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter *filter = filter_create();
		struct error err = {0};

		if (!filter_add(filter, cases[i].text, &err) &&
		    !filter_bind(filter, &catalog, true, &err))
			fail_msg("no mistake in: %s", cases[i].text);
		assert_int_equal(err.status, STATUS_USAGE);
		if (cases[i].message)
			assert_string_equal(err.message, cases[i].message);
		else
			assert_non_null(strstr(err.message, "(column "));
		if (cases[i].hint)
			assert_string_equal(err.hint, cases[i].hint);
		filter_destroy(filter);
	}
	catalog_fini(&catalog);
}

static void a_long_expression_is_shown_around_the_mistake(void **state)
{
	struct filter *filter = filter_create();
	struct text text = TEXT_INIT;
	struct error err = {0};
	const char *caret, *line;

	for (int i = 0; i < 50; i++)
		text_addf(&text, "pid == %d or ", i);
	text_add(&text, "cpu ~ 1 or ");
	for (int i = 0; i < 50; i++)
		text_addf(&text, "pid == %d or ", i);
	assert_int_equal(filter_add(filter, text_string(&text), &err), -1);
	line = strstr(err.message, "\n  ...");
	caret = strrchr(err.message, '\n');
	assert_non_null(line);
	/* The caret stands below the sign. */
	assert_int_equal(line[strlen(caret) - 1], '~');
	assert_true(filter_is_empty(filter));
	text_fini(&text);
	filter_destroy(filter);
}

static void hostile_expressions_end_in_a_mistake(void **state)
{
	static const char *const parts[] = {"(", "not ", "! ", "pid in (", "api == ", "((not "};
	char *text = malloc(FILTER_MAX_LENGTH + 64);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct filter *filter = filter_create();
		struct error err = {0};
		size_t length = 0;

		while (length < FILTER_MAX_LENGTH - 16) {
			strcpy(text + length, parts[i]);
			length += strlen(parts[i]);
		}
		assert_int_equal(filter_add(filter, text, &err), -1);
		filter_destroy(filter);
	}
	for (int too_long = 0; too_long < 2; too_long++) {
		struct filter *filter = filter_create();
		size_t length = too_long ? FILTER_MAX_LENGTH + 1 : FILTER_MAX_LENGTH;

		memset(text, ' ', length);
		memcpy(text, "pid", 3);
		text[length] = '\0';
		assert_int_equal(filter_add(filter, text, NULL), too_long ? -1 : 0);
		filter_destroy(filter);
	}
	free(text);
}

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void damaged_expressions_end_in_a_mistake_or_an_answer(void **state)
{
	static const char *const whole[] = {
		"api ~ vfs_* and (pid in (412, 500..510) or comm =~ /^kwork(er|x){1,3}/)",
		"caller == beta and flags & O_CREAT|0x8 == 1 or not errno in (ENOENT, -EACCES)",
		"name ~ \"/etc/*\" && ret == 0 || task.comm != 'pass\\'wd' and stack has ext4",
		"time >= 12:01:03 and time < 2026-11-22T12:01:05.5 or duration in (1ms..0.5s)",
		"context in (softirq, hardirq) and kind != return and arg1 >= 64k and !(cpu & 4)",
	};
	struct record_builder entry, ret;
	struct catalog catalog;
	const struct filter_call call = {&ret.header, &entry.header, &ret.header, false};
	unsigned mistakes = 0, answers = 0;
	char text[256];

	make_catalog(&catalog);
	make_open(&entry, &ret);
	for (unsigned i = 0; i < 20000; i++) {
		struct filter *filter = filter_create();
		struct error err = {0};
		size_t length;

		strcpy(text, whole[next_random() % 5]);
		length = strlen(text);
		for (uint64_t n = next_random() % 3 + 1; n; n--) {
			char *at = text + next_random() % length;

			if (next_random() % 2)
				*at = "()|&!=~<>\"'\\/{}[]*?.-,: 09azA\x80"[next_random() % 31];
			else
				memmove(at, at + 1, strlen(at));
			length = strlen(text);
			if (!length)
				break;
		}
		if (filter_add(filter, text, &err) || filter_bind(filter, &catalog, true, &err)) {
			assert_true(err.message[0]);
			mistakes++;
		} else {
			assert_int_not_equal(filter_judge(filter, &call), FILTER_LATER);
			answers++;
		}
		filter_destroy(filter);
	}
	assert_true(mistakes > 1000 && answers > 1000);
	catalog_fini(&catalog);
}

static void a_tag_begins_with_what_was_asked_for_and_a_blank_is_any(void **state)
{
	static const struct {
		const char *wanted, *tag;
		bool matches;
	} cases[] = {
		{"T", "Tcpt", true},	  {"T", "Thre", true},
		{"T", "t", false},	  {"", "Tcpt", true},
		{"    ", "Tcpt", true},	  {"    ", "", true},
		{" cp", "Tcpt", true},	  {"T pt", "Tcpt", true},
		{"T px", "Tcpt", false},  {"Tcpt", "Tcpt", true},
		{"Tcptx", "Tcpt", false}, {"Tc  ", "Tc", true},
		{"T  x", "Tc", false},	  {"kmalloc-", "kmalloc-64", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (tag_matches(cases[i].wanted, cases[i].tag) != cases[i].matches)
			fail_msg("'%s', '%s'", cases[i].wanted, cases[i].tag);
}

static void the_clock_is_that_of_the_recordings_day(void **state)
{
	static const struct {
		const char *text;
		bool yes;
	} cases[] = {
		/* It began at 03:04:06, the call came 2.5 s later. */
		{"time >= 03:04:08.5", true},
		{"time >= 03:04:08.6", false},
		{"time < 03:05", true},
		{"time > 2026-01-02T03:04:08", true},
		{"time > \"2026-01-02 03:04:09\"", false},
		{"time > 2026-01-01T23:00", true},
		/* Nearest to the start: the evening before, not the one to come. */
		{"time > 23:00", true},
		{"time < 14:00", true},
	};
	struct record_builder entry, ret;
	struct catalog catalog;
	const struct filter_call call = {&ret.header, &entry.header, &ret.header, false};

	setenv("TZ", "UTC", 1);
	make_catalog(&catalog);
	make_open(&entry, &ret);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (judge(&catalog, cases[i].text, &call) !=
		    (cases[i].yes ? FILTER_YES : FILTER_NO))
			fail_msg("%s", cases[i].text);
	catalog_fini(&catalog);
}

static void what_is_no_call_stays_unless_it_is_ruled_out(void **state)
{
	static const struct {
		const char *text;
		bool loss, suspend;
	} cases[] = {
		{"pid == 1", true, true},
		{"errno == ENOENT and stack has ext4", true, true},
		{"not errno == ENOENT", true, true},
		{"api == wake", true, false},
		{"api == do_open", true, true},
		{"kind == entry", false, false},
		{"kind == loss", true, false},
		{"kind in (entry, loss) and pid == 1", true, false},
		{"cpu == 1", true, true},
		{"cpu == 0", false, true},
		{"time > 10s", false, false},
		{"time > 1s and time < 10s", true, true},
	};
	struct record_builder loss, suspend;
	struct catalog catalog;
	const struct filter_call lost = {.record = &loss.header, .entry = &loss.header};
	const struct filter_call suspended = {.record = &suspend.header, .entry = &suspend.header};

	make_catalog(&catalog);
	record_begin(&loss, KMN_LOSS, KMN_NO_HOOK, 3500000000, 7);
	record_add_arg(&loss, 3);
	record_add_arg(&loss, 3000000000);
	record_begin(&suspend, KMN_SUSPEND, HOOK_OPEN, 3500000000, 7);
	record_add_arg(&suspend, 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum filter_answer expected = cases[i].loss ? FILTER_YES : FILTER_NO;

		if (judge(&catalog, cases[i].text, &lost) != expected)
			fail_msg("a loss: %s", cases[i].text);
		expected = cases[i].suspend ? FILTER_YES : FILTER_NO;
		if (judge(&catalog, cases[i].text, &suspended) != expected)
			fail_msg("a suspension: %s", cases[i].text);
	}
	catalog_fini(&catalog);
}

/* Sequence numbers of the records that a filter keeps, as in "7 8"; both calls are do_open's. */
static void assert_keeps(const char *text, uint64_t limit, const char *expected)
{
	struct record_builder records[6];
	const struct kmn_header *in[6];
	const struct kmn_header *const *kept;
	struct text found = TEXT_INIT;
	struct filter *filter = filter_create();
	struct filter_calls *calls = filter_calls_create(filter);
	struct filter_calls_count count;
	struct error err = {0};
	struct catalog catalog;
	uint64_t dropped;
	size_t n, n_kept = 0;

	make_catalog(&catalog);
	make_open(&records[0], &records[3]);
	/* Begun while the first was under way, and never returned. */
	make_open(&records[1], &records[2]);
	records[1].header.sequence = 10;
	records[1].header.pid = 500;
	/* Entered before the recording began. */
	record_begin(&records[2], KMN_RETURN, HOOK_OPEN, 3500020000, 11);
	record_add_return(&records[2], 5, 0, 0, 0);
	records[2].header.flags |= KMN_UNPAIRED;
	/* Its entry, of sequence 20, was lost. */
	record_begin(&records[4], KMN_RETURN, HOOK_OPEN, 3500040000, 21);
	record_add_return(&records[4], 0, 50000, 1, 20);
	record_begin(&records[5], KMN_ENTRY, HOOK_WAKE, 3500050000, 22);
	for (size_t i = 0; i < 6; i++)
		in[i] = &records[i].header;

	assert_int_equal(filter_add(filter, text, &err), 0);
	assert_int_equal(filter_bind(filter, &catalog, true, &err), 0);
	filter_calls_limit(calls, limit);
	/* One by one and at the end: what waits survives the batches. */
	for (size_t i = 0; i <= 6; i++) {
		if (i < 6)
			assert_int_equal(filter_calls_push(calls, in + i, 1, &kept, &n, &err), 0);
		else
			assert_int_equal(filter_calls_end(calls, &kept, &n, &err), 0);
		for (size_t k = 0; k < n; k++)
			text_addf(&found, "%s%u", found.length ? " " : "",
				  (unsigned)kept[k]->sequence);
		n_kept += n;
	}
	assert_string_equal(text_string(&found), expected);
	dropped = 0;
	for (uint32_t hook = HOOK_OPEN; hook <= HOOK_WAKE; hook++)
		dropped += drops_of(filter_calls_drops(calls), hook, LEDGER_ENTRY) +
			   drops_of(filter_calls_drops(calls), hook, LEDGER_RETURN);
	assert_int_equal(n_kept + dropped, 6);
	filter_calls_count(calls, &count);
	assert_int_equal(count.calls, 4);
	text_fini(&found);
	filter_calls_destroy(calls);
	filter_destroy(filter);
	catalog_fini(&catalog);
}

static void entry_and_return_stay_together(void **state)
{
	assert_keeps("pid == 412", 0, "7 8 21 22");
	assert_keeps("api == wake", 0, "22");
	assert_keeps("flags & O_CREAT", 0, "7 10 8");
	/* The entry that waits stands before its return. */
	assert_keeps("errno == ENOENT", 0, "7 8");
	assert_keeps("errno == ENOENT or pid == 500", 0, "10 7 8");
	assert_keeps("not errno == ENOENT", 0, "21 22 10");
	assert_keeps("duration > 1us", 0, "7 8 21");
	/* Without its return a call has no result. */
	assert_keeps("ret != 1", 0, "7 8 21");
	assert_keeps("not ret == 1", 0, "7 8 21 22 10");
	/* "kind" tells them apart. */
	assert_keeps("kind == return", 0, "8 21");
	assert_keeps("kind == return and flags & O_CREAT", 0, "8");
	assert_keeps("kind == entry and errno == ENOENT", 0, "7");
	assert_keeps("kind == entry or errno == ENOENT", 0, "7 10 8 22");
}

static void a_limit_counts_whole_calls(void **state)
{
	assert_keeps("pid in (412, 500)", 1, "7 8 21");
	assert_keeps("errno == ENOENT or api == wake", 1, "7 8");
	assert_keeps("pid in (412, 500)", 2, "7 10 8 21");
}

/* From the escapes of the manual to what a reader sees. */
static void unescape(char *line)
{
	static const struct {
		const char *escape;
		char c;
	} escapes[] = {{"\\(dq", '"'}, {"\\(aq", '\''}, {"\\-", '-'}, {"\\e", '\\'}};

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		size_t length = strlen(escapes[i].escape);

		for (char *at; (at = strstr(line, escapes[i].escape));) {
			*at = escapes[i].c;
			memmove(at + 1, at + length, strlen(at + length) + 1);
		}
	}
	line[strcspn(line, "\n")] = '\0';
}

static void the_examples_of_the_manual_can_be_read(void **state)
{
	const char *data = getenv("KAPIMON_TEST_DATA");
	char name[512], line[512];
	bool examples = false;
	struct catalog catalog;
	unsigned n = 0;
	FILE *file;

	assert_non_null(data);
	snprintf(name, sizeof(name), "%s/../../../docs/man/kapimon-filter.7", data);
	file = fopen(name, "r");
	assert_non_null(file);
	make_catalog(&catalog);
	while (fgets(line, sizeof(line), file)) {
		struct filter *filter;
		struct error err = {0};

		if (!strncmp(line, ".SH ", 4))
			examples = !strcmp(line, ".SH EXAMPLES\n");
		if (!examples || strncmp(line, ".B ", 3))
			continue;
		unescape(line);
		filter = filter_create();
		if (filter_add(filter, line + 3, &err) ||
		    filter_bind(filter, &catalog, false, &err))
			fail_msg("%s: %s", line + 3, err.message);
		filter_destroy(filter);
		n++;
	}
	fclose(file);
	assert_true(n >= 10);
	catalog_fini(&catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_judged_by_its_fields),
		cmocka_unit_test(the_answer_waits_for_the_return_only_where_it_must),
		cmocka_unit_test(a_mistake_points_at_its_place),
		cmocka_unit_test(a_long_expression_is_shown_around_the_mistake),
		cmocka_unit_test(hostile_expressions_end_in_a_mistake),
		cmocka_unit_test(damaged_expressions_end_in_a_mistake_or_an_answer),
		cmocka_unit_test(a_tag_begins_with_what_was_asked_for_and_a_blank_is_any),
		cmocka_unit_test(the_clock_is_that_of_the_recordings_day),
		cmocka_unit_test(what_is_no_call_stays_unless_it_is_ruled_out),
		cmocka_unit_test(entry_and_return_stay_together),
		cmocka_unit_test(a_limit_counts_whole_calls),
		cmocka_unit_test(the_examples_of_the_manual_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
