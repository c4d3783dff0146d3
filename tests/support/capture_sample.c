/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/writer.h"
#include "memory_capture_sample.h"

#define KERNEL_BASE 0xffffffff81000000ull
#define EXT4_BASE 0xffffffffc0200000ull
#define SAMPLE_STACKS 5
#define SAMPLE_START 5000000000ull

static void must(int status, const struct error *err)
{
	if (status >= 0)
		return;
	fprintf(stderr, "sample: %s\n", err->message);
	abort();
}

static char *copy(const char *string)
{
	char *copied = strdup(string);

	if (!copied)
		abort();
	return copied;
}

static bool resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	static const char *const symbols[] = {"do_filp_open", "vfs_open", "kfree", "ksys_read"};

	if (address >= EXT4_BASE)
		*frame = (struct frame){"ext4_file_open", address & 0xff, "ext4"};
	else if (address % 7 == 0)
		return false;
	else
		*frame = (struct frame){symbols[address >> 8 & 3], address & 0xff, NULL};
	return true;
}

static void add_apis(struct api_table *table)
{
	struct enumeration enumeration = {.name = copy("umode"), .flags = true, .n_members = 2};
	struct api open = {.id = 0, .name = copy("vfs_open"), .address = KERNEL_BASE + 0x100};
	struct api ext4 = {.id = 7, .name = copy("ext4_file_open"), .module = copy("ext4")};
	struct error err = {0};
	uint32_t index;

	enumeration.members = calloc(2, sizeof(*enumeration.members));
	enumeration.members[0] = (struct enumerator){1, copy("UMODE_READ")};
	enumeration.members[1] = (struct enumerator){-2, copy("UMODE_ODD")};
	must(api_table_add_enumeration(table, &enumeration, &index, &err), &err);

	open.typed = open.returns_hooked = true;
	open.method = METHOD_FENTRY;
	open.result = (struct value_type){VALUE_SIGNED, 4, copy("int"), 0};
	open.n_params = 2;
	open.params = calloc(2, sizeof(*open.params));
	open.params[0] = (struct api_param){
		copy("path"), {VALUE_OBJECT, 8, copy("const struct path *"), 0}, 0, 1};
	open.params[1] =
		(struct api_param){copy("mode"), {VALUE_FLAGS, 4, copy("enum umode"), index}, 1, 1};
	open.n_fetches = 1;
	open.fetches = calloc(1, sizeof(*open.fetches));
	open.fetches[0] = (struct api_fetch){0, copy("name"), FETCH_PATH, 64, 0, {0}};
	must(api_table_add(table, &open, &err), &err);

	ext4.method = METHOD_KPROBE;
	ext4.result = (struct value_type){.kind = VALUE_UNKNOWN};
	must(api_table_add(table, &ext4, &err), &err);
}

void sample_catalog_init(struct catalog *catalog)
{
	struct module kernel = {"vmlinux", KERNEL_BASE, 0x1000000, 0, 0, 0, {1, 2, 3}, 20};
	struct module ext4 = {"ext4", EXT4_BASE, 0x100000, 1, 0, 0, {9}, 20};
	struct error err = {0};

	must(catalog_init(catalog, &err), &err);
	must(module_table_add(&catalog->modules, &kernel, &err), &err);
	must(module_table_add(&catalog->modules, &ext4, &err), &err);
	add_apis(&catalog->apis);
	catalog->clock_offset = 1700000000000000000;
	catalog->start = SAMPLE_START;
	catalog->processors = 4;
	catalog->kernel = copy("6.1.0-56-amd64");
	catalog->machine = copy("x86_64");
	catalog->host = copy("sample");
	catalog->spec = copy("hook-return vfs_open\nhook ext4:ext4_file_open\n");
	catalog->resolve = resolve;
}

/* Where the next part of a record goes. */
static void *grow(struct kmn_header *header, size_t bytes)
{
	void *at = (char *)header + header->length;

	header->length = (uint16_t)(header->length + bytes);
	return at;
}

static void put_stack(struct kmn_header *header, uint64_t number, struct catalog *catalog,
		      uint64_t *frames, uint16_t *n_frames)
{
	struct kmn_stack *stack = grow(header, sizeof(*stack));
	struct stack known = {.frames = frames};
	struct error err = {0};
	bool added;

	*n_frames = (uint16_t)(3 + number * 2);
	for (uint16_t i = 0; i < *n_frames; i++)
		frames[i] = KERNEL_BASE + 0x100 + (number + 1) * i * 0x1c5;
	if (number % 2)
		frames[1] = EXT4_BASE + 0x40 + number;
	stack->hash = 0x9e3779b97f4a7c15ull * (number + 1);
	stack->modules = number % 2 ? 3 : 1;
	header->flags |= KMN_HAS_STACK;
	known.hash = stack->hash;
	known.modules = stack->modules;
	known.n_frames = *n_frames;
	if (number == 4)
		header->flags |= known.flags = KMN_STACK_TRUNCATED;
	if (catalog)
		must(stack_table_add(catalog->stacks, &known, &added, &err), &err);
}

