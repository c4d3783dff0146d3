/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trampoline programs: the loaded template's instructions, with the clone's numbers in place of the
 * magic ones (kernel/linux/clone.h), loaded once more for another function.
 */
#include "source/linux_engine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kapimon.skel.h"

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

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * The template's functions, which a clone must name again: their types the kernel knows, where they
 * begin the calls tell (the kernel's own offsets are those after its rewriting).
 */
static int find_functions(struct template *template, int fd)
{
	uint32_t starts[TEMPLATE_FUNCTIONS * 8] = {0};
	size_t n = 1, unique = 1;
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	for (size_t i = 0; i < template->n_insns; i++) {
		const struct bpf_insn *insn = &template->insns[i];

		if (insn->code == (BPF_LD | BPF_DW | BPF_IMM)) {
			i++;
			continue;
		}
		if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL &&
		    n < sizeof(starts) / sizeof(starts[0]))
			starts[n++] = (uint32_t)((int64_t)i + insn->imm + 1);
	}
	qsort(starts, n, sizeof(*starts), by_number);
	for (size_t i = 1; i < n; i++) {
		if (starts[i] != starts[unique - 1])
			starts[unique++] = starts[i];
	}
	if (unique > TEMPLATE_FUNCTIONS)
		return -1;
	info.nr_func_info = (uint32_t)unique;
	info.func_info_rec_size = sizeof(template->functions[0]);
	info.func_info = (uintptr_t) template->functions;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.nr_func_info != unique)
		return -1;
	for (size_t i = 0; i < unique; i++)
		template->functions[i].insn_off = starts[i];
	template->n_functions = (uint32_t)unique;
	template->btf_fd = bpf_btf_get_fd_by_id(info.btf_id);
	return template->btf_fd < 0 ? -1 : 0;
}

static struct template *template_get(struct engine *engine, enum point point, struct error *err)
{
	struct template *template = &engine->templates[point];
	struct bpf_program *program = point == POINT_ENTRY ? engine->object->progs.entry_fentry
							   : engine->object->progs.return_fexit;

	if (template->insns)
		return template;
	template->insns = bpf_program__insns(program);
	template->n_insns = bpf_program__insn_cnt(program);
	template->name = bpf_program__name(program);
	if (find_functions(template, bpf_program__fd(program))) {
		template->insns = NULL;
		error_set(err, "can't copy the program %s", bpf_program__name(program));
		return NULL;
	}
	return template;
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

int clone_load(struct engine *engine, const struct hook *hook, enum point point, unsigned copy,
	       uint32_t slot, int module_btf_fd, int *program_fd, struct error *err)
{
	struct template *template = template_get(engine, point, err);
	size_t n = template ? template->n_insns : 0;
	struct bpf_insn *insns;
	char log[4096] = "", line[160];
	int fd;

	LIBBPF_OPTS(bpf_prog_load_opts, options,
		    .expected_attach_type =
			    point == POINT_ENTRY ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT,
		    .attach_btf_id = hook->function.btf_id);

	if (!template)
		return -1;
	options.prog_btf_fd = (uint32_t) template->btf_fd;
	options.func_info = template->functions;
	options.func_info_cnt = template->n_functions;
	options.func_info_rec_size = sizeof(template->functions[0]);
	insns = malloc(n * sizeof(*insns));
	if (!insns)
		return error_no_memory(err);
	memcpy(insns, template->insns, n * sizeof(*insns));
	put_numbers(insns, n, hook->api->id, copy, slot);
	if (module_btf_fd > 0)
		options.attach_btf_obj_fd = (uint32_t)module_btf_fd;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, template->name, "GPL", insns, n, &options);
	if (fd < 0) {
		int code = -fd;

		/* The second time with a log: it costs, and is seldom needed. */
		options.log_buf = log;
		options.log_size = sizeof(log);
		options.log_level = 1;
		fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, template->name, "GPL", insns, n,
				   &options);
		if (fd < 0) {
			cause(log, line, sizeof(line));
			free(insns);
			return error_set(err, "no trampoline for %s: %s", hook->name,
					 line[0] ? line : strerror(code));
		}
	}
	free(insns);
	*program_fd = fd;
	return 0;
}
