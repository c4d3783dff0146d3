/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following memory: the programs of kernel/linux/memory_programs.h, in ascending copies as those
 * of any hook, and what they stand on. Each event is a hook with a row in the ledger.
 */
#include "source/linux_memory.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/memory_api.h"
#include "symbol/kcore.h"

#include "kapimon.skel.h"

/* On a tracepoint preemption is off. */
#define TRACEPOINT_COPIES 3

enum place { ON_TRACEPOINT, ON_ENTRY, ON_EXIT };

enum api_form { FORM_NONE, FORM_ALLOC, FORM_FREE };

struct event {
	const char *program; /* memory_PROGRAM_COPY; a tracepoint's name too */
	enum place place;
	const char *targets[2]; /* the first of these functions that the kernel has */
	enum api_form form;
	int frees; /* a family, or -1 */
};

/* By enum kmn_memory_event. */
static const struct event events[KMN_MEMORY_N_EVENTS] = {
	[KMN_MEMORY_KMALLOC] = {"kmalloc", ON_TRACEPOINT, {0}, FORM_ALLOC, -1},
	[KMN_MEMORY_KFREE] = {"kfree", ON_TRACEPOINT, {0}, FORM_FREE, MEMORY_SLAB},
	[KMN_MEMORY_CACHE_ALLOC] = {"kmem_cache_alloc", ON_TRACEPOINT, {0}, FORM_ALLOC, -1},
	[KMN_MEMORY_CACHE_FREE] = {"kmem_cache_free", ON_TRACEPOINT, {0}, FORM_FREE, MEMORY_SLAB},
	[KMN_MEMORY_PAGE_ALLOC] = {"mm_page_alloc", ON_TRACEPOINT, {0}, FORM_ALLOC, -1},
	[KMN_MEMORY_PAGE_FREE] = {"mm_page_free", ON_TRACEPOINT, {0}, FORM_FREE, MEMORY_PAGES},
	[KMN_MEMORY_PERCPU_ALLOC] = {"percpu_alloc_percpu", ON_TRACEPOINT, {0}, FORM_ALLOC, -1},
	[KMN_MEMORY_PERCPU_FREE] =
		{"percpu_free_percpu", ON_TRACEPOINT, {0}, FORM_FREE, MEMORY_PERCPU},
	[KMN_MEMORY_BULK_ALLOC] = {"bulk_alloc",
				   ON_EXIT,
				   {"kmem_cache_alloc_bulk_noprof", "kmem_cache_alloc_bulk"},
				   FORM_ALLOC,
				   -1},
	[KMN_MEMORY_BULK_FREE] =
		{"bulk_free", ON_ENTRY, {"kmem_cache_free_bulk"}, FORM_FREE, MEMORY_SLAB},
	[KMN_MEMORY_PAGES_BULK] = {"pages_bulk",
				   ON_EXIT,
				   {"alloc_pages_bulk_noprof", "__alloc_pages_bulk"},
				   FORM_ALLOC,
				   -1},
	[KMN_MEMORY_VMAP_PAGES] = {"vmap_pages",
				   ON_ENTRY,
				   {"__vmap_pages_range_noflush", "vmap_pages_range_noflush"},
				   FORM_ALLOC,
				   -1},
	[KMN_MEMORY_VMAP] = {"vmap", ON_EXIT, {"vmap"}, FORM_ALLOC, -1},
	[KMN_MEMORY_VM_FREE] = {"vm_free", ON_ENTRY, {"remove_vm_area"}, FORM_FREE, MEMORY_VMALLOC},
	[KMN_MEMORY_SLAB_PAGES] = {"slab_pages", ON_EXIT, {"allocate_slab"}, FORM_ALLOC, -1},
	[KMN_MEMORY_RCU_FREE] = {"rcu_free", ON_ENTRY, {"kvfree_call_rcu"}, FORM_FREE, -1},
	[KMN_MEMORY_CACHE_GONE] =
		{"cache_gone", ON_ENTRY, {"slab_kmem_cache_release"}, FORM_NONE, -1},
};

