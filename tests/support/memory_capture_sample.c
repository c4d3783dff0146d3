/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory_capture_sample.h"

#include <stdlib.h>
#include <string.h>

#include "capture_sample.h"

#define KERNEL_BASE 0xffffffff81000000ull
#define START 5000000000ull

static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

static void add_tags(struct memory *memory)
{
	static const struct {
		const char *name;
		enum memory_family family;
		bool inner, fresh;
		uint32_t object;
	} tags[] = {
		{"kmalloc-64", MEMORY_SLAB, false, false, 64},
		{"dentry", MEMORY_SLAB, false, false, 192},
		{"kmalloc-large", MEMORY_SLAB, false, false, 0},
		{"drv_cache", MEMORY_SLAB, false, true, 72},
		{"pages-order-2", MEMORY_PAGES, false, false, 0},
		{"(pages of slabs)", MEMORY_PAGES, true, false, 0},
		{"vmalloc", MEMORY_VMALLOC, false, false, 0},
		{"percpu", MEMORY_PERCPU, false, false, 0},
	};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct memory_tag *tag = must(memory_add_tag(memory));

		*tag = (struct memory_tag){
			.name = must(strdup(tags[i].name)),
			.family = tags[i].family,
			.inner = tags[i].inner,
			.fresh = tags[i].fresh,
			.object = tags[i].object,
			.allocs = 1000 + i,
			.alloc_bytes = 64000 + i * 77,
			.frees = 900 + i,
			.free_bytes = 60000,
			.unknown = i * 3,
			.failed = i % 2,
			.replaced = i % 3,
		};
	}
}

/* splitmix64 */
static uint64_t mix(uint64_t number)
{
	number = (number + 1) * 0x9e3779b97f4a7c15ull;
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9ull;
	number = (number ^ number >> 27) * 0x94d049bb133111ebull;
	return number ^ number >> 31;
}

/* What a machine at work is like: a few tags most of the time, near addresses, stacks again. */
static void add_block(struct memory *memory, uint64_t i)
{
	static const char *const comms[] = {"postgres", "systemd-journald", "kworker/0:1", "x"};
	struct memory_block *block = must(memory_add_block(memory));
	uint64_t mixed = mix(i);
	uint32_t tag = mixed >> 61 ? (uint32_t)(mixed >> 40 & 1) : (uint32_t)(i % 8);

	*block = (struct memory_block){
		.time = START + i * 1357 + (mixed >> 56),
		.tag = tag,
		.stack = i % 11 ? 0x9e3779b97f4a7c15ull * (1 + i % 5) : 0,
		.site = i % 13 ? KERNEL_BASE + 0x140 + i % 29 * 0x311 : 0,
		.pid = 400 + (uint32_t)(i / 8 % 40),
		.gfp = i % 3 ? 0xcc0 : 0xdc0,
		.cpu = (uint16_t)(i / 8 % 4),
		.context = i % 17 == 3 ? KMN_SOFTIRQ : KMN_TASK,
		.grade = i % 41 == 5   ? MEMORY_DEFERRED
			 : i % 37 == 6 ? MEMORY_INNER
				       : MEMORY_OUTSTANDING,
		.part = i % 23 == 9,
	};
	if (memory->tags[tag].family == MEMORY_PAGES)
		block->address = 0x1000 + (mixed >> 48);
	else
		block->address = 0xffff888100000000ull + (mixed >> 44) * 64;
	block->bytes = memory->tags[tag].object ? memory->tags[tag].object : 4096u << i % 3;
	if (tag == 0)
		block->bytes = 33 + i % 32;
	strncpy(block->comm, comms[i / 8 % 4], KMN_COMM);
}

struct memory *sample_memory_create(uint64_t n_blocks)
{
	struct memory *memory = must(malloc(sizeof(*memory)));
	struct memory_doubt *doubt;

	memory_init(memory);
	memory->start = START;
	memory->end = START + n_blocks * 1357 + 1000000;
	memory->stacks = true;
	memory->freed_twice = 3;
	memory->capacity = 1 << 20;
	memory->no_room = 7;
	memory->replaced = 2;
	for (size_t i = 0; i < 64; i++)
		memory->lifetime[i] = i < 40 ? i * i : 0;
	add_tags(memory);
	for (uint64_t i = 0; i < n_blocks; i++)
		add_block(memory, i);
	for (uint64_t i = 0; i < 3; i++) {
		struct memory_finding *finding = must(memory_add_finding(memory));

		*finding = (struct memory_finding){
			.address = 0xffff888100000000ull + i * 64,
			.time = START + i * 1000,
			.stack = 0x9e3779b97f4a7c15ull * (1 + i),
			.site = KERNEL_BASE + 0x4000 + i * 0x111,
			.tag = (uint32_t)i,
			.pid = 77,
			.comm = "freer",
		};
	}
	doubt = must(memory_add_doubt(memory));
	*doubt = (struct memory_doubt){START + 5, START + 9000, MEMORY_PAGES, 4};
	memory_grade(memory);
	for (uint64_t i = 0; i < 3; i++) {
		static const char *const units[] = {"objects", "pages", "bytes"};
		struct memory_check *check = must(memory_add_check(memory));

		*check = (struct memory_check){
			.name = must(strdup(i ? units[i] : "dentry")),
			.unit = units[i],
			.followed = (int64_t)i * 100 - 50,
			.counted = (int64_t)i * 100 - 51,
			.slack = 30,
		};
	}
	return memory;
}
