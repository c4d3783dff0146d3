/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/escape.h"

#include <string.h>

size_t escape_utf8(const unsigned char *bytes, size_t available, unsigned *character)
{
	/* The smallest character that needs so many bytes. */
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length;
	unsigned c;

	if (!available)
		return 0;
	if (bytes[0] < 0x80)
		length = 1, c = bytes[0];
	else if ((bytes[0] & 0xe0) == 0xc0)
		length = 2, c = bytes[0] & 0x1f;
	else if ((bytes[0] & 0xf0) == 0xe0)
		length = 3, c = bytes[0] & 0x0f;
	else if ((bytes[0] & 0xf8) == 0xf0)
		length = 4, c = bytes[0] & 0x07;
	else
		return 0;
	if (length > available)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (bytes[i] & 0x3f);
	}
	if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return length;
}

/* C1 controls, line separators, and what changes the direction of the text around it. */
static bool is_unsafe(unsigned c)
{
	return (c >= 0x80 && c < 0xa0) || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x61c ||
	       c == 0xfeff;
}

static void add_hex_byte(struct text *out, unsigned char byte)
{
	char escape[4] = {'\\', 'x', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};

	text_add_bytes(out, escape, sizeof(escape));
}

static void add_control(struct text *out, unsigned char c)
{
	const char *names = "a\ab\bt\tn\nv\vf\fr\re\033";

	for (; c && *names; names += 2) {
		if ((unsigned char)names[1] == c) {
			text_add_char(out, '\\');
			text_add_char(out, names[0]);
			return;
		}
	}
	add_hex_byte(out, c);
}

static bool is_plain(unsigned char c, char quote)
{
	return c >= 0x20 && c < 0x7f && c != '\\' && c != (unsigned char)quote;
}

void escape_print(struct text *out, const void *bytes, size_t length, char quote)
{
	const unsigned char *p = bytes, *end = p + length;

	while (p < end) {
		const unsigned char *begin = p;
		unsigned c;
		size_t n;

		while (p < end && is_plain(*p, quote))
			p++;
		if (p > begin)
			text_add_bytes(out, begin, (size_t)(p - begin));
		if (p == end)
			break;
		if (*p < 0x20 || *p == 0x7f) {
			add_control(out, *p++);
			continue;
		}
		if (*p < 0x80) {
			text_add_char(out, '\\');
			text_add_char(out, (char)*p++);
			continue;
		}
		n = escape_utf8(p, (size_t)(end - p), &c);
		if (n && !is_unsafe(c)) {
			text_add_bytes(out, p, n);
			p += n;
			continue;
		}
		for (n = n ? n : 1; n; n--)
			add_hex_byte(out, *p++);
	}
}

void escape_json(struct text *out, const void *bytes, size_t length)
{
	const unsigned char *p = bytes, *end = p + length;

	text_add_char(out, '"');
	while (p < end) {
		const unsigned char *begin = p;
		unsigned c;
		size_t n;

		while (p < end && is_plain(*p, '"'))
			p++;
		if (p > begin)
			text_add_bytes(out, begin, (size_t)(p - begin));
		if (p == end)
			break;
		n = escape_utf8(p, (size_t)(end - p), &c);
		if (!n) {
			text_add(out, "\\ufffd");
			p++;
		} else if (c == '"' || c == '\\') {
			text_add_char(out, '\\');
			text_add_char(out, (char)c);
			p++;
		} else if (c == '\n' || c == '\t' || c == '\r') {
			text_add(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
			p++;
		} else if (c < 0x20 || c == 0x7f || is_unsafe(c)) {
			text_addf(out, "\\u%04x", c);
			p += n;
		} else {
			text_add_bytes(out, p, n);
			p += n;
		}
	}
	text_add_char(out, '"');
}

/* [2] Char of https://www.w3.org/TR/xml/ leaves out most controls and the last two of plane 0. */
static bool is_xml(unsigned c)
{
	return c >= 0x20 ? c != 0xfffe && c != 0xffff : c == '\t' || c == '\n' || c == '\r';
}

static bool is_xml_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && !strchr("<>&\"", c);
}

void escape_xml(struct text *out, const void *bytes, size_t length, bool quoted)
{
	const unsigned char *p = bytes, *end = p + length;

	while (p < end) {
		const unsigned char *begin = p;
		unsigned c;
		size_t n;

		while (p < end && is_xml_plain(*p))
			p++;
		if (p > begin)
			text_add_bytes(out, begin, (size_t)(p - begin));
		if (p == end)
			break;
		n = escape_utf8(p, (size_t)(end - p), &c);
		if (!n || !is_xml(c)) {
			text_add(out, "\xef\xbf\xbd");
			p += n ? n : 1;
			continue;
		}
		/* A parser makes newlines of CRs, and blanks of what else divides a value's lines.
		 */
		if (c == '\r' || (c < 0x20 && quoted) || c == 0x7f || is_unsafe(c))
			text_addf(out, "&#x%x;", c);
		else if (c == '<' || c == '>' || c == '&')
			text_add(out, c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;");
		else if (c == '"' && quoted)
			text_add(out, "&quot;");
		else
			text_add_bytes(out, p, n);
		p += n;
	}
}
