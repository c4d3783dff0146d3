/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab/guest_mount.h"
#include "lab/plan.h"
#include "lab/tool.h"

#define PORTS "/sys/class/virtio-ports"
#define PORTS_WAIT_SECONDS 10
#define RELAY_CHUNK (1 << 15) /* what the virtio console takes at once */

struct guest {
	struct text plan;
	int ports[PLAN_N_PORTS];
};

bool guest_is_here(void)
{
	return getpid() == 1 && !access(PLAN_FILE, R_OK);
}

static void __attribute__((noreturn)) power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void tell(struct guest *guest, const char *kind, const char *format, va_list ap)
{
	struct text line = TEXT_INIT;
	char sentence[512];
	int port = guest->ports[PLAN_PORT_CONTROL];

	vsnprintf(sentence, sizeof(sentence), format, ap);
	/* KERN_CRIT is shown even when the kernel is told to be quiet. */
	if (port < 0)
		text_add(&line, "<2>" PLAN_CONSOLE);
	text_addf(&line, "%s%s\n", kind, sentence);
	/* In one write(): each is a record of its own. dprintf() fails, since it tries to seek. */
	if (port < 0)
		port = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (port >= 0)
		write_all(port, text_string(&line), line.length);
	text_fini(&line);
}

static void BASE_PRINTF(2, 3) note(struct guest *guest, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	tell(guest, PLAN_NOTE, format, ap);
	va_end(ap);
}

static void __attribute__((noreturn)) BASE_PRINTF(2, 3)
	give_up(struct guest *guest, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	tell(guest, PLAN_ERROR, format, ap);
	va_end(ap);
	power_off();
}

static void load_modules(struct guest *guest, enum plan_key key)
{
	const char *path;
	size_t at = 0;
	int fd;

	while ((path = plan_next(&guest->plan, key, &at))) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			give_up(guest, "can't open the module %s: %s", path, strerror(errno));
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			give_up(guest, "can't load the module %s: %s", path, strerror(errno));
		close(fd);
	}
}

/* Find /dev/vportNpM by the name that the host gave it. */
static int find_port(const char *name, char *device, size_t size)
{
	char path[PATH_MAX], found[64];
	struct dirent *entry;
	DIR *directory = opendir(PORTS);
	FILE *file;
	int result = -1;

	if (!directory)
		return -1;
	while (result && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), PORTS "/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(found, sizeof(found), file)) {
			found[strcspn(found, "\n")] = '\0';
			if (!strcmp(found, name)) {
				snprintf(device, size, "/dev/%s", entry->d_name);
				result = 0;
			}
		}
		fclose(file);
	}
	closedir(directory);
	return result;
}

static void open_ports(struct guest *guest)
{
	/* The control port first: from then on, failures reach the host. */
	static const enum plan_port order[] = {PLAN_PORT_CONTROL, PLAN_PORT_STDOUT,
					       PLAN_PORT_STDERR, PLAN_PORT_CAPTURE};
	char device[PATH_MAX];

	for (size_t i = 0; i < PLAN_N_PORTS; i++) {
		const char *name = plan_port_names[order[i]];
		time_t start = time(NULL);

		/* The host announces its ports one by one, after the driver is there. */
		while (find_port(name, device, sizeof(device)) || access(device, W_OK)) {
			if (time(NULL) > start + PORTS_WAIT_SECONDS)
				give_up(guest, "the virtio console's port %s didn't appear", name);
			usleep(1000);
		}
		if (order[i] == PLAN_PORT_CAPTURE) {
			symlink(device, PLAN_CAPTURE);
			continue;
		}
		guest->ports[order[i]] = open(device, O_WRONLY | O_CLOEXEC);
		if (guest->ports[order[i]] < 0)
			give_up(guest, "can't open %s: %s", device, strerror(errno));
		if (order[i] == PLAN_PORT_CONTROL)
			write_all(guest->ports[order[i]], PLAN_HELLO "\n", sizeof(PLAN_HELLO));
	}
}

static void mount_shares(struct guest *guest, enum plan_key key)
{
	const char *value;
	size_t at = 0;
	struct error err = {0};

	while ((value = plan_next(&guest->plan, key, &at))) {
		if (guest_mount_share(value, key == PLAN_SHARE_WRITABLE, &err))
			give_up(guest, "%s", err.message);
	}
}

static void mount_host(struct guest *guest)
{
	size_t at = 0, tree_at = 0;
	struct error err = {0};

	if (!plan_next(&guest->plan, PLAN_HOST_ROOT, &at)) {
		note(guest, "this kernel has no 9p: the guest doesn't see the host's files");
		guest_install_busybox();
		return;
	}
	if (guest_mount_host(plan_next(&guest->plan, PLAN_MODULE_TREE, &tree_at), &err))
		give_up(guest, "%s", err.message);
	mount_shares(guest, PLAN_SHARE);
	mount_shares(guest, PLAN_SHARE_WRITABLE);
}

