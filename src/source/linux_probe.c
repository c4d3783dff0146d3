/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks through kprobes: single ones as perf events, which the kernel takes away with their last
 * descriptor, and many at once as kprobe.multi.
 */
#include "source/linux_engine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kapimon.skel.h"

static uint64_t cookie(const struct hook *hook, const struct program *program)
{
	return hook->api->id | (uint64_t)program->slot << 32;
}

static long read_number(const char *path, const char *format)
{
	FILE *file = fopen(path, "re");
	int number = -1;

	if (!file)
		return -1;
	if (fscanf(file, format, &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

static int event_open(const struct hook *hook, enum point point, struct error *err)
{
	static long type = -1, return_bit = -1;
	struct perf_event_attr attr = {.size = sizeof(attr)};
	int fd;

	if (type < 0) {
		type = read_number("/sys/bus/event_source/devices/kprobe/type", "%d");
		return_bit = read_number("/sys/bus/event_source/devices/kprobe/format/retprobe",
					 "config:%d");
	}
	if (type < 0)
		return error_set(err, "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)");
	attr.type = (uint32_t)type;
	if (point == POINT_RETURN && return_bit >= 0)
		attr.config = 1ull << return_bit;
	/* By address: a name may stand for several functions. */
	attr.kprobe_addr = hook->function.address;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		int code = errno;

		error_set(err, "no kprobe on %s: %s", hook->name,
			  code == EINVAL || code == EILSEQ || code == EADDRNOTAVAIL
				  ? "the kernel keeps kprobes away from it"
				  : strerror(code));
		return error_hint(err, "\"kapimon list --why %s\" tells more", hook->name);
	}
	return fd;
}

int probe_attach(struct engine *engine, struct hook *hook, enum point point, struct error *err)
{
	struct program *program = &hook->programs[point][0];
	struct bpf_program *shared = point == POINT_ENTRY ? engine->object->progs.entry_kprobe
							  : engine->object->progs.return_kprobe;
	LIBBPF_OPTS(bpf_link_create_opts, options, .perf_event.bpf_cookie = cookie(hook, program));
	int event = event_open(hook, point, err), link;

	if (event < 0)
		return -1;
	link = bpf_link_create(bpf_program__fd(shared), event, BPF_PERF_EVENT, &options);
	if (link < 0) {
		close(event);
		return error_set(err, "no kprobe on %s: %s", hook->name, strerror(-link));
	}
	program->program_fd = -1;
	program->event_fd = event;
	program->link_fd = link;
	return 0;
}

static int multi_create(struct engine *engine, struct hook **hooks, size_t n, enum point point,
			unsigned long *addresses, __u64 *cookies, struct error *err)
{
	struct bpf_program *shared = point == POINT_ENTRY ? engine->object->progs.entry_multi
							  : engine->object->progs.return_multi;
	LIBBPF_OPTS(bpf_link_create_opts, options);
	int link;

	for (size_t i = 0; i < n; i++) {
		addresses[i] = hooks[i]->function.address;
		cookies[i] = cookie(hooks[i], &hooks[i]->programs[point][0]);
	}
	options.kprobe_multi.flags = point == POINT_RETURN ? BPF_F_KPROBE_MULTI_RETURN : 0;
	options.kprobe_multi.cnt = (uint32_t)n;
	options.kprobe_multi.addrs = addresses;
	options.kprobe_multi.cookies = cookies;
	link = bpf_link_create(bpf_program__fd(shared), 0, BPF_TRACE_KPROBE_MULTI, &options);
	if (link < 0)
		return error_set(err, "no kprobe.multi on %zu functions: %s", n, strerror(-link));
	return link;
}

int probe_attach_multi(struct engine *engine, struct hook **hooks, size_t n, struct error *err)
{
	struct multi_link multi = {.link_fd = {-1, -1}, .n_hooks = n};
	unsigned long *addresses = calloc(n, sizeof(*addresses));
	__u64 *cookies = calloc(n, sizeof(*cookies));
	struct hook **returning = calloc(n, sizeof(*returning));
	struct multi_link *multis;
	size_t n_returning = 0;

	multi.hooks = calloc(n, sizeof(*multi.hooks));
	if (!addresses || !cookies || !returning || !multi.hooks) {
		error_no_memory(err);
		goto fail;
	}
	memcpy(multi.hooks, hooks, n * sizeof(*hooks));
	for (size_t i = 0; i < n; i++) {
		if (hooks[i]->returns)
			returning[n_returning++] = hooks[i];
	}
	/* Returns first: an entry must not be there before somebody waits for its return. */
	if (n_returning) {
		multi.link_fd[POINT_RETURN] = multi_create(engine, returning, n_returning,
							   POINT_RETURN, addresses, cookies, err);
		if (multi.link_fd[POINT_RETURN] < 0)
			goto fail;
	}
	multi.link_fd[POINT_ENTRY] =
		multi_create(engine, hooks, n, POINT_ENTRY, addresses, cookies, err);
	if (multi.link_fd[POINT_ENTRY] < 0)
		goto fail;
	multis = realloc(engine->multis, (engine->n_multis + 1) * sizeof(*multis));
	if (!multis) {
		error_no_memory(err);
		goto fail;
	}
	engine->multis = multis;
	multis[engine->n_multis++] = multi;
	free(addresses);
	free(cookies);
	free(returning);
	return 0;
fail:
	for (int point = 0; point < N_POINTS; point++) {
		if (multi.link_fd[point] >= 0)
			close(multi.link_fd[point]);
	}
	free(addresses);
	free(cookies);
	free(returning);
	free(multi.hooks);
	return -1;
}

bool probe_multi_works(struct engine *engine)
{
	const struct kallsyms *kallsyms = symbols_kallsyms(engine->symbols, NULL);
	static const struct bpf_insn empty[] = EMPTY_PROGRAM;
	LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = BPF_TRACE_KPROBE_MULTI);
	LIBBPF_OPTS(bpf_link_create_opts, options);
	unsigned long address;
	int program, link;

	if (!kallsyms)
		return false;
	address = kallsyms_address(kallsyms, "bpf_fentry_test1");
	if (!address)
		return false;
	options.kprobe_multi.cnt = 1;
	options.kprobe_multi.addrs = &address;
	program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "try_multi", "GPL", empty,
				sizeof(empty) / sizeof(empty[0]), &load);
	if (program < 0)
		return false;
	link = bpf_link_create(program, 0, BPF_TRACE_KPROBE_MULTI, &options);
	close(program);
	if (link < 0)
		return false;
	close(link);
	return true;
}
