/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/write.h"

#include <string.h>

#include "base/nearest.h"
#include "base/text.h"

static const struct {
	const char *name;
	memory_write *write;
} writers[] = {
#define MEMORY_WRITER_ROW(name, help) {#name, memory_write_##name},
	MEMORY_WRITERS(MEMORY_WRITER_ROW)
#undef MEMORY_WRITER_ROW
};

#define N_WRITERS (sizeof(writers) / sizeof(writers[0]))

static void unknown_writer(const char *name, struct error *err)
{
	struct text names = TEXT_INIT;
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; i < N_WRITERS; i++) {
		nearest_offer(&nearest, writers[i].name);
		text_addf(&names, "%s%s", i ? ", " : "", writers[i].name);
	}
	error_usage(err, "memory can't be written as '%s'", name);
	if (nearest.best)
		error_hint(err, "did you mean %s?", nearest.best);
	else
		error_hint(err, "there are: %s", text_string(&names));
	text_fini(&names);
}

memory_write *memory_writer_find(const char *name, struct error *err)
{
	for (size_t i = 0; i < N_WRITERS; i++) {
		if (!strcmp(writers[i].name, name))
			return writers[i].write;
	}
	unknown_writer(name, err);
	return NULL;
}
