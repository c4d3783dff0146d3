/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The doctor's checks that try something out: programs of two instructions that do nothing, put on
 * a function that only tests call; one call of it shows whether they run.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model/ledger.h"
#include "source/linux_doctor_parts.h"
#include "source/linux_source.h"

/* The kernel's own number for "not supported", which it lets out to user space. */
#define KERNEL_ENOTSUPP 524

/* return 0; */
static const struct bpf_insn nothing[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
	{.code = BPF_JMP | BPF_EXIT},
};
#define N_NOTHING (sizeof(nothing) / sizeof(nothing[0]))

static const char *cause(int code)
{
	switch (code) {
	case KERNEL_ENOTSUPP:
	case EOPNOTSUPP:
		return "this kernel has no support for it";
	case EPERM:
	case EACCES:
		return "permission denied";
	case ENOSYS:
		return "the system call is not there";
	default:
		return strerror(code);
	}
}

/* What to do about a refusal: root is refused for other reasons than everybody else. */
static void remedy_refusal(struct finding *finding)
{
	finding_remedy(finding,
		       geteuid() ? "run it as root"
				 : "the kernel forbids it even to root: lockdown, a security "
				   "module, or a container");
}

static bool is_refusal(int code)
{
	return code == EPERM || code == EACCES;
}

/* " (CONFIG_X is not set)", when that is known to be the reason. */
static const char *without(const struct doctor *doctor, const char *option, char *text, size_t size)
{
	text[0] = '\0';
	if (doctor_config(doctor, option) == 'n')
		snprintf(text, size, " (%s is not set)", option);
	return text;
}

void doctor_check_bpf(struct doctor *doctor, struct finding *finding)
{
	char option[64], disabled[16];
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "doctor", "GPL", nothing, N_NOTHING, NULL);

	if (fd >= 0) {
		close(fd);
		finding_set(finding, FINDING_OK, "a tracing program can be loaded");
		return;
	}
	finding_set(finding, FINDING_NO, "no tracing program can be loaded: %s%s", cause(-fd),
		    without(doctor, fd == -ENOSYS ? "CONFIG_BPF_SYSCALL" : "CONFIG_BPF_EVENTS",
			    option, sizeof(option)));
	if (!is_refusal(-fd)) {
		finding_remedy(finding, "boot a kernel built with %s",
			       fd == -ENOSYS ? "CONFIG_BPF_SYSCALL" : "CONFIG_BPF_EVENTS");
		return;
	}
	remedy_refusal(finding);
	if (geteuid() &&
	    doctor_line("/proc/sys/kernel/unprivileged_bpf_disabled", disabled, sizeof(disabled)) &&
	    strcmp(disabled, "0"))
		finding_remedy(finding, "run it as root: kernel.unprivileged_bpf_disabled keeps "
					"bpf(2) from everybody else");
}

/* Call DOCTOR_FUNCTION and tell how often a program ran because of it; -1: can't be told. */
static int count_runs(const struct doctor *doctor, int program)
{
	struct bpf_prog_info before = {0}, after = {0};
	uint32_t size = sizeof(before);
	int stats, runs = -1;

	LIBBPF_OPTS(bpf_test_run_opts, options);

	if (doctor->caller < 0)
		return -1;
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		return -1;
	if (!bpf_obj_get_info_by_fd(program, &before, &size) &&
	    !bpf_prog_test_run_opts(doctor->caller, &options)) {
		size = sizeof(after);
		if (!bpf_obj_get_info_by_fd(program, &after, &size))
			runs = (int)(after.run_cnt - before.run_cnt);
	}
	close(stats);
	return runs;
}

enum method { BY_TRAMPOLINE = 1, BY_KPROBE = 2, BY_MULTI = 4 };

/* Switches that turn hooks off; some can be put in all the same, and see no call. */
static bool find_switch(enum method method, struct finding *finding)
{
	static const struct {
		unsigned methods;
		const char *path, *remedy;
	} switches[] = {
		{BY_TRAMPOLINE | BY_KPROBE | BY_MULTI, "/proc/sys/kernel/ftrace_enabled",
		 "sysctl kernel.ftrace_enabled=1"},
		{BY_TRAMPOLINE, "/proc/sys/net/core/bpf_jit_enable",
		 "sysctl net.core.bpf_jit_enable=1"},
		{BY_KPROBE, "/sys/kernel/debug/kprobes/enabled",
		 "kprobes are off: echo 1 > /sys/kernel/debug/kprobes/enabled"},
	};
	char line[16];

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (switches[i].methods & method &&
		    doctor_line(switches[i].path, line, sizeof(line)) && !strcmp(line, "0")) {
			finding_remedy(finding, "%s", switches[i].remedy);
			return true;
		}
	}
	return false;
}