static const struct {
	const char *name;
	uint32_t tag;
} pseudo_tags[] = {
	{"kmalloc-large", KMN_TAG_LARGE},
	{"vmalloc", KMN_TAG_VMALLOC},
	{"vmap", KMN_TAG_VMAP},
	{"percpu", KMN_TAG_PERCPU},
	{"slab", KMN_TAG_UNKNOWN},
	{"(pages of slabs)", KMN_TAG_OF_SLAB},
	{"(pages of kmalloc-large)", KMN_TAG_OF_LARGE},
	{"(pages of vmalloc)", KMN_TAG_OF_VMALLOC},
	{"(pages of percpu)", KMN_TAG_OF_PERCPU},
};

static const char *const bracket_names[N_BRACKETS] = {"vmap", "pcpu_populate_chunk", "vm_map_ram"};

int memory_event_frees(enum kmn_memory_event event)
{
	return events[event].frees;
}

static unsigned copies_of(const struct engine *engine, const struct event *event)
{
	if (event->place == ON_TRACEPOINT && engine->copies > TRACEPOINT_COPIES)
		return TRACEPOINT_COPIES;
	return engine->copies;
}

static struct bpf_program *find_program(const struct engine *engine, const struct event *event,
					unsigned copy)
{
	char name[64];

	snprintf(name, sizeof(name), "memory_%s_%u", event->program, copy);
	return bpf_object__find_program_by_name(engine->object->obj, name);
}

static const char *find_target(struct btf_types *types, const struct event *event)
{
	for (size_t i = 0; i < 2 && event->targets[i]; i++) {
		if (btf_types_function(types, NULL, event->targets[i]))
			return event->targets[i];
	}
	return NULL;
}

static int choose_program(struct engine *engine, struct btf_types *types, const struct event *event,
			  struct error *err)
{
	const char *target = event->place == ON_TRACEPOINT ? NULL : find_target(types, event);

	if (event->place != ON_TRACEPOINT && !target) {
		error_set(err, "this kernel has no %s(): memory can't be followed completely",
			  event->targets[0]);
		return error_hint(err, "kernels 6.1 and 6.12 are known to have all that it takes");
	}
	for (unsigned copy = 0; copy < copies_of(engine, event); copy++) {
		struct bpf_program *program = find_program(engine, event, copy);

		if (!program || bpf_program__set_autoload(program, true) ||
		    (target && bpf_program__set_attach_target(program, 0, target)))
			return error_set(err, "can't prepare the program for %s",
					 target ? target : event->program);
	}
	return 0;
}

/* The kernel's address of where memory begins, which it chooses at its start. */
static int read_word(const struct kallsyms *kallsyms, const struct kcore *kcore, const char *name,
		     uint64_t fallback, uint64_t *word)
{
	uint64_t address = kallsyms_address(kallsyms, name);

	*word = fallback;
	if (!address)
		return 0;
	return kcore_read(kcore, address, word, sizeof(*word)) == sizeof(*word) ? 0 : -1;
}

static int read_layout(struct engine *engine, struct error *err)
{
	struct kapimon_bpf__rodata *rodata = engine->object->rodata;
	const struct kallsyms *kallsyms = symbols_kallsyms(engine->symbols, err);
	struct kcore *kcore;
	uint64_t offset, pages;
	int code;

	if (!kallsyms || kcore_open(NULL, &kcore, err))
		return -1;
	/* arch/x86/include/asm/page_64_types.h, pgtable_64_types.h: where they are fixed */
	code = read_word(kallsyms, kcore, "page_offset_base", 0xffff888000000000, &offset);
	if (!code)
		code = read_word(kallsyms, kcore, "vmemmap_base", 0xffffea0000000000, &pages);
	kcore_close(kcore);
	if (code)
		return error_set(err, "can't read from /proc/kcore where the kernel's memory lies");
	rodata->page_offset_base = offset;
	rodata->vmemmap_base = pages;
	return 0;
}

