/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <elf.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "lab/module_deps.h"
#include "lab/unpack.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define BANNER "Linux version 9.8.7-test (who@where)"

/* "ELF", a banner, and enough bytes for the packers to need more than one piece. */
static char vmlinux[600000] = "\177ELF" BANNER;

typedef size_t pack_fn(void *to, size_t room);

static size_t pack_xz(void *to, size_t room)
{
	size_t n = 0;

	lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (const uint8_t *)vmlinux,
				sizeof(vmlinux), to, &n, room);
	return n;
}

static size_t pack_zstd(void *to, size_t room)
{
	return ZSTD_compress(to, room, vmlinux, sizeof(vmlinux), 3);
}

static size_t pack_gzip(void *to, size_t room)
{
	z_stream stream = {.next_in = (Bytef *)vmlinux,
			   .avail_in = sizeof(vmlinux),
			   .next_out = to,
			   .avail_out = (uInt)room};

	deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	deflate(&stream, Z_FINISH);
	deflateEnd(&stream);
	return stream.total_out;
}

static const struct {
	const char *name;
	pack_fn *pack;
} packers[] = {{"xz", pack_xz}, {"zstd", pack_zstd}, {"gzip", pack_gzip}};

static int fill_vmlinux(void **state)
{
	unsigned int random = 1;

	for (size_t i = 100; i < sizeof(vmlinux); i++) {
		random = random * 1103515245 + 12345;
		vmlinux[i] = (char)(random >> 24);
	}
	return 0;
}

#define SETUP_SECTORS 3
#define PAYLOAD_OFFSET 100
#define SETUP_LENGTH ((SETUP_SECTORS + 1) * 512)

/* A bzImage by the boot protocol: setup sectors, some code, the payload, four bytes of its size. */
static size_t make_bzimage(uint8_t *image, size_t room, pack_fn *pack)
{
	size_t at = SETUP_LENGTH + PAYLOAD_OFFSET, n = pack(image + at, room - at - 4);
	uint32_t offset = PAYLOAD_OFFSET, length = (uint32_t)n + 4;

	memset(image, 0, at);
	image[0x1f1] = SETUP_SECTORS;
	memcpy(image + 0x202, "HdrS\x0f\x02", 6);
	image[0x20e] = 0x00;
	image[0x20f] = 0x04;
	strcpy((char *)image + 0x600, "9.8.7-test (who@where) #1");
	memcpy(image + 0x248, &offset, 4);
	memcpy(image + 0x24c, &length, 4);
	memset(image + at + n, 0x55, 4);
	return at + n + 4;
}

static void a_bzimage_gives_its_vmlinux_and_release_however_it_is_packed(void **state)
{
	static uint8_t image[1 << 20];

	for (size_t i = 0; i < N(packers); i++) {
		size_t length = make_bzimage(image, sizeof(image), packers[i].pack);
		struct text out = TEXT_INIT;
		struct error err = {0};
		char *release = NULL;

		assert_true(unpack_is_bzimage(image, length));
		assert_true(unpack_bzimage_can(image, length));
		assert_int_equal(unpack_bzimage(image, length, &out, &err), 0);
		assert_int_equal(out.length, sizeof(vmlinux));
		assert_memory_equal(out.data, vmlinux, sizeof(vmlinux));
		assert_int_equal(unpack_release(image, length, &release, &err), 0);
		assert_string_equal(release, "9.8.7-test");
		free(release);
		assert_int_equal(unpack_release(out.data, out.length, &release, &err), 0);
		assert_string_equal(release, "9.8.7-test");
		free(release);
		text_fini(&out);
	}
}

