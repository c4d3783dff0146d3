/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoder: what it says of single instructions, and that Zydis says the same of whole
 * libraries. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <Zydis/Zydis.h>
#include <cmocka.h>
#include <gelf.h>

#include "nt/hook/insn.h"

struct row {
	const char *text;
	enum insn_mode mode;
	uint8_t bytes[INSN_MAX];
	uint8_t length; /* 0: refused */
	enum insn_kind kind;
	uint8_t relative_at, relative_size;
	int32_t relative;
	bool rip_relative;
	uint8_t displacement_at, displacement_size;
};

#define BYTES(...)                                                                                 \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define BOTH(text, bytes, length, kind)                                                            \
	{text, INSN_32, bytes, length, kind, 0, 0, 0, false, 0, 0},                                \
	{                                                                                          \
		text, INSN_64, bytes, length, kind, 0, 0, 0, false, 0, 0                           \
	}

static const struct row rows[] = {
	BOTH("push ebp", BYTES(0x55), 1, INSN_PLAIN),
	BOTH("mov edi, edi", BYTES(0x8b, 0xff), 2, INSN_PLAIN),
	BOTH("ret", BYTES(0xc3), 1, INSN_RETURN),
	BOTH("ret 8", BYTES(0xc2, 8, 0), 3, INSN_RETURN),
	BOTH("rep ret", BYTES(0xf3, 0xc3), 2, INSN_RETURN),
	BOTH("iret", BYTES(0xcf), 1, INSN_RETURN),
	BOTH("int3", BYTES(0xcc), 1, INSN_TRAP),
	BOTH("int 2e", BYTES(0xcd, 0x2e), 2, INSN_TRAP),
	BOTH("ud2", BYTES(0x0f, 0x0b), 2, INSN_STOP),
	BOTH("syscall", BYTES(0x0f, 0x05), 2, INSN_SYSCALL),
	BOTH("endbr64", BYTES(0xf3, 0x0f, 0x1e, 0xfa), 4, INSN_PLAIN),
	BOTH("endbr32", BYTES(0xf3, 0x0f, 0x1e, 0xfb), 4, INSN_PLAIN),
	BOTH("enter", BYTES(0xc8, 0x10, 0, 0), 4, INSN_PLAIN),
	BOTH("mov cr3, eax", BYTES(0x0f, 0x22, 0xd8), 3, INSN_PLAIN),
	BOTH("mov eax, cr0, mod ignored", BYTES(0x0f, 0x20, 0x05), 3, INSN_PLAIN),
	BOTH("test al, 1", BYTES(0xf6, 0xc0, 1), 3, INSN_PLAIN),
	BOTH("not al", BYTES(0xf6, 0xd0), 2, INSN_PLAIN),
	BOTH("test eax, imm32", BYTES(0xf7, 0xc0, 1, 2, 3, 4), 6, INSN_PLAIN),
	BOTH("test ax, imm16", BYTES(0x66, 0xf7, 0xc0, 1, 2), 5, INSN_PLAIN),
	BOTH("call eax", BYTES(0xff, 0xd0), 2, INSN_CALL_INDIRECT),
	BOTH("jmp eax", BYTES(0xff, 0xe0), 2, INSN_JMP_INDIRECT),
	BOTH("vzeroupper", BYTES(0xc5, 0xf8, 0x77), 3, INSN_PLAIN),
	BOTH("vpxor", BYTES(0xc5, 0xf9, 0xef, 0xc0), 4, INSN_PLAIN),
	BOTH("vpshufd imm", BYTES(0xc5, 0xf9, 0x70, 0xc0, 3), 5, INSN_PLAIN),
	BOTH("vpermq, map 3", BYTES(0xc4, 0xe3, 0xfd, 0x00, 0xc0, 9), 6, INSN_PLAIN),
	BOTH("vpbroadcastb, map 2", BYTES(0xc4, 0xe2, 0x7d, 0x78, 0xc0), 5, INSN_PLAIN),
	BOTH("EVEX vmovdqu64", BYTES(0x62, 0xf1, 0xfe, 0x48, 0x6f, 0xc0), 6, INSN_PLAIN),
	BOTH("EVEX with imm", BYTES(0x62, 0xf3, 0x75, 0x48, 0x25, 0xc0, 0xff), 7, INSN_PLAIN),
	BOTH("crc32", BYTES(0xf2, 0x0f, 0x38, 0xf1, 0xc0), 5, INSN_PLAIN),
	BOTH("palignr", BYTES(0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8), 6, INSN_PLAIN),
	BOTH("popcnt", BYTES(0xf3, 0x0f, 0xb8, 0xc0), 4, INSN_PLAIN),
	{"jmp short", INSN_64, {0xeb, 0xf9}, 2, INSN_JMP, 1, 1, -7, false, 0, 0},
	{"je short", INSN_32, {0x74, 0x10}, 2, INSN_JCC, 1, 1, 16, false, 0, 0},
	{"jne near",
	 INSN_64,
	 {0x0f, 0x85, 1, 0, 0, 0x80},
	 6,
	 INSN_JCC,
	 2,
	 4,
	 -0x7fffffff,
	 false,
	 0,
	 0},
	{"bnd jmp", INSN_64, {0xf2, 0xe9, 4, 0, 0, 0}, 6, INSN_JMP, 2, 4, 4, false, 0, 0},
	{"call", INSN_32, {0xe8, 0, 1, 0, 0}, 5, INSN_CALL, 1, 4, 256, false, 0, 0},
	{"loop", INSN_32, {0xe2, 0xfe}, 2, INSN_LOOP, 1, 1, -2, false, 0, 0},
	{"jecxz in 64", INSN_64, {0x67, 0xe3, 5}, 3, INSN_LOOP, 2, 1, 5, false, 0, 0},
	{"xbegin", INSN_64, {0xc7, 0xf8, 6, 0, 0, 0}, 6, INSN_XBEGIN, 2, 4, 6, false, 0, 0},
	{"jmp [rip]", INSN_64, {0xff, 0x25, 6, 0, 0, 0}, 6, INSN_JMP_INDIRECT, 0, 0, 0, true, 2, 4},
	{"jmp [mem]",
	 INSN_32,
	 {0xff, 0x25, 6, 0, 0, 0},
	 6,
	 INSN_JMP_INDIRECT,
	 0,
	 0,
	 0,
	 false,
	 2,
	 4},
	{"lea rax, [rip]",
	 INSN_64,
	 {0x48, 0x8d, 5, 1, 0, 0, 0},
	 7,
	 INSN_PLAIN,
	 0,
	 0,
	 0,
	 true,
	 3,
	 4},
	{"cmp [rip], imm8",
	 INSN_64,
	 {0x80, 0x3d, 1, 0, 0, 0, 9},
	 7,
	 INSN_PLAIN,
	 0,
	 0,
	 0,
	 true,
	 2,
	 4},
	{"vmovaps [rip]",
	 INSN_64,
	 {0xc5, 0xf8, 0x28, 5, 1, 0, 0, 0},
	 8,
	 INSN_PLAIN,
	 0,
	 0,
	 0,
	 true,
	 4,
	 4},
	{"[rbp*1+disp32]",
	 INSN_64,
	 {0x8b, 0x04, 0x2d, 1, 0, 0, 0},
	 7,
	 INSN_PLAIN,
	 0,
	 0,
	 0,
	 false,
	 3,
	 4},
	{"[esp+8]", INSN_32, {0x8b, 0x44, 0x24, 8}, 4, INSN_PLAIN, 0, 0, 0, false, 3, 1},
	{"[bx+si+disp16]", INSN_32, {0x67, 0x8b, 0x80, 1, 2}, 5, INSN_PLAIN, 0, 0, 0, false, 3, 2},
	{"[disp16]", INSN_32, {0x67, 0x8b, 0x06, 1, 2}, 5, INSN_PLAIN, 0, 0, 0, false, 3, 2},
	{"mov rax, imm64",
	 INSN_64,
	 {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8},
	 10,
	 INSN_PLAIN,
	 0,
	 0,
	 0,
	 false,
	 0,
	 0},
	{"mov eax, imm32", INSN_64, {0xb8, 1, 2, 3, 4}, 5, INSN_PLAIN, 0, 0, 0, false, 0, 0},
	{"mov ax, imm16", INSN_64, {0x66, 0xb8, 1, 2}, 4, INSN_PLAIN, 0, 0, 0, false, 0, 0},
	{"mov al, [64-bit]",
	 INSN_64,
	 {0xa0, 1, 2, 3, 4, 5, 6, 7, 8},
	 9,
	 INSN_PLAIN,
	 0,
	 0,
	 0,
	 false,
	 0,
	 0},
	{"mov al, [32-bit]",
	 INSN_64,
	 {0x67, 0xa0, 1, 2, 3, 4},
	 6,
	 INSN_PLAIN,
	 0,
	 0,
	 0,
	 false,
	 0,
	 0},
	{"mov al, [mem]", INSN_32, {0xa0, 1, 2, 3, 4}, 5, INSN_PLAIN, 0, 0, 0, false, 0, 0},
	{"call far",
	 INSN_32,
	 {0x9a, 1, 2, 3, 4, 5, 6},
	 7,
	 INSN_CALL_INDIRECT,
	 0,
	 0,
	 0,
	 false,
	 0,
	 0},
	{"inc eax", INSN_32, {0x40}, 1, INSN_PLAIN, 0, 0, 0, false, 0, 0},
	{"les", INSN_32, {0xc4, 0x06}, 2, INSN_PLAIN, 0, 0, 0, false, 0, 0},
	{"bound", INSN_32, {0x62, 0x06}, 2, INSN_PLAIN, 0, 0, 0, false, 0, 0},
	{"REX that a prefix follows",
	 INSN_64,
	 {0x48, 0x66, 0xb8, 1, 2},
	 5,
	 INSN_PLAIN,
	 0,
	 0,
	 0,
	 false,
	 0,
	 0},
	{"66 and REX.W",
	 INSN_64,
	 {0x66, 0x48, 0xe8, 1, 0, 0, 0},
	 7,
	 INSN_CALL,
	 3,
	 4,
	 1,
	 false,
	 0,
	 0},
	{"jmpe", INSN_32, {0x0f, 0xb8, 0, 0, 0, 0}, 0, 0, 0, 0, 0, false, 0, 0},
	{"pusha in 64", INSN_64, {0x60}, 0, 0, 0, 0, 0, false, 0, 0},
	{"call far in 64", INSN_64, {0x9a, 1, 2, 3, 4, 5, 6}, 0, 0, 0, 0, 0, false, 0, 0},
	{"call rel16", INSN_64, {0x66, 0xe8, 1, 0, 0, 0}, 0, 0, 0, 0, 0, false, 0, 0},
	{"eip-relative", INSN_64, {0x67, 0x8b, 0x05, 0, 0, 0, 0}, 0, 0, 0, 0, 0, false, 0, 0},
	{"XOP", INSN_64, {0x8f, 0xe8, 0x78, 0xc2, 0xec, 0x0e}, 0, 0, 0, 0, 0, false, 0, 0},
	{"lea of a register", INSN_64, {0x8d, 0xc0}, 0, 0, 0, 0, 0, false, 0, 0},
	{"66 before VEX", INSN_64, {0x66, 0xc5, 0xf8, 0x77}, 0, 0, 0, 0, 0, false, 0, 0},
	{"VEX map 0", INSN_64, {0xc4, 0xe0, 0x7d, 0x78, 0xc0}, 0, 0, 0, 0, 0, false, 0, 0},
	{"16 bytes",
	 INSN_64,
	 {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66},
	 0,
	 0,
	 0,
	 0,
	 0,
	 false,
	 0,
	 0},
};

