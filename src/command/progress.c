/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/progress.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/capture_source.h"

#define SECOND 1000000000ull
#define MEGABYTE 1e6

/* ECMA-48: erase the line from its beginning on. */
#define CLEAR_LINE "\r\033[K"

void progress_init(struct progress *progress, const struct source *source, const char *path,
		   bool to_file)
{
	struct stat st;

	*progress = (struct progress){
		.source = source,
		.wanted = isatty(STDERR_FILENO) && (to_file || !isatty(STDOUT_FILENO)),
		.next = monotonic_ns() + SECOND,
	};
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		progress->size = (uint64_t)st.st_size;
}

void progress_show(struct progress *progress)
{
	uint64_t now, place;

	if (!progress->wanted)
		return;
	now = monotonic_ns();
	if (now < progress->next)
		return;
	progress->next = now + SECOND;
	progress->shown = true;
	place = capture_source_place(progress->source);
	/* A file that is still being written grows. */
	if (progress->size && place <= progress->size)
		fprintf(stderr, CLEAR_LINE "%u%% of %.1f MB",
			(unsigned)(100.0 * (double)place / (double)progress->size),
			(double)progress->size / MEGABYTE);
	else
		fprintf(stderr, CLEAR_LINE "%.1f MB", (double)place / MEGABYTE);
	fflush(stderr);
}

void progress_fini(struct progress *progress)
{
	if (progress->shown)
		fputs(CLEAR_LINE, stderr);
}