static bool is_called(const struct btf *btf, uint32_t function, unsigned param, const char *name)
{
	const struct btf_type *type = btf__type_by_id(btf, function);

	type = type ? btf__type_by_id(btf, type->type) : NULL;
	return type && btf_vlen(type) > param &&
	       !strcmp(btf__name_by_offset(btf, btf_params(type)[param].name_off), name);
}

static uint64_t power_of_two(uint64_t n)
{
	uint64_t power = 1;

	while (power < n)
		power *= 2;
	return power;
}

static int set_sizes(struct engine *engine, struct error *err)
{
	struct kapimon_bpf *object = engine->object;
	uint64_t blocks = engine->spec.memory_blocks;

	/* Two buckets that differ, and no more than an index has room for. */
	if (blocks < 4 * KMN_MEMORY_WAYS)
		blocks = 4 * KMN_MEMORY_WAYS;
	if (blocks > 1u << 26)
		return error_usage(err, "%llu blocks are too many to be followed: at most %u",
				   (unsigned long long)blocks, 1u << 26);
	blocks = power_of_two(blocks);
	if (bpf_map__set_max_entries(object->maps.memory_buckets,
				     (uint32_t)(blocks / KMN_MEMORY_WAYS)) ||
	    bpf_map__set_max_entries(object->maps.memory_counts, engine->n_cpus * KMN_MAX_TAGS) ||
	    bpf_map__set_max_entries(object->maps.memory_totals, engine->n_cpus))
		return error_set(err, "can't size the tables of memory blocks");
	object->rodata->memory_mask = (uint32_t)(blocks / KMN_MEMORY_WAYS - 1);
	engine->follower->blocks = blocks;
	return 0;
}

int memory_prepare(struct engine *engine, struct error *err)
{
	struct btf_types *types = symbols_types(engine->symbols, err);
	struct kapimon_bpf *object = engine->object;
	uint32_t rcu;

	if (!types)
		return -1;
	engine->follower = calloc(1, sizeof(*engine->follower));
	if (!engine->follower)
		return error_no_memory(err);
	if (set_sizes(engine, err) || read_layout(engine, err))
		return -1;
	for (size_t i = 0; i < KMN_MEMORY_N_EVENTS; i++) {
		if (choose_program(engine, types, &events[i], err))
			return -1;
	}
	bpf_program__set_autoload(object->progs.memory_area_gone, true);
	bpf_program__set_autoload(object->progs.bracket_enter_vmap, true);
	bpf_program__set_autoload(object->progs.bracket_leave_vmap, true);
	bpf_program__set_autoload(object->progs.bracket_enter_pcpu_populate_chunk, true);
	bpf_program__set_autoload(object->progs.bracket_leave_pcpu_populate_chunk, true);
	bpf_program__set_autoload(object->progs.bracket_enter_vm_map_ram, true);
	bpf_program__set_autoload(object->progs.bracket_leave_vm_map_ram, true);
	rcu = btf_types_function(types, NULL, "kvfree_call_rcu");
	object->rodata->rcu_by_offset = is_called(btf_types_of(types, NULL), rcu, 1, "func");
	return 0;
}

/* How an allocation or a free is shown as a call. */
static int describe(struct engine *engine, const struct event *event, struct api *api,
		    struct error *err)
{
	const struct memory_flags flags = {"gfp", "gfp_t"};

	if (event->form == FORM_NONE)
		return 0;
	return memory_api_describe(&engine->catalog.apis, api, 8,
				   event->form == FORM_ALLOC ? &flags : NULL, err);
}

static struct hook *add_hook(struct engine *engine, const struct event *event, struct error *err)
{
	struct hook *hook = hook_new();
	struct api api = {.id = (uint32_t)engine->n_hooks};

