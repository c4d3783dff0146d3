/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests, checked to the last byte before anything is done: what a program sends is hostile. No
 * OS: the operations are the driver's, or a test's.
 */
#ifndef NT_CONTROL_H
#define NT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "ioctl.h"

/* X(name, NTSTATUS) */
#define CONTROL_RESULTS(X)                                                                         \
	X(DONE, 0x00000000)                                                                        \
	X(UNKNOWN, 0xc0000010)	 /* STATUS_INVALID_DEVICE_REQUEST */                               \
	X(LENGTH, 0xc0000004)	 /* STATUS_INFO_LENGTH_MISMATCH */                                 \
	X(CONTENT, 0xc000000d)	 /* STATUS_INVALID_PARAMETER */                                    \
	X(NO_MEMORY, 0xc000009a) /* STATUS_INSUFFICIENT_RESOURCES */                               \
	X(NOT_READY, 0xc00000a3) /* STATUS_DEVICE_NOT_READY */

enum control_result {
#define CONTROL_RESULT_ENUM(name, status) CONTROL_##name,
	CONTROL_RESULTS(CONTROL_RESULT_ENUM)
#undef CONTROL_RESULT_ENUM
};

struct control_request {
	uint32_t code;
	/* Buffered: in and out are one buffer of the larger length. Direct: out alone. */
	void *buffer;
	size_t in_length;
	void *direct; /* NULL unless the method is direct and out_length is not 0 */
	size_t out_length;
};

/*
 * What is asked for is valid when these are called. Those that list write up to n elements and
 * return their number. At PASSIVE_LEVEL, one at a time.
 */
struct control_operations {
	void (*system)(void *context, struct trace_system *system);
	enum control_result (*start)(void *context, const struct trace_start *start);
	enum control_result (*filter)(void *context, const struct trace_filter *filter);
	enum control_result (*hook)(void *context, const struct trace_hook *hook,
				    struct trace_hooked *hooked);
	void (*unhook)(void *context, struct trace_unhooked *unhooked);
	enum control_result (*remove)(void *context, const struct trace_remove *remove,
				      struct trace_removed *removed);
	enum control_result (*bit)(void *context, const struct trace_name *name,
				   struct trace_bit *bit);
	enum control_result (*await)(void *context, const struct trace_await *await,
				     struct trace_hooked *hooked);
	size_t (*modules)(void *context, struct trace_module *modules, size_t n);
	size_t (*awaited)(void *context, struct trace_awaited *awaited, size_t n);
	size_t (*ledger)(void *context, struct trace_row *rows, size_t n);
	size_t (*read)(void *context, void *bytes, size_t n); /* bytes, a multiple of 8 */
	size_t (*blocks)(void *context, struct trace_block *blocks, size_t n);
	size_t (*tags)(void *context, struct trace_tag *tags, size_t n);
};

/* *written: bytes of the answer, 0 unless it returns CONTROL_DONE. */
enum control_result control_handle(const struct control_operations *operations, void *context,
				   const struct control_request *request, size_t *written);
uint32_t control_status(enum control_result result);

#endif
