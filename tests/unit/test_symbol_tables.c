/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols, ftrace's and kprobes' lists, patterns, close spellings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "symbol/spelling.h"
#include "symbol/symbols.h"
#include "symbol/why.h"

/* A directory with the files that a kernel would show. */
static char directory[] = "/tmp/kapimon-symbol-XXXXXX";

static const char kallsyms_text[] = "0000000000000000 A fixed_percpu_data\n"
				    "ffffffff81000000 T _stext\n"
				    "ffffffff81000000 T _text\n"
				    "ffffffff81000000 T first\n"
				    "ffffffff81000ff0 t __pfx_vfs_open\n"
				    "ffffffff81001000 T vfs_open\n"
				    "ffffffff81001000 T __vfs_open\n"
				    "ffffffff81002000 t c_start\n"
				    "ffffffff81003000 t c_start\n"
				    "ffffffff81004000 t copied.isra.0\n"
				    "ffffffff81005000 t silent\n"
				    "ffffffff81006000 t forbidden\n"
				    "ffffffff81007000 t plain\n"
				    "ffffffff81007800 t plain.constprop.0\n"
				    "ffffffff81008000 T kmalloc_noprof\n"
				    "ffffffff81009000 T _etext\n"
				    "ffffffff8100a000 D answer\n"
				    "ffffffff81100000 T _sinittext\n"
				    "ffffffff81100010 t boot_only\n"
				    "ffffffff81101000 T _einittext\n"
				    "ffffffffc0000000 t ext4_open\t[ext4]\n"
				    "ffffffffc0000100 t shared\t[ext4]\n"
				    "ffffffffc0002000 t shared\t[nf_tables]\n"
				    "ffffffffc0001000 d ext4_data\t[ext4]\n"
				    "ffffffffc0003000 t bpf_prog_6deef7357e7b4530\t[bpf]\n"
				    "ffffffffc0100000 t ftrace_trampoline\t[__builtin__ftrace]\n"
				    "ffffffffc0200000 t kprobe_insn_page\t[__builtin__kprobes]\n"
				    "ffffffffc0300000 t bpf_trampoline_6442536467\t[bpf]\n";

static const char functions_text[] = "vfs_open\nc_start\nc_start\ncopied.isra.0\nplain\n"
				     "plain.constprop.0\nkmalloc_noprof\n"
				     "__ftrace_invalid_address___48\n"
				     "ext4_open [ext4]\nshared [ext4]\nshared [nf_tables]\n";

static const char blacklist_text[] = "0xffffffff81006000-0xffffffff81006080\tforbidden\n";

static const char modules_text[] = "nf_tables 4096 0 - Live 0xffffffffc0002000\n"
				   "ext4 8192 1 jbd2,mbcache, Live 0xffffffffc0000000 (E)\n";

