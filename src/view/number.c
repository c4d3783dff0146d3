/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/number.h"

#include <string.h>

#define MAX_DIGITS 24 /* 64 bits in octal are 22 */

/* Digits of number at the end of buffer; returns where they begin. */
static char *digits(char buffer[MAX_DIGITS], uint64_t number, unsigned base)
{
	char *p = buffer + MAX_DIGITS;

	do {
		*--p = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	return p;
}

void number_print(struct text *out, uint64_t number)
{
	char buffer[MAX_DIGITS], *p;

	if (number < 10) {
		text_add_char(out, (char)('0' + number));
		return;
	}
	p = digits(buffer, number, 10);
	text_add_bytes(out, p, (size_t)(buffer + MAX_DIGITS - p));
}

void number_print_signed(struct text *out, int64_t number)
{
	if (number < 0)
		text_add_char(out, '-');
	number_print(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void number_print_padded(struct text *out, uint64_t number, unsigned width, char fill)
{
	char buffer[MAX_DIGITS], *p = digits(buffer, number, 10);

	while (buffer + MAX_DIGITS - p < (long)width && p > buffer)
		*--p = fill;
	text_add_bytes(out, p, (size_t)(buffer + MAX_DIGITS - p));
}

void number_print_hex(struct text *out, uint64_t number, unsigned min_digits)
{
	char buffer[MAX_DIGITS], *p = buffer + MAX_DIGITS;

	if (min_digits > 16)
		min_digits = 16;
	do {
		*--p = "0123456789abcdef"[number & 15];
		number >>= 4;
	} while (number || buffer + MAX_DIGITS - p < (long)min_digits);
	*--p = 'x';
	*--p = '0';
	text_add_bytes(out, p, (size_t)(buffer + MAX_DIGITS - p));
}

void number_print_octal(struct text *out, uint64_t number)
{
	char buffer[MAX_DIGITS], *p = digits(buffer, number, 8);

	if (*p != '0')
		*--p = '0';
	text_add_bytes(out, p, (size_t)(buffer + MAX_DIGITS - p));
}

void number_print_grouped(struct text *out, uint64_t number)
{
	char buffer[MAX_DIGITS], *p = digits(buffer, number, 10);

	while (p < buffer + MAX_DIGITS) {
		text_add_char(out, *p++);
		if (p < buffer + MAX_DIGITS && (buffer + MAX_DIGITS - p) % 3 == 0)
			text_add_char(out, ',');
	}
}

void number_print_duration(struct text *out, uint64_t ns)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t whole = ns / units[i].ns, rest = ns % units[i].ns;

		if (!whole)
			continue;
		number_print(out, whole);
		/* Three digits tell enough; they are cut, not rounded, so that 999.9us stays us. */
		if (whole < 100) {
			text_add_char(out, '.');
			if (whole < 10)
				number_print_padded(out, rest * 100 / units[i].ns, 2, '0');
			else
				number_print(out, rest * 10 / units[i].ns);
		}
		text_add(out, units[i].name);
		return;
	}
	number_print(out, ns);
	text_add(out, "ns");
}
