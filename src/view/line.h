/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of the text view: columns of when, where and who, then the call.
 *
 *	TIME             CPU CTX         PID COMM             CALL
 *	12:01:03.123456    1             412 bash             vfs_open(path=/etc/passwd) = 0  1.2us
 */
#ifndef VIEW_LINE_H
#define VIEW_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/text.h"
#include "model/catalog.h"
#include "model/record.h"

struct line_view {
	const struct catalog *catalog;
	bool color;
	bool relative;
	unsigned width; /* 0: lines are not cut */
	time_t second;	/* whose text is in clock */
	char clock[9];
	struct text args, tail; /* scratch */
};

void line_view_init(struct line_view *view);
void line_view_fini(struct line_view *view);
void line_view_header(const struct line_view *view, struct text *out);

/*
 * A call as a line: who and when from `who`, the arguments from `entry` (NULL: "..."), the result
 * from `ret` (NULL: none; it was not asked for). pending: the result is asked for, but not there.
 */
void line_view_call(struct line_view *view, const struct record_view *who,
		    const struct record_view *entry, const struct record_view *ret, bool pending,
		    struct text *out);
/* When and who: the columns in front of the call. */
void line_view_who(struct line_view *view, const struct kmn_header *header, struct text *out);
/*
 * The call alone, without its duration. used: columns of the line that are not at its disposal.
 * Other parameters as in line_view_call().
 */
void line_view_what(struct line_view *view, const struct kmn_header *header,
		    const struct record_view *entry, const struct record_view *ret, bool pending,
		    size_t used, struct text *out);
/* LOSS, SUSPEND, RESUME, MODULE_LOAD, MODULE_UNLOAD. */
void line_view_note(struct line_view *view, const struct record_view *record, struct text *out);

#endif
