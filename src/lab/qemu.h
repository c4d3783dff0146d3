/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU process. It dies with the process that started it, however that ends, and runs in its
 * own process group, so that a Ctrl-C reaches it only through us.
 */
#ifndef LAB_QEMU_H
#define LAB_QEMU_H

#include <sys/types.h>

#include "base/error.h"
#include "lab/initramfs.h"
#include "lab/kernel.h"
#include "lab/lab.h"
#include "lab/plan.h"

/* What QEMU sends to us: the guest's ports, its serial console, and QEMU's own complaints. */
enum qemu_stream {
	QEMU_CONSOLE = PLAN_N_PORTS, /* before it: enum plan_port */
	QEMU_MESSAGES,
	QEMU_N_STREAMS,
};

struct qemu {
	pid_t pid;
	int streams[QEMU_N_STREAMS]; /* to read from; each ends when QEMU ends */
};

int qemu_start(struct qemu *qemu, const struct lab_options *options,
	       const struct lab_kernel *kernel, const struct initramfs *initramfs, bool kvm,
	       struct error *err);
/* Kill it and wait until it is gone; what it sent before can still be read. */
void qemu_kill(struct qemu *qemu);
void qemu_close(struct qemu *qemu);

#endif