static const char *path_of(const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static int make_directory(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	mkdir(path_of("kprobes"), 0700);
	write_file("kallsyms", kallsyms_text);
	write_file("available_filter_functions", functions_text);
	write_file("kprobes/blacklist", blacklist_text);
	write_file("modules", modules_text);
	return 0;
}

static int remove_directory(void **state)
{
	static const char *const names[] = {"kallsyms",
					    "available_filter_functions",
					    "available_filter_functions_addrs",
					    "kprobes/blacklist",
					    "modules",
					    "other"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	rmdir(path_of("kprobes"));
	return rmdir(directory);
}

static struct symbols *open_symbols(void)
{
	struct symbols *symbols;
	struct error err;
	struct symbols_paths paths = {
		.kallsyms = path_of("kallsyms"),
		.btf = path_of("no-btf"),
		.tracefs = directory,
		.debugfs = directory,
		.release = "0.0.0-test",
		.debug_info = path_of("no-debug-info"),
		.modules = {.proc_modules = path_of("modules"), .sys_module = directory},
	};

	assert_int_equal(symbols_open_at(&paths, &symbols, &err), 0);
	return symbols;
}

static void an_address_is_named_by_the_plainest_text_symbol_below_it(void **state)
{
	static const struct {
		uint64_t address;
		const char *symbol; /* NULL: none */
		uint64_t offset;
		const char *module;
	} cases[] = {
		{0xffffffff81000000, "first", 0, NULL},
		{0xffffffff81001000, "vfs_open", 0, NULL},
		{0xffffffff81001abc, "vfs_open", 0xabc, NULL},
		{0xffffffff81002004, "c_start", 4, NULL},
		{0xffffffff8100a010, NULL, 0, NULL}, /* data */
		{0xffffffff80ffffff, NULL, 0, NULL}, /* below the kernel, above a number */
		{0xffffffffc0000107, "shared", 7, "ext4"},
		{0xffffffffc0001004, NULL, 0, NULL}, /* a module's data */
		{0xffffffffc0002001, "shared", 1, "nf_tables"},
		{0xffffffffd0000000, NULL, 0, NULL}, /* far behind the last one */
		{0x10, NULL, 0, NULL},
		/* what the kernel made is in its page alone: behind it may be init text */
		{0xffffffffc0100fff, "ftrace_trampoline", 0xfff, "__builtin__ftrace"},
		{0xffffffffc0101000, NULL, 0, NULL},
		{0xffffffffc0200010, "kprobe_insn_page", 0x10, "__builtin__kprobes"},
		{0xffffffffc0202010, NULL, 0, NULL},
		{0xffffffffc0300123, "bpf_trampoline_6442536467", 0x123, "bpf"},
		{0xffffffffc0301000, NULL, 0, NULL},
	};
	struct kallsyms *kallsyms;
	struct error err;

	assert_int_equal(kallsyms_load(path_of("kallsyms"), &kallsyms, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame frame = {0};
		bool found = kallsyms_resolve(kallsyms, cases[i].address, &frame);

		assert_int_equal(found, cases[i].symbol != NULL);
		if (!found)
			continue;
		assert_string_equal(frame.symbol, cases[i].symbol);
		assert_int_equal(frame.offset, cases[i].offset);
		assert_int_equal(!!frame.module, !!cases[i].module);
		if (frame.module)
			assert_string_equal(frame.module, cases[i].module);
	}
	kallsyms_destroy(kallsyms);
}

static void symbols_read_ahead_are_the_same(void **state)
{
	struct symbols *symbols = open_symbols();
	const struct kallsyms *kallsyms, *ahead;
	struct error err;
	size_t count;

	kallsyms = symbols_kallsyms(symbols, &err);
	assert_non_null(kallsyms);
	count = kallsyms_count(kallsyms);
	symbols_refresh(symbols);
	symbols_prefetch(symbols);
	symbols_prefetch(symbols); /* once is enough */
	ahead = symbols_kallsyms(symbols, &err);
	assert_non_null(ahead);
	assert_int_equal(kallsyms_count(ahead), count);
	/* Nothing to do any more, and closing waits for what goes on. */
	symbols_prefetch(symbols);
	assert_ptr_equal(symbols_kallsyms(symbols, &err), ahead);
	symbols_refresh(symbols);
	symbols_prefetch(symbols);
	symbols_close(symbols);
}

static void reading_ahead_in_vain_is_told_to_who_asks(void **state)
{
	struct symbols_paths paths = {.kallsyms = path_of("no-kallsyms")};
	struct symbols *symbols;
	struct error err = {0};

	assert_int_equal(symbols_open_at(&paths, &symbols, &err), 0);
	symbols_prefetch(symbols);
	assert_null(symbols_kallsyms(symbols, &err));
	assert_non_null(strstr(err.message, "no-kallsyms"));
	symbols_close(symbols);
}

static void all_symbols_of_a_name_are_found(void **state)
{
	struct kallsyms *kallsyms;
	struct error err;
	size_t first = 1234;

	assert_int_equal(kallsyms_load(path_of("kallsyms"), &kallsyms, &err), 0);
	assert_int_equal(kallsyms_find(kallsyms, "c_start", &first), 2);
	assert_int_equal(kallsyms_by_name(kallsyms, first).address, 0xffffffff81002000);
	assert_int_equal(kallsyms_by_name(kallsyms, first + 1).address, 0xffffffff81003000);
	first = 1234;
	assert_int_equal(kallsyms_find(kallsyms, "c_star", &first), 0);
	assert_int_equal(first, 1234);
	assert_int_equal(kallsyms_address(kallsyms, "_etext"), 0xffffffff81009000);
	assert_int_equal(kallsyms_address(kallsyms, "ext4_open"), 0);
	kallsyms_destroy(kallsyms);
}

static void bad_symbol_files_are_refused(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"", "lists no symbols"},
		{"0000000000000000 T _stext\n0000000000000000 t x\t[m]\n", "hides the addresses"},
		{"ffffffff81000000 T a\nnonsense\n", "line 2 is not a symbol"},
		{"ffffffff81000000 T \n", "line 1 is not a symbol"},
		{"fffffffff81000000 T a\n", "line 1 is not a symbol"},
		{"ffffffff81000000 T a\t[unclosed\n", "line 1 is not a symbol"},
		{"ffffffff81000000 T a\t[]\n", "line 1 is not a symbol"},
		{"ffffffff81000000 T a [m] trailing\n", "line 1 is not a symbol"},
	};
	struct kallsyms *kallsyms = (void *)directory;
	struct error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file("other", cases[i].text);
		assert_int_equal(kallsyms_load(path_of("other"), &kallsyms, &err), -1);
		assert_non_null(strstr(err.message, cases[i].message));
		assert_ptr_equal(kallsyms, directory);
	}
	assert_int_equal(kallsyms_load(path_of("absent"), &kallsyms, &err), -1);
}

