/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/mem_live.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/mem_report.h"
#include "source/linux_source.h"

#define CLEAR "\033[H\033[2J"
/* Lines that are not the table's: families, the kernel's counters, notes, the last line. */
#define OTHER_LINES 16

struct mem_live {
	const struct mem_options *options;
	struct source *source;
	uint64_t shown; /* when the view was shown last */
	struct growth *growth;
	bool marked;
	uint64_t mark; /* when it was set */
	bool terminal, keys;
	struct termios before;
};

struct mem_live *mem_live_create(const struct mem_options *options, struct source *source,
				 struct error *err)
{
	struct mem_live *live = calloc(1, sizeof(*live));

	if (!live || !(live->growth = growth_create(err))) {
		free(live);
		error_no_memory(err);
		return NULL;
	}
	live->options = options;
	live->source = source;
	live->shown = monotonic_ns();
	live->terminal = isatty(STDOUT_FILENO);
	if (live->terminal && isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &live->before)) {
		struct termios raw = live->before;

		/* Keys come at once; Ctrl-C is still a signal. */
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		live->keys = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	return live;
}

void mem_live_destroy(struct mem_live *live)
{
	if (!live)
		return;
	if (live->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &live->before);
	growth_destroy(live->growth);
	free(live);
}

static size_t rows_on_screen(const struct mem_live *live)
{
	struct winsize size;
	size_t rows = live->options->rows;

	if (!live->terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 1)
		return rows;
	if (size.ws_row <= OTHER_LINES)
		return 1;
	if (!rows || rows > (size_t)(size.ws_row - OTHER_LINES))
		rows = (size_t)(size.ws_row - OTHER_LINES);
	return rows;
}

static int set_mark(struct mem_live *live, const struct memory *memory)
{
	const struct catalog *catalog = live->source->ops->catalog(live->source);
	struct groups groups;
	int code;

	if (groups_make(catalog, memory, &live->options->selection, &live->options->by, &groups,
			NULL))
		return -1;
	code = growth_mark(live->growth, catalog, memory, &groups, NULL);
	groups_fini(&groups);
	live->marked = !code;
	live->mark = monotonic_ns();
	return code;
}

static void show(struct mem_live *live, const struct memory *memory)
{
	const struct memory_text_options text_options = {
		.color = color_wanted(live->options->color, stdout),
		.histogram = live->options->histogram,
	};
	struct memory_report report;
	struct text text = TEXT_INIT;

	mem_report_init(live->options, live->source->ops->catalog(live->source), NULL, &report);
	report.memory = memory;
	report.rows = rows_on_screen(live);
	report.growth = live->marked ? live->growth : NULL;
	if (live->terminal)
		report.stacks = 0;
	if (memory_report_text(&report, &text_options, &text, NULL)) {
		text_fini(&text);
		return;
	}
	if (live->terminal)
		fputs(CLEAR, stdout);
	printf("after %.1f s", (double)(memory->end - memory->start) / 1e9);
	if (live->marked)
		printf(", growth since the mark %.1f s ago",
		       (double)(monotonic_ns() - live->mark) / 1e9);
	if (live->keys)
		printf("    s: mark   q: end");
	printf("\n\n%s\n", text_string(&text));
	fflush(stdout);
	text_fini(&text);
}

/* The key that was pressed, or 0. */
static char read_key(const struct mem_live *live)
{
	struct pollfd waiting = {.fd = STDIN_FILENO, .events = POLLIN};
	char key = 0;

	if (!live->keys || poll(&waiting, 1, 0) != 1 || read(STDIN_FILENO, &key, 1) != 1)
		return 0;
	return key;
}

bool mem_live_turn(struct mem_live *live)
{
	uint64_t now = monotonic_ns();
	char key = read_key(live);
	struct memory memory;

	if (key == 'q')
		return true;
	if (key != 's' && now - live->shown < live->options->interval)
		return false;
	live->shown = now;
	if (linux_source_memory(live->source, &memory, NULL))
		return false;
	if (key == 's')
		set_mark(live, &memory);
	show(live, &memory);
	memory_fini(&memory);
	return false;
}
