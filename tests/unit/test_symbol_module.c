/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions from the file of a module that is not loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "symbol/symbols.h"
#include "symbol/why.h"

static char directory[] = "/tmp/kapimon-module-XXXXXX";
static char plain_path[64], gzip_path[64];

enum { TEXT = 1, INIT, CALLS, INFO, SYMBOLS, STRINGS, NAMES };

static const char names[] = "\0.text\0.init.text\0.rela__mcount_loc\0.modinfo\0.symtab\0.strtab\0"
			    ".shstrtab";
static const char strings[] = "\0toy_read\0toy_silent\0toy_init\0init_module\0toy_read.cold\0"
			      "toy_data\0printk";
static const char info[] = "license=GPL\0name=toy_module\0vermagic=9.9.9-test SMP mod_unload";

static size_t offset_of(const char *table, size_t size, const char *string)
{
	for (size_t at = 1; at < size; at += strlen(table + at) + 1)
		if (!strcmp(table + at, string))
			return at;
	fail_msg("%s is not in the table", string);
	return 0;
}

static Elf64_Sym symbol(const char *name, unsigned char type, uint16_t section, uint64_t value)
{
	return (Elf64_Sym){
		.st_name = (Elf64_Word)offset_of(strings, sizeof(strings), name),
		.st_info = ELF64_ST_INFO(STB_GLOBAL, type),
		.st_shndx = section,
		.st_value = value,
		.st_size = 32,
	};
}

static void add_section(Elf *elf, const char *name, uint32_t type, uint64_t flags, void *bytes,
			size_t size, Elf_Type kind, uint32_t link)
{
	Elf_Scn *section = elf_newscn(elf);
	Elf_Data *data = elf_newdata(section);
	GElf_Shdr header;

	assert_non_null(gelf_getshdr(section, &header));
	data->d_buf = bytes;
	data->d_size = size;
	data->d_type = kind;
	data->d_align = 8;
	header.sh_name = (Elf64_Word)offset_of(names, sizeof(names), name);
	header.sh_type = type;
	header.sh_flags = flags;
	header.sh_link = link;
	header.sh_entsize = type == SHT_SYMTAB ? sizeof(Elf64_Sym)
			    : type == SHT_RELA ? sizeof(Elf64_Rela)
					       : 0;
	assert_true(gelf_update_shdr(section, &header));
}

static void write_module(const char *path)
{
	static char code[64];
	Elf64_Sym symbols[] = {
		{0},
		{.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION), .st_shndx = TEXT},
		{.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION), .st_shndx = INIT},
		symbol("toy_read", STT_FUNC, TEXT, 0),
		symbol("toy_silent", STT_FUNC, TEXT, 32),
		symbol("toy_init", STT_FUNC, INIT, 0),
		symbol("init_module", STT_FUNC, INIT, 0),
		symbol("toy_read.cold", STT_FUNC, TEXT, 48),
		symbol("toy_data", STT_OBJECT, INFO, 0),
		symbol("printk", STT_FUNC, SHN_UNDEF, 0),
	};
	/* Behind the endbr64 of toy_read and of toy_init. */
	Elf64_Rela calls[] = {
		{.r_info = ELF64_R_INFO(1, R_X86_64_64), .r_addend = 4},
		{.r_info = ELF64_R_INFO(2, R_X86_64_64), .r_addend = 4},
	};
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	GElf_Ehdr header;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_WRITE, NULL);
	assert_non_null(elf);
	assert_non_null(gelf_newehdr(elf, ELFCLASS64));
	assert_non_null(gelf_getehdr(elf, &header));
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_type = ET_REL;
	header.e_machine = EM_X86_64;
	header.e_version = EV_CURRENT;
	header.e_shstrndx = NAMES;
	assert_true(gelf_update_ehdr(elf, &header));
	add_section(elf, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, sizeof(code),
		    ELF_T_BYTE, 0);
	add_section(elf, ".init.text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, sizeof(code),
		    ELF_T_BYTE, 0);
	add_section(elf, ".rela__mcount_loc", SHT_RELA, 0, calls, sizeof(calls), ELF_T_RELA,
		    SYMBOLS);
	add_section(elf, ".modinfo", SHT_PROGBITS, SHF_ALLOC, (void *)info, sizeof(info),
		    ELF_T_BYTE, 0);
	add_section(elf, ".symtab", SHT_SYMTAB, 0, symbols, sizeof(symbols), ELF_T_SYM, STRINGS);
	add_section(elf, ".strtab", SHT_STRTAB, 0, (void *)strings, sizeof(strings), ELF_T_BYTE, 0);
	add_section(elf, ".shstrtab", SHT_STRTAB, 0, (void *)names, sizeof(names), ELF_T_BYTE, 0);
	assert_true(elf_update(elf, ELF_C_WRITE) > 0);
	elf_end(elf);
	close(fd);
}