static void put_fetched(struct kmn_header *header, const char *string)
{
	size_t length = strlen(string);
	struct kmn_fetched *fetched = grow(header, sizeof(*fetched));
	char *data = grow(header, (length + 3) & ~(size_t)3);

	*fetched = (struct kmn_fetched){.fetch = 0, .length = (uint16_t)length};
	memcpy(data, string, length);
	header->n_fetches++;
	header->length = (uint16_t)((header->length + 7) & ~7);
}

const struct kmn_header *sample_record_make(struct sample_record *record, uint64_t i,
					    struct catalog *catalog)
{
	static const uint8_t kinds[] = {KMN_ENTRY, KMN_ENTRY, KMN_RETURN, KMN_RETURN,
					KMN_ENTRY, KMN_ENTRY, KMN_RETURN, KMN_RETURN};
	static const uint8_t rare[] = {KMN_MODULE_LOAD, KMN_MODULE_UNLOAD, KMN_LOSS, KMN_SUSPEND,
				       KMN_RESUME,	KMN_ALLOC,	   KMN_FREE};
	struct kmn_header *header = (struct kmn_header *)record->words;
	uint64_t frames[KMN_MAX_FRAMES];
	uint16_t n_frames = 0;
	uint64_t *args;

	memset(record, 0, sizeof(*record));
	header->length = sizeof(*header);
	header->kind = i % 9 == 8 ? rare[i / 9 % sizeof(rare)] : kinds[i % 8];
	header->context = i % 16 == 5 ? KMN_HARDIRQ : KMN_TASK;
	header->hook = i % 3 ? 0 : 7;
	header->time = SAMPLE_START + i * 1357 + i % 13;
	header->sequence = i / 4;
	header->pid = 1000 + (uint32_t)(i / 16 % 5);
	header->tid = header->pid + (uint32_t)(i % 2);
	header->cpu = (uint16_t)(i % 4);
	strcpy(header->comm, i % 5 ? "postgres" : "systemd-journal");
	if (header->kind == KMN_RETURN) {
		struct kmn_return *ret = grow(header, sizeof(*ret));

		ret->value = i % 6 ? 0 : (uint64_t)-2;
		ret->duration = 2000 + i * 31 % 1000;
		ret->entry_sequence = header->sequence;
		ret->entry_cpu = header->cpu;
	}
	if (header->kind <= KMN_FREE)
		put_stack(header, i * 7 / 3 % SAMPLE_STACKS, catalog, frames, &n_frames);
	header->n_args = 2;
	args = grow(header, 2 * sizeof(*args));
	args[0] = 0xffff888100000000ull + i % 50 * 0x140;
	args[1] = i % 4;
	if (i % 5 == 1 || header->kind == KMN_MODULE_LOAD || header->kind == KMN_MODULE_UNLOAD)
		put_fetched(header, i % 2 ? "passwd" : "resolv.conf");
	/* A stack comes with its frames now and then, not only the first time. */
	if (n_frames && i % 10 < 4) {
		memcpy(grow(header, n_frames * sizeof(*frames)), frames,
		       n_frames * sizeof(*frames));
		header->flags |= KMN_STACK_INLINE;
		header->n_frames = n_frames;
	}
	return header;
}

void sample_ledger_init(struct ledger *ledger, uint64_t n_records)
{
	struct ledger_row row = {.hook = 0, .hits = n_records + 5, .recorded = n_records};
	struct ledger_row other = {.hook = 7, .point = LEDGER_RETURN, .hits = 3, .suspended = 3};
	struct error err = {0};

	row.filtered = 5;
	row.self = 2;
	ledger_init(ledger);
	must(ledger_add(ledger, &row, &err), &err);
	must(ledger_add(ledger, &other, &err), &err);
}

static void write_capture(const char *path, uint64_t n_records, uint64_t flush, bool minimal,
			  struct memory *memory)
{
	struct capture_writer *writer;
	struct sample_record record;
	struct catalog catalog;
	struct ledger ledger;
	struct error err = {0};

	sample_catalog_init(&catalog);
	writer = capture_writer_create(path, false, &err);
	must(writer ? 0 : -1, &err);
	if (minimal)
		capture_writer_be_minimal(writer);
	must(capture_writer_begin(writer, &catalog, &err), &err);
	for (uint64_t i = 0; i < n_records; i++) {
		const struct kmn_header *header = sample_record_make(&record, i, &catalog);

		must(capture_writer_add(writer, &header, 1, &err), &err);
		if (flush && i % flush == flush - 1)
			must(capture_writer_flush(writer, &err), &err);
	}
	catalog.memory = memory;
	sample_ledger_init(&ledger, n_records);
	must(capture_writer_end(writer, &ledger, &err), &err);
	capture_writer_destroy(writer);
	ledger_fini(&ledger);
	catalog_fini(&catalog);
}

void sample_capture_write(const char *path, uint64_t n_records, uint64_t flush)
{
	write_capture(path, n_records, flush, false, NULL);
}

void sample_capture_write_minimal(const char *path, uint64_t n_records, uint64_t flush)
{
	write_capture(path, n_records, flush, true, NULL);
}

void sample_memory_capture_write(const char *path, uint64_t n_records, uint64_t flush,
				 uint64_t n_blocks)
{
	write_capture(path, n_records, flush, false, sample_memory_create(n_blocks));
}
