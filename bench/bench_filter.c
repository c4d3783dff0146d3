/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast records are filtered, reading and printing left aside. The load: entries and returns of
 * eight functions on two processors, three arguments, stacks of twenty frames of which some are
 * frequent; a million records in memory, in batches of a thousand as they come from a capture.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/calls.h"
#include "timer.h"

#define RECORDS 1000000u
#define BATCH 1000
#define STACKS 290
#define FUNCTIONS 8
#define ROUNDS 5

static const char *const expressions[] = {
	"api == function_3",
	"api ~ *_3 or api ~ *_5",
	"pid == 1001",
	"pid == 1001 and api in (function_1, function_2)",
	"comm == process1001",
	"cpu == 1",
	"count > 4000",
	"stack has ext4",
	"stack has symbol_77",
	"caller == symbol_77",
	"errno == ENOENT",
	"duration > 2us",
	"errno and comm ~ proc* and stack has ext4",
};

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static bool resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	static char names[4000][16];
	unsigned number = address / 16 % 4000;

	if (!names[number][0])
		snprintf(names[number], sizeof(names[number]), "symbol_%u", number);
	*frame = (struct frame){.symbol = names[number]};
	return true;
}

static void make_catalog(struct catalog *catalog)
{
	static const char *const modules[] = {"vmlinux", "ext4"};
	uint64_t frames[20];
	bool added;

	catalog_init(catalog, NULL);
	catalog->resolve = resolve;
	for (uint8_t i = 0; i < 2; i++) {
		struct module module = {.name = (char *)modules[i], .bit = i};

		module_table_add(&catalog->modules, &module, NULL);
	}
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		struct api api = {.id = i, .typed = true, .returns_hooked = true, .n_params = 3};
		char name[32];

		snprintf(name, sizeof(name), "function_%u", i);
		api.name = strdup(name);
		api.result = (struct value_type){.kind = VALUE_SIGNED, .size = 4};
		api.params = calloc(3, sizeof(*api.params));
		for (uint8_t k = 0; k < 3; k++) {
			api.params[k].name = strdup(k < 2 ? "pointer" : "count");
			api.params[k].type = (struct value_type){
				.kind = k < 2 ? VALUE_POINTER : VALUE_UNSIGNED, .size = 8};
			api.params[k].slot = k;
			api.params[k].slots = 1;
		}
		api_table_add(&catalog->apis, &api, NULL);
	}
	for (uint64_t i = 0; i < STACKS; i++) {
		struct stack stack = {
			.hash = i * 0x9e3779b97f4a7c15ull, .n_frames = 20, .frames = frames};

		for (int k = 0; k < 20; k++)
			frames[k] = next_random() % 4000 * 16;
		stack_table_add(catalog->stacks, &stack, &added, NULL);
	}
}

static void *add_part(struct kmn_header *record, size_t bytes)
{
	void *part = (char *)record + record->length;

	record->length = (uint16_t)(record->length + bytes);
	return part;
}

static void make_entry(struct kmn_header *record)
{
	uint64_t number = next_random() % 17 * (next_random() % 17), *args;
	struct kmn_stack *stack;

	record->kind = KMN_ENTRY;
	record->flags = KMN_HAS_STACK;
	record->hook = (uint32_t)(next_random() % FUNCTIONS);
	record->pid = record->tid = 1000 + (uint32_t)(next_random() % 4);
	snprintf(record->comm, sizeof(record->comm), "process%u", record->pid);
	stack = add_part(record, sizeof(*stack));
	*stack = (struct kmn_stack){number * 0x9e3779b97f4a7c15ull, number % 5 ? 1 : 3};
	args = add_part(record, 3 * sizeof(*args));
	args[0] = args[1] = 0xffff888100000000ull;
	args[2] = next_random() % 4096;
	record->n_args = 3;
}

static void make_return(struct kmn_header *record, const struct kmn_header *entry)
{
	struct kmn_return *ret = add_part(record, sizeof(*ret));

	record->kind = KMN_RETURN;
	record->hook = entry->hook;
	record->pid = record->tid = entry->pid;
	memcpy(record->comm, entry->comm, sizeof(record->comm));
	ret->value = next_random() % 8 ? 0 : (uint32_t)-2;
	ret->duration = record->time - entry->time;
	ret->entry_sequence = entry->sequence;
	ret->entry_cpu = entry->cpu;
}

static void make_records(unsigned char *bytes, const struct kmn_header **records)
{
	uint64_t sequence[2] = {0}, time = 5000000000ull;

	for (size_t i = 0; i < RECORDS; i++) {
		struct kmn_header *record = (struct kmn_header *)bytes;

		memset(record, 0, sizeof(*record));
		record->length = sizeof(*record);
		record->cpu = (uint16_t)(i / 2 % 2);
		record->time = time += 200 + next_random() % 3000;
		record->sequence = sequence[record->cpu]++;
		if (i % 2)
			make_return(record, records[i - 1]);
		else
			make_entry(record);
		records[i] = record;
		bytes += record->length;
	}
}

static int measure(const char *expression, const struct catalog *catalog,
		   const struct kmn_header *const *records)
{
	struct filter *filter = filter_create();
	const struct kmn_header *const *kept;
	struct filter_calls *calls;
	struct error err = {0};
	double best = 0, start;
	size_t n, total = 0;

	if (filter_add(filter, expression, &err) || filter_bind(filter, catalog, true, &err)) {
		fprintf(stderr, "bench_filter: %s\n", err.message);
		return -1;
	}
	for (int round = 0; round < ROUNDS; round++) {
		calls = filter_calls_create(filter);
		start = cpu_seconds();
		total = 0;
		for (size_t i = 0; i < RECORDS; i += BATCH) {
			if (filter_calls_push(calls, records + i, BATCH, &kept, &n, &err))
				return -1;
			total += n;
		}
		start = cpu_seconds() - start;
		if (!round || start < best)
			best = start;
		filter_calls_destroy(calls);
	}
	printf("%s\trecords\t%.1f\n", expression, RECORDS / best / 1e6);
	printf("%s\tkept\t%.1f\n", expression, 100.0 * (double)total / RECORDS);
	filter_destroy(filter);
	return 0;
}

int main(void)
{
	unsigned char *bytes = malloc((size_t)RECORDS * 104);
	const struct kmn_header **records = malloc(RECORDS * sizeof(*records));
	struct catalog catalog;
	int status = 0;

	if (!bytes || !records)
		return 1;
	make_catalog(&catalog);
	make_records(bytes, records);
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]) && !status; i++)
		status = measure(expressions[i], &catalog, records);
	catalog_fini(&catalog);
	free(bytes);
	free(records);
	return status ? 1 : 0;
}