static void unsorted_symbols_are_sorted_and_the_last_line_needs_no_newline(void **state)
{
	struct kallsyms *kallsyms;
	struct error err;

	write_file("other", "ffffffff82000000 T later\n1 t m1\t[m]\nffffffff81000000 T sooner");
	assert_int_equal(kallsyms_load(path_of("other"), &kallsyms, &err), 0);
	assert_int_equal(kallsyms_count(kallsyms), 3);
	assert_string_equal(kallsyms_at(kallsyms, 0).name, "m1");
	assert_string_equal(kallsyms_at(kallsyms, 0).module, "m");
	assert_string_equal(kallsyms_at(kallsyms, 1).name, "sooner");
	assert_string_equal(kallsyms_at(kallsyms, 2).name, "later");
	kallsyms_destroy(kallsyms);
}

static void a_pattern_stands_for_these_functions(void **state)
{
	static const struct {
		const char *pattern;
		bool any_symbol;
		const char *functions; /* "module:name ..." */
	} cases[] = {
		{"vfs_open", false, "vfs_open"},
		{"__vfs_open", false, "__vfs_open"},
		{"silent", false, "silent"},
		{"answer", false, ""},
		{"answer", true, ""},
		{"boot_only", true, ""},
		{"bpf_prog_6deef7357e7b4530", true, ""},
		{"shared", false, "ext4:shared nf_tables:shared"},
		{"ext4:shared", false, "ext4:shared"},
		{"nf-tables:shared", false, "nf_tables:shared"},
		{"vmlinux:shared", false, ""},
		{"kernel:vfs_open", false, "vfs_open"},
		{"c_start", false, "c_start c_start"},
		{"vfs_*", false, "vfs_open"},
		{"*vfs*", false, "vfs_open"},
		{"ext4:*", false, "ext4:ext4_open ext4:shared"},
		{"sil*", false, ""},
		{"sil*", true, "silent"},
		{"first", true, "first"},
		{"_text", true, ""},
		{"/^(plain|silent)$/", false, "plain"},
		{"/^(plain|silent)$/", true, "plain silent"},
		{"ext4:/open$/", false, "ext4:ext4_open"},
		{"plain*", false, "plain plain.constprop.0"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct symbols *symbols = open_symbols();
		struct function_list list = FUNCTION_LIST_INIT;
		struct text found = TEXT_INIT;
		struct error err;

		assert_int_equal(match_functions(symbols, cases[i].pattern, cases[i].any_symbol,
						 &list, &err),
				 0);
		for (size_t j = 0; j < list.count; j++) {
			if (j)
				text_add_char(&found, ' ');
			if (list.functions[j].module)
				text_addf(&found, "%s:", list.functions[j].module);
			text_add(&found, list.functions[j].name);
		}
		assert_string_equal(text_string(&found), cases[i].functions);
		text_fini(&found);
		function_list_fini(&list);
		symbols_close(symbols);
	}
}

static void two_patterns_give_a_function_once(void **state)
{
	struct symbols *symbols = open_symbols();
	struct function_list list = FUNCTION_LIST_INIT;
	struct error err;

	assert_int_equal(match_functions(symbols, "vfs_open", false, &list, &err), 0);
	assert_int_equal(match_functions(symbols, "__vfs_open", false, &list, &err), 0);
	assert_int_equal(match_functions(symbols, "*open", false, &list, &err), 0);
	assert_int_equal(list.count, 2);
	function_list_fini(&list);
	symbols_close(symbols);
}

static void an_exact_name_needs_no_list_of_functions(void **state)
{
	struct function_list list = FUNCTION_LIST_INIT;
	struct symbols_paths paths = {
		.kallsyms = path_of("kallsyms"),
		.btf = path_of("no-btf"),
		.tracefs = path_of("nothing"),
	};
	struct symbols *symbols;
	struct error err;

	assert_int_equal(symbols_open_at(&paths, &symbols, &err), 0);
	assert_int_equal(match_functions(symbols, "silent", false, &list, &err), 0);
	assert_int_equal(list.count, 1);
	assert_false(list.functions[0].traced_known);
	assert_int_equal(match_functions(symbols, "vfs_*", false, &list, &err), -1);
	assert_int_equal(list.count, 1);
	assert_non_null(strstr(err.message, "available_filter_functions"));
	function_list_fini(&list);
	symbols_close(symbols);
}

static void the_kernels_lists_set_the_flags(void **state)
{
	static const struct {
		const char *pattern;
		bool traceable, blacklisted, duplicate;
	} cases[] = {
		{"vfs_open", true, false, false},  {"silent", false, false, false},
		{"forbidden", false, true, false}, {"c_start", true, false, true},
		{"shared", true, false, false},	   {"copied.isra.0", true, false, false},
	};
	struct symbols *symbols = open_symbols();
	struct error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct function_list list = FUNCTION_LIST_INIT;

		assert_int_equal(match_functions(symbols, cases[i].pattern, true, &list, &err), 0);
		assert_int_equal(match_check_traceable(symbols, &list, &err), 0);
		assert_true(list.count > 0);
		for (size_t j = 0; j < list.count; j++) {
			assert_true(list.functions[j].traced_known);
			assert_int_equal(list.functions[j].traceable, cases[i].traceable);
			assert_int_equal(list.functions[j].blacklisted, cases[i].blacklisted);
			assert_int_equal(list.functions[j].duplicate, cases[i].duplicate);
		}
		function_list_fini(&list);
	}
	symbols_close(symbols);
}