	if (!hook) {
		error_no_memory(err);
		return NULL;
	}
	hook->memory = hook->on = true;
	hook->copies = copies_of(engine, event);
	hook->pattern = strdup(event->program);
	hook->name = strdup(event->place == ON_TRACEPOINT
				    ? event->program
				    : find_target(symbols_types(engine->symbols, NULL), event));
	api.name = hook->name ? strdup(hook->name) : NULL;
	api.method = event->place == ON_TRACEPOINT ? METHOD_TRACEPOINT : METHOD_FENTRY;
	hook->function.name = hook->name;
	if (!hook->pattern || !api.name) {
		error_no_memory(err);
		goto fail;
	}
	if (describe(engine, event, &api, err) || api_table_add(&engine->catalog.apis, &api, err))
		goto fail;
	hook->api = api_table_find(&engine->catalog.apis, (uint32_t)engine->n_hooks);
	if (engine_add(engine, hook, err))
		goto fail;
	return hook;
fail:
	api_fini(&api);
	hook_destroy(hook);
	return NULL;
}

static int attach_copy(struct engine *engine, const struct event *event, struct hook *hook,
		       unsigned copy, struct error *err)
{
	struct program *program = &hook->programs[POINT_ENTRY][copy];
	const struct bpf_program *loaded = find_program(engine, event, copy);
	int fd = bpf_program__fd(loaded), link;

	link = event->place == ON_TRACEPOINT
		       ? bpf_raw_tracepoint_open(event->program, fd)
		       : bpf_link_create(fd, 0, bpf_program__expected_attach_type(loaded), NULL);
	if (link < 0)
		return error_set(err, "can't follow %s: %s", hook->name, strerror(-link));
	program->link_fd = link;
	/* The object keeps its own; this one goes with the hook. */
	program->program_fd = dup(fd);
	return 0;
}

static int attach(struct engine *engine, enum kmn_memory_event number, struct error *err)
{
	const struct event *event = &events[number];
	struct hook *hook = add_hook(engine, event, err);

	if (!hook)
		return -1;
	for (unsigned i = 0; i < hook->copies; i++)
		hook->programs[POINT_ENTRY][i].slot = number * KMN_MAX_COPIES + i;
	for (unsigned i = 0; i < hook->copies; i++) {
		/* A tracepoint runs what came first first, a trampoline what came last. */
		unsigned copy = event->place == ON_TRACEPOINT ? i : hook->copies - 1 - i;

		if (attach_copy(engine, event, hook, copy, err))
			return -1;
	}
	return 0;
}

static int attach_brackets(struct engine *engine, struct error *err)
{
	struct kapimon_bpf *object = engine->object;
	struct bpf_program *programs[N_BRACKETS][2] = {
		{object->progs.bracket_enter_vmap, object->progs.bracket_leave_vmap},
		{object->progs.bracket_enter_pcpu_populate_chunk,
		 object->progs.bracket_leave_pcpu_populate_chunk},
		{object->progs.bracket_enter_vm_map_ram, object->progs.bracket_leave_vm_map_ram},
	};

	engine->follower->area_gone = bpf_program__attach(object->progs.memory_area_gone);
	if (!engine->follower->area_gone)
		return error_set(err, "can't follow remove_vm_area(): %s", strerror(errno));
	for (int i = 0; i < N_BRACKETS; i++) {
		for (int side = 0; side < 2; side++) {
			struct bpf_link *link = bpf_program__attach(programs[i][side]);

			if (!link)
				return error_set(err, "can't follow %s(): %s", bracket_names[i],
						 strerror(errno));
			engine->follower->brackets[i][side] = link;
		}
	}
	return 0;
}

