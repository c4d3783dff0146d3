/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/json_writer.h"

#include <string.h>

#include "view/escape.h"
#include "view/number.h"

static void put_line(struct json_writer *json)
{
	if (json->line)
		text_add_char(json->text, '\n');
	json->line = false;
}

static void put_key(struct json_writer *json, const char *key)
{
	if (json->comma)
		text_add_char(json->text, ',');
	put_line(json);
	json->comma = true;
	if (!key)
		return;
	escape_json(json->text, key, strlen(key));
	text_add_char(json->text, ':');
}

static void put_open(struct json_writer *json, const char *key, char bracket)
{
	put_key(json, key);
	text_add_char(json->text, bracket);
	json->comma = false;
}

static void put_close(struct json_writer *json, char bracket)
{
	put_line(json);
	text_add_char(json->text, bracket);
	json->comma = true;
}

void json_object(struct json_writer *json, const char *key)
{
	put_open(json, key, '{');
}

void json_object_end(struct json_writer *json)
{
	put_close(json, '}');
}

void json_array(struct json_writer *json, const char *key)
{
	put_open(json, key, '[');
}

void json_array_end(struct json_writer *json)
{
	put_close(json, ']');
}

void json_string(struct json_writer *json, const char *key, const char *string)
{
	put_key(json, key);
	if (string)
		escape_json(json->text, string, strlen(string));
	else
		text_add(json->text, "null");
}

void json_text(struct json_writer *json, const char *key, const struct text *text)
{
	put_key(json, key);
	escape_json(json->text, text_string(text), text->length);
	json->text->failed |= text_failed(text);
}

void json_number(struct json_writer *json, const char *key, uint64_t number)
{
	put_key(json, key);
	number_print(json->text, number);
}

void json_signed(struct json_writer *json, const char *key, int64_t number)
{
	put_key(json, key);
	number_print_signed(json->text, number);
}

void json_bool(struct json_writer *json, const char *key, bool value)
{
	put_key(json, key);
	text_add(json->text, value ? "true" : "false");
}

void json_address(struct json_writer *json, const char *key, uint64_t address)
{
	put_key(json, key);
	text_add_char(json->text, '"');
	number_print_hex(json->text, address, 16);
	text_add_char(json->text, '"');
}

void json_line(struct json_writer *json)
{
	json->line = true;
}
