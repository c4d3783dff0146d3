/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "source/linux_tracefs.h"

#define HURRY_FILE "/sys/kernel/rcu_expedited"
/* Descriptors of a process that was killed are closed one after another, each after a grace
   period. */
#define REMOVE_TURNS 3000
#define REMOVE_PAUSE_MS 20

/* What the guard is told, a byte each. */
enum { SAY_HURRY = 'h', SAY_CALM = 'c' };

struct guard {
	pid_t pid;
	int end;
	char group[64];
	bool hurrying;
};

static void pause_ms(long ms)
{
	struct timespec time = {.tv_nsec = ms * 1000000};

	nanosleep(&time, NULL);
}

static char hurry_read(void)
{
	int fd = open(HURRY_FILE, O_RDONLY | O_CLOEXEC);
	char value = 0;

	if (fd < 0)
		return 0;
	if (read(fd, &value, 1) != 1)
		value = 0;
	close(fd);
	return value;
}

static bool hurry_write(char value)
{
	int fd = open(HURRY_FILE, O_WRONLY | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, &value, 1) == 1;
	close(fd);
	return done;
}

/* Between fork and _exit: no heap, no stdio streams. */
static _Noreturn void guard_main(const char *group, int end)
{
	char said;
	bool hurrying = false;
	ssize_t got;

	prctl(PR_SET_NAME, "kapimon-guard");
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	/* Above all the other end, whose closing is what is waited for. */
	if (end != 0)
		dup2(end, 0);
	syscall(SYS_close_range, 1u, ~0u, 0u);
	do {
		got = read(0, &said, 1);
		if (got == 1)
			hurrying = said == SAY_HURRY;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (!hurrying && hurry_read() == '0')
		hurrying = hurry_write('1');
	for (int turn = 0; tracefs_remove_group(group) && turn < REMOVE_TURNS; turn++)
		pause_ms(REMOVE_PAUSE_MS);
	if (hurrying)
		hurry_write('0');
	_exit(0);
}

int guard_start(const char *group, struct guard **guard, struct error *err)
{
	struct guard *new = calloc(1, sizeof(*new));
	int ends[2];

	if (!new)
		return error_no_memory(err);
	snprintf(new->group, sizeof(new->group), "%s", group);
	/* A pipe that can be written to without a signal when the guard is gone. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		free(new);
		return error_set(err, "no connection to a guard process: %s", strerror(errno));
	}
	new->pid = fork();
	if (new->pid < 0) {
		int code = errno;

		close(ends[0]);
		close(ends[1]);
		free(new);
		return error_set(err, "no guard process: %s", strerror(code));
	}
	if (!new->pid)
		guard_main(group, ends[0]);
	close(ends[0]);
	new->end = ends[1];
	*guard = new;
	return 0;
}

static bool say(struct guard *guard, char what)
{
	return send(guard->end, &what, 1, MSG_NOSIGNAL) == 1;
}

void guard_hurry(struct guard *guard, bool on)
{
	if (on == guard->hurrying)
		return;
	if (on) {
		/* The guard knows before it is so. */
		if (hurry_read() != '0' || !say(guard, SAY_HURRY))
			return;
		guard->hurrying = hurry_write('1');
		if (!guard->hurrying)
			say(guard, SAY_CALM);
		return;
	}
	if (hurry_write('0'))
		say(guard, SAY_CALM);
	guard->hurrying = false;
}

void guard_stop(struct guard *guard)
{
	if (!guard)
		return;
	guard_hurry(guard, false);
	close(guard->end);
	while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	free(guard);
}