static int map_table(const struct bpf_map *map, int protection, struct mapping *mapping,
		     struct error *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	void *at;

	bytes = (bytes + page - 1) / page * page;
	at = mmap(NULL, bytes, protection, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return error_set(err, "can't read the table '%s': %s", bpf_map__name(map),
				 strerror(errno));
	*mapping = (struct mapping){.at = at, .size = bytes};
	return 0;
}

static void put_tag(struct follower *follower, uint32_t tag, const char *name)
{
	struct kmn_memory_cache *entry = (struct kmn_memory_cache *)follower->tags.at + tag;

	snprintf(entry->name, sizeof(entry->name), "%s", name);
	entry->length = (uint32_t)strlen(entry->name);
}

static void put_tags(struct follower *follower)
{
	char name[48];

	for (size_t i = 0; i < sizeof(pseudo_tags) / sizeof(pseudo_tags[0]); i++)
		put_tag(follower, pseudo_tags[i].tag, pseudo_tags[i].name);
	for (uint32_t order = 0; order <= KMN_MAX_ORDER; order++) {
		snprintf(name, sizeof(name), "pages-order-%u", order);
		put_tag(follower, KMN_TAG_PAGES + order, name);
		snprintf(name, sizeof(name), "pages-movable-order-%u", order);
		put_tag(follower, KMN_TAG_MOVABLE + order, name);
	}
}

int memory_attach(struct engine *engine, struct error *err)
{
	struct kapimon_bpf *object = engine->object;
	struct follower *follower = engine->follower;

	if (map_table(object->maps.memory_buckets, PROT_READ, &follower->buckets, err) ||
	    map_table(object->maps.memory_counts, PROT_READ, &follower->counts, err) ||
	    map_table(object->maps.memory_totals, PROT_READ, &follower->totals, err) ||
	    map_table(object->maps.memory_tags, PROT_READ | PROT_WRITE, &follower->tags, err))
		return -1;
	put_tags(follower);
	engine->n_slots = KMN_MEMORY_N_EVENTS * KMN_MAX_COPIES;
	if (attach_brackets(engine, err))
		return -1;
	for (int i = 0; i < KMN_MEMORY_N_EVENTS; i++) {
		if (attach(engine, (enum kmn_memory_event)i, err))
			return -1;
	}
	return 0;
}

int memory_begin(struct engine *engine, struct error *err)
{
	return engine->follower ? memory_count(engine, &engine->follower->before, err) : 0;
}

bool memory_caches_merged(const struct engine *engine)
{
	return engine->follower && engine->follower->before.merged;
}

int memory_end(struct engine *engine, struct error *err)
{
	if (!engine->follower)
		return 0;
	return memory_count(engine, &engine->follower->after, err);
}

void memory_stopped(struct engine *engine)
{
	engine->follower->end = monotonic_ns();
}

/* Memory that was freed twice is told of by a record. */
int memory_learn(struct engine *engine, const struct record_view *record, struct error *err)
{
	struct follower *follower = engine->follower;
	struct memory_finding *grown, *finding;

	if (!follower || record->header->n_args <= KMN_ARG_FATE ||
	    record->args[KMN_ARG_FATE] != KMN_FATE_FREED_TWICE)
		return 0;
	grown = realloc(follower->findings, (follower->n_findings + 1) * sizeof(*grown));
	if (!grown)
		return error_no_memory(err);
	follower->findings = grown;
	finding = &grown[follower->n_findings++];
	*finding = (struct memory_finding){
		.address = record->args[KMN_ARG_ADDRESS],
		.time = record->header->time,
		.stack = record->stack ? record->stack->hash : 0,
		.site = record->args[KMN_ARG_SITE],
		.tag = (uint32_t)record->args[KMN_ARG_TAG],
		.pid = record->header->pid,
	};
	memcpy(finding->comm, record->header->comm, KMN_COMM);
	return 0;
}

static void unmap(struct mapping *mapping)
{
	if (mapping->at)
		munmap(mapping->at, mapping->size);
	mapping->at = NULL;
}

void memory_detach(struct engine *engine)
{
	struct follower *follower = engine->follower;

	if (!follower)
		return;
	bpf_link__destroy(follower->area_gone);
	for (int i = 0; i < N_BRACKETS; i++) {
		bpf_link__destroy(follower->brackets[i][0]);
		bpf_link__destroy(follower->brackets[i][1]);
	}
	unmap(&follower->buckets);
	unmap(&follower->counts);
	unmap(&follower->totals);
	unmap(&follower->tags);
	memory_counters_fini(&follower->before);
	memory_counters_fini(&follower->after);
	free(follower->doubts);
	free(follower->findings);
	free(follower);
	engine->follower = NULL;
}
