/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_times.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "source/linux_engine.h"

#include "kapimon.skel.h"

/* Programs, and the instructions that the verifier walked through for them. */
struct verified {
	size_t programs;
	uint64_t instructions;
};

/* The kernel tells since 5.16 (aba64c7da983, "bpf: Add verified_insns to bpf_prog_info"). */
static void add_program(int fd, struct verified *verified)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return;
	verified->programs++;
	verified->instructions += info.verified_insns;
}

static bool is_template(const struct engine *engine, const struct bpf_program *program)
{
	for (size_t i = 0; i < N_TEMPLATES; i++) {
		if (engine->templates[i].program == program)
			return true;
	}
	return false;
}

/* Programs that are there whatever is hooked. */
static struct verified of_object(const struct engine *engine)
{
	struct verified verified = {0};
	struct bpf_program *program;

	bpf_object__for_each_program(program, engine->object->obj)
	{
		if (!is_template(engine, program))
			add_program(bpf_program__fd(program), &verified);
	}
	return verified;
}

static struct verified of_hooks(const struct engine *engine)
{
	struct verified verified = {0};

	for (size_t i = 0; i < N_TEMPLATES; i++) {
		if (engine->templates[i].in_place)
			add_program(bpf_program__fd(engine->templates[i].program), &verified);
	}
	for (size_t i = 0; i < engine->n_hooks; i++) {
		const struct program *programs = engine->hooks[i]->programs[0];

		for (size_t j = 0; j < (size_t)N_POINTS * KMN_MAX_COPIES; j++)
			add_program(programs[j].program_fd, &verified);
	}
	return verified;
}

static void add_line(struct text *out, uint64_t time, const char *format, ...) BASE_PRINTF(3, 4);

static void add_line(struct text *out, uint64_t time, const char *format, ...)
{
	char what[160];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	text_addf(out, "%s in %.3f s\n", what, (double)time / 1e9);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_symbols(struct symbols *symbols, struct text *out)
{
	const struct symbols_times *times = symbols_get_times(symbols);

	if (times->kallsyms)
		add_line(out, times->kallsyms, "read %zu symbols",
			 kallsyms_count(symbols_kallsyms(symbols, NULL)));
	if (times->traceable)
		add_line(out, times->traceable, "read which %zu functions ftrace reaches",
			 traceable_count(symbols_traceable(symbols, NULL)));
	if (times->types)
		add_line(out, times->types, "read %u types",
			 btf__type_cnt(btf_types_of(symbols_types(symbols, NULL), NULL)));
}

void start_times_print(const struct engine *engine, const struct start_times *times,
		       struct text *out)
{
	struct verified object = of_object(engine), hooks = of_hooks(engine);
	size_t n = engine->n_hooks;

	print_symbols(engine->symbols, out);
	add_line(out, times->load, "loaded %zu program%s (%llu instructions verified)",
		 object.programs, plural(object.programs), (unsigned long long)object.instructions);
	add_line(out, times->attach,
		 "attached %zu hook%s with %zu program%s (%llu instructions verified)", n,
		 plural(n), hooks.programs, plural(hooks.programs),
		 (unsigned long long)hooks.instructions);
}
