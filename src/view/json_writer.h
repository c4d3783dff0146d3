/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON written part by part; the commas come by themselves. A key of NULL is for an array's
 * element. As everywhere here, addresses are strings and other numbers are numbers.
 */
#ifndef VIEW_JSON_WRITER_H
#define VIEW_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct json_writer {
	struct text *text;
	bool comma; /* one is due before what comes next */
	bool line;  /* and so is a newline */
};

void json_object(struct json_writer *json, const char *key);
void json_object_end(struct json_writer *json);
void json_array(struct json_writer *json, const char *key);
void json_array_end(struct json_writer *json);
/* Of any bytes; NULL is null. */
void json_string(struct json_writer *json, const char *key, const char *string);
void json_text(struct json_writer *json, const char *key, const struct text *text);
void json_number(struct json_writer *json, const char *key, uint64_t number);
void json_signed(struct json_writer *json, const char *key, int64_t number);
void json_bool(struct json_writer *json, const char *key, bool value);
/* "0xffffffff81000000" */
void json_address(struct json_writer *json, const char *key, uint64_t address);
/* What comes next, an element or a closing bracket, begins a line. */
void json_line(struct json_writer *json);

#endif
