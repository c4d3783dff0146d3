/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

static int fill(struct error *err, enum status status, const char *format, va_list ap)
{
	if (err) {
		err->status = status;
		err->hint[0] = '\0';
		vsnprintf(err->message, sizeof(err->message), format, ap);
	}
	return -1;
}

int error_set(struct error *err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fill(err, STATUS_FAILED, format, ap);
	va_end(ap);
	return -1;
}

int error_usage(struct error *err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fill(err, STATUS_USAGE, format, ap);
	va_end(ap);
	return -1;
}

int error_hint(struct error *err, const char *format, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, format);
	vsnprintf(err->hint, sizeof(err->hint), format, ap);
	va_end(ap);
	return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char message[sizeof(err->message)];
	va_list ap;
	int n;

	if (!err)
		return -1;
	va_start(ap, format);
	n = vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(message))
		snprintf(message + n, sizeof(message) - (size_t)n, ": %s", err->message);
	memcpy(err->message, message, sizeof(message));
	return -1;
}

int error_no_memory(struct error *err)
{
	return error_set(err, "out of memory");
}
