/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BTF to prototypes and fetches, modules' files, DWARF. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "symbol/decompress.h"
#include "symbol/inlined.h"
#include "symbol/objects.h"
#include "symbol/symbols.h"

static void add_field(struct btf *btf, const char *name, int type, uint32_t bit, uint32_t bits)
{
	assert_int_equal(btf__add_field(btf, name, type, bit, bits), 0);
}

/* A small kernel's types, made anew for each test. */
struct types {
	struct btf *btf;
	int int_id, uint_id, ulong_id, char_id, u8_id, bool_id, u16_id;
	int file_ptr, dentry_ptr, sock_ptr, const_char_ptr, char_ptr, void_ptr, user_ptr;
	int small, pair, large; /* structs of 4, 16, 24 bytes */
	int kuid;		/* a struct around one number */
	int mode, color;	/* enumerations */
	int callback;		/* pointer to a function */
	int gfp;
};

static int add_enum(struct btf *btf, const char *name, const char *const *names, const int *values,
		    int n)
{
	int id = btf__add_enum(btf, name, 4);

	for (int i = 0; i < n; i++)
		assert_int_equal(btf__add_enum_value(btf, names[i], values[i]), 0);
	return id;
}

static void make_objects(struct types *t)
{
	struct btf *btf = t->btf;
	int path, file, dentry, qstr, common, sock, anonymous, sixteen, name;

	path = btf__add_struct(btf, "path", 16);
	add_field(btf, "mnt", t->void_ptr, 0, 0);
	add_field(btf, "dentry", t->void_ptr, 64, 0);
	file = btf__add_struct(btf, "file", 64);
	add_field(btf, "f_mode", t->uint_id, 0, 0);
	add_field(btf, "f_path", path, 128, 0);
	t->file_ptr = btf__add_ptr(btf, file);
	name = btf__add_ptr(btf, btf__add_const(btf, t->u8_id));
	sixteen = btf__add_array(btf, t->int_id, t->char_id, 16);
	qstr = btf__add_struct(btf, "qstr", 16);
	add_field(btf, "hash", t->ulong_id, 0, 0);
	add_field(btf, "name", name, 64, 0);
	dentry = btf__add_struct(btf, "dentry", 64);
	add_field(btf, "d_name", qstr, 256, 0);
	t->dentry_ptr = btf__add_ptr(btf, btf__add_const(btf, dentry));
	/* skc_dport and skc_num stand in an anonymous struct, as in the kernel. */
	anonymous = btf__add_struct(btf, NULL, 4);
	add_field(btf, "skc_dport", t->u16_id, 0, 0);
	add_field(btf, "skc_num", t->u16_id, 16, 0);
	common = btf__add_struct(btf, "sock_common", 24);
	add_field(btf, "skc_portpair", t->ulong_id, 0, 0);
	add_field(btf, NULL, anonymous, 96, 0);
	add_field(btf, "skc_family", t->u16_id, 128, 0);
	sock = btf__add_struct(btf, "sock", 64);
	add_field(btf, "__sk_common", common, 64, 0);
	t->sock_ptr = btf__add_ptr(btf, sock);
	btf__add_struct(btf, "task_struct", 128);
	add_field(btf, "pid", t->int_id, 320, 0);
	add_field(btf, "comm", sixteen, 640, 0);
	/* A bit field can't be fetched. */
	btf__add_struct(btf, "sk_buff", 16);
	add_field(btf, "len", t->uint_id, 3, 7);
}

