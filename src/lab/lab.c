/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/accel.h"
#include "lab/console.h"
#include "lab/initramfs.h"
#include "lab/kernel.h"
#include "lab/machine.h"
#include "lab/plan.h"
#include "lab/qemu.h"

void lab_say(bool verbose, const char *format, ...)
{
	va_list ap;

	if (!verbose)
		return;
	fputs("kapimon lab: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* The shares with absolute paths, and the current directory; paths are to be freed. */
struct shares {
	struct lab_share *list;
	size_t n;
};

static void shares_fini(struct shares *shares)
{
	for (size_t i = 0; i < shares->n; i++)
		free((char *)shares->list[i].path);
	free(shares->list);
}

static bool is_shared(const struct shares *shares, const char *path)
{
	for (size_t i = 0; i < shares->n; i++) {
		if (!strcmp(shares->list[i].path, path))
			return true;
	}
	return false;
}

/* True for directories that the guest has itself and can't do without. */
static bool is_the_guests(const char *path)
{
	static const char *const own[] = {"/dev", "/proc", "/sys", "/lab", PLAN_HOST};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		size_t length = strlen(own[i]);

		if (!strncmp(path, own[i], length) && (!path[length] || path[length] == '/'))
			return true;
	}
	return !strcmp(path, "/");
}

static int add_share(struct shares *shares, const struct lab_share *share, struct error *err)
{
	char *path = realpath(share->path, NULL);
	struct stat st;
	int result = -1;

	if (!path || stat(path, &st))
		error_usage(err, "can't share %s: %s", share->path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		error_usage(err, "can't share %s: it is not a directory", share->path);
	else if (is_the_guests(path))
		error_usage(err, "can't share %s: the guest has its own", share->path);
	else
		result = 0;
	if (result || is_shared(shares, path)) {
		free(path);
		return result;
	}
	shares->list[shares->n++] = (struct lab_share){.path = path, .writable = share->writable};
	return 0;
}

/* The current directory, read-only, unless the guest needs its own there. */
static int add_default_share(struct shares *shares, struct error *err)
{
	struct lab_share here = {.path = "."};
	char *path = realpath(".", NULL);
	bool wanted = path && !is_the_guests(path) && strcmp(path, "/tmp") && strcmp(path, "/run");

	free(path);
	return wanted ? add_share(shares, &here, err) : 0;
}

static int shares_init(struct shares *shares, const struct lab_options *options, struct error *err)
{
	int result = 0;

	*shares = (struct shares){.list = calloc(options->n_shares + 1, sizeof(*shares->list))};
	if (!shares->list)
		return error_no_memory(err);
	for (size_t i = 0; i < options->n_shares && !result; i++)
		result = add_share(shares, &options->shares[i], err);
	if (!result && !options->no_default_share)
		result = add_default_share(shares, err);
	if (result)
		shares_fini(shares);
	return result;
}

static int open_capture(const char *path, int *capture, struct error *err)
{
	if (!path)
		*capture = -1;
	else if (!strcmp(path, "-"))
		*capture = STDOUT_FILENO;
	else
		*capture = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (path && *capture < 0)
		return error_set(err, "can't write %s: %s", path, strerror(errno));
	return 0;
}

/* Boot once. */
static int boot(const struct lab_options *options, const struct lab_kernel *kernel,
		const struct initramfs *initramfs, int capture, bool kvm, bool may_fall_back,
		struct machine_result *result, struct error *err)
{
	struct machine_limits limits = {.total = options->timeout,
					.life = may_fall_back ? ACCEL_LIFE_SECONDS : 0};
	/* With the capture on stdout, the command's own output must not get between. */
	int out = capture == STDOUT_FILENO ? STDERR_FILENO : STDOUT_FILENO;
	struct qemu qemu;
	int ran;

	if (qemu_start(&qemu, options, kernel, initramfs, kvm, err))
		return -1;
	lab_say(options->verbose, "booting under %s", kvm ? "KVM" : "emulation");
	ran = machine_run(&qemu, &limits, out, capture, options->verbose, result, err);
	qemu_close(&qemu);
	return ran;
}

/*
 * Under emulation with several processors, a kernel that patches its own code while it boots may
 * trip over a breakpoint that is gone by then ("Oops: int3", seen once in some fifty boots
 * of 6.12). A guest that dies before its init has said a word has done nothing yet: it is booted
 * again.
 */
#define EMULATED_BOOTS 3

static int boot_emulated(const struct lab_options *options, const struct lab_kernel *kernel,
			 const struct initramfs *initramfs, int capture,
			 struct machine_result *result, struct error *err)
{
	for (int i = 1;; i++) {
		if (boot(options, kernel, initramfs, capture, false, false, result, err))
			return -1;
		if (i == EMULATED_BOOTS || result->alive || result->end == MACHINE_SIGNAL ||
		    result->end == MACHINE_TIMEOUT ||
		    !strstr(text_string(&result->console), "Oops: int3"))
			return 0;
		lab_say(options->verbose, "the kernel tripped over its own patching: once more");
		machine_result_fini(result);
	}
}

/* KVM where it lives, else emulation. */
static int boot_somehow(const struct lab_options *options, const struct lab_kernel *kernel,
			const struct initramfs *initramfs, int capture,
			struct machine_result *result, struct error *err)
{
	bool automatic = options->accel == LAB_ACCEL_AUTO;
	bool kvm = options->accel == LAB_ACCEL_KVM;

	if (kvm && !accel_kvm_is_usable()) {
		error_set(err, "can't use /dev/kvm: %s", strerror(errno));
		return error_hint(err, "--accel tcg emulates the guest, which works everywhere");
	}
	if (automatic && !options->icount)
		kvm = accel_kvm_may_work(kernel->id, options->verbose);
	if (!kvm)
		return boot_emulated(options, kernel, initramfs, capture, result, err);
	if (boot(options, kernel, initramfs, capture, kvm, automatic, result, err))
		return -1;
	if (!automatic)
		return 0;
	if (result->end != MACHINE_LIFELESS && result->alive) {
		accel_kvm_remember(kernel->id, true);
		return 0;
	}
	if (result->end == MACHINE_SIGNAL || result->end == MACHINE_TIMEOUT)
		return 0;
	/* A QEMU that gives up by itself does so at once: only a hang is worth remembering. */
	if (result->end == MACHINE_LIFELESS) {
		accel_kvm_remember(kernel->id, false);
		lab_say(options->verbose, "no sign of life under KVM within %d s",
			ACCEL_LIFE_SECONDS);
	} else {
		lab_say(options->verbose, "the guest failed under KVM: %s",
			text_string(&result->complaints));
	}
	machine_result_fini(result);
	return boot_emulated(options, kernel, initramfs, capture, result, err);
}

/* What became of it, as an exit status or an error. */
static int judge(const struct lab_options *options, const struct machine_result *result,
		 int *exit_status, struct error *err)
{
	if (!options->verbose && console_is_worth_showing(result))
		console_show(&result->console);
	if (!options->capture && result->capture_bytes)
		lab_say(true,
			"the guest wrote a capture of %llu bytes, which nobody kept: give -o FILE",
			result->capture_bytes);
	switch (result->end) {
	case MACHINE_EXIT:
		*exit_status = result->status;
		return 0;
	case MACHINE_SIGNAL:
		*exit_status = 128 + result->status;
		return 0;
	case MACHINE_TIMEOUT:
		return error_set(err, "the guest was ended: its %g s were over (--timeout)",
				 options->timeout);
	case MACHINE_FAILED:
		return error_set(err, "the guest could not be set up: %s",
				 text_string(&result->message));
	case MACHINE_LIFELESS:
	case MACHINE_GONE:
		break;
	}
	return console_explain_end(result, err);
}

int lab_run(const struct lab_options *options, int *exit_status, struct error *err)
{
	struct lab_options given = *options;
	struct machine_result result = {0};
	struct initramfs initramfs;
	struct lab_kernel kernel;
	struct shares shares;
	int capture, ran = -1;

	if (options->icount && options->accel == LAB_ACCEL_KVM)
		return error_usage(err, "instructions can only be counted under emulation");
	if (shares_init(&shares, options, err))
		return -1;
	given.shares = shares.list;
	given.n_shares = shares.n;
	if (lab_kernel_init(&kernel, options->kernel ? options->kernel : LAB_KERNEL,
			    options->verbose, err))
		goto out_shares;
	if (initramfs_init(&initramfs, &given, &kernel, err))
		goto out_kernel;
	if (open_capture(options->capture, &capture, err))
		goto out_initramfs;
	ran = boot_somehow(&given, &kernel, &initramfs, capture, &result, err);
	if (!ran)
		ran = judge(&given, &result, exit_status, err);
	if (ran && err && !err->hint[0] && !kernel.modules && !result.alive)
		error_hint(err,
			   "no lib/modules/%s was found beside the kernel: it can do without "
			   "only if virtio's drivers are built in",
			   kernel.release);
	machine_result_fini(&result);
	if (capture > STDERR_FILENO && close(capture) && !ran)
		ran = error_set(err, "can't write %s: %s", options->capture, strerror(errno));
out_initramfs:
	initramfs_fini(&initramfs);
out_kernel:
	lab_kernel_fini(&kernel);
out_shares:
	shares_fini(&shares);
	return ran;
}