static void tell_runs(struct finding *finding, int runs, enum method method)
{
	const char *what = method == BY_TRAMPOLINE ? "BPF trampolines (fentry)"
			   : method == BY_KPROBE   ? "kprobe events"
						   : "kprobe.multi links";

	if (runs > 0) {
		finding_set(finding, FINDING_OK, "%s attach, and a test call was seen", what);
	} else if (runs < 0) {
		finding_set(finding, FINDING_OK, "%s attach", what);
	} else {
		finding_set(finding, FINDING_NO, "%s attach, but a test call was not seen", what);
		if (!find_switch(method, finding))
			finding_remedy(finding, "live patching or another tracer may take it away");
	}
}

static int load_trampoline(int id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = (uint32_t)id);

	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "doctor", "GPL", nothing, N_NOTHING, &options);
}

/* verb: "load", "attach". */
static void no_trampolines(const struct doctor *doctor, const char *verb, int code,
			   struct finding *finding)
{
	static const char *const options[] = {"CONFIG_FUNCTION_TRACER", "CONFIG_DYNAMIC_FTRACE",
					      "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
					      "CONFIG_BPF_JIT"};
	const char *option = "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS";
	char text[64] = "";

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && !text[0]; i++) {
		if (*without(doctor, options[i], text, sizeof(text)))
			option = options[i];
	}
	finding_set(finding, FINDING_NO, "BPF trampolines (fentry) don't %s: %s%s", verb,
		    cause(code), text);
	if (find_switch(BY_TRAMPOLINE, finding))
		return;
	if (is_refusal(code))
		remedy_refusal(finding);
	else
		finding_remedy(finding,
			       "without them nested calls are lost; boot a kernel built with %s",
			       option);
}

void doctor_check_trampolines(struct doctor *doctor, struct finding *finding)
{
	int id = libbpf_find_vmlinux_btf_id(DOCTOR_FUNCTION, BPF_TRACE_FENTRY), program, link;

	if (id < 0) {
		finding_set(finding, FINDING_NO, "can't be tried: the kernel's types lack %s",
			    DOCTOR_FUNCTION);
		finding_remedy(finding, "BPF trampolines need BTF; see \"btf\"");
		return;
	}
	program = load_trampoline(id);
	if (program < 0) {
		no_trampolines(doctor, "load", -program, finding);
		return;
	}
	/* One that is not attached itself makes the calls for all checks that follow. */
	doctor->caller = load_trampoline(id);
	link = bpf_link_create(program, 0, BPF_TRACE_FENTRY, NULL);
	if (link < 0) {
		no_trampolines(doctor, "attach", -link, finding);
	} else {
		tell_runs(finding, count_runs(doctor, program), BY_TRAMPOLINE);
		close(link);
	}
	close(program);
}

static int kprobe_event(const struct doctor *doctor, struct finding *finding)
{
	struct perf_event_attr attr = {.size = sizeof(attr)};
	char line[16], text[64];
	int fd;

	if (!doctor_line("/sys/bus/event_source/devices/kprobe/type", line, sizeof(line))) {
		finding_set(finding, FINDING_NO, "this kernel has no kprobe events%s",
			    without(doctor,
				    doctor_config(doctor, "CONFIG_KPROBES") == 'n'
					    ? "CONFIG_KPROBES"
					    : "CONFIG_KPROBE_EVENTS",
				    text, sizeof(text)));
		finding_remedy(finding, "boot a kernel built with CONFIG_KPROBE_EVENTS");
		return -1;
	}
	attr.type = (uint32_t)strtoul(line, NULL, 10);
	attr.kprobe_func = (uint64_t)(uintptr_t)DOCTOR_FUNCTION;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		int code = errno;

		finding_set(finding, FINDING_NO, "no kprobe can be set: %s", cause(code));
		if (is_refusal(code))
			remedy_refusal(finding);
		else
			finding_remedy(finding, "boot a kernel built with CONFIG_KPROBE_EVENTS");
	}
	return fd;
}