static void instructions_are_taken_apart(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct insn insn;
		bool known = insn_decode(row->bytes, INSN_MAX, row->mode, &insn);

		if (known != (row->length > 0))
			fail_msg("%s: %s", row->text, known ? "not refused" : "refused");
		if (!known)
			continue;
		if (insn.length != row->length || insn.kind != row->kind ||
		    insn.relative_at != row->relative_at ||
		    insn.relative_size != row->relative_size || insn.relative != row->relative ||
		    insn.rip_relative != row->rip_relative)
			fail_msg("%s: length %u, kind %u, relative %d at %u", row->text,
				 insn.length, insn.kind, insn.relative, insn.relative_at);
		if (row->displacement_size && (insn.displacement_at != row->displacement_at ||
					       insn.displacement_size != row->displacement_size))
			fail_msg("%s: displacement of %u at %u", row->text, insn.displacement_size,
				 insn.displacement_at);
	}
}

static void an_instruction_that_is_cut_is_refused(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t n = 0; n < rows[i].length; n++) {
			/* Of its own size, for the sanitizer to see a byte read beyond. */
			uint8_t *bytes = malloc(n + 1);
			struct insn insn = {.length = 99};

			memcpy(bytes, rows[i].bytes, n);
			if (insn_decode(bytes, n, rows[i].mode, &insn) || insn.length != 99)
				fail_msg("%s, cut to %zu", rows[i].text, n);
			free(bytes);
		}
	}
}

