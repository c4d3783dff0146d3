/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION_SIZE 0x100

static const struct {
	const char *name, *module;
} functions[] = {
#define SAMPLE_FUNCTION_ROW(symbol, name, module) {name, module},
	SAMPLE_FUNCTIONS(SAMPLE_FUNCTION_ROW)
#undef SAMPLE_FUNCTION_ROW
};

#define N_FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static void must(int status, const struct error *err)
{
	if (status >= 0)
		return;
	fprintf(stderr, "memory_sample: %s\n", err->message);
	abort();
}

uint64_t sample_slide;

uint64_t sample_address(enum sample_function function, uint64_t offset)
{
	uint64_t base = !functions[function].module ? SAMPLE_KERNEL
			: function == SAMPLE_ODD    ? SAMPLE_ODDLY
						    : SAMPLE_LEAKY;

	return base + sample_slide + (uint64_t)function * FUNCTION_SIZE + offset;
}

static int function_at(uint64_t address)
{
	for (size_t i = 0; i < N_FUNCTIONS; i++) {
		if (address - sample_address((enum sample_function)i, 0) < FUNCTION_SIZE)
			return (int)i;
	}
	return -1;
}

static bool resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	int i = function_at(address);

	if (i < 0)
		return false;
	*frame = (struct frame){functions[i].name, address % FUNCTION_SIZE, functions[i].module};
	return true;
}

void sample_memory_catalog_init(struct catalog *catalog)
{
	struct module modules[] = {
		{.name = "vmlinux", .base = SAMPLE_KERNEL + sample_slide, .size = 0x100000},
		{.name = "leaky",
		 .base = SAMPLE_LEAKY + sample_slide,
		 .size = 0x4000,
		 .build_id = {0xab, 0xcd},
		 .build_id_length = 2},
		{.name = "m<o>d\xff", .base = SAMPLE_ODDLY + sample_slide, .size = 0x4000},
	};
	struct error err = {0};

	must(catalog_init(catalog, &err), &err);
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		must(module_table_add(&catalog->modules, &modules[i], &err), &err);
	catalog->clock_offset = 1767323045000000000;
	catalog->start = 100 * SECOND;
	catalog->kernel = strdup("6.12.0<&>");
	catalog->machine = strdup("x86_64");
	catalog->host = strdup("box");
	catalog->resolve = resolve;
}

uint64_t sample_stack(struct catalog *catalog, const uint64_t *frames, uint16_t n)
{
	struct stack stack = {.hash = 0x9e3779b97f4a7c15ull + n, .n_frames = n, .frames = frames};
	struct error err = {0};
	bool added;

	for (uint16_t i = 0; i < n; i++)
		stack.hash = (stack.hash ^ frames[i]) * 0x100000001b3ull;
	must(stack_table_add(catalog->stacks, &stack, &added, &err), &err);
	return stack.hash;
}

void sample_memory_init(struct memory *memory)
{
	static const struct memory_tag tags[SAMPLE_N_TAGS] = {
		[SAMPLE_KMALLOC_64] = {.name = "kmalloc-64", .family = MEMORY_SLAB, .object = 64},
		[SAMPLE_KMALLOC_1K] = {.name = "kmalloc-1k", .family = MEMORY_SLAB, .object = 1024},
		[SAMPLE_DENTRY] = {.name = "dentry", .family = MEMORY_SLAB, .object = 192},
		[SAMPLE_VMALLOC_TAG] = {.name = "vmalloc", .family = MEMORY_VMALLOC},
		[SAMPLE_PAGES] = {.name = "pages-order-2", .family = MEMORY_PAGES},
		[SAMPLE_USER_PAGES] = {.name = "pages-movable-0", .family = MEMORY_PAGES},
		[SAMPLE_PERCPU] = {.name = "percpu", .family = MEMORY_PERCPU},
		[SAMPLE_INNER] = {.name = "pages-of-slab", .family = MEMORY_PAGES, .inner = true},
		[SAMPLE_ODD_TAG] = {.name = "t\"a<g>&'\\\001 \xfe;\xe2\x82\xac",
				    .family = MEMORY_SLAB,
				    .fresh = true},
	};

	memory_init(memory);
	memory->start = 100 * SECOND;
	memory->end = 160 * SECOND;
	memory->stacks = true;
	memory->capacity = 1000;
	for (size_t i = 0; i < SAMPLE_N_TAGS; i++) {
		struct memory_tag *tag = memory_add_tag(memory);

		*tag = tags[i];
		tag->name = strdup(tags[i].name);
	}
}

struct memory_block *sample_block(struct memory *memory, uint32_t tag, uint64_t bytes,
				  uint64_t time)
{
	struct memory_block *block = memory_add_block(memory);

	block->address = 0xffff888000000000 + memory->n_blocks * 0x1000;
	block->bytes = bytes;
	block->time = time;
	block->tag = tag;
	block->pid = 412;
	strcpy(block->comm, "bash");
	memory->tags[tag].allocs++;
	memory->tags[tag].alloc_bytes += bytes;
	return block;
}

static size_t find_places(struct place_finder *finder, const struct catalog *catalog,
			  uint64_t address, bool returned, const struct place **places)
{
	static const struct place probe[] = {{"kzalloc", "include/linux/slab.h", 7},
					     {NULL, "./drv/leaky.c", 42}},
				  init = {NULL, "./drv/leaky.c", 12},
				  module_kmalloc = {NULL, "/src/my drv/%.c", 3};
	static struct place kernel = {NULL, "/usr/src/linux/kernel.c", 0};
	int i = function_at(address);

	switch (i) {
	case -1:
	case SAMPLE_ODD:
		return 0;
	case SAMPLE_LEAKY_PROBE:
		*places = probe;
		return 2;
	case SAMPLE_LEAKY_INIT:
		*places = &init;
		return 1;
	case SAMPLE_LEAKY_KMALLOC:
		*places = &module_kmalloc;
		return 1;
	default:
		kernel.line = (unsigned)i + 1;
		*places = &kernel;
		return 1;
	}
}

struct place_finder *sample_places(void)
{
	static struct place_finder finder = {find_places};

	return &finder;
}