void doctor_check_kprobes(struct doctor *doctor, struct finding *finding)
{
	int event = kprobe_event(doctor, finding), program, link;

	if (event < 0)
		return;
	program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "doctor", "GPL", nothing, N_NOTHING, NULL);
	link = program < 0 ? program : bpf_link_create(program, event, BPF_PERF_EVENT, NULL);
	if (link < 0) {
		finding_set(finding, FINDING_NO,
			    "kprobes can be set, but no program put on them: %s", cause(-link));
		/* b89fbfbb854c ("bpf: Implement minimal BPF perf link") */
		if (is_refusal(-link))
			remedy_refusal(finding);
		else
			finding_remedy(finding, "boot Linux 5.15 or later");
	} else {
		tell_runs(finding, count_runs(doctor, program), BY_KPROBE);
		close(link);
	}
	if (program >= 0)
		close(program);
	close(event);
}

void doctor_check_kprobe_multi(struct doctor *doctor, struct finding *finding)
{
	const char *function = DOCTOR_FUNCTION;
	char text[64];
	int program, link;

	LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = BPF_TRACE_KPROBE_MULTI);
	LIBBPF_OPTS(bpf_link_create_opts, options);

	options.kprobe_multi.syms = &function;
	options.kprobe_multi.cnt = 1;
	program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "doctor", "GPL", nothing, N_NOTHING, &load);
	link = program < 0 ? program
			   : bpf_link_create(program, 0, BPF_TRACE_KPROBE_MULTI, &options);
	if (link < 0) {
		finding_set(finding, FINDING_NO, "%s%s", cause(-link),
			    without(doctor, "CONFIG_FPROBE", text, sizeof(text)));
		finding_remedy(finding, "many hooks go in one by one, some 20 ms each; Linux has "
					"it since 5.18, with CONFIG_FPROBE");
	} else {
		tell_runs(finding, count_runs(doctor, program), BY_MULTI);
		close(link);
	}
	if (program >= 0)
		close(program);
}

/* Take all records in and see what the ledger says. */
static int drain(struct source *source, struct ledger *ledger, struct error *err)
{
	const struct kmn_header *const *records;
	int more;
	size_t n;

	if (source->ops->stop(source, err))
		return -1;
	do {
		more = source->ops->next(source, 0, &records, &n, err);
	} while (more > 0);
	return more < 0 ? -1 : source->ops->ledger(source, ledger, err);
}

static int hook_and_call(const struct doctor *doctor, struct source *source,
			 struct ledger_row *total, bool *complete, struct error *err)
{
	struct ledger ledger;
	struct spec spec;
	int code;

	LIBBPF_OPTS(bpf_test_run_opts, options);

	spec_init(&spec);
	ledger_init(&ledger);
	spec.stacks = true;
	spec.buffer = 1 << 20;
	code = spec_add_hook(&spec, DOCTOR_FUNCTION, true, false, err);
	if (!code)
		code = source->ops->apply(source, &spec, err);
	if (!code && doctor->caller >= 0 && bpf_prog_test_run_opts(doctor->caller, &options))
		code = error_set(err, "the test call could not be made: %s", strerror(errno));
	if (!code)
		code = drain(source, &ledger, err);
	if (!code) {
		ledger_total(&ledger, total);
		*complete = ledger_complete(&ledger);
	}
	ledger_fini(&ledger);
	spec_fini(&spec);
	return code;
}

static void tell_hook(const struct doctor *doctor, const char *method,
		      const struct ledger_row *total, bool complete, struct finding *finding)
{
	if (doctor->caller < 0) {
		finding_set(finding, FINDING_OK, "a test hook could be put in, by %s", method);
		return;
	}
	/* An entry and a return. */
	if (total->recorded >= 2 && complete) {
		finding_set(finding, FINDING_OK,
			    "a test call was recorded at its entry and return, by %s", method);
		return;
	}
	finding_set(finding, FINDING_NO,
		    "a test hook went in, by %s, but a call left %llu of 2 records", method,
		    (unsigned long long)total->recorded);
	finding_remedy(finding, "what is not ok above is the likely cause");
}

/* The proof: what "kapimon hook" would do, on the function that tests call. */
void doctor_check_hook(struct doctor *doctor, struct finding *finding)
{
	struct error err = {0};
	struct source *source = linux_source_open(&err);
	struct ledger_row total = {0};
	bool complete = false;

	if (!source || hook_and_call(doctor, source, &total, &complete, &err)) {
		/* The verifier's log may follow. */
		finding_set(finding, FINDING_NO, "a test hook failed: %.*s",
			    (int)strcspn(err.message, "\n"), err.message);
		finding_remedy(finding, "what is not ok above is the likely cause");
	} else {
		const struct api_table *apis = &source->ops->catalog(source)->apis;

		tell_hook(doctor,
			  hook_method_name(apis->n_apis ? apis->apis[0]->method : METHOD_NONE),
			  &total, complete, finding);
	}
	if (source)
		source->ops->close(source);
}