static void types_init(struct types *t)
{
	static const char *const mode_names[] = {"R", "W", "X"};
	static const char *const color_names[] = {"RED", "GREEN", "BLUE"};
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	t->btf = btf;
	t->int_id = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	t->uint_id = btf__add_int(btf, "unsigned int", 4, 0);
	t->ulong_id = btf__add_int(btf, "long unsigned int", 8, 0);
	t->char_id = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	t->u8_id = btf__add_int(btf, "unsigned char", 1, 0);
	t->u16_id = btf__add_int(btf, "short unsigned int", 2, 0);
	t->bool_id = btf__add_typedef(btf, "bool", btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL));
	t->gfp = btf__add_typedef(btf, "gfp_t", t->uint_id);
	t->void_ptr = btf__add_ptr(btf, 0);
	t->char_ptr = btf__add_ptr(btf, t->char_id);
	t->const_char_ptr = btf__add_ptr(btf, btf__add_const(btf, t->char_id));
	t->user_ptr =
		btf__add_ptr(btf, btf__add_type_tag(btf, "user", btf__add_const(btf, t->char_id)));
	t->small = btf__add_struct(btf, "small", 4);
	add_field(btf, "a", t->u16_id, 0, 0);
	add_field(btf, "b", t->u16_id, 16, 0);
	t->pair = btf__add_struct(btf, "pair", 16);
	add_field(btf, "a", t->ulong_id, 0, 0);
	add_field(btf, "b", t->ulong_id, 64, 0);
	t->large = btf__add_struct(btf, "large", 24);
	add_field(btf, "a", t->ulong_id, 0, 0);
	t->kuid = btf__add_struct(btf, NULL, 4);
	add_field(btf, "val", t->uint_id, 0, 0);
	t->kuid = btf__add_typedef(btf, "kuid_t", t->kuid);
	t->mode = add_enum(btf, "mode", mode_names, (const int[]){1, 2, 4}, 3);
	t->color = add_enum(btf, "color", color_names, (const int[]){0, 1, 2}, 3);
	t->callback = btf__add_func_proto(btf, t->int_id);
	btf__add_func_param(btf, "data", t->void_ptr);
	t->callback = btf__add_ptr(btf, t->callback);
	make_objects(t);
}

struct param {
	const char *name;
	int type;
};

static uint32_t add_function(struct types *t, const char *name, int result,
			     const struct param *params, size_t n)
{
	int proto = btf__add_func_proto(t->btf, result);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(btf__add_func_param(t->btf, params[i].name, params[i].type), 0);
	return (uint32_t)btf__add_func(t->btf, name, BTF_FUNC_STATIC, proto);
}

static void assert_prototype(struct types *t, uint32_t id, const char *expected)
{
	struct text out = TEXT_INIT;
	struct error err;

	assert_int_equal(prototype_print(t->btf, id, NULL, &out, &err), 0);
	assert_string_equal(text_string(&out), expected);
	text_fini(&out);
}

static void a_prototype_reads_as_a_person_writes_it(void **state)
{
	struct types t;
	int array, pointer_to_array, const_ptr;

	types_init(&t);
	assert_prototype(&t, add_function(&t, "nothing", 0, NULL, 0), "void nothing(void)");
	assert_prototype(&t,
			 add_function(&t, "names", t.const_char_ptr,
				      (struct param[]){{"file", t.file_ptr},
						       {"size", t.ulong_id},
						       {"ok", t.bool_id},
						       {"gfp", t.gfp},
						       {"mode", t.mode},
						       {"buf", t.user_ptr}},
				      6),
			 "const char *names(struct file *file, unsigned long size, bool ok, "
			 "gfp_t gfp, enum mode mode, const char __user *buf)");
	assert_prototype(&t,
			 add_function(&t, "call", t.int_id,
				      (struct param[]){{"fn", t.callback}, {NULL, 0}}, 2),
			 "int call(int (*fn)(void *data), ...)");
	array = btf__add_array(t.btf, t.int_id, t.ulong_id, 4);
	pointer_to_array = btf__add_ptr(t.btf, array);
	const_ptr = btf__add_const(t.btf, t.char_ptr);
	assert_prototype(&t,
			 add_function(&t, "odd", t.void_ptr,
				      (struct param[]){{"a", pointer_to_array},
						       {"b", const_ptr},
						       {NULL, t.char_ptr}},
				      3),
			 "void *odd(unsigned long (*a)[4], char *const b, char *)");
	/* A function that returns a pointer to a function. */
	assert_prototype(&t, add_function(&t, "get", t.callback, NULL, 0),
			 "int (*get(void))(void *data)");
	btf__free(t.btf);
}