struct comparison {
	ZydisDecoder decoder;
	enum insn_mode mode;
	size_t n_same, n_different, n_refused, n_ours_alone;
};

/* What a kind of ours is for Zydis: both sides' branches fall into the same classes. */
static char class_of(const struct insn *insn)
{
	switch (insn->kind) {
	case INSN_CALL:
	case INSN_CALL_INDIRECT:
		return 'c';
	case INSN_JMP:
	case INSN_JMP_INDIRECT:
		return 'j';
	case INSN_JCC:
	case INSN_LOOP:
		return '?';
	case INSN_RETURN:
		return 'r';
	default:
		return ' ';
	}
}

static char class_of_zydis(const ZydisDecodedInstruction *insn)
{
	switch (insn->mnemonic) {
	case ZYDIS_MNEMONIC_XBEGIN:
	case ZYDIS_MNEMONIC_XEND:
	case ZYDIS_MNEMONIC_XABORT:
		return ' ';
	case ZYDIS_MNEMONIC_SYSRET:
	case ZYDIS_MNEMONIC_SYSEXIT:
		return 'r';
	default:
		break;
	}
	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return 'c';
	case ZYDIS_CATEGORY_UNCOND_BR:
		return 'j';
	case ZYDIS_CATEGORY_COND_BR:
		return '?';
	case ZYDIS_CATEGORY_RET:
		return 'r';
	default:
		return ' ';
	}
}

