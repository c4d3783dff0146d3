/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a report of made-up memory in every form, FOLDER/VARIANT.FORM, and what was put in on
 * standard output: a line for each block that the report is about, with tabs between
 *
 *	address bytes tag family grade age pid comm context module function offset stack
 *
 * where names are the bytes in hexadecimal digits. The same every time.
 *
 *	make_memory FOLDER VARIANT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/write.h"
#include "memory_sample.h"
#include "model/record.h"

struct variant {
	const char *name;
	const char *module;   /* whose blocks alone; NULL: all */
	const char *unloaded; /* as in struct memory_report */
	unsigned blocks;
	int doubts; /* of so many families */
	bool places, stacks, incomplete, findings, ledger;
};

static const struct variant variants[] = {
	{.name = "leaky",
	 .module = "leaky",
	 .unloaded = "leaky",
	 .blocks = 500,
	 .places = true,
	 .stacks = true,
	 .ledger = true},
	{.name = "odd",
	 .module = "m<o>d\xff",
	 .unloaded = "m<o>d\xff",
	 .blocks = 300,
	 .places = true,
	 .stacks = true,
	 .findings = true,
	 .ledger = true},
	{.name = "running",
	 .blocks = 3000,
	 .places = true,
	 .stacks = true,
	 .incomplete = true,
	 .doubts = 1,
	 .findings = true,
	 .ledger = true},
	{.name = "doubtful",
	 .module = "leaky",
	 .unloaded = "leaky",
	 .blocks = 100,
	 .places = true,
	 .stacks = true,
	 .incomplete = true,
	 .doubts = MEMORY_N_FAMILIES,
	 .ledger = true},
	{.name = "bare", .blocks = 400},
	{.name = "clean",
	 .module = "leaky",
	 .unloaded = "leaky",
	 .places = true,
	 .stacks = true,
	 .ledger = true},
};

struct making {
	const struct variant *variant;
	struct catalog catalog;
	struct memory memory;
	uint64_t random;
};

static void must(int status, const struct error *err)
{
	if (status >= 0)
		return;
	fprintf(stderr, "make_memory: %s\n", err->message);
	abort();
}

static uint64_t pick(struct making *making, uint64_t n)
{
	making->random = making->random * 6364136223846793005u + 1442695040888963407u;
	return (making->random >> 33) % n;
}

static const enum sample_function owners[] = {SAMPLE_SENDMSG, SAMPLE_LEAKY_INIT, SAMPLE_LEAKY_PROBE,
					      SAMPLE_LEAKY_KMALLOC, SAMPLE_ODD};

static void put_hex(const char *name)
{
	for (; *name; name++)
		printf("%02x", (unsigned char)*name);
	putchar('\t');
}

static void tell(const struct making *making, const struct memory_block *block,
		 const struct frame *owner)
{
	const struct memory_tag *tag = &making->memory.tags[block->tag];

	printf("0x%016" PRIx64 "\t%" PRIu64 "\t", block->address, block->bytes);
	put_hex(tag->name);
	printf("%s\t%s\t%" PRIu64 "\t%u\t", memory_family_name(tag->family),
	       memory_grade_name((enum memory_grade)block->grade),
	       memory_block_age(&making->memory, block), block->pid);
	put_hex(block->comm);
	printf("%s\t", kmn_context_name(block->context));
	put_hex(owner->module ? owner->module : "vmlinux");
	put_hex(owner->symbol);
	printf("%" PRIu64 "\t0x%016" PRIx64 "\n", owner->offset, block->stack);
}

/* A block of one of the owners, through one of the ways that lead to it. */
static struct memory_block *make_block(struct making *making, uint64_t address, uint64_t time)
{
	static const uint32_t tags[] = {SAMPLE_KMALLOC_64,  SAMPLE_KMALLOC_1K, SAMPLE_DENTRY,
					SAMPLE_VMALLOC_TAG, SAMPLE_PAGES,      SAMPLE_PERCPU,
					SAMPLE_ODD_TAG};
	static const enum sample_function allocators[MEMORY_N_FAMILIES] = {
		[MEMORY_SLAB] = SAMPLE_KMALLOC,
		[MEMORY_PAGES] = SAMPLE_ALLOC_PAGES,
		[MEMORY_VMALLOC] = SAMPLE_VMALLOC,
		[MEMORY_PERCPU] = SAMPLE_PCPU_ALLOC,
	};
	uint32_t tag = tags[pick(making, 7)];
	enum memory_family family = making->memory.tags[tag].family;
	uint64_t frames[5] = {sample_address(allocators[family], 1 + pick(making, 2))};
	uint16_t n = 1;
	struct memory_block *block =
		sample_block(&making->memory, tag, 1 + pick(making, 5000), time);

	if (family == MEMORY_SLAB && !pick(making, 2))
		frames[n++] = sample_address(SAMPLE_KSTRDUP, 9);
	frames[n++] = address;
	if (pick(making, 4))
		frames[n++] = sample_address(SAMPLE_INITCALL, 3);
	else
		frames[n++] = sample_address(SAMPLE_SYSCALL, 3);
	if (!pick(making, 4))
		frames[n++] = SAMPLE_NOWHERE;
	if (making->variant->stacks)
		block->stack = sample_stack(&making->catalog, frames, n);
	block->site = address;
	block->context = (uint8_t)(KMN_TASK + pick(making, 3));
	if (!pick(making, 9))
		strcpy(block->comm, "a\"<\002&]]>\xc3\xa9\xff");
	if (!pick(making, 10))
		block->grade = MEMORY_DEFERRED;
	return block;
}