static void parameters_have_kinds_and_argument_words(void **state)
{
	static const struct {
		enum value_kind kind;
		const char *name;
		uint32_t size;
		uint8_t slot, slots;
	} expected[] = {
		{VALUE_SIGNED, "int", 4, 0, 1},
		{VALUE_STRUCT, "struct pair", 16, 1, 2},
		{VALUE_STRUCT, "struct large", 24, 0, 0},
		{VALUE_STRUCT, "struct small", 4, 3, 1},
		{VALUE_BOOL, "bool", 1, 4, 1},
		{VALUE_FLAGS, "enum mode", 4, 5, 1},
		{VALUE_ENUM, "enum color", 4, 6, 1},
		{VALUE_UNSIGNED, "gfp_t", 4, 7, 1},
		{VALUE_POINTER, "void *", 8, 8, 1},
	};
	struct prototype_traits traits;
	struct api_table table;
	struct api api = {0};
	struct types t;
	struct error err;
	uint32_t id;

	types_init(&t);
	api_table_init(&table);
	id = add_function(&t, "f", t.pair,
			  (struct param[]){{"a", t.int_id},
					   {"b", t.pair},
					   {"c", t.large},
					   {"d", t.small},
					   {"e", t.bool_id},
					   {"f", t.mode},
					   {"g", t.color},
					   {"h", t.gfp},
					   {"i", t.void_ptr}},
			  9);
	assert_int_equal(prototype_fill(t.btf, id, &table, &api, &traits, &err), 0);
	assert_true(api.typed);
	assert_int_equal(api.n_params, 9);
	for (size_t i = 0; i < api.n_params; i++) {
		assert_int_equal(api.params[i].type.kind, expected[i].kind);
		assert_string_equal(api.params[i].type.name, expected[i].name);
		assert_int_equal(api.params[i].type.size, expected[i].size);
		assert_int_equal(api.params[i].slots, expected[i].slots);
		if (expected[i].slots)
			assert_int_equal(api.params[i].slot, expected[i].slot);
	}
	assert_int_equal(traits.words, 9);
	assert_true(traits.memory_param && traits.struct_param && traits.struct_result);
	assert_false(traits.variadic || traits.split_param);
	assert_int_equal(table.n_enumerations, 2);
	assert_true(table.enumerations[api.params[5].type.enumeration].flags);
	assert_string_equal(table.enumerations[api.params[6].type.enumeration].members[2].name,
			    "BLUE");
	/* The same enumerations again: they are there once. */
	assert_int_equal(prototype_fill(t.btf, id, &table, &api, NULL, &err), 0);
	assert_int_equal(table.n_enumerations, 2);
	assert_int_equal(prototype_fill(t.btf, (uint32_t)t.int_id, &table, &api, NULL, &err), -1);
	assert_int_equal(api.n_params, 9);
	api_fini(&api);
	api_table_fini(&table);
	btf__free(t.btf);
}

static void an_enumeration_is_flags_when_its_values_are_bits(void **state)
{
	static const struct {
		const char *name;
		int values[4];
		bool flags;
	} cases[] = {
		{"a", {1, 2, 4, 8}, true},	   {"b", {0, 1, 2, 4}, true},
		{"c", {0, 1, 2, 3}, false},	   {"d", {1, 2, 3, 4}, false},
		{"e_flags", {0, 1, 2, 3}, false},  {"f_flags", {1, 2, 4, 7}, true},
		{"g", {1, 2, 4, 7}, false},	   {"h", {-1, 1, 2, 4}, false},
		{"i_flags", {1, 2, 9, 16}, false}, {"j", {1, 1, 2, 4}, false},
	};
	static const char *const names[] = {"A", "B", "C", "D"};
	struct api_table table;
	struct types t;
	struct error err;

	types_init(&t);
	api_table_init(&table);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int type = add_enum(t.btf, cases[i].name, names, cases[i].values, 4);
		uint32_t id = add_function(&t, "f", type, NULL, 0);
		struct api api = {0};

		assert_int_equal(prototype_fill(t.btf, id, &table, &api, NULL, &err), 0);
		if ((api.result.kind == VALUE_FLAGS) != cases[i].flags)
			fail_msg("enum %s", cases[i].name);
		api_fini(&api);
	}
	api_table_fini(&table);
	btf__free(t.btf);
}

