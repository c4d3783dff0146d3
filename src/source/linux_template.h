/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hooks' programs. Each costs the verifier its time, so the kernel gets them only when a hook
 * needs them: libbpf puts the numbers of maps and the offsets of fields into their instructions and
 * then loads an empty program in the stead of each, while the instructions are kept here.
 */
#ifndef SOURCE_LINUX_TEMPLATE_H
#define SOURCE_LINUX_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "base/error.h"

/* X(symbol, section, type, attach type) */
#define TEMPLATES(X)                                                                               \
	X(FENTRY, "fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY)                               \
	X(FEXIT, "fexit", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT)                                  \
	X(KPROBE, "kprobe", BPF_PROG_TYPE_KPROBE, 0)                                               \
	X(KRETPROBE, "kretprobe", BPF_PROG_TYPE_KPROBE, 0)                                         \
	X(MULTI, "kprobe.multi", BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI)                     \
	X(MULTI_RETURN, "kretprobe.multi", BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI)

#define TEMPLATE_ENUM(symbol, section, type, attach_type) TEMPLATE_##symbol,
enum template_id { TEMPLATES(TEMPLATE_ENUM) N_TEMPLATES };
#undef TEMPLATE_ENUM

/* A program that does nothing: r0 = 0; exit */
#define EMPTY_PROGRAM                                                                              \
	{                                                                                          \
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},                                             \
		{                                                                                  \
			.code = BPF_JMP | BPF_EXIT                                                 \
		}                                                                                  \
	}

struct template
{
	const struct bpf_program *program; /* the empty one; NULL: nothing was kept */
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	struct bpf_insn *insns;
	size_t n_insns;
	struct bpf_func_info *functions;
	uint32_t n_functions;
	int btf_fd; /* the object's own */
	bool in_place;
};

/*
 * Keep the programs of the object that is opened and loaded between begin and end. The templates
 * are good until the object is closed; templates_fini() may come later.
 */
int templates_begin(struct template *templates, struct error *err);
void templates_end(void);
void templates_fini(struct template *templates);

/* Put an address in place of a magic number (kernel/linux/clone.h). */
void templates_put_address(struct template *templates, uint32_t magic, uint64_t address);
/*
 * Load the template, or insns, as many, in its place; options may say what it is to be attached to
 * and ask for a log. Returns a descriptor or a negative error number, as bpf_prog_load().
 */
int template_load(const struct template *template, const struct bpf_insn *insns,
		  struct bpf_prog_load_opts *options);
/*
 * Programs that hooks share: see to it that the object's program, bpf_program__fd(), is the real
 * one.
 */
int template_put_in_place(struct template *template, struct error *err);

#endif
