/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_template.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *section;
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
} kinds[] = {
#define KIND(symbol, section, type, attach_type) {section, type, attach_type},
	TEMPLATES(KIND)
#undef KIND
};

/* What templates_begin() registered with libbpf, which has one list of handlers for all. */
static int handlers[N_TEMPLATES];
static size_t n_handlers;

/* Called by libbpf when a program is ready to be loaded. */
static int keep(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	static struct bpf_insn empty[] = EMPTY_PROGRAM;
	struct template *template = (struct template *)cookie;
	size_t n = bpf_program__insn_cnt(program);
	size_t size = options->func_info_cnt * sizeof(template->functions[0]);

	if (options->func_info_cnt && options->func_info_rec_size != sizeof(template->functions[0]))
		return -EINVAL;
	template->insns = malloc(n * sizeof(template->insns[0]));
	template->functions = malloc(size ? size : 1);
	if (!template->insns || !template->functions)
		return -ENOMEM;
	memcpy(template->insns, bpf_program__insns(program), n * sizeof(template->insns[0]));
	if (size)
		memcpy(template->functions, options->func_info, size);
	template->n_insns = n;
	template->n_functions = options->func_info_cnt;
	template->btf_fd = (int)options->prog_btf_fd;
	template->program = program;
	options->func_info_cnt = 0;
	options->line_info_cnt = 0;
	return bpf_program__set_insns(program, empty, sizeof(empty) / sizeof(empty[0]));
}

int templates_begin(struct template *templates, struct error *err)
{
	for (size_t i = 0; i < N_TEMPLATES; i++) {
		LIBBPF_OPTS(libbpf_prog_handler_opts, options, .cookie = (long)&templates[i],
			    .prog_prepare_load_fn = keep);
		int id;

		templates[i] = (struct template){.type = kinds[i].type,
						 .attach_type = kinds[i].attach_type};
		/* An empty kprobe program loads everywhere and needs no target. */
		id = libbpf_register_prog_handler(kinds[i].section, BPF_PROG_TYPE_KPROBE, 0,
						  &options);
		if (id < 0) {
			templates_end();
			return error_set(err, "can't prepare the BPF programs: %s", strerror(-id));
		}
		handlers[n_handlers++] = id;
	}
	return 0;
}

void templates_end(void)
{
	while (n_handlers)
		libbpf_unregister_prog_handler(handlers[--n_handlers]);
}

void templates_fini(struct template *templates)
{
	for (size_t i = 0; i < N_TEMPLATES; i++) {
		free(templates[i].insns);
		free(templates[i].functions);
		templates[i] = (struct template){0};
	}
}

static void put_address(struct template *template, uint32_t magic, uint64_t address)
{
	for (size_t i = 0; i + 1 < template->n_insns; i++) {
		struct bpf_insn *insn = &template->insns[i];

		if (insn->code != (BPF_LD | BPF_DW | BPF_IMM))
			continue;
		/* Two instructions long. A source register says that it is no plain number. */
		if (!insn->src_reg && (uint32_t)insn->imm == magic && !insn[1].imm) {
			insn[0].imm = (int32_t)address;
			insn[1].imm = (int32_t)(address >> 32);
		}
		i++;
	}
}

void templates_put_address(struct template *templates, uint32_t magic, uint64_t address)
{
	for (size_t i = 0; i < N_TEMPLATES; i++)
		put_address(&templates[i], magic, address);
}

int template_load(const struct template *template, const struct bpf_insn *insns,
		  struct bpf_prog_load_opts *options)
{
	options->expected_attach_type = template->attach_type;
	options->prog_btf_fd = (uint32_t) template->btf_fd;
	options->func_info = template->functions;
	options->func_info_cnt = template->n_functions;
	options->func_info_rec_size = sizeof(template->functions[0]);
	return bpf_prog_load(template->type, bpf_program__name(template->program), "GPL",
			     insns ? insns : template->insns, template->n_insns, options);
}

int template_put_in_place(struct template *template, struct error *err)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options);
	int fd, place;

	if (template->in_place)
		return 0;
	fd = template_load(template, NULL, &options);
	if (fd < 0)
		return error_set(err, "the kernel refuses the BPF program %s: %s",
				 bpf_program__name(template->program), strerror(-fd));
	place = dup3(fd, bpf_program__fd(template->program), O_CLOEXEC);
	close(fd);
	if (place < 0)
		return error_set(err, "can't put the BPF program %s in place: %s",
				 bpf_program__name(template->program), strerror(errno));
	template->in_place = true;
	return 0;
}
