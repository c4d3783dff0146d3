/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/machine.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/plan.h"
#include "lab/tool.h"

#define CHUNK (1 << 16)

/* Bytes from a stream of the guest's on their way to a file of ours. */
struct flow {
	int from, to; /* to is -1 when the bytes are dropped */
	size_t piece; /* a write of no more than that doesn't block after poll() */
	size_t have, done;
	unsigned long long total;
	char buffer[CHUNK];
};

struct machine {
	struct qemu *qemu;
	const struct machine_limits *limits;
	bool verbose;
	struct flow flows[3];
	struct text control; /* a line that is not complete yet */
	struct machine_result result;
	bool ended;
	int signals; /* signalfd */
	double start;
};

static const int flow_streams[] = {PLAN_PORT_STDOUT, PLAN_PORT_STDERR, PLAN_PORT_CAPTURE};
static const int text_streams[] = {PLAN_PORT_CONTROL, QEMU_CONSOLE, QEMU_MESSAGES};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void flow_init(struct flow *flow, int from, int to)
{
	struct stat st;

	flow->from = from;
	flow->to = to;
	flow->have = flow->done = 0;
	flow->total = 0;
	flow->piece = to >= 0 && !fstat(to, &st) && S_ISREG(st.st_mode) ? CHUNK : PIPE_BUF;
}

static bool flow_is_open(const struct flow *flow)
{
	return flow->from >= 0 || flow->done < flow->have;
}

static void machine_end(struct machine *machine, enum machine_end end, int status)
{
	if (machine->ended)
		return;
	machine->ended = true;
	machine->result.end = end;
	machine->result.status = status;
	/* What the guest wrote before is in the sockets: they are read until their end. */
	qemu_kill(machine->qemu);
}

static int flow_move(struct flow *flow, struct error *err)
{
	ssize_t n;

	if (flow->done == flow->have) {
		n = read(flow->from, flow->buffer, sizeof(flow->buffer));
		if (n < 0 && errno == EINTR)
			return 0;
		if (n <= 0) {
			flow->from = -1;
			return 0;
		}
		flow->total += (unsigned long long)n;
		flow->have = flow->to < 0 ? 0 : (size_t)n;
		flow->done = 0;
		return 0;
	}
	n = (ssize_t)(flow->have - flow->done);
	if ((size_t)n > flow->piece)
		n = (ssize_t)flow->piece;
	n = write(flow->to, flow->buffer + flow->done, (size_t)n);
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return error_set(err, "can't write what came from the guest: %s", strerror(errno));
	if (n > 0)
		flow->done += (size_t)n;
	return 0;
}

static void take_line(struct machine *machine, const char *line)
{
	if (!strcmp(line, PLAN_HELLO)) {
		machine->result.alive = true;
		lab_say(machine->verbose, "the guest is up after %.1f s", now() - machine->start);
	} else if (!strncmp(line, PLAN_NOTE, strlen(PLAN_NOTE))) {
		lab_say(machine->verbose, "%s", line + strlen(PLAN_NOTE));
	} else if (!strncmp(line, PLAN_ERROR, strlen(PLAN_ERROR))) {
		text_add(&machine->result.message, line + strlen(PLAN_ERROR));
		machine_end(machine, MACHINE_FAILED, 0);
	} else if (!strncmp(line, PLAN_EXIT, strlen(PLAN_EXIT))) {
		lab_say(machine->verbose, "the command ended after %.1f s", now() - machine->start);
		machine_end(machine, MACHINE_EXIT, atoi(line + strlen(PLAN_EXIT)));
	}
}

static void take_control(struct machine *machine, char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '\n') {
			text_add_char(&machine->control, bytes[i]);
			continue;
		}
		take_line(machine, text_string(&machine->control));
		text_clear(&machine->control);
	}
}

static void take_console(struct machine *machine, const char *bytes, size_t length)
{
	struct text *console = &machine->result.console;
	size_t half = MACHINE_CONSOLE_MAX / 2;

	if (machine->verbose)
		write_all(STDERR_FILENO, bytes, length);
	if (console->length + length > MACHINE_CONSOLE_MAX) {
		memmove(console->data, console->data + console->length - half, half);
		console->length = half;
	}
	text_add_bytes(console, bytes, length);
}

