/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/tool.h"

#define PROGRAM "qemu-system-x86_64"
#define MAX_WORDS 512

/*
 * no_timer_check: under emulation the IO-APIC's timer test can fail by bad luck, and panics.
 * slab_nomerge: caches keep their own names, so that memory can be told by cache.
 * oops=panic, panic=-1, and QEMU's -no-reboot: a broken kernel ends the guest at once.
 */
static const char kernel_words[] =
	"console=ttyS0 no_timer_check mitigations=off slab_nomerge oops=panic panic=-1 "
	"random.trust_cpu=on tsc=reliable rdinit=" PLAN_PROGRAM;

/* The words of QEMU's command line, each a string of its own; NULL-terminated. */
struct words {
	char *list[MAX_WORDS + 1];
	size_t n;
	bool failed;
};

static void words_fini(struct words *words)
{
	while (words->n)
		free(words->list[--words->n]);
}

static void BASE_PRINTF(2, 3) add(struct words *words, const char *format, ...)
{
	va_list ap;
	char *word;

	va_start(ap, format);
	if (words->n == MAX_WORDS || vasprintf(&word, format, ap) < 0)
		words->failed = true;
	else
		words->list[words->n++] = word;
	va_end(ap);
}

static void add_option(struct words *words, const char *name, const char *value)
{
	add(words, "-%s", name);
	add(words, "%s", value);
}

/* In a QEMU option, a comma within a value is written twice. */
static char *double_commas(const char *path)
{
	struct text text = TEXT_INIT;

	for (; *path; path++) {
		if (*path == ',')
			text_add_char(&text, ',');
		text_add_char(&text, *path);
	}
	return text_take(&text);
}

static void add_files(struct words *words, const char *tag, const char *path, bool writable)
{
	char *quoted = double_commas(path);

	if (!quoted) {
		words->failed = true;
		return;
	}
	add(words, "-fsdev");
	add(words, "local,id=%s,path=%s,security_model=none,multidevs=remap%s", tag, quoted,
	    writable ? "" : ",readonly=on");
	add(words, "-device");
	add(words, "virtio-9p-pci,fsdev=%s,mount_tag=%s", tag, tag);
	free(quoted);
}

static void add_machine(struct words *words, const struct lab_options *options, bool kvm)
{
	unsigned int smp = options->smp ? options->smp : options->icount ? 1 : LAB_SMP;

	add(words, "-nodefaults");
	add(words, "-no-user-config");
	add(words, "-no-reboot");
	add_option(words, "display", "none");
	add_option(words, "monitor", "none");
	add_option(words, "machine", "pc");
	add_option(words, "accel",
		   kvm ? "kvm"
		   : options->icount || options->accel == LAB_ACCEL_TCG_SINGLE
			   ? "tcg,thread=single"
			   : "tcg,thread=multi");
	/* Nested, the host can refuse to set IA32_ARCH_CAPABILITIES, and QEMU gives up over it. */
	add_option(words, "cpu", kvm ? "host,-arch-capabilities" : "max");
	if (options->icount)
		add_option(words, "icount", "shift=0,sleep=on");
	add(words, "-smp");
	add(words, "%u", smp);
	add(words, "-m");
	if (options->memory)
		add(words, "%lluM", options->memory >> 20);
	else
		add(words, LAB_MEMORY);
}

static void add_kernel(struct words *words, const struct lab_options *options,
		       const struct lab_kernel *kernel, int initrd)
{
	add_option(words, "kernel", kernel->image);
	add(words, "-initrd");
	add(words, "/proc/self/fd/%d", initrd);
	add(words, "-append");
	add(words, "%s %s %s -- lab " PLAN_INIT_ARGUMENT, kernel_words,
	    options->verbose ? "" : "quiet", options->append ? options->append : "");
}

static void add_streams(struct words *words, const int *ends)
{
	add(words, "-device");
	add(words, "virtio-serial-pci,max_ports=%d", PLAN_N_PORTS + 1);
	for (int i = 0; i <= QEMU_CONSOLE; i++) {
		add(words, "-chardev");
		add(words, "socket,id=stream%d,fd=%d", i, ends[i]);
		if (i == QEMU_CONSOLE) {
			add(words, "-serial");
			add(words, "chardev:stream%d", i);
		} else {
			add(words, "-device");
			add(words, "virtserialport,chardev=stream%d,name=%s", i,
			    plan_port_names[i]);
		}
	}
}

static void add_shares(struct words *words, const struct lab_options *options)
{
	char tag[32];

	add_files(words, PLAN_HOST_TAG, "/", false);
	for (size_t i = 0; i < options->n_shares; i++) {
		snprintf(tag, sizeof(tag), INITRAMFS_SHARE_TAG, i);
		add_files(words, tag, options->shares[i].path, options->shares[i].writable);
	}
}

/* In the child: never returns. */
static void become_qemu(char *const *argv, const int *ends, int initrd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	/* Also when the parent is killed and can't clean up; it may even be gone already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, STDIN_FILENO);
	dup2(ends[QEMU_MESSAGES], STDOUT_FILENO);
	dup2(ends[QEMU_MESSAGES], STDERR_FILENO);
	fcntl(initrd, F_SETFD, 0);
	for (int i = 0; i <= QEMU_CONSOLE; i++)
		fcntl(ends[i], F_SETFD, 0);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "can't run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void close_all(int *fds)
{
	for (int i = 0; i < QEMU_N_STREAMS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static int open_streams(int *ours, int *theirs, struct error *err)
{
	int pair[2];

	for (int i = 0; i < QEMU_N_STREAMS; i++)
		ours[i] = theirs[i] = -1;
	for (int i = 0; i < QEMU_N_STREAMS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
			error_set(err, "can't make a socket: %s", strerror(errno));
			close_all(ours);
			close_all(theirs);
			return -1;
		}
		ours[i] = pair[0];
		theirs[i] = pair[1];
	}
	return 0;
}

int qemu_start(struct qemu *qemu, const struct lab_options *options,
	       const struct lab_kernel *kernel, const struct initramfs *initramfs, bool kvm,
	       struct error *err)
{
	int theirs[QEMU_N_STREAMS];
	struct words words = {0};
	struct qemu started;
	pid_t parent = getpid();
	char *program;
	int result = -1;

	if (tool_find(PROGRAM, "qemu-system-x86", &program, err))
		return -1;
	if (open_streams(started.streams, theirs, err)) {
		free(program);
		return -1;
	}
	add(&words, "%s", program);
	add_machine(&words, options, kvm);
	add_kernel(&words, options, kernel, initramfs->fd);
	add_streams(&words, theirs);
	if (initramfs->sees_host)
		add_shares(&words, options);
	started.pid = -1;
	if (words.failed) {
		error_no_memory(err);
	} else {
		started.pid = fork();
		if (!started.pid)
			become_qemu(words.list, theirs, initramfs->fd, parent);
		if (started.pid < 0)
			error_set(err, "can't start QEMU: %s", strerror(errno));
	}
	close_all(theirs);
	if (started.pid < 0) {
		close_all(started.streams);
	} else {
		*qemu = started;
		result = 0;
	}
	words_fini(&words);
	free(program);
	return result;
}

void qemu_kill(struct qemu *qemu)
{
	if (qemu->pid <= 0)
		return;
	kill(qemu->pid, SIGKILL);
	while (waitpid(qemu->pid, NULL, 0) < 0 && errno == EINTR)
		;
	qemu->pid = -1;
}

void qemu_close(struct qemu *qemu)
{
	qemu_kill(qemu);
	close_all(qemu->streams);
}