static void addresses_in_the_list_of_functions_are_taken_when_there(void **state)
{
	struct symbols *symbols = open_symbols();
	struct function_list list = FUNCTION_LIST_INIT;
	struct error err;

	/* Only the second of one name; 4 bytes in, behind endbr64. */
	write_file("available_filter_functions_addrs", "ffffffff81003004 c_start\n");
	assert_int_equal(match_functions(symbols, "*", false, &list, &err), 0);
	unlink(path_of("available_filter_functions_addrs"));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.functions[0].address, 0xffffffff81003000);
	function_list_fini(&list);
	symbols_close(symbols);
}

static void bad_patterns_are_refused_as_wrong_usage(void **state)
{
	static const char *const patterns[] = {"",  "ext4:", ":x",    "tcp_(", "a b",	"a:b:c",
					       "/", "//",    "/open", "/(/",   "m/x:y", "a;b"};
	struct pattern pattern;
	struct error err;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		err.status = STATUS_OK;
		assert_int_equal(pattern_parse(patterns[i], &pattern, &err), -1);
		assert_int_equal(err.status, STATUS_USAGE);
	}
}

static void the_reason_why_not_is_told(void **state)
{
	static const struct {
		const char *pattern;
		bool hookable;
		const char *says;
	} cases[] = {
		{"vfs_open", true, "vfs_open (at 0xffffffff81001000) can be hooked"},
		{"answer", false, "it is a variable (symbol type D)"},
		{"boot_only", false, "initialisation code"},
		{"bpf_prog_6deef7357e7b4530", false, "a BPF program"},
		{"_stext", false, "it marks a place in the code"},
		{"__pfx_vfs_open", false, "the padding in front of vfs_open: hook that"},
		{"silent", false, "marked notrace"},
		{"forbidden", false, "the kernel forbids it"},
		{"copied", false, "hook copied.isra.0 instead"},
		{"copied.isra.0", true, "the compiler made it of copied"},
		{"plain", true, "plain.constprop.0 is a copy of it"},
		{"kmalloc", false, "kmalloc_noprof may be what it is called here"},
		{"vfs_opne", false, "vfs_open has a similar name"},
		{"vmlinux:ext4_open", false, "it is in module ext4: hook ext4:ext4_open"},
		{"ext4:vfs_open", false, "it is in the kernel itself: hook vmlinux:vfs_open"},
		{"nvme:x", false, "module nvme is not loaded"},
		{"shared", true, "2 functions are called shared"},
		{"shared", true, "MODULE:shared names that of one module"},
		{"c_start", true, "the address tells which one"},
		{"nothing_like_it", false, "no such function, or it is inlined everywhere"},
		{"nothing_like_it", false, "linux-image-0.0.0-test-dbg"},
		{"zz*", false, "no function's name matches zz*"},
		{"sil*", false, "but none of them can be hooked"},
		{"c_*", true, "2 functions match c_*, and 2 of them can be hooked"},
	};
	struct symbols *symbols = open_symbols();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text out = TEXT_INIT;
		bool hookable = !cases[i].hookable;
		struct error err;

		assert_int_equal(
			why_explain(symbols, cases[i].pattern, NULL, &out, &hookable, &err), 0);
		if (!strstr(text_string(&out), cases[i].says))
			fail_msg("%s: \"%s\" is not in:\n%s", cases[i].pattern, cases[i].says,
				 text_string(&out));
		assert_int_equal(hookable, cases[i].hookable);
		text_fini(&out);
	}
	symbols_close(symbols);
}