static void a_damaged_bzimage_is_refused_and_leaves_the_output_untouched(void **state)
{
	static uint8_t image[1 << 20];

	for (size_t i = 0; i < N(packers); i++) {
		size_t length = make_bzimage(image, sizeof(image), packers[i].pack);
		const size_t cuts[] = {0,	   1,	       0x24f,	  SETUP_LENGTH,
				       length / 2, length - 5, length - 1};
		struct text out = TEXT_INIT;
		struct error err = {0};

		text_add(&out, "before");
		for (size_t j = 0; j < N(cuts); j++)
			assert_int_equal(unpack_bzimage(image, cuts[j], &out, &err), -1);
		/* The payload's own length cut short: the packed stream has no end. */
		image[0x24e] = 0;
		assert_int_equal(unpack_bzimage(image, length, &out, &err), -1);
		memcpy(image + SETUP_LENGTH + PAYLOAD_OFFSET, "\x02\x21\x4c\x18", 4);
		assert_int_equal(unpack_bzimage(image, length, &out, &err), -1);
		assert_non_null(strstr(err.message, "lz4"));
		assert_false(unpack_bzimage_can(image, length));
		image[0x206] = 0x07;
		assert_int_equal(unpack_bzimage(image, length, &out, &err), -1);
		assert_non_null(strstr(err.message, "2.08"));
		assert_string_equal(text_string(&out), "before");
		text_fini(&out);
	}
}

static void what_is_packed_in_a_bzimage_must_be_elf(void **state)
{
	static uint8_t image[1 << 20];
	struct text out = TEXT_INIT;
	struct error err = {0};
	size_t length;

	vmlinux[0] = 'x';
	length = make_bzimage(image, sizeof(image), pack_gzip);
	vmlinux[0] = '\177';
	assert_int_equal(unpack_bzimage(image, length, &out, &err), -1);
	assert_non_null(strstr(err.message, "ELF"));
	assert_int_equal(out.length, 0);
	text_fini(&out);
}

static void an_image_without_a_version_is_an_error(void **state)
{
	static const char *const images[] = {"", "\177ELF", "Linux version ", "Linux version x"};
	struct error err = {0};
	char *release = NULL;

	for (size_t i = 0; i < N(images); i++) {
		assert_int_equal(unpack_release(images[i], strlen(images[i]), &release, &err), -1);
		assert_null(release);
	}
}

static const char modules_dep[] =
	"kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/fscache/fscache.ko "
	"kernel/fs/netfs/netfs.ko\n"
	"kernel/net/9p/9pnet.ko:\n"
	"kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko\n"
	"kernel/drivers/some-driver.ko.zst: \n"
	"extra/last.ko: kernel/net/9p/9pnet.ko";

static void modules_are_listed_in_the_order_to_load_them_and_once(void **state)
{
	static const struct {
		const char *names[3], *paths;
		bool found;
	} cases[] = {
		{{"9pnet"}, "kernel/net/9p/9pnet.ko\n", true},
		{{"9p"},
		 "kernel/fs/netfs/netfs.ko\nkernel/fs/fscache/fscache.ko\n"
		 "kernel/net/9p/9pnet.ko\nkernel/fs/9p/9p.ko\n",
		 true},
		{{"9pnet_virtio", "9p"},
		 "kernel/net/9p/9pnet.ko\nkernel/net/9p/9pnet_virtio.ko.xz\n"
		 "kernel/fs/netfs/netfs.ko\nkernel/fs/fscache/fscache.ko\nkernel/fs/9p/9p.ko\n",
		 true},
		{{"some_driver"}, "kernel/drivers/some-driver.ko.zst\n", true},
		{{"some-driver"}, "kernel/drivers/some-driver.ko.zst\n", true},
		{{"last"}, "kernel/net/9p/9pnet.ko\nextra/last.ko\n", true},
		{{"9"}, "", false},
		{{"9pne"}, "", false},
		{{"9p.ko"}, "", false},
		{{"netfs"}, "", false},
	};

	for (size_t i = 0; i < N(cases); i++) {
		struct module_deps deps = {TEXT_INIT, TEXT_INIT};
		struct text paths = TEXT_INIT;

		text_add(&deps.deps, modules_dep);
		for (size_t j = 0; j < N(cases[i].names) && cases[i].names[j]; j++)
			assert_int_equal(module_deps_add(&deps, cases[i].names[j], &paths),
					 cases[i].found);
		assert_string_equal(text_string(&paths), cases[i].paths);
		text_fini(&paths);
		module_deps_close(&deps);
	}
}