static void compress_file(const char *from, const char *to)
{
	char bytes[65536];
	FILE *in = fopen(from, "r");
	gzFile out = gzopen(to, "w");
	size_t size = fread(bytes, 1, sizeof(bytes), in);

	assert_true(size > 0 && size < sizeof(bytes));
	assert_int_equal(gzwrite(out, bytes, (unsigned)size), size);
	gzclose(out);
	fclose(in);
}

static int make_files(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(plain_path, sizeof(plain_path), "%s/plain.ko", directory);
	snprintf(gzip_path, sizeof(gzip_path), "%s/toy-module.ko.gz", directory);
	write_module(plain_path);
	compress_file(plain_path, gzip_path);
	return 0;
}

static int remove_files(void **state)
{
	unlink(plain_path);
	unlink(gzip_path);
	return rmdir(directory);
}

static struct symbols *open_symbols(void)
{
	struct symbols_paths paths = {
		.btf = "/nonexistent",
		.release = "9.9.9-test",
		.module_path = directory,
	};
	struct symbols *symbols;
	struct error err;

	assert_int_equal(symbols_open_at(&paths, &symbols, &err), 0);
	return symbols;
}

static void a_pattern_finds_functions_of_a_module_that_is_not_loaded(void **state)
{
	char by_path[100];
	const struct {
		const char *pattern, *functions;
	} cases[] = {
		{"toy_module", "toy_init toy_read"},
		{"toy-module", "toy_init toy_read"},
		{"toy_module:*", "toy_init toy_read"},
		{"toy_module:*_read", "toy_read"},
		{"toy_module:/^toy_i/", "toy_init"},
		{"toy_module:toy_silent", "toy_silent"},
		{"toy_module:init_module", "init_module"},
		{"toy_module:printk", ""},
		{"toy_module:toy_data", ""},
		{by_path, "toy_read"},
	};

	snprintf(by_path, sizeof(by_path), "%s:toy_read", plain_path);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct symbols *symbols = open_symbols();
		struct function_list list = FUNCTION_LIST_INIT;
		struct text found = TEXT_INIT;
		struct error err;

		assert_int_equal(match_on_load(symbols, cases[i].pattern, &list, &err), 0);
		for (size_t j = 0; j < list.count; j++) {
			const struct function *function = &list.functions[j];

			assert_string_equal(function->module, "toy_module");
			assert_true(function->on_load && function->traced_known);
			assert_int_equal(function->init, !!strstr(function->name, "init"));
			assert_int_equal(function->traceable,
					 strcmp(function->name, "toy_silent") != 0);
			text_addf(&found, "%s%s", j ? " " : "", function->name);
		}
		assert_string_equal(text_string(&found), cases[i].functions);
		text_fini(&found);
		function_list_fini(&list);
		symbols_close(symbols);
	}
}

static void a_module_without_file_and_a_bad_pattern_are_refused(void **state)
{
	static const struct {
		const char *pattern, *message;
	} cases[] = {
		{"absent", "there is no file of a module absent for kernel 9.9.9-test"},
		{"toy_module:a:b", "names two modules"},
		{"toy_module:", "stands for no function"},
		{"/nonexistent/toy.ko:x", "can't open /nonexistent/toy.ko"},
	};
	struct symbols *symbols = open_symbols();
	struct function_list list = FUNCTION_LIST_INIT;
	struct error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(match_on_load(symbols, cases[i].pattern, &list, &err), -1);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s: %s", cases[i].pattern, err.message);
		assert_int_equal(list.count, 0);
	}
	symbols_close(symbols);
}

static void a_damaged_module_never_leads_out_of_its_bytes(void **state)
{
	char path[80];
	unsigned char bytes[65536], damaged[65536];
	FILE *file = fopen(plain_path, "r");
	size_t size = fread(bytes, 1, sizeof(bytes), file);

	fclose(file);
	snprintf(path, sizeof(path), "%s/damaged.ko", directory);
	srand(1);
	for (int i = 0; i < 300; i++) {
		size_t kept = i % 2 ? size : (size_t)rand() % size;
		struct module_file *module;

		memcpy(damaged, bytes, size);
		for (int j = 0; j < 8; j++)
			damaged[(size_t)rand() % size] = (unsigned char)rand();
		file = fopen(path, "w");
		fwrite(damaged, 1, kept, file);
		fclose(file);
		/* Either is right; it must come back, and ASan has nothing to say. */
		if (!module_file_open(path, &module, NULL))
			module_file_close(module);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_finds_functions_of_a_module_that_is_not_loaded),
		cmocka_unit_test(a_module_without_file_and_a_bad_pattern_are_refused),
		cmocka_unit_test(a_damaged_module_never_leads_out_of_its_bytes),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