static bool is_same(const struct insn *ours, const ZydisDecodedInstruction *theirs)
{
	bool relative = theirs->attributes & ZYDIS_ATTRIB_IS_RELATIVE;
	/* An address alone is a displacement to Zydis. */
	bool offset = !ours->has_modrm && theirs->raw.disp.size;

	if (ours->length != theirs->length || class_of(ours) != class_of_zydis(theirs) ||
	    relative != (ours->rip_relative || ours->relative_size))
		return false;
	if (ours->relative_size && (theirs->raw.imm[0].offset != ours->relative_at ||
				    theirs->raw.imm[0].size != 8 * ours->relative_size ||
				    theirs->raw.imm[0].value.s != ours->relative))
		return false;
	return offset ||
	       (ours->displacement_size == theirs->raw.disp.size / 8 &&
		(!ours->displacement_size || (ours->displacement_at == theirs->raw.disp.offset &&
					      ours->displacement == theirs->raw.disp.value)));
}

static void compare_at(struct comparison *comparison, const uint8_t *bytes, size_t n,
		       size_t *length)
{
	ZydisDecodedInstruction theirs;
	struct insn ours;
	bool known = insn_decode(bytes, n, comparison->mode, &ours);

	*length = 1;
	if (!ZYAN_SUCCESS(
		    ZydisDecoderDecodeInstruction(&comparison->decoder, NULL, bytes, n, &theirs))) {
		comparison->n_ours_alone += known;
		return;
	}
	*length = theirs.length;
	if (!known) {
		comparison->n_refused++;
	} else if (is_same(&ours, &theirs)) {
		comparison->n_same++;
	} else if (comparison->n_different++ < 5) {
		print_message(
			"%s, %u bytes; ours %u, kind %u:", ZydisMnemonicGetString(theirs.mnemonic),
			theirs.length, ours.length, ours.kind);
		for (size_t i = 0; i < INSN_MAX && i < n; i++)
			print_message(" %02x", bytes[i]);
		print_message("\n");
	}
}

