/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "windows/pool_report.h"

#include <stdlib.h>
#include <string.h>

#include "source/nt_source.h"

/* Blocks that were allocated at one place. */
struct owner {
	uint32_t tag;
	const struct trace_block *block; /* any of them */
	uint64_t n, bytes;
};

static void tag_text(uint32_t tag, char text[5])
{
	for (int i = 0; i < 4; i++) {
		char c = (char)(tag >> 8 * i);

		text[i] = c >= ' ' && c < 0x7f ? c : '.';
	}
	text[4] = '\0';
}

static void print_frame(const struct catalog *catalog, uint64_t address, FILE *out)
{
	const char *kernel = catalog->modules.n_modules ? catalog->modules.modules[0].name : "?";
	struct frame frame;

	catalog_frame(catalog, address, &frame);
	if (frame.symbol)
		fprintf(out, "    %s!%s+0x%llx\n", frame.module ? frame.module : kernel,
			frame.symbol, (unsigned long long)frame.offset);
	else if (frame.module)
		fprintf(out, "    %s+0x%llx\n", frame.module, (unsigned long long)frame.offset);
	else
		fprintf(out, "    0x%llx\n", (unsigned long long)address);
}

static bool same_place(const struct trace_block *a, const struct trace_block *b)
{
	return a->tag == b->tag && a->n_frames == b->n_frames &&
	       !memcmp(a->frame, b->frame, a->n_frames * sizeof(a->frame[0]));
}

static int by_place(const void *a, const void *b)
{
	const struct trace_block *x = a, *y = b;

	if (x->tag != y->tag)
		return x->tag < y->tag ? -1 : 1;
	if (x->n_frames != y->n_frames)
		return x->n_frames < y->n_frames ? -1 : 1;
	return memcmp(x->frame, y->frame, x->n_frames * sizeof(x->frame[0]));
}

static int by_bytes(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return x->bytes == y->bytes ? 0 : x->bytes > y->bytes ? -1 : 1;
}

/* The module that asked: the first in the stack that isn't the kernel. */
static const char *owner_module(const struct catalog *catalog, const struct trace_block *block)
{
	for (uint32_t i = 0; i < block->n_frames; i++) {
		const struct module *module =
			module_table_find(&catalog->modules, block->frame[i], 0);

		if (module && module != catalog->modules.modules)
			return module->name;
	}
	return catalog->modules.n_modules ? catalog->modules.modules[0].name : "?";
}

static void print_tags(const struct trace_tag *tags, size_t n, FILE *out)
{
	char text[5];

	fprintf(out, "\nTAG       ALLOCS      FREES  OUTSTANDING        BYTES\n");
	for (size_t i = 1; i < n; i++) {
		tag_text(tags[i].tag, text);
		fprintf(out, "%-4s  %10llu %10llu   %10llu   %10llu\n", text,
			(unsigned long long)tags[i].allocs, (unsigned long long)tags[i].frees,
			(unsigned long long)(tags[i].allocs - tags[i].frees),
			(unsigned long long)(tags[i].alloc_bytes - tags[i].free_bytes));
	}
	if (!n)
		return;
	fprintf(out, "all   %10llu %10llu   %10llu   %10llu\n", (unsigned long long)tags[0].allocs,
		(unsigned long long)tags[0].frees,
		(unsigned long long)(tags[0].allocs - tags[0].frees),
		(unsigned long long)(tags[0].alloc_bytes - tags[0].free_bytes));
	fprintf(out, "%llu frees of blocks that were allocated before, %llu allocations failed\n",
		(unsigned long long)tags[0].unknown, (unsigned long long)tags[0].failed);
	if (tags[0].no_room)
		fprintf(out, "%llu allocations were not followed: the table was full\n",
			(unsigned long long)tags[0].no_room);
	if (tags[0].replaced)
		fprintf(out, "%llu blocks came again without a free: frees were missed\n",
			(unsigned long long)tags[0].replaced);
}

static int print_owners(const struct catalog *catalog, struct trace_block *blocks, size_t n,
			FILE *out, struct error *err)
{
	struct owner *owners = calloc(n + 1, sizeof(*owners));
	size_t n_owners = 0;
	char text[5];

	if (!owners)
		return error_no_memory(err);
	qsort(blocks, n, sizeof(*blocks), by_place);
	for (size_t i = 0; i < n; i++) {
		if (!n_owners || !same_place(owners[n_owners - 1].block, &blocks[i]))
			owners[n_owners++] = (struct owner){blocks[i].tag, &blocks[i], 0, 0};
		owners[n_owners - 1].n++;
		owners[n_owners - 1].bytes += blocks[i].bytes;
	}
	qsort(owners, n_owners, sizeof(*owners), by_bytes);
	fprintf(out, "\n%zu outstanding blocks\n", n);
	for (size_t i = 0; i < n_owners; i++) {
		tag_text(owners[i].tag, text);
		fprintf(out, "\n%llu blocks, %llu bytes, tag %s, %s\n",
			(unsigned long long)owners[i].n, (unsigned long long)owners[i].bytes, text,
			owner_module(catalog, owners[i].block));
		for (uint32_t j = 0; j < owners[i].block->n_frames; j++)
			print_frame(catalog, owners[i].block->frame[j], out);
	}
	free(owners);
	return 0;
}

int pool_report_print(struct source *source, FILE *out, struct error *err)
{
	const struct catalog *catalog = source->ops->catalog(source);
	struct trace_block *blocks = NULL;
	struct trace_tag *tags = NULL;
	size_t n_blocks, n_tags;
	int code;

	code = nt_source_blocks(source, &blocks, &n_blocks, err);
	if (!code)
		code = nt_source_tags(source, &tags, &n_tags, err);
	if (!code) {
		print_tags(tags, n_tags, out);
		code = print_owners(catalog, blocks, n_blocks, out, err);
	}
	free(tags);
	free(blocks);
	return code;
}