static char **list_values(const struct text *plan, enum plan_key key)
{
	size_t at = 0, n = 0;
	char **list;

	while (plan_next(plan, key, &at))
		n++;
	list = calloc(n + 1, sizeof(*list));
	at = 0;
	for (size_t i = 0; list && i < n; i++)
		list[i] = (char *)plan_next(plan, key, &at);
	return list;
}

/* In the child. As a shell has it: 127 when there is no such command, 126 when it can't be run. */
static void become_command(struct guest *guest, int out, int errors, const sigset_t *mask)
{
	char **argv = list_values(&guest->plan, PLAN_ARGUMENT);
	char **environment = list_values(&guest->plan, PLAN_ENVIRONMENT);
	const char *directory;
	size_t at = 0;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (!argv || !argv[0] || !environment)
		_exit(127);
	setsid();
	sigprocmask(SIG_SETMASK, mask, NULL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	directory = plan_next(&guest->plan, PLAN_DIRECTORY, &at);
	if (directory && chdir(directory) && chdir("/root"))
		dprintf(STDERR_FILENO, "kapimon lab: can't enter %s: %s\n", directory,
			strerror(errno));
	clearenv();
	for (size_t i = 0; environment[i]; i++)
		putenv(environment[i]);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "kapimon lab: can't run '%s' in the guest: %s\n", argv[0],
		strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Pass on what there is. False when the pipe has ended. */
static bool relay(int from, int to)
{
	static char buffer[RELAY_CHUNK];
	ssize_t n;

	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		write_all(to, buffer, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Reap what has ended. True when the command is among them. */
static bool reap(pid_t command, int *status)
{
	bool ended = false;
	int ended_status;
	pid_t pid;

	while ((pid = waitpid(-1, &ended_status, WNOHANG)) > 0) {
		if (pid != command)
			continue;
		*status = ended_status;
		ended = true;
	}
	return ended;
}

static int relay_until_end(struct guest *guest, int out, int errors, int signals, pid_t command)
{
	struct pollfd polls[] = {{out, POLLIN, 0}, {errors, POLLIN, 0}, {signals, POLLIN, 0}};
	struct signalfd_siginfo info;
	bool ended = false;
	int status = 0;

	while (!ended) {
		if (poll(polls, 3, -1) < 0)
			continue;
		if (polls[2].revents && read(signals, &info, sizeof(info)) > 0)
			ended = reap(command, &status);
		/* After its end too: what the command wrote last is still in the pipes. */
		if ((polls[0].revents || ended) && !relay(out, guest->ports[PLAN_PORT_STDOUT]))
			polls[0].fd = -1;
		if ((polls[1].revents || ended) && !relay(errors, guest->ports[PLAN_PORT_STDERR]))
			polls[1].fd = -1;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_command(struct guest *guest)
{
	sigset_t child_ended, before;
	int out[2], errors[2], signals, status;
	pid_t command;

	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ended, &before);
	signals = signalfd(-1, &child_ended, SFD_CLOEXEC);
	/* Pipes, since a port can be opened only once and a shell likes to reopen /dev/stderr. */
	if (signals < 0 || pipe2(out, O_CLOEXEC) || pipe2(errors, O_CLOEXEC))
		give_up(guest, "can't make the command's pipes: %s", strerror(errno));
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(errors[0], F_SETFL, O_NONBLOCK);
	command = fork();
	if (!command)
		become_command(guest, out[1], errors[1], &before);
	if (command < 0)
		give_up(guest, "can't start the command: %s", strerror(errno));
	close(out[1]);
	close(errors[1]);
	status = relay_until_end(guest, out[0], errors[0], signals, command);
	return status;
}

void guest_run(void)
{
	struct guest guest = {.plan = TEXT_INIT, .ports = {-1, -1, -1, -1}};
	struct error err = {0};
	char line[32];
	int status;

	guest_mount_basics();
	if (read_path(PLAN_FILE, &guest.plan, &err))
		give_up(&guest, "%s", err.message);
	load_modules(&guest, PLAN_BOOT_MODULE);
	open_ports(&guest);
	guest_mount_kernel();
	mount_host(&guest);
	guest_loopback_up();
	load_modules(&guest, PLAN_MODULE);
	status = run_command(&guest);
	sync(); /* what was written to a writable share */
	snprintf(line, sizeof(line), PLAN_EXIT "%d\n", status);
	write_all(guest.ports[PLAN_PORT_CONTROL], line, strlen(line));
	/* The host ends the machine as soon as it has read that. */
	sleep(5);
	power_off();
}
