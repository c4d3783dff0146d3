/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of a guest, from its start until its end: passes the streams on, reads what the guest's
 * init tells, and watches the time, the signals that want this process to end, and for signs of
 * life.
 */
#ifndef LAB_MACHINE_H
#define LAB_MACHINE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "lab/qemu.h"

enum machine_end {
	MACHINE_EXIT,	/* the command ended: status */
	MACHINE_FAILED, /* the guest's init could not do its work: message */
	MACHINE_GONE, /* the guest ended by itself: a panic, a power off, a QEMU that can't start */
	MACHINE_TIMEOUT,  /* the time was over */
	MACHINE_LIFELESS, /* no sign of life in the time given for it */
	MACHINE_SIGNAL,	  /* this process got the signal status */
};

struct machine_limits {
	double total; /* seconds of wall time; 0: none */
	double life;  /* seconds until the first sign of life; 0: none */
};

struct machine_result {
	enum machine_end end;
	int status;
	struct text message;	/* what the guest's init could not do */
	struct text console;	/* the kernel's messages, the last MACHINE_CONSOLE_MAX of them */
	struct text complaints; /* QEMU's own */
	unsigned long long capture_bytes;
	bool alive; /* the guest's init has spoken */
};

#define MACHINE_CONSOLE_MAX (1 << 20)

/* capture: where the capture port's bytes go, -1: nowhere, they are counted only. */
int machine_run(struct qemu *qemu, const struct machine_limits *limits, int out, int capture,
		bool verbose, struct machine_result *result, struct error *err);
void machine_result_fini(struct machine_result *result);

#endif