static void builtin_modules_are_known_by_name(void **state)
{
	struct module_deps deps = {TEXT_INIT, TEXT_INIT};

	text_add(&deps.builtin, "kernel/drivers/virtio/virtio_pci.ko\nkernel/lib/a-b.ko\n");
	assert_true(module_deps_is_builtin(&deps, "virtio_pci"));
	assert_true(module_deps_is_builtin(&deps, "a_b"));
	assert_false(module_deps_is_builtin(&deps, "virtio"));
	module_deps_close(&deps);
}

static void a_tree_without_modules_dep_is_an_error(void **state)
{
	struct module_deps deps;
	struct error err = {0};

	assert_int_equal(module_deps_open("/no/such/tree", &deps, &err), -1);
	assert_non_null(strstr(err.message, "/no/such/tree/modules.dep"));
	assert_non_null(strstr(err.hint, "depmod"));
}

static void a_modules_name_comes_from_its_path(void **state)
{
	static const char *const cases[][2] = {
		{"kernel/net/9p/9p.ko", "9p"},
		{"a-b.ko.xz", "a_b"},
		{"/x.ko.d/some-driver.ko", "some_driver"},
		{"loop", "loop"},
	};

	for (size_t i = 0; i < N(cases); i++) {
		char *name = module_name_of_path(cases[i][0]);

		assert_string_equal(name, cases[i][1]);
		free(name);
	}
}

/* The least ELF file with a .modinfo: header, names, the section's bytes, three section headers. */
static void make_module(struct text *image, const char *info, size_t length)
{
	static const char names[] = "\0.modinfo\0.shstrtab";
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3};
	Elf64_Shdr sections[3] = {{0}};

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_shstrndx = 2;
	header.e_shoff = sizeof(header) + sizeof(names) + length;
	sections[1].sh_name = 1;
	sections[1].sh_offset = sizeof(header) + sizeof(names);
	sections[1].sh_size = length;
	sections[2].sh_name = 10;
	sections[2].sh_offset = sizeof(header);
	sections[2].sh_size = sizeof(names);
	text_add_bytes(image, &header, sizeof(header));
	text_add_bytes(image, names, sizeof(names));
	text_add_bytes(image, info, length);
	text_add_bytes(image, sections, sizeof(sections));
}

static void a_module_tells_what_it_needs_and_is_for(void **state)
{
	static const char info[] = "license=GPL\0depends=a,b-c\0xdepends=no\0"
				   "vermagic=9.8.7-test SMP mod_unload";
	struct text image = TEXT_INIT, cut = TEXT_INIT;

	make_module(&image, info, sizeof(info));
	assert_string_equal(module_info(&image, "depends"), "a,b-c");
	assert_string_equal(module_info(&image, "vermagic"), "9.8.7-test SMP mod_unload");
	assert_null(module_info(&image, "depend"));
	assert_null(module_info(&image, "missing"));
	/* However a file is cut, reading stays inside. */
	for (size_t length = 0; length < image.length; length++) {
		text_fini(&cut);
		text_add_bytes(&cut, image.data, length);
		assert_null(module_info(&cut, "depends"));
	}
	text_fini(&cut);
	text_fini(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bzimage_gives_its_vmlinux_and_release_however_it_is_packed),
		cmocka_unit_test(a_damaged_bzimage_is_refused_and_leaves_the_output_untouched),
		cmocka_unit_test(what_is_packed_in_a_bzimage_must_be_elf),
		cmocka_unit_test(an_image_without_a_version_is_an_error),
		cmocka_unit_test(modules_are_listed_in_the_order_to_load_them_and_once),
		cmocka_unit_test(builtin_modules_are_known_by_name),
		cmocka_unit_test(a_tree_without_modules_dep_is_an_error),
		cmocka_unit_test(a_modules_name_comes_from_its_path),
		cmocka_unit_test(a_module_tells_what_it_needs_and_is_for),
	};

	return cmocka_run_group_tests(tests, fill_vmlinux, NULL);
}