#ifndef __aarch64__
static void the_address_for_a_large_result_comes_before_the_arguments(void **state)
{
	struct api_table table;
	struct api api = {0};
	struct types t;
	struct error err;
	uint32_t id;

	types_init(&t);
	api_table_init(&table);
	id = add_function(&t, "f", t.large, (struct param[]){{"a", t.int_id}, {"b", t.pair}}, 2);
	assert_int_equal(prototype_fill(t.btf, id, &table, &api, NULL, &err), 0);
	assert_int_equal(api.params[0].slot, 1);
	assert_int_equal(api.params[1].slot, 2);
	api_fini(&api);
	api_table_fini(&table);
	btf__free(t.btf);
}
#endif

static void a_struct_around_one_number_is_shown_as_the_number(void **state)
{
	struct api_table table;
	struct api api = {0};
	struct types t;
	struct error err;
	uint32_t id;

	types_init(&t);
	api_table_init(&table);
	id = add_function(&t, "f", 0, (struct param[]){{"uid", t.kuid}, {"p", t.pair}}, 2);
	assert_int_equal(prototype_fill(t.btf, id, &table, &api, NULL, &err), 0);
	assert_int_equal(api.params[0].type.kind, VALUE_UNSIGNED);
	assert_string_equal(api.params[0].type.name, "kuid_t");
	assert_int_equal(api.params[1].type.kind, VALUE_STRUCT);
	api_fini(&api);
	api_table_fini(&table);
	btf__free(t.btf);
}

static void a_struct_that_does_not_fit_in_the_last_register_is_told(void **state)
{
	struct prototype_traits traits;
	struct types t;
	uint32_t id;

	types_init(&t);
	id = add_function(&t, "f", 0,
			  (struct param[]){{"a", t.int_id},
					   {"b", t.int_id},
					   {"c", t.int_id},
					   {"d", t.int_id},
					   {"e", t.int_id},
					   {"f", t.pair}},
			  6);
	prototype_traits(t.btf, id, &traits);
	assert_true(traits.split_param);
	assert_int_equal(traits.words, 7);
	btf__free(t.btf);
}

static void fill(struct types *t, uint32_t id, struct api_table *table, struct api *api)
{
	struct error err;

	assert_int_equal(prototype_fill(t->btf, id, table, api, NULL, &err), 0);
	assert_int_equal(objects_add_fetches(t->btf, id, 100, api, &err), 0);
}

static void well_known_objects_are_fetched_where_the_kernel_keeps_them(void **state)
{
	static const struct {
		uint8_t param;
		const char *label;
		enum fetch_form form;
		uint16_t size;
		uint8_t n_steps;
		int32_t step[FETCH_MAX_STEPS];
	} expected[] = {
		{0, "", FETCH_PATH, 256, 1, {16}},     {1, "", FETCH_STRING, 64, 2, {40, 0}},
		{2, "", FETCH_FAMILY, 2, 1, {8 + 16}}, {2, "port", FETCH_UNSIGNED, 2, 1, {8 + 14}},
		{2, "to", FETCH_BE16, 2, 1, {8 + 12}}, {3, "", FETCH_STRING, 16, 1, {80}},
		{3, "pid", FETCH_SIGNED, 4, 1, {40}},
	};
	struct api_table table;
	struct api api = {0};
	struct types t;
	int task, skb;

	types_init(&t);
	api_table_init(&table);
	task = btf__add_ptr(t.btf, btf__find_by_name_kind(t.btf, "task_struct", BTF_KIND_STRUCT));
	skb = btf__add_ptr(t.btf, btf__find_by_name_kind(t.btf, "sk_buff", BTF_KIND_STRUCT));
	fill(&t,
	     add_function(&t, "f", 0,
			  (struct param[]){{"file", t.file_ptr},
					   {"dentry", t.dentry_ptr},
					   {"sk", t.sock_ptr},
					   {"task", task},
					   {"skb", skb}},
			  5),
	     &table, &api);
	assert_int_equal(api.n_fetches, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < api.n_fetches; i++) {
		assert_int_equal(api.fetches[i].param, expected[i].param);
		assert_string_equal(api.fetches[i].label, expected[i].label);
		assert_int_equal(api.fetches[i].form, expected[i].form);
		assert_int_equal(api.fetches[i].size, expected[i].size);
		assert_int_equal(api.fetches[i].n_steps, expected[i].n_steps);
		assert_memory_equal(api.fetches[i].step, expected[i].step,
				    expected[i].n_steps * sizeof(int32_t));
	}
	assert_int_equal(api.params[0].type.kind, VALUE_OBJECT);
	assert_int_equal(api.params[4].type.kind, VALUE_POINTER);
	api_fini(&api);
	api_table_fini(&table);
	btf__free(t.btf);
}

