/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/guest_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/plan.h"
#include "lab/tool.h"

/* msize: the largest that virtio takes in one request (128 pages). */
#define NINE_P "trans=virtio,version=9p2000.L,msize=512000,"

struct mount_entry {
	const char *type;
	const char *path;
	const char *data;
};

/* Failures are left to the command to meet: not every kernel has every file system. */
static void mount_each(const struct mount_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mkdir(entries[i].path, 0755);
		mount(entries[i].type, entries[i].path, entries[i].type, 0, entries[i].data);
	}
}

void guest_mount_basics(void)
{
	static const struct mount_entry entries[] = {
		{"devtmpfs", "/dev", "mode=0755"},
		{"proc", "/proc", NULL},
		{"sysfs", "/sys", NULL},
	};

	mount_each(entries, sizeof(entries) / sizeof(entries[0]));
}

void guest_mount_kernel(void)
{
	static const struct mount_entry entries[] = {
		{"devpts", "/dev/pts", "ptmxmode=0666"},
		{"tmpfs", "/dev/shm", "mode=1777"},
		{"tmpfs", "/run", "mode=0755"},
		{"tmpfs", "/tmp", "mode=1777"},
		{"securityfs", "/sys/kernel/security", NULL},
		{"debugfs", "/sys/kernel/debug", NULL},
		{"tracefs", "/sys/kernel/tracing", NULL},
		{"bpf", "/sys/fs/bpf", "mode=0700"},
		{"cgroup2", "/sys/fs/cgroup", NULL},
	};
	static const char *const links[][2] = {
		{"/proc/self/fd", "/dev/fd"},
		{"/proc/self/fd/0", "/dev/stdin"},
		{"/proc/self/fd/1", "/dev/stdout"},
		{"/proc/self/fd/2", "/dev/stderr"},
	};

	mount_each(entries, sizeof(entries) / sizeof(entries[0]));
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		symlink(links[i][0], links[i][1]);
	sethostname("lab", 3);
}

/* mkdir -p */
static int make_directories(const char *path)
{
	char *copy = strdup(path);
	int result = 0;

	if (!copy)
		return -1;
	for (char *at = strchr(copy + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(copy, 0755);
		*at = '/';
	}
	if (mkdir(copy, 0755) && errno != EEXIST)
		result = -1;
	free(copy);
	return result;
}

/*
 * Programs look for this kernel's modules in /lib/modules, where the host has at most those of its
 * own kernel. A host without that directory leaves no place to show them; modprobe and the kernel
 * find them all the same.
 */
static void show_module_tree(const char *module_tree)
{
	struct utsname system;
	char *from, *to;
	int fd = open("/proc/sys/kernel/modprobe", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		write_all(fd, PLAN_MODPROBE, strlen(PLAN_MODPROBE));
		close(fd);
	}
	if (uname(&system) || mount("tmpfs", "/lib/modules", "tmpfs", 0, "mode=0755"))
		return;
	if (asprintf(&from, PLAN_HOST "%s", module_tree) < 0)
		return;
	if (asprintf(&to, "/lib/modules/%s", system.release) >= 0) {
		symlink(from, to);
		free(to);
	}
	free(from);
}

int guest_mount_host(const char *module_tree, struct error *err)
{
	static const char *const shown[] = {"usr", "lib",  "lib32", "lib64", "libx32",
					    "bin", "sbin", "etc",   "opt"};
	char from[64], to[64];
	struct stat st;

	mkdir(PLAN_HOST, 0755);
	if (mount(PLAN_HOST_TAG, PLAN_HOST, "9p", MS_RDONLY, NINE_P "cache=loose"))
		return error_set(err, "can't mount the host's root: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		snprintf(from, sizeof(from), PLAN_HOST "/%s", shown[i]);
		snprintf(to, sizeof(to), "/%s", shown[i]);
		if (stat(from, &st))
			continue;
		mkdir(to, 0755);
		if (mount(from, to, NULL, MS_BIND | MS_REC, NULL))
			return error_set(err, "can't show the host's /%s: %s", shown[i],
					 strerror(errno));
	}
	if (module_tree)
		show_module_tree(module_tree);
	return 0;
}

int guest_mount_share(const char *value, bool writable, struct error *err)
{
	const char *path = strchr(value, ':') + 1;
	char *tag = strndup(value, (size_t)(path - value - 1));
	int result;

	if (!tag)
		return error_no_memory(err);
	/* Writes go through to the host at once, reads may come from the guest's cache. */
	result = make_directories(path);
	if (!result)
		result = mount(tag, path, "9p", writable ? 0 : MS_RDONLY,
			       writable ? NINE_P "cache=mmap" : NINE_P "cache=loose");
	if (result)
		error_set(err, "can't mount the shared directory %s: %s", path, strerror(errno));
	free(tag);
	return result;
}

void guest_install_busybox(void)
{
	pid_t child = fork();

	if (!child) {
		mkdir("/bin", 0755);
		execl(PLAN_BUSYBOX, "busybox", "--install", "-s", "/bin", (char *)NULL);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

void guest_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}
