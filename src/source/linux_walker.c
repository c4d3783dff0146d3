/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stack walker (kernel/linux/walk.h): told where the kernel's tables are, switched on, and
 * asked afterwards what it did.
 */
#include "source/linux_walker.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "kapimon.skel.h"
#include "source/linux_engine.h"
#include "symbol/orc.h"

/* So often, in ns, BPF programs are looked for that have come or gone. */
#define LOOK_EVERY 1000000000ull

/* As kernel/linux/regions.h has it. */
struct list_scan {
	uint64_t list, at, n, sum;
};

/*
 * For tests, the environment says KAPIMON_WALKER=off, =probe (no direct loads) or =spoil:FUNCTION,
 * which makes what is known of that function's frames wrong.
 */
static const char *wish(void)
{
	const char *text = getenv("KAPIMON_WALKER");

	return text ? text : "";
}

void walker_prepare(struct engine *engine, const struct btf *btf)
{
	engine->object->rodata->direct_loads =
		strcmp(wish(), "probe") != 0 && btf &&
		btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
}

static bool scan(const struct bpf_program *program, const struct kallsyms *kallsyms,
		 const char *list, struct list_scan *result)
{
	struct list_scan scan = {.list = kallsyms_address(kallsyms, list)};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &scan, .ctx_size_in = sizeof(scan));

	if (!scan.list || bpf_prog_test_run_opts(bpf_program__fd(program), &options))
		return false;
	/* Programs of this kind write to what they were given. */
	*result = scan;
	return true;
}

