/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening the BPF object: sizes of its maps, settings, loading. */
#include "source/linux_engine.h"
#include "source/linux_walker.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kapimon.skel.h"

/* Calls in progress at one time whose return is hooked, their deferred records included. */
#define INFLIGHT 8192
/* Distinct stacks that are sent once only. */
#define STACKS 65536

/* What libbpf says goes here; the last lines explain a failed load. */
static char log_tail[1024];

static int keep_log(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t length = strlen(log_tail);
	char line[512];
	int n;

	if (level == LIBBPF_DEBUG)
		return 0;
	n = vsnprintf(line, sizeof(line), format, args);
	if (n <= 0)
		return 0;
	if (length + strlen(line) >= sizeof(log_tail))
		length = 0;
	snprintf(log_tail + length, sizeof(log_tail) - length, "%s", line);
	return 0;
}

bool kernel_fully_preemptible(void)
{
	static const char *const places[] = {"/sys/kernel/debug/sched/preempt",
					     "/sys/kernel/debug/sched_preempt"};
	char text[128] = "";
	FILE *file;

	if (!access("/sys/kernel/realtime", F_OK))
		return true;
	for (size_t i = 0; i < 2; i++) {
		file = fopen(places[i], "re");
		if (!file)
			continue;
		if (!fgets(text, sizeof(text), file))
			text[0] = '\0';
		fclose(file);
		if (text[0])
			return strstr(text, "(full)") || strstr(text, "(lazy)");
	}
	/* Without that file (no CONFIG_PREEMPT_DYNAMIC or no debugfs) the version line tells. */
	file = fopen("/proc/version", "re");
	if (file) {
		char *line = NULL;
		size_t size = 0;
		bool preempt = true;

		if (getline(&line, &size, file) > 0)
			preempt = strstr(line, " PREEMPT") != NULL;
		free(line);
		fclose(file);
		return preempt;
	}
	return true;
}

static int set_sizes(struct engine *engine, struct error *err)
{
	struct kapimon_bpf *object = engine->object;
	struct {
		struct bpf_map *map;
		size_t entries;
	} sizes[] = {
		{object->maps.hooks, engine->max_hooks},
		{object->maps.rates, engine->max_hooks},
		{object->maps.counters, engine->max_slots},
		{object->maps.scratches, engine->n_cpus * 8},
		{object->maps.buffers, engine->n_cpus},
		{object->maps.inflights, INFLIGHT},
		{object->maps.deferred, INFLIGHT},
		{object->maps.stacks, STACKS},
		{object->maps.memos, engine->n_cpus * 8 * KMN_MEMOS},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (bpf_map__set_max_entries(sizes[i].map, (uint32_t)sizes[i].entries))
			return error_set(err, "can't size the map '%s' for %zu entries",
					 bpf_map__name(sizes[i].map), sizes[i].entries);
	}
	object->rodata->inflight_mask = INFLIGHT - 1;
	object->rodata->stack_mask = STACKS - 1;
	return 0;
}

uint64_t engine_rethook(const struct kallsyms *kallsyms)
{
	uint64_t rethook = kallsyms_address(kallsyms, "arch_rethook_trampoline");

	return rethook ? rethook : kallsyms_address(kallsyms, "__kretprobe_trampoline");
}

void engine_object_set_addresses(struct engine *engine)
{
	const struct kallsyms *kallsyms = symbols_kallsyms(engine->symbols, NULL);

	if (!kallsyms)
		return;
	templates_put_address(engine->templates, KMN_MAGIC_RETHOOK, engine_rethook(kallsyms));
	templates_put_address(engine->templates, KMN_MAGIC_RETURN_TO_HANDLER,
			      kallsyms_address(kallsyms, "return_to_handler"));
}

/* A kernel without modules has no tracepoints for them. */
static void leave_out_missing(struct engine *engine, const struct btf *btf)
{
	struct kapimon_bpf *object = engine->object;

	if (!btf || btf__find_by_name_kind(btf, "btf_trace_module_load", BTF_KIND_TYPEDEF) > 0)
		return;
	bpf_program__set_autoload(object->progs.module_loaded, false);
	bpf_program__set_autoload(object->progs.module_freed, false);
}

static int load_error(int code, struct error *err)
{
	char *newline = strrchr(log_tail, '\n');

	if (newline)
		*newline = '\0';
	if (code == -EPERM) {
		error_set(err, "the kernel refuses to load BPF programs: permission denied");
		return error_hint(err, "run it as root; \"kapimon doctor\" tells what this machine "
				       "allows; \"kapimon lab\" needs no rights");
	}
	error_set(err, "the kernel refuses the BPF programs: %s%s%s", strerror(-code),
		  log_tail[0] ? ": " : "", log_tail);
	return error_hint(err,
			  "\"kapimon doctor\" tells what is missing; \"kapimon lab\" runs it on "
			  "a kernel that has it");
}

int engine_object_open(struct engine *engine, size_t n_hooks, struct error *err)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct kapimon_bpf *object;
	struct btf_types *types;
	const struct btf *btf;
	int code;

	libbpf_set_print(keep_log);
	/* Maps count as locked memory until Linux 5.11. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	engine->max_hooks = n_hooks + n_hooks / 2 + 64;
	if (engine->max_hooks > 65535)
		engine->max_hooks = 65535; /* struct inflight's key has 16 bits for it */
	if (n_hooks > engine->max_hooks)
		return error_usage(err, "%zu functions are too many: at most 65535 can be hooked",
				   n_hooks);
	engine->max_slots =
		(uint32_t)(engine->max_hooks * N_POINTS + 256 * N_POINTS * engine->copies);
	if (engine->spec.memory)
		engine->max_slots += KMN_MEMORY_N_EVENTS * KMN_MAX_COPIES;
	if (templates_begin(engine->templates, err))
		return -1;
	object = kapimon_bpf__open();
	if (!object) {
		templates_end();
		return error_set(err, "can't open the BPF programs: %s", strerror(errno));
	}
	engine->object = object;
	object->rodata->fully_preemptible = engine->fully_preemptible;
	object->rodata->string_length = engine->spec.string_length;
	if (set_sizes(engine, err))
		goto fail;
	types = symbols_types(engine->symbols, NULL);
	btf = types ? btf_types_of(types, NULL) : NULL;
	leave_out_missing(engine, btf);
	walker_prepare(engine, btf);
	if (engine->spec.memory && memory_prepare(engine, err))
		goto fail;
	memset(object->data_pages->text_pages, KMN_NO_MODULE, KMN_TEXT_PAGES);
	code = kapimon_bpf__load(object);
	if (code) {
		load_error(code, err);
		goto fail;
	}
	templates_end();
	engine->loaded = true;
	return 0;
fail:
	templates_end();
	engine_object_close(engine);
	return -1;
}

void engine_object_close(struct engine *engine)
{
	kapimon_bpf__destroy(engine->object);
	templates_fini(engine->templates);
	engine->object = NULL;
	engine->loaded = false;
}
