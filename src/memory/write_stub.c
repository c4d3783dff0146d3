/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/write.h"

memory_write *memory_writer_find(const char *name, struct error *err)
{
	error_usage(err, "reports can't be written as '%s' yet", name);
	return NULL;
}
