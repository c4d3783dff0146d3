/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running kernel's text as it is in memory, through /proc/kcore: with its alternatives applied
 * and the calls to ftrace turned into nops, which is not what is in any file.
 */
#ifndef SYMBOL_KCORE_H
#define SYMBOL_KCORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct kcore;

/* path NULL: /proc/kcore. Fails without CAP_SYS_RAWIO and under lockdown. */
int kcore_open(const char *path, struct kcore **kcore, struct error *err);
void kcore_close(struct kcore *kcore);

/* Read up to `size` bytes at a kernel address; returns how many, 0 when nothing is mapped there. */
size_t kcore_read(const struct kcore *kcore, uint64_t address, void *bytes, size_t size);

#endif
