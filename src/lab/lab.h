/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lab: a throw-away virtual machine with a stock distribution kernel, in which one command
 * runs. Its output and its exit status come back as if it had run here, the capture that it wrote
 * comes back as a file, and whatever it did to the kernel is gone with the machine.
 *
 * lab_run() does it all: it finds (and fetches) the kernel, builds an initramfs, boots QEMU, passes
 * the streams on and cleans up. Nothing of the machine outlives the process that called it, not
 * even when that process is killed.
 */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum lab_accel {
	LAB_ACCEL_AUTO, /* KVM where a guest shows life under it, else TCG */
	LAB_ACCEL_KVM,
	LAB_ACCEL_TCG,
	/*
	 * The guest's processors take turns in one thread: slower, but what patches code that
	 * another processor runs is exact. With a thread each, QEMU 7.2 may run on what it
	 * translated while the code was being changed.
	 */
	LAB_ACCEL_TCG_SINGLE,
};

struct lab_share {
	const char *path; /* a directory; the guest sees it under the same path */
	bool writable;
};

struct lab_options {
	const char *kernel; /* "6.1", "6.12-rt", a release, a DIR, an IMAGE; NULL: LAB_KERNEL */
	const char *const *modules; /* .ko files or names of modules of that kernel */
	size_t n_modules;
	const struct lab_share *shares;
	size_t n_shares;
	bool no_default_share;	   /* don't share the current directory */
	unsigned int smp;	   /* 0: LAB_SMP, or 1 with icount */
	unsigned long long memory; /* bytes; 0: LAB_MEMORY */
	const char *append;	   /* more words for the kernel's command line, or NULL */
	enum lab_accel accel;
	bool icount;	     /* one guest instruction takes one nanosecond of guest time */
	double timeout;	     /* seconds of wall time for the whole guest; 0: none */
	const char *capture; /* file for what the guest writes to its capture port, "-", or NULL */
	const char *program; /* the kapimon to take into the guest; NULL: this program */
	bool verbose;
	const char *const *command; /* NULL-terminated */
};

#define LAB_KERNEL "6.12"
#define LAB_SMP 2
#define LAB_MEMORY "1G"

/*
 * Run options->command in a guest. 0: it ran, and *exit_status is its own, 128 + the signal's
 * number when a signal ended it (or ended this run, from outside). -1: it couldn't be run to its
 * end; a kernel that panicked is such a failure, its text has been printed to stderr.
 */
int lab_run(const struct lab_options *options, int *exit_status, struct error *err);

/* Print "kapimon lab: ..." to stderr when verbose. */
void lab_say(bool verbose, const char *format, ...) BASE_PRINTF(2, 3);

#endif
