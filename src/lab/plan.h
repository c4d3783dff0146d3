/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host tells the guest's init to do: a list of keys and values, in order, in the file
 * PLAN_FILE of the initramfs; and the names that both sides use.
 */
#ifndef LAB_PLAN_H
#define LAB_PLAN_H

#include <stdbool.h>

#include "base/text.h"

#define PLAN_FILE "/lab/plan"
#define PLAN_PROGRAM "/lab/bin/kapimon"
#define PLAN_BUSYBOX "/lab/busybox"
#define PLAN_MODULES "/lab/modules"
#define PLAN_MODPROBE "/lab/bin/modprobe"
#define PLAN_LOAD_MODULES "/lab/load-modules"
#define PLAN_CAPTURE "/dev/kapimon-capture"
#define PLAN_HOST "/host"
#define PLAN_HOST_TAG "host"
/* The argument that makes "kapimon lab" the guest's init. */
#define PLAN_INIT_ARGUMENT "--init"

/* X(symbol, key, value) */
#define PLAN_KEYS(X)                                                                               \
	X(BOOT_MODULE, "boot-module", "path of a module that the lab itself needs")                \
	X(MODULE, "module", "path of a module to load before the command")                         \
	X(HOST_ROOT, "host-root", "the host's root is there as a 9p file system")                  \
	X(MODULE_TREE, "module-tree", "the host's path of lib/modules/RELEASE")                    \
	X(SHARE, "share", "TAG:PATH, read-only")                                                   \
	X(SHARE_WRITABLE, "share-writable", "TAG:PATH")                                            \
	X(DIRECTORY, "directory", "where the command starts")                                      \
	X(ENVIRONMENT, "environment", "NAME=VALUE")                                                \
	X(ARGUMENT, "argument", "a word of the command")

enum plan_key {
#define PLAN_ENUM(symbol, key, value) PLAN_##symbol,
	PLAN_KEYS(PLAN_ENUM)
#undef PLAN_ENUM
		PLAN_N_KEYS
};

/* The ports of the virtio console, by name. X(symbol, name) */
#define PLAN_PORTS(X)                                                                              \
	X(STDOUT, "kapimon.stdout")                                                                \
	X(STDERR, "kapimon.stderr")                                                                \
	X(CONTROL, "kapimon.control")                                                              \
	X(CAPTURE, "kapimon.capture")

enum plan_port {
#define PLAN_ENUM(symbol, name) PLAN_PORT_##symbol,
	PLAN_PORTS(PLAN_ENUM)
#undef PLAN_ENUM
		PLAN_N_PORTS
};

extern const char *const plan_port_names[PLAN_N_PORTS];

/*
 * Lines on the control port, from the guest: the first sign of life; what failed; something to tell
 * with -v; the command's exit status, the last line.
 */
#define PLAN_CONSOLE                                                                               \
	"kapimon lab: " /* before a line, on the console: there is no control port yet */
#define PLAN_HELLO "hello"
#define PLAN_ERROR "error "
#define PLAN_NOTE "note "
#define PLAN_EXIT "exit "

void plan_add(struct text *plan, enum plan_key key, const char *value);
/*
 * The next value of a key: start with *at = 0, NULL is the end. The value belongs to the plan.
 */
const char *plan_next(const struct text *plan, enum plan_key key, size_t *at);

#endif