/* Inlined by force into a function of this very program, whose DWARF stands for the kernel's. */
static inline __attribute__((always_inline)) int kapimon_test_everywhere(int a)
{
	volatile int b = a * 5;

	return b - 1;
}

static __attribute__((noinline)) int kapimon_test_host(int a)
{
	return kapimon_test_everywhere(a);
}

static void debug_information_tells_that_a_name_is_inlined_and_where(void **state)
{
	struct symbols_paths paths = {
		.kallsyms = path_of("kallsyms"),
		.btf = path_of("no-btf"),
		.tracefs = directory,
		.debugfs = directory,
		.debug_info = "/proc/self/exe",
	};
	struct symbols *symbols;
	struct text out = TEXT_INIT;
	bool hookable = true;
	struct error err;

	assert_int_equal(kapimon_test_host(1), 4);
	assert_int_equal(symbols_open_at(&paths, &symbols, &err), 0);
	assert_int_equal(
		why_explain(symbols, "kapimon_test_everywhere", NULL, &out, &hookable, &err), 0);
	assert_false(hookable);
	assert_non_null(strstr(text_string(&out), "inlined it everywhere; it is defined in"));
	assert_non_null(strstr(text_string(&out), "hook what it is inlined in: kapimon_test_host"));
	text_clear(&out);
	assert_int_equal(why_explain(symbols, "kapimon_absent", NULL, &out, &hookable, &err), 0);
	assert_non_null(strstr(text_string(&out), "this kernel has no such function\n"));
	text_fini(&out);
	symbols_close(symbols);
}

static const char *deny_all(const char *name)
{
	return "the monitor runs through it";
}

static void what_the_monitor_itself_refuses_is_told(void **state)
{
	struct symbols *symbols = open_symbols();
	struct text out = TEXT_INIT;
	bool hookable = true;
	struct error err;

	assert_int_equal(why_explain(symbols, "vfs_open", deny_all, &out, &hookable, &err), 0);
	assert_false(hookable);
	assert_non_null(strstr(text_string(&out), "the monitor runs through it"));
	text_fini(&out);
	symbols_close(symbols);
}

static void close_names_are_near_and_others_far(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance; /* 5: the limit */
	} cases[] = {
		{"read", "__x64_sys_read", 0},	   {"kmalloc", "kmalloc_noprof", 0},
		{"sys_open", "__x64_sys_open", 0}, {"do_fork", "_do_fork", 0},
		{"vfs_open", "vfs_opne", 2},	   {"vfs_open", "vfs_opens", 2},
		{"vfs_open", "vfs_read", 5},	   {"a", "abcdefgh", 5},
		{"vfs_open", "vfs_0pn", 3},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(spelling_distance(cases[i].a, cases[i].b, 5), cases[i].distance);
		assert_int_equal(spelling_distance(cases[i].b, cases[i].a, 5), cases[i].distance);
	}
}