static void only_strings_that_are_there_at_entry_are_fetched(void **state)
{
	struct types t;
	struct api_table table;

	types_init(&t);
	api_table_init(&table);
	{
		const struct {
			const char *function, *param;
			int type;
			bool fetched;
		} cases[] = {
			{"f", "name", t.const_char_ptr, true},
			{"f", "fmt", t.const_char_ptr, true},
			{"f", "name", t.char_ptr, true},
			{"f", NULL, t.const_char_ptr, true},
			{"f", "s", t.char_ptr, false},
			{"f", "buf", t.const_char_ptr, false},
			{"f", "name", t.user_ptr, false},
			{"f", "name", t.void_ptr, false},
			{"__x64_sys_open", "name", t.const_char_ptr, false},
			{"do_sys_openat2", "filename", t.const_char_ptr, false},
		};

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct api api = {0};

			fill(&t,
			     add_function(&t, cases[i].function, 0,
					  &(struct param){cases[i].param, cases[i].type}, 1),
			     &table, &api);
			assert_int_equal(api.n_fetches, cases[i].fetched);
			assert_int_equal(api.params[0].type.kind,
					 cases[i].fetched ? VALUE_STRING : VALUE_POINTER);
			if (cases[i].fetched)
				assert_int_equal(api.fetches[0].size, 100);
			api_fini(&api);
		}
	}
	api_table_fini(&table);
	btf__free(t.btf);
}

static void write_btf(const char *path, const struct btf *btf)
{
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void functions_are_found_by_name_in_the_kernel_and_in_modules(void **state)
{
	char directory[] = "/tmp/kapimon-btf-XXXXXX", path[64], module_path[64];
	struct btf_types *types;
	struct error err;
	struct types t;
	struct btf *split;
	uint32_t one, size;
	const void *data;
	int proto, other;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/vmlinux", directory);
	snprintf(module_path, sizeof(module_path), "%s/ext4", directory);
	types_init(&t);
	one = add_function(&t, "only_one", 0, NULL, 0);
	add_function(&t, "differ", 0, NULL, 0);
	add_function(&t, "differ", t.int_id, NULL, 0);
	write_btf(path, t.btf);
	split = btf__new_empty_split(t.btf);
	proto = btf__add_func_proto(split, t.int_id);
	other = btf__add_func(split, "ext4_open", BTF_FUNC_STATIC, proto);
	write_btf(module_path, split);
	data = btf__raw_data(split, &size);

	assert_int_equal(btf_types_load(directory, &types, &err), 0);
	assert_int_equal(btf_types_function(types, NULL, "only_one"), one);
	assert_int_equal(btf_types_function(types, NULL, "differ"), 0);
	assert_int_equal(btf_types_function(types, NULL, "file"), 0);
	assert_int_equal(btf_types_function(types, NULL, "ext4_open"), 0);
	assert_int_equal(btf_types_function(types, "ext4", "ext4_open"), other);
	assert_int_equal(btf_types_function(types, "ext4", "only_one"), 0);
	assert_null(btf_types_of(types, "absent"));
	assert_int_equal(btf_types_add(types, "absent", data, size, &err), 0);
	assert_int_equal(btf_types_function(types, "absent", "ext4_open"), other);
	assert_int_equal(btf_types_add(types, "damaged", "nonsense", 8, &err), -1);
	assert_int_not_equal(btf_types_struct(types, "ext4", "file"), 0);
	assert_int_equal(btf_types_struct(types, NULL, "no_struct"), 0);
	btf_types_destroy(types);
	btf__free(split);
	btf__free(t.btf);
	unlink(path);
	unlink(module_path);
	types = NULL;
	assert_int_equal(btf_types_load(directory, &types, &err), -1);
	assert_null(types);
	rmdir(directory);
}

static void compressed_data_come_back_whole_and_damaged_ones_are_refused(void **state)
{
	char text[5000];
	unsigned char packed[8000];
	void *out = NULL;
	size_t size, out_size = 0;
	struct error err;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i * i % 23);
	assert_int_equal(decompress("plain", text, sizeof(text), &out, &out_size, &err), 0);
	assert_int_equal(out_size, sizeof(text));
	free(out);
	size = ZSTD_compress(packed, sizeof(packed), text, sizeof(text), 3);
	assert_int_equal(decompress("zstd", packed, size, &out, &out_size, &err), 0);
	assert_int_equal(out_size, sizeof(text));
	assert_memory_equal(out, text, sizeof(text));
	free(out);
	out = NULL;
	for (size_t cut = 4; cut < size; cut += 7)
		assert_int_equal(decompress("cut", packed, cut, &out, &out_size, &err), -1);
	assert_null(out);
	assert_int_equal(decompress("gz", "\x1f\x8b\x08garbage", 10, &out, &out_size, &err), -1);
	assert_int_equal(decompress("xz",
				    "\xfd"
				    "7zXZ\0garbage",
				    13, &out, &out_size, &err),
			 -1);
	assert_null(out);
}

