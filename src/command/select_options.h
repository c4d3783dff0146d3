/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that choose from a capture, the same for every command that reads one. They become
 * expressions of the filter language, all of which must hold:
 *
 *	static const struct option_row rows[] = {
 *		SELECT_OPTION_ROWS,
 *		SELECT_TIME_ROWS,
 *		{'j', "json", NULL, "print JSON", OPTION_JSON},
 *	};
 *
 * In its set function a command first asks select_is_option(), then calls select_set_option().
 */
#ifndef COMMAND_SELECT_OPTIONS_H
#define COMMAND_SELECT_OPTIONS_H

#include <stdbool.h>

#include "base/text.h"
#include "command/options.h"
#include "filter/filter.h"
#include "source/source.h"

/* Numbers that no command uses for options of its own. */
enum select_option {
	SELECT_FILTER = 1000,
	SELECT_API,
	SELECT_FROM,
	SELECT_TO,
	SELECT_CPU,
	SELECT_PID,
	SELECT_ONLY,
	SELECT_EXCLUDE,
	SELECT_TAG,
	SELECT_END,
};

/* clang-format off */
#define SELECT_OPTION_ROWS                                                                         \
	{0, NULL, NULL, "Which calls (all that are given must hold)", 0},                          \
	{0, "filter", "EXPR", "only calls for which this holds, see kapimon-filter(7)",          \
	 SELECT_FILTER},                                                                           \
	{0, "api", "GLOB", "only calls of functions with such a name", SELECT_API},              \
	{0, "cpu", "LIST", "only calls on these processors: 0,2-3", SELECT_CPU},                   \
	{'p', "pid", "LIST", "only calls of these processes", SELECT_PID},                         \
	{'M', "only-module", "MODULE", "only calls with this module in the stack", SELECT_ONLY},   \
	{'X', "exclude-module", "MODULE", "no calls with this module in the stack", SELECT_EXCLUDE}, \
	{'T', "tag", "TAG", "only memory of tags that begin so; a blank is any character", SELECT_TAG}

#define SELECT_TIME_ROWS                                                                           \
	{0, "from", "TIME", "only calls made at this time or later: 1.5s, 12:01:03", SELECT_FROM}, \
	{0, "to", "TIME", "only calls made before this time", SELECT_TO}
/* clang-format on */

struct select {
	struct filter *filter; /* NULL: none of the options was given */
	struct text modules;   /* of --only-module: "stack has a or stack has b" */
};

void select_init(struct select *select);
void select_fini(struct select *select);
bool select_is_option(int id);
int select_set_option(struct select *select, int id, const char *value, struct error *err);
/*
 * The capture (a source of capture_source_open()) with the options in force: the same when there
 * are none. Where it has an index, what is earlier than all that they ask for is passed over
 * unread. It is taken over, also when this fails.
 */
struct source *select_source(struct select *select, struct source *capture, struct error *err);

#endif