static void compare_bytes(struct comparison *every, struct comparison *code, const uint8_t *bytes,
			  size_t n)
{
	size_t next = 0, length;

	for (size_t i = 0; i < n; i++) {
		compare_at(every, bytes + i, n - i, &length);
		if (i == next) {
			compare_at(code, bytes + i, n - i, &length);
			next += length;
		}
	}
}

static void comparison_init(struct comparison *comparison, enum insn_mode mode)
{
	*comparison = (struct comparison){.mode = mode};
	if (mode == INSN_64)
		ZydisDecoderInit(&comparison->decoder, ZYDIS_MACHINE_MODE_LONG_64,
				 ZYDIS_STACK_WIDTH_64);
	else
		ZydisDecoderInit(&comparison->decoder, ZYDIS_MACHINE_MODE_LEGACY_32,
				 ZYDIS_STACK_WIDTH_32);
}

/* All executable sections of a library; false when it is not installed. */
static bool compare_library(const char *path, struct comparison *code, struct comparison *every)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *section = NULL;
	GElf_Ehdr header;
	Elf *elf;

	if (fd < 0)
		return false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	assert_non_null(gelf_getehdr(elf, &header));
	comparison_init(code, header.e_machine == EM_X86_64 ? INSN_64 : INSN_32);
	comparison_init(every, code->mode);
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shape;
		Elf_Data *data;

		gelf_getshdr(section, &shape);
		if (!(shape.sh_flags & SHF_EXECINSTR) || shape.sh_type != SHT_PROGBITS)
			continue;
		data = elf_rawdata(section, NULL);
		compare_bytes(every, code, data->d_buf, data->d_size);
	}
	elf_end(elf);
	close(fd);
	return true;
}

static void libraries_are_decoded_as_zydis_does(void **state)
{
	static const char *const paths[] = {
		"/lib/x86_64-linux-gnu/libc.so.6",
		"/lib/x86_64-linux-gnu/libz.so.1",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
		"/lib32/libc.so.6",
		"/usr/lib32/libz.so.1",
	};
	size_t n_read = 0;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct comparison code, every;

		if (!compare_library(paths[i], &code, &every))
			continue;
		n_read++;
		print_message("# %s: %zu instructions the same, %zu refused; at every byte %zu the "
			      "same, %zu refused, %zu only ours\n",
			      paths[i], code.n_same, code.n_refused, every.n_same, every.n_refused,
			      every.n_ours_alone);
		assert_true(code.n_same > 1000);
		/* 4 in 10,000 as a bound: XOP in OpenSSL's assembler. */
		assert_true(code.n_refused * 2500 <= code.n_same);
		assert_int_equal(code.n_different, 0);
		assert_int_equal(every.n_different, 0);
	}
	assert_true(n_read >= 3);
}

static void noise_is_decoded_as_zydis_does_or_refused(void **state)
{
	uint8_t *bytes = malloc(1 << 20);
	uint64_t random = 88172645463325252u;

	for (size_t i = 0; i < 1 << 20; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		bytes[i] = (uint8_t)random;
	}
	for (enum insn_mode mode = INSN_32; mode <= INSN_64; mode++) {
		struct comparison comparison;
		size_t length;

		comparison_init(&comparison, mode);
		for (size_t i = 0; i < 1 << 20; i++)
			compare_at(&comparison, bytes + i, (1 << 20) - i, &length);
		print_message("# %zu the same, %zu refused, %zu only ours\n", comparison.n_same,
			      comparison.n_refused, comparison.n_ours_alone);
		assert_int_equal(comparison.n_different, 0);
		assert_true(comparison.n_same > 500000);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_are_taken_apart),
		cmocka_unit_test(an_instruction_that_is_cut_is_refused),
		cmocka_unit_test(libraries_are_decoded_as_zydis_does),
		cmocka_unit_test(noise_is_decoded_as_zydis_does_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
