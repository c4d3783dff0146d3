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
	struct bpf_program *template = point == POINT_ENTRY ? engine->object->progs.entry_fentry
							    : engine->object->progs.return_fexit;
	size_t n = bpf_program__insn_cnt(template);
	struct bpf_insn *insns = malloc(n * sizeof(*insns));
	char log[4096] = "", line[160];
	int fd;

	LIBBPF_OPTS(bpf_prog_load_opts, options,
		    .expected_attach_type =
			    point == POINT_ENTRY ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT,
		    .attach_btf_id = hook->function.btf_id);

	if (!insns)
		return error_no_memory(err);
	memcpy(insns, bpf_program__insns(template), n * sizeof(*insns));
	put_numbers(insns, n, hook->api->id, copy, slot);
	if (module_btf_fd > 0)
		options.attach_btf_obj_fd = (uint32_t)module_btf_fd;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, bpf_program__name(template), "GPL", insns, n,
			   &options);
	if (fd < 0) {
		int code = -fd;

		/* The second time with a log: it costs, and is seldom needed. */
		options.log_buf = log;
		options.log_size = sizeof(log);
		options.log_level = 1;
		fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, bpf_program__name(template), "GPL",
				   insns, n, &options);
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
