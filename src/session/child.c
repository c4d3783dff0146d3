/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(char *const argv[], int hold, int report)
{
	char byte;

	/* End of file: the hooks are not in, or we are gone. */
	if (read(hold, &byte, 1) != 1)
		_exit(127);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	execvp(argv[0], argv);
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

int child_start(char *const argv[], struct child *child, struct error *err)
{
	int hold[2], report[2];
	pid_t pid;

	if (pipe2(hold, O_CLOEXEC))
		return error_set(err, "can't start %s: %s", argv[0], strerror(errno));
	if (pipe2(report, O_CLOEXEC)) {
		error_set(err, "can't start %s: %s", argv[0], strerror(errno));
		close(hold[0]);
		close(hold[1]);
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		close(hold[1]);
		close(report[0]);
		run(argv, hold[0], report[1]);
	}
	close(hold[0]);
	close(report[1]);
	if (pid < 0) {
		error_set(err, "can't start %s: %s", argv[0], strerror(errno));
		close(hold[1]);
		close(report[0]);
		return -1;
	}
	*child = (struct child){.pid = pid, .hold = hold[1], .report = report[0]};
	return 0;
}

int child_go(struct child *child, const char *name, struct error *err)
{
	int code = 0;
	ssize_t n;

	n = write(child->hold, "", 1);
	close(child->hold);
	child->hold = -1;
	if (n == 1)
		n = read(child->report, &code, sizeof(code));
	close(child->report);
	child->report = -1;
	if (n == sizeof(code)) {
		error_usage(err, "can't run '%s': %s", name, strerror(code));
		return error_hint(err, "the command stands behind \"--\", as on a shell's line");
	}
	return 0;
}

bool child_ended(struct child *child)
{
	if (!child->ended && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
		child->ended = true;
	return child->ended;
}

void child_fini(struct child *child)
{
	if (child->hold >= 0) {
		close(child->hold);
		close(child->report);
		waitpid(child->pid, NULL, 0);
		child->hold = child->report = -1;
	}
}