static void the_closest_spellings_come_first_and_once(void **state)
{
	struct spelling spelling;

	spelling_init(&spelling, "vfs_open_file");
	spelling_offer(&spelling, "vfs_opne_flie");
	spelling_offer(&spelling, "tcp_sendmsg");
	spelling_offer(&spelling, "__vfs_open_file");
	spelling_offer(&spelling, "vfs_open_fil");
	spelling_offer(&spelling, "vfs_open_fil");
	assert_int_equal(spelling.count, 3);
	assert_string_equal(spelling.best[0].name, "__vfs_open_file");
	assert_string_equal(spelling.best[1].name, "vfs_open_fil");
	assert_string_equal(spelling.best[2].name, "vfs_opne_flie");
}

static void the_module_table_has_the_kernel_first_and_the_modules_text(void **state)
{
	struct modules_paths paths = {
		.proc_modules = path_of("modules"),
		.sys_module = directory,
		.kernel_notes = path_of("absent"),
	};
	struct module_table table;
	struct kallsyms *kallsyms;
	struct error err;

	module_table_init(&table);
	assert_int_equal(kallsyms_load(path_of("kallsyms"), &kallsyms, &err), 0);
	assert_int_equal(modules_load(&paths, kallsyms, &table, &err), 0);
	assert_int_equal(table.n_modules, 3);
	assert_string_equal(table.modules[0].name, "vmlinux");
	assert_int_equal(table.modules[0].base, 0xffffffff81000000);
	assert_int_equal(table.modules[0].size, 0x9000);
	assert_string_equal(table.modules[2].name, "ext4");
	assert_int_equal(table.modules[2].base, 0xffffffffc0000000);
	assert_int_equal(table.modules[2].size, 8192);
	assert_int_equal(table.modules[2].bit, MODULE_NO_BIT);
	assert_true(modules_loaded(&paths, "nf-tables"));
	assert_false(modules_loaded(&paths, "nf"));
	kallsyms_destroy(kallsyms);
	module_table_fini(&table);
}

static void the_build_id_of_a_module_is_in_its_notes(void **state)
{
	/* A note of another kind, then the build id. */
	static const uint32_t notes[] = {4, 4, 1,	 0x554e47,   0xffffffff, 4,
					 8, 3, 0x554e47, 0x04030201, 0x08070605};
	static const uint8_t build_id[] = {1, 2, 3, 4, 5, 6, 7, 8};
	const struct modules_paths paths = {.sys_module = directory};
	struct module module = {.name = (char *)"noted"}, other = {.name = (char *)"absent"};
	char path[300], command[400];
	FILE *file;

	snprintf(path, sizeof(path), "%s/noted/notes", directory);
	snprintf(command, sizeof(command), "mkdir -p '%s'", path);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof(path), "%s/noted/notes/.note.gnu.build-id", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(notes, sizeof(notes), 1, file), 1);
	fclose(file);
	modules_read_build_id(&paths, &module);
	modules_read_build_id(&paths, &other);
	snprintf(command, sizeof(command), "rm -r '%s/noted'", directory);
	assert_int_equal(system(command), 0);
	assert_int_equal(module.build_id_length, sizeof(build_id));
	assert_memory_equal(module.build_id, build_id, sizeof(build_id));
	assert_int_equal(other.build_id_length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_named_by_the_plainest_text_symbol_below_it),
		cmocka_unit_test(symbols_read_ahead_are_the_same),
		cmocka_unit_test(reading_ahead_in_vain_is_told_to_who_asks),
		cmocka_unit_test(all_symbols_of_a_name_are_found),
		cmocka_unit_test(bad_symbol_files_are_refused),
		cmocka_unit_test(unsorted_symbols_are_sorted_and_the_last_line_needs_no_newline),
		cmocka_unit_test(a_pattern_stands_for_these_functions),
		cmocka_unit_test(two_patterns_give_a_function_once),
		cmocka_unit_test(an_exact_name_needs_no_list_of_functions),
		cmocka_unit_test(the_kernels_lists_set_the_flags),
		cmocka_unit_test(addresses_in_the_list_of_functions_are_taken_when_there),
		cmocka_unit_test(bad_patterns_are_refused_as_wrong_usage),
		cmocka_unit_test(the_reason_why_not_is_told),
		cmocka_unit_test(debug_information_tells_that_a_name_is_inlined_and_where),
		cmocka_unit_test(what_the_monitor_itself_refuses_is_told),
		cmocka_unit_test(close_names_are_near_and_others_far),
		cmocka_unit_test(the_closest_spellings_come_first_and_once),
		cmocka_unit_test(the_module_table_has_the_kernel_first_and_the_modules_text),
		cmocka_unit_test(the_build_id_of_a_module_is_in_its_notes),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