static void a_file_that_is_no_module_is_refused(void **state)
{
	struct module_file *file = NULL;
	struct error err;

	assert_int_equal(module_file_open("/proc/self/exe", &file, &err), -1);
	assert_non_null(strstr(err.message, "is not a kernel module"));
	assert_int_equal(module_file_open("/dev/null", &file, &err), -1);
	assert_int_equal(module_file_open("/nonexistent/x.ko", &file, &err), -1);
	assert_null(file);
}

/* Inlined by force: what inlined_find() must see in this very program. */
static inline __attribute__((always_inline)) int kapimon_test_inlined(int a)
{
	volatile int b = a * 3;

	return b + 1;
}

static __attribute__((noinline)) int kapimon_test_outer(int a)
{
	return kapimon_test_inlined(a) ^ kapimon_test_inlined(a + 1);
}

static void dwarf_tells_what_a_function_is_inlined_in(void **state)
{
	struct inlined inlined;
	struct error err;

	assert_int_equal(kapimon_test_outer(1), 4 ^ 7);
	assert_int_equal(inlined_find("/proc/self/exe", "kapimon_test_inlined", &inlined, &err), 0);
	assert_true(inlined.defined);
	assert_false(inlined.own_code);
	assert_int_equal(inlined.n_callers, 1);
	assert_string_equal(inlined.callers[0], "kapimon_test_outer");
	assert_non_null(strstr(inlined.place, "test_symbol_types.c:"));
	inlined_fini(&inlined);
	assert_int_equal(inlined_find("/proc/self/exe", "kapimon_test_outer", &inlined, &err), 0);
	assert_true(inlined.defined && inlined.own_code);
	assert_int_equal(inlined.n_callers, 0);
	inlined_fini(&inlined);
	assert_int_equal(inlined_find("/proc/self/exe", "kapimon_test_absent", &inlined, &err), 0);
	assert_false(inlined.defined);
	inlined_fini(&inlined);
	assert_int_equal(inlined_find("/dev/null", "x", &inlined, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prototype_reads_as_a_person_writes_it),
		cmocka_unit_test(parameters_have_kinds_and_argument_words),
		cmocka_unit_test(an_enumeration_is_flags_when_its_values_are_bits),
#ifndef __aarch64__
		cmocka_unit_test(the_address_for_a_large_result_comes_before_the_arguments),
#endif
		cmocka_unit_test(a_struct_around_one_number_is_shown_as_the_number),
		cmocka_unit_test(a_struct_that_does_not_fit_in_the_last_register_is_told),
		cmocka_unit_test(well_known_objects_are_fetched_where_the_kernel_keeps_them),
		cmocka_unit_test(only_strings_that_are_there_at_entry_are_fetched),
		cmocka_unit_test(functions_are_found_by_name_in_the_kernel_and_in_modules),
		cmocka_unit_test(compressed_data_come_back_whole_and_damaged_ones_are_refused),
		cmocka_unit_test(a_file_that_is_no_module_is_refused),
		cmocka_unit_test(dwarf_tells_what_a_function_is_inlined_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
