/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TRACE.SYS, as a program sees it: the service that it is, and its requests (kernel/nt/ioctl.h). */
#ifndef SOURCE_NT_DEVICE_H
#define SOURCE_NT_DEVICE_H

#include <nt/ioctl.h>
#include <stddef.h>

#include "base/error.h"

/* The service: path is that of TRACE.SYS. */
int nt_service_install(const char *path, struct error *err);
int nt_service_start(struct error *err);
int nt_service_stop(struct error *err);
int nt_service_remove(struct error *err);

struct nt_device;

/* Checks that the driver speaks our version. NULL with err, which says what to do. */
struct nt_device *nt_device_open(struct trace_system *system, struct error *err);
void nt_device_close(struct nt_device *device); /* takes NULL; the driver takes out all hooks */
/* in and out may be NULL with length 0. Returns the bytes that came, or -1. */
long nt_device_ask(struct nt_device *device, enum trace_control control, const void *in,
		   size_t in_length, void *out, size_t out_length, struct error *err);
/*
 * Everything of a list: elements of `size` bytes. *list is the caller's to free; *n may be 0.
 */
int nt_device_list(struct nt_device *device, enum trace_control control, size_t size, void **list,
		   size_t *n, struct error *err);

#endif