static void take_text(struct machine *machine, int stream)
{
	int *fd = &machine->qemu->streams[stream];
	char buffer[4096];
	ssize_t n = read(*fd, buffer, sizeof(buffer));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		if (stream == QEMU_CONSOLE)
			machine_end(machine, MACHINE_GONE, 0);
		return;
	}
	if (stream == PLAN_PORT_CONTROL)
		take_control(machine, buffer, (size_t)n);
	else if (stream == QEMU_CONSOLE)
		take_console(machine, buffer, (size_t)n);
	else
		text_add_bytes(&machine->result.complaints, buffer, (size_t)n);
}

/* Milliseconds until the next limit, -1 if there is none; ends the machine at a limit. */
static int check_limits(struct machine *machine)
{
	double spent = now() - machine->start, left = -1;

	if (machine->ended)
		return -1;
	if (machine->limits->total > 0) {
		left = machine->limits->total - spent;
		if (left <= 0) {
			machine_end(machine, MACHINE_TIMEOUT, 0);
			return 0;
		}
	}
	if (machine->limits->life > 0 && !machine->result.alive) {
		double life = machine->limits->life - spent;

		if (life <= 0) {
			machine_end(machine, MACHINE_LIFELESS, 0);
			return 0;
		}
		if (left < 0 || life < left)
			left = life;
	}
	if (left < 0)
		return -1;
	return left > 3600 ? 3600 * 1000 : (int)(left * 1000) + 1;
}

static bool is_open(const struct machine *machine)
{
	for (size_t i = 0; i < 3; i++) {
		if (flow_is_open(&machine->flows[i]) ||
		    machine->qemu->streams[text_streams[i]] >= 0)
			return true;
	}
	return false;
}

static int step(struct machine *machine, struct error *err)
{
	struct pollfd polls[7] = {{machine->signals, POLLIN, 0}};
	struct signalfd_siginfo info;

	for (size_t i = 0; i < 3; i++) {
		struct flow *flow = &machine->flows[i];
		bool full = flow->done < flow->have;

		polls[1 + i].fd = full ? flow->to : flow->from;
		polls[1 + i].events = full ? POLLOUT : POLLIN;
		polls[4 + i].fd = machine->qemu->streams[text_streams[i]];
		polls[4 + i].events = POLLIN;
	}
	if (poll(polls, 7, check_limits(machine)) <= 0)
		return 0;
	if (polls[0].revents && read(machine->signals, &info, sizeof(info)) > 0) {
		machine_end(machine, MACHINE_SIGNAL, (int)info.ssi_signo);
		machine->result.end = MACHINE_SIGNAL;
		machine->result.status = (int)info.ssi_signo;
		return 1;
	}
	for (size_t i = 0; i < 3; i++) {
		if (polls[1 + i].revents && flow_move(&machine->flows[i], err))
			return -1;
		if (polls[4 + i].revents)
			take_text(machine, text_streams[i]);
	}
	return 0;
}

/* The signals that are to end this process, but not those that it was started to ignore. */
static void list_signals(sigset_t *set)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action;

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		if (!sigaction(ending[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(set, ending[i]);
	}
}

int machine_run(struct qemu *qemu, const struct machine_limits *limits, int out, int capture,
		bool verbose, struct machine_result *result, struct error *err)
{
	const int sinks[] = {out, STDERR_FILENO, capture};
	struct machine *machine = calloc(1, sizeof(*machine));
	sigset_t ending, before;
	int stepped = 0;

	if (!machine)
		return error_no_memory(err);
	machine->qemu = qemu;
	machine->limits = limits;
	machine->verbose = verbose;
	machine->start = now();
	for (size_t i = 0; i < 3; i++)
		flow_init(&machine->flows[i], qemu->streams[flow_streams[i]], sinks[i]);
	list_signals(&ending);
	sigprocmask(SIG_BLOCK, &ending, &before);
	machine->signals = signalfd(-1, &ending, SFD_CLOEXEC);
	while (!stepped && is_open(machine))
		stepped = step(machine, err);
	close(machine->signals);
	qemu_kill(qemu);
	sigprocmask(SIG_SETMASK, &before, NULL);
	machine->result.capture_bytes = machine->flows[2].total;
	text_fini(&machine->control);
	if (stepped < 0)
		machine_result_fini(&machine->result);
	else
		*result = machine->result;
	free(machine);
	return stepped < 0 ? -1 : 0;
}

void machine_result_fini(struct machine_result *result)
{
	text_fini(&result->message);
	text_fini(&result->console);
	text_fini(&result->complaints);
}
