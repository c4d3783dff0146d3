/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a capture of calls as they come from a busy machine: nested, on several threads that move
 * between processors, some without their entry or their return, with losses, suspensions and
 *modules that come and go, and with names that are hard to quote. The same every time.
 *
 *	make_calls FILE [STEPS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/writer.h"
#include "records.h"

#define CPUS 4
#define MAX_DEPTH 6
#define STACKS 7

struct open_call {
	uint32_t hook;
	uint64_t time;
	uint16_t cpu;
	uint64_t sequence;
};

struct thread {
	uint32_t pid, tid;
	const char *comm;
	uint16_t cpu;
	bool idle; /* it stays on its processor */
	struct open_call calls[MAX_DEPTH];
	unsigned depth;
};

struct machine {
	struct capture_writer *writer;
	struct catalog catalog;
	struct record_builder record;
	uint64_t time, random, sequences[CPUS];
	struct thread *threads;
	unsigned n_threads;
};

static struct thread threads[] = {
	{.pid = 100, .tid = 100, .comm = "bash"},
	{.pid = 100, .tid = 101, .comm = "a,\"b\"\r\nc"},
	{.pid = 200, .tid = 200, .comm = "caf\xe9;x", .cpu = 2},
	{.pid = 300, .tid = 301, .comm = "\xc3\xa9t\xc3\xa9", .cpu = 3},
	{.comm = "swapper/0", .idle = true},
	{.comm = "swapper/1", .idle = true, .cpu = 1},
};

static void must(int status, const struct error *err)
{
	if (status >= 0)
		return;
	fprintf(stderr, "make_calls: %s\n", err->message);
	abort();
}

static uint64_t pick(struct machine *machine, uint64_t n)
{
	machine->random = machine->random * 6364136223846793005u + 1442695040888963407u;
	return (machine->random >> 33) % n;
}

static void begin(struct machine *machine, enum kmn_kind kind, uint32_t hook,
		  const struct thread *thread)
{
	struct kmn_header *header = &machine->record.header;

	record_begin(&machine->record, kind, hook, machine->time,
		     machine->sequences[thread->cpu]++);
	header->pid = thread->pid;
	header->tid = thread->tid;
	header->cpu = thread->cpu;
	memset(header->comm, 0, sizeof(header->comm));
	memcpy(header->comm, thread->comm, strlen(thread->comm));
	if (pick(machine, 16) == 0)
		header->context = (uint8_t)(KMN_SOFTIRQ + pick(machine, 3));
}

static void put(struct machine *machine)
{
	const struct kmn_header *header = &machine->record.header;
	struct error err = {0};

	must(capture_writer_add(machine->writer, &header, 1, &err), &err);
}

/* Frames in the kernel and in ext4, and one of which nothing is known. */
static void add_stack(struct machine *machine, uint64_t *frames, uint16_t *n)
{
	uint64_t number = pick(machine, STACKS);
	struct stack stack = {.hash = 0x1234567800000000 + number, .modules = 1, .frames = frames};
	struct error err = {0};
	bool added;

	*n = (uint16_t)(2 + number);
	for (uint16_t i = 0; i < *n; i++)
		frames[i] = (i + number) % 3 ? 0x1010 + number * 0x100 + i : 0x2020 + i * 0x10u;
	if (number == STACKS - 1)
		frames[1] = 0xffffffff81234567;
	stack.n_frames = *n;
	must(stack_table_add(machine->catalog.stacks, &stack, &added, &err), &err);
	record_add_stack(&machine->record, stack.hash);
}

static void put_entry(struct machine *machine, struct thread *thread, uint32_t hook, bool lost)
{
	static const char *const names[] = {"passwd", "with \"quotes\", and a comma", "\xff\xfe\n",
					    "\xe2\x82\xac/\xf0\x9f\x90\xa7"};
	struct record_builder *record = &machine->record;
	const char *name = names[pick(machine, 4)];
	uint64_t frames[KMN_MAX_FRAMES];
	int32_t pid = (int32_t)thread->pid;
	uint16_t n_frames = 0;

	begin(machine, KMN_ENTRY, hook, thread);
	if (pick(machine, 8))
		add_stack(machine, frames, &n_frames);
	record_add_arg(record, 0xffff888000001000 + pick(machine, 9) * 64);
	record_add_arg(record, hook == HOOK_WAKE ? pick(machine, 3) - 1 : pick(machine, 1000));
	if (hook == HOOK_OPEN) {
		record_add_fetched(record, 0, KMN_FETCHED, name, strlen(name));
	} else if (hook == HOOK_WAKE) {
		record_add_fetched(record, 0, KMN_FETCHED, thread->comm, strlen(thread->comm));
		record_add_fetched(record, 1, KMN_FETCHED, &pid, sizeof(pid));
	} else if (hook == HOOK_POLL) {
		record_add_fetched(record, 0, KMN_FETCHED, "log\0var\0/\0", 10);
	}
	if (n_frames)
		record_add_frames(record, frames, n_frames);
	if (hook != HOOK_WAKE && hook != HOOK_RAW)
		thread->calls[thread->depth++] = (struct open_call){
			hook, record->header.time, thread->cpu, record->header.sequence};
	if (!lost)
		put(machine);
}

static void put_return(struct machine *machine, struct thread *thread, bool lost, bool unpaired)
{
	struct open_call call = thread->calls[--thread->depth];
	static const uint64_t values[] = {0, (uint64_t)-2, 3, (uint64_t)-13};

	begin(machine, KMN_RETURN, call.hook, thread);
	if (unpaired) {
		machine->record.header.flags |= KMN_UNPAIRED;
		record_add_return(&machine->record, values[pick(machine, 4)], 0, 0, 0);
	} else {
		record_add_return(&machine->record, values[pick(machine, 4)],
				  machine->time - call.time, call.cpu, call.sequence);
	}
	if (!lost)
		put(machine);
}

static void put_note(struct machine *machine, struct thread *thread)
{
	static const uint8_t kinds[] = {KMN_LOSS, KMN_SUSPEND, KMN_RESUME, KMN_MODULE_LOAD,
					KMN_MODULE_UNLOAD};
	uint8_t kind = kinds[pick(machine, 5)];
	bool module = kind == KMN_MODULE_LOAD || kind == KMN_MODULE_UNLOAD;

	begin(machine, kind, module || kind == KMN_LOSS ? KMN_NO_HOOK : HOOK_OPEN, thread);
	record_add_arg(&machine->record, module ? 0xffffffffc0200000 : 1 + pick(machine, 9));
	record_add_arg(&machine->record, module ? 0x4000 : machine->time - 10);
	if (module)
		record_add_fetched(&machine->record, 0, KMN_FETCHED, "nvme\0\0\0", 7);
	put(machine);
}

static void step(struct machine *machine)
{
	static const uint32_t hooks[] = {HOOK_OPEN, HOOK_WAKE, HOOK_ALLOC, HOOK_RAW, HOOK_POLL};
	struct thread *thread = &machine->threads[pick(machine, machine->n_threads)];

	machine->time += 1 + pick(machine, 5000);
	if (!thread->idle && !pick(machine, 10))
		thread->cpu = (uint16_t)pick(machine, CPUS);
	if (!pick(machine, 60))
		put_note(machine, thread);
	else if (thread->depth == MAX_DEPTH || (thread->depth && pick(machine, 2)))
		put_return(machine, thread, !pick(machine, 40), !pick(machine, 40));
	else
		put_entry(machine, thread, hooks[pick(machine, 5)], !pick(machine, 40));
}

static void write_ledger(struct machine *machine, uint64_t steps)
{
	struct ledger_row row = {.hook = HOOK_OPEN, .hits = steps, .recorded = steps};
	struct ledger ledger;
	struct error err = {0};

	if (steps > 100) {
		row.lost = 7;
		row.recorded -= 7;
	}
	ledger_init(&ledger);
	must(ledger_add(&ledger, &row, &err), &err);
	must(capture_writer_end(machine->writer, &ledger, &err), &err);
	ledger_fini(&ledger);
}

int main(int argc, char **argv)
{
	uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
	struct machine machine = {.time = 1000000000,
				  .random = 1,
				  .threads = threads,
				  .n_threads = sizeof(threads) / sizeof(threads[0])};
	struct module kernel = {.name = "vmlinux", .base = 0x1000, .size = 0x1000, .bit = 0};
	struct module ext4 = {.name = "ext4", .base = 0x2000, .size = 0x1000, .bit = 1};
	struct error err = {0};

	if (argc < 2 || argc > 3) {
		fputs("usage: make_calls FILE [STEPS]\n", stderr);
		return 2;
	}
	test_catalog_init(&machine.catalog);
	machine.catalog.processors = CPUS;
	machine.catalog.kernel = strdup("6.1.0");
	must(module_table_add(&machine.catalog.modules, &kernel, &err), &err);
	must(module_table_add(&machine.catalog.modules, &ext4, &err), &err);
	machine.writer = capture_writer_create(argv[1], true, &err);
	must(machine.writer ? 0 : -1, &err);
	must(capture_writer_begin(machine.writer, &machine.catalog, &err), &err);
	for (uint64_t i = 0; i < steps; i++)
		step(&machine);
	write_ledger(&machine, steps);
	capture_writer_destroy(machine.writer);
	catalog_fini(&machine.catalog);
	return 0;
}
