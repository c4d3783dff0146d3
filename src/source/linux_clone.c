/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trampoline programs: a template's instructions, with the clone's numbers in place of the magic
 * ones (kernel/linux/clone.h), loaded for one function.
 */
#include "source/linux_engine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"

static void put_numbers(struct bpf_insn *insns, size_t n, uint32_t hook, uint32_t copy,
			uint32_t slot)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t code = insns[i].code;

		if (code == (BPF_LD | BPF_DW | BPF_IMM)) {
			i++; /* two instructions long: its halves are data */
			continue;
		}
		if (code != (BPF_ALU64 | BPF_MOV | BPF_K) && code != (BPF_ALU | BPF_MOV | BPF_K))
			continue;
		if (insns[i].imm == KMN_MAGIC_HOOK)
			insns[i].imm = (int32_t)hook;
		else if (insns[i].imm == KMN_MAGIC_COPY)
			insns[i].imm = (int32_t)copy;
		else if (insns[i].imm == KMN_MAGIC_SLOT)
			insns[i].imm = (int32_t)slot;
	}
}

/* The line of the verifier's log that tells the cause: the last before its statistics. */
static void cause(const char *log, char *line, size_t size)
{
	const char *end = strstr(log, "processed ");
	const char *begin;

	if (!end)
		end = log + strlen(log);
	while (end > log && end[-1] == '\n')
		end--;
	for (begin = end; begin > log && begin[-1] != '\n'; begin--)
		;
	if ((size_t)(end - begin) >= size)
		end = begin + size - 1;
	memcpy(line, begin, (size_t)(end - begin));
	line[end - begin] = '\0';
}

struct loading {
	struct engine *engine;
	struct hook *hook;
	int module_btf_fd;
	struct error errors[N_POINTS][KMN_MAX_COPIES];
};

static int clone_load(const struct loading *loading, enum point point, unsigned copy, int *fd,
		      struct error *err)
{
	const struct hook *hook = loading->hook;
	const struct template *template =
		&loading->engine
			 ->templates[point == POINT_ENTRY ? TEMPLATE_FENTRY : TEMPLATE_FEXIT];
	size_t n = template->n_insns;
	struct bpf_insn *insns = malloc(n * sizeof(*insns));
	char log[4096] = "", line[160];
	int code;

	LIBBPF_OPTS(bpf_prog_load_opts, options, .attach_btf_id = hook->function.btf_id);

	if (!insns)
		return error_no_memory(err);
	memcpy(insns, template->insns, n * sizeof(*insns));
	put_numbers(insns, n, hook->api->id, copy, hook->programs[point][copy].slot);
	if (loading->module_btf_fd > 0)
		options.attach_btf_obj_fd = (uint32_t)loading->module_btf_fd;
	code = template_load(template, insns, &options);
	if (code < 0) {
		int first = -code;

		/* The second time with a log: it costs, and is seldom needed. */
		options.log_buf = log;
		options.log_size = sizeof(log);
		options.log_level = 1;
		code = template_load(template, insns, &options);
		if (code < 0) {
			cause(log, line, sizeof(line));
			error_set(err, "no trampoline for %s: %s", hook->name,
				  line[0] ? line : strerror(first));
		}
	}
	free(insns);
	if (code < 0)
		return -1;
	*fd = code;
	return 0;
}

static void load_one(size_t i, void *context)
{
	struct loading *loading = context;
	unsigned copies = loading->hook->copies;
	enum point point = i < copies ? POINT_ENTRY : POINT_RETURN;
	unsigned copy = (unsigned)i % copies;

	clone_load(loading, point, copy, &loading->hook->programs[point][copy].program_fd,
		   &loading->errors[point][copy]);
}

int clones_load(struct engine *engine, struct hook *hook, int module_btf_fd, struct error *err)
{
	struct loading loading = {.engine = engine, .hook = hook, .module_btf_fd = module_btf_fd};
	size_t n = (size_t)hook->copies * (hook->returns ? N_POINTS : 1);

	/* The verifier walks through each on its own. */
	parallel_run(n, parallel_processors(), load_one, &loading);
	for (size_t i = 0; i < n; i++) {
		const struct error *each = &loading.errors[i / hook->copies][i % hook->copies];

		if (each->status != STATUS_OK) {
			*err = *each;
			return -1;
		}
	}
	return 0;
}