static void make_blocks(struct making *making)
{
	const char *module = making->variant->module;
	uint64_t time = 101 * SECOND;

	for (unsigned i = 0; i < making->variant->blocks; i++) {
		uint64_t address = sample_address(owners[pick(making, 5)], 4 + 4 * pick(making, 3));
		struct memory_block *block;
		struct frame owner;

		time += pick(making, 10000000);
		block = make_block(making, address, time);
		memory_grade(&making->memory);
		catalog_frame(&making->catalog, address, &owner);
		if (!module || (owner.module && !strcmp(owner.module, module)))
			tell(making, block, &owner);
	}
	/* These are in no report. */
	sample_block(&making->memory, SAMPLE_USER_PAGES, 4096, time);
	sample_block(&making->memory, SAMPLE_INNER, 4096, time);
	for (uint32_t i = 0; i < SAMPLE_N_TAGS; i++) {
		making->memory.tags[i].allocs += i * 100;
		making->memory.tags[i].alloc_bytes += i * 1000;
		making->memory.tags[i].frees = i * 100;
		making->memory.tags[i].free_bytes = i * 1000;
		making->memory.tags[i].failed = i;
	}
}

static void make_rest(struct making *making)
{
	static const struct memory_check checks[] = {{NULL, "objects", 5, 5, 0},
						     {NULL, "pages", -300, -200, 3},
						     {NULL, "bytes", 7, 8, 1}};
	static const char *const names[] = {"kmalloc-64", "free \"pages\"", "vmalloc<\xff>"};
	const uint64_t frames[] = {sample_address(SAMPLE_LEAKY_PROBE, 0x20),
				   sample_address(SAMPLE_SYSCALL, 3)};
	struct memory *memory = &making->memory;

	for (size_t i = 0; i < 3; i++) {
		struct memory_check *check = memory_add_check(memory);

		*check = checks[i];
		check->name = strdup(names[i]);
	}
	if (making->variant->incomplete)
		memory->no_room = 12;
	if (!making->variant->findings)
		return;
	memory->freed_twice = 3;
	memory->tags[SAMPLE_ODD_TAG].unknown = 4;
	memory->tags[SAMPLE_DENTRY].unknown = 40;
	for (uint64_t i = 0; i < 2; i++)
		*memory_add_finding(memory) = (struct memory_finding){
			.address = 0xffff888000001000 + i,
			.time = 150 * SECOND,
			.stack = i ? sample_stack(&making->catalog, frames, 2) : 0,
			.tag = i ? SAMPLE_ODD_TAG : SAMPLE_KMALLOC_64,
			.pid = 9,
			.comm = "x<&>\xff",
		};
}

static void write_forms(const struct making *making, const struct ledger *ledger,
			const char *folder)
{
	static const char *const forms[] = {
#define FORM_NAME(name, help) #name,
		MEMORY_WRITERS(FORM_NAME)
#undef FORM_NAME
	};
	char *module = making->variant->module ? strdup(making->variant->module) : NULL;
	const struct memory_selection selection = {.modules = {&module, module != NULL}};
	const struct memory_report report = {
		.catalog = &making->catalog,
		.memory = &making->memory,
		.ledger = making->variant->ledger ? ledger : NULL,
		.selection = &selection,
		.by = {{GROUP_TAG, GROUP_MODULE}, 2},
		.places = making->variant->places ? sample_places() : NULL,
		.unloaded = making->variant->unloaded,
	};
	struct error err = {0};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memory_write *write_form = memory_writer_find(forms[i], &err);
		char path[4096];
		FILE *file;

		must(write_form ? 0 : -1, &err);
		snprintf(path, sizeof(path), "%s/%s.%s", folder, making->variant->name, forms[i]);
		file = fopen(path, "w");
		if (!file) {
			perror(path);
			abort();
		}
		must(write_form(&report, file, &err), &err);
		fclose(file);
	}
	free(module);
}

int main(int argc, char **argv)
{
	struct making making = {.random = 7};
	struct ledger_row row = {.hook = KMN_NO_HOOK, .hits = 100, .recorded = 100};
	struct ledger ledger;
	struct error err = {0};

	for (size_t i = 0; argc == 3 && i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (!strcmp(variants[i].name, argv[2]))
			making.variant = &variants[i];
	}
	if (!making.variant) {
		fputs("usage: make_memory FOLDER VARIANT\n", stderr);
		return 2;
	}
	sample_memory_catalog_init(&making.catalog);
	sample_memory_init(&making.memory);
	making.memory.stacks = making.variant->stacks;
	for (int i = 0; i < making.variant->doubts; i++)
		*memory_add_doubt(&making.memory) =
			(struct memory_doubt){101 * SECOND, 102 * SECOND, (enum memory_family)i, 5};
	make_blocks(&making);
	make_rest(&making);
	ledger_init(&ledger);
	if (making.variant->incomplete) {
		row.lost = 7;
		row.recorded -= 7;
	}
	must(ledger_add(&ledger, &row, &err), &err);
	write_forms(&making, &ledger, argv[1]);
	ledger_fini(&ledger);
	memory_fini(&making.memory);
	catalog_fini(&making.catalog);
	return 0;
}