/* Pages that hold BPF text are marked; those that held some and no longer do are no more. */
static void generated_follow(struct engine *engine)
{
	const struct kallsyms *kallsyms = symbols_kallsyms(engine->symbols, NULL);
	struct kapimon_bpf *object = engine->object;
	uint16_t *pages = object->data_regions->text_regions;
	struct list_scan now;

	if (!kallsyms || !scan(object->progs.scan_generated, kallsyms, "bpf_kallsyms", &now) ||
	    (now.n == engine->generated.n && now.sum == engine->generated.sum))
		return;
	engine->generated.n = now.n;
	engine->generated.sum = now.sum;
	for (size_t i = 0; i < KMN_TEXT_PAGES; i++) {
		uint16_t old = KMN_GENERATED_TEXT;

		/* A module may be coming meanwhile. */
		if (pages[i] == old)
			__atomic_compare_exchange_n(&pages[i], &old, 0, false, __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
	}
	scan(object->progs.scan_generated, kallsyms, "bpf_kallsyms", &now);
	__atomic_add_fetch(&object->data_walk->walking.generation, 1, __ATOMIC_ACQ_REL);
}

void walker_follow(struct engine *engine)
{
	uint64_t now = monotonic_ns();

	if (!engine->object->data_walk->walking.on || now - engine->generated.time < LOOK_EVERY)
		return;
	engine->generated.time = now;
	generated_follow(engine);
}

static void spoil(struct kmn_walking *walking, const struct kallsyms *kallsyms, const char *name)
{
	uint64_t address = kallsyms_address(kallsyms, name);
	size_t next = kallsyms_lower_bound(kallsyms, address + 1);

	if (!address || next >= kallsyms_count(kallsyms))
		return;
	walking->spoil = address;
	walking->spoil_size = kallsyms_at(kallsyms, next).address - address;
	walking->spoiled = 1;
}

void walker_verify(struct engine *engine, bool verify)
{
	engine->object->data_walk->walking.verify = verify;
}

void walker_start(struct engine *engine)
{
	struct kmn_walking *walking = &engine->object->data_walk->walking;
	const struct kallsyms *kallsyms = symbols_kallsyms(engine->symbols, NULL);
	struct btf_types *types = symbols_types(engine->symbols, NULL);
	const struct btf *btf = types ? btf_types_of(types, NULL) : NULL;
	struct orc_table table;
	struct list_scan modules;

	walker_verify(engine, engine->spec.verify_stacks);
	if (!kallsyms || !btf || !strcmp(wish(), "off") ||
	    !orc_layout_find(btf, &walking->layout) || !orc_table_find(kallsyms, &table))
		return;
	walking->text = table.text;
	walking->text_size = table.text_size;
	walking->orc_ip = table.ips;
	walking->orc = table.entries;
	walking->n = table.n;
	walking->lookup = table.lookup;
	walking->trampolines[0] = engine_rethook(kallsyms);
	walking->trampolines[1] = kallsyms_address(kallsyms, "return_to_handler");
	if (!strncmp(wish(), "spoil:", 6))
		spoil(walking, kallsyms, wish() + 6);
	/* The first generation has a number too. */
	__atomic_add_fetch(&walking->generation, 1, __ATOMIC_ACQ_REL);
	/* Modules that are there already; the programs on tracepoints see to the others. */
	scan(engine->object->progs.scan_modules, kallsyms, "modules", &modules);
	generated_follow(engine);
	__atomic_store_n(&walking->on, 1, __ATOMIC_RELEASE);
}

int walker_counts(struct engine *engine, struct kmn_walk_counts *sum, struct error *err)
{
	const struct bpf_map *map = engine->object->maps.scratches;
	size_t size = bpf_map__value_size(map);
	unsigned char *scratch = malloc(size);
	struct kmn_walk_counts each, total = {0};

	if (!scratch)
		return error_no_memory(err);
	for (uint32_t i = 0; i < bpf_map__max_entries(map); i++) {
		if (bpf_map_lookup_elem(bpf_map__fd(map), &i, scratch))
			continue;
		/* They are the last. */
		memcpy(&each, scratch + size - sizeof(each), sizeof(each));
		for (size_t j = 0; j < sizeof(each) / sizeof(uint64_t); j++)
			((uint64_t *)&total)[j] += ((const uint64_t *)&each)[j];
	}
	free(scratch);
	*sum = total;
	return 0;
}

static void print_frame(const struct engine *engine, uint64_t address, struct text *out)
{
	struct frame frame = {0};

	catalog_frame(&engine->catalog, address, &frame);
	if (!frame.symbol)
		text_addf(out, " 0x%llx", (unsigned long long)address);
	else
		text_addf(out, " %s+0x%llx", frame.symbol, (unsigned long long)frame.offset);
}

static void print_stack(const struct engine *engine, const char *whose, const uint64_t *frames,
			uint64_t n, struct text *out)
{
	text_addf(out, "%s:", whose);
	for (uint64_t i = 0; i < n && i < KMN_MAX_FRAMES; i++)
		print_frame(engine, frames[i], out);
	text_add_char(out, '\n');
}

void walker_difference_print(const struct engine *engine, struct text *out)
{
	const struct kmn_difference *first = &engine->object->data_walk->first_difference;
	bool verify = engine->object->data_walk->walking.verify;

	if (!__atomic_load_n(&first->found, __ATOMIC_ACQUIRE))
		return;
	text_addf(out,
		  "the stack walker found a stack other than the kernel does (%s); the kernel's "
		  "was recorded%s\n",
		  first->hit ? "by a memo" : "frame by frame",
		  verify ? "" : ", and the kernel takes all stacks from then on");
	print_stack(engine, "walker", first->walked, first->n_walked, out);
	print_stack(engine, "kernel", first->kernel, first->n_kernel, out);
}

void walker_counts_print(const struct engine *engine, const struct kmn_walk_counts *counts,
			 struct text *out)
{
	uint64_t left = counts->off + counts->unknown + counts->rule + counts->fault;

	text_addf(out,
		  "stacks: %llu known by a memo, %llu walked, %llu left to the kernel; %llu "
		  "compared, %llu different\n",
		  (unsigned long long)counts->hits, (unsigned long long)counts->walked,
		  (unsigned long long)left, (unsigned long long)counts->checked,
		  (unsigned long long)counts->different);
	if (left)
		text_addf(out,
			  "stacks left to the kernel: %llu with the walker off, %llu unknown text, "
			  "%llu unknown frame, %llu unreadable\n",
			  (unsigned long long)counts->off, (unsigned long long)counts->unknown,
			  (unsigned long long)counts->rule, (unsigned long long)counts->fault);
	if (counts->unknown) {
		text_add(out, "text that is unknown to the walker, the last:");
		print_frame(engine, engine->object->data_walk->walking.unknown, out);
		text_add_char(out, '\n');
	}
	if (counts->changed)
		text_addf(out, "stacks not compared as modules came or went: %llu\n",
			  (unsigned long long)counts->changed);
}
