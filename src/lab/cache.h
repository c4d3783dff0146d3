/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lab's cache, $XDG_CACHE_HOME/kapimon/lab or ~/.cache/kapimon/lab: unpacked kernel packages
 * (packages/RELEASE/), kernel images made ready to boot (images/), and which kernels live under KVM
 * (kvm/). All of it can be deleted at any time while no lab is starting.
 */
#ifndef LAB_CACHE_H
#define LAB_CACHE_H

#include "base/error.h"
#include "base/text.h"

/* The path of a directory of the cache, made if it isn't there. */
int cache_directory(const char *name, struct text *path, struct error *err);
/*
 * Keep other processes from filling the same directory; cache_unlock() lets them go on, and so does
 * the end of this process.
 */
int cache_lock(const char *directory, int *lock, struct error *err);
void cache_unlock(int lock);
/* Write a file so that others see all of it or nothing. */
int cache_write(const char *path, const void *data, size_t length, struct error *err);
/* rm -r */
void cache_remove(const char *path);
/* A hash to name content by (FNV-1a); not one against forgery. */
unsigned long long cache_hash(const void *data, size_t length);

#endif
