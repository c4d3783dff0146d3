/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the doctor's files: linux_doctor.c has the list of checks, linux_doctor_system.c those
 * that read what the system says of itself, linux_doctor_tries.c those that try something out.
 */
#ifndef SOURCE_LINUX_DOCTOR_PARTS_H
#define SOURCE_LINUX_DOCTOR_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/finding.h"
#include "symbol/symbols.h"

/*
 * Called by BPF_PROG_TEST_RUN of a tracing program (net/bpf/test_run.c) and by nobody else: the
 * function to try hooks on, which can be called at will.
 */
#define DOCTOR_FUNCTION "bpf_fentry_test1"

struct doctor {
	struct symbols *symbols;
	char *config;	   /* the kernel's configuration, "" if it can't be had */
	char release[128]; /* uname -r */
	unsigned version;  /* 6.12 is 0x060c */
	int caller;	   /* a program whose test run calls DOCTOR_FUNCTION; -1: none */
};

/* 'y', 'm', 'n', or '?' if the configuration is not at hand. */
char doctor_config(const struct doctor *doctor, const char *option);
/* The first line of a file, without its newline; "" and false if it can't be read. */
bool doctor_line(const char *path, char *line, size_t size);

/*
 * The checks: each fills its finding. X(symbol, name, essential). Without what is essential hooking
 * fails, with one exception: where trampolines load but don't attach, kprobes stand in for them.
 */
#define DOCTOR_CHECKS(X)                                                                           \
	X(architecture, "architecture", true)                                                      \
	X(rights, "rights", true)                                                                  \
	X(lockdown, "lockdown", true)                                                              \
	X(bpf, "bpf", true)                                                                        \
	X(btf, "btf", true)                                                                        \
	X(module_btf, "module-btf", false)                                                         \
	X(trampolines, "trampolines", true)                                                        \
	X(kprobes, "kprobes", false)                                                               \
	X(kprobe_multi, "kprobe.multi", false)                                                     \
	X(symbols, "symbols", true)                                                                \
	X(tracefs, "tracefs", false)                                                               \
	X(debugfs, "debugfs", false)                                                               \
	X(blacklist, "blacklist", false)                                                           \
	X(preemption, "preemption", false)                                                         \
	X(locked_memory, "locked-memory", false)                                                   \
	X(unwinder, "unwinder", false)                                                             \
	X(slab_merging, "slab-merging", false)                                                     \
	X(cgroup, "cgroup-v2", false)                                                              \
	X(debug_info, "debug-info", false)                                                         \
	X(hook, "hook", true)

#define DOCTOR_DECLARE(symbol, name, essential)                                                    \
	void doctor_check_##symbol(struct doctor *doctor, struct finding *finding);
DOCTOR_CHECKS(DOCTOR_DECLARE)
#undef DOCTOR_DECLARE

#endif
