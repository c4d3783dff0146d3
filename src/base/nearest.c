/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/nearest.h"

#include <string.h>

/* Names longer than this are never typed by hand. */
#define MAX_NAME 63

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The optimal string alignment distance of two names of at most MAX_NAME letters. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t rows[3][MAX_NAME + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;

	for (size_t j = 0; j <= n_b; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t changed = above[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = smaller(changed, smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[n_b];
}

void nearest_init(struct nearest *nearest, const char *word)
{
	size_t length = strlen(word);

	/* More than a third of the letters wrong is another word, not a slip. */
	*nearest = (struct nearest){.word = word, .distance = length / 3 + 2};
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t n_word = strlen(nearest->word), n_name = strlen(name), found;

	if (!n_word || n_word > MAX_NAME || n_name > MAX_NAME)
		return;
	/* A beginning is the most common short form: "hook-r" for "hook-return". */
	if (n_word >= 3 && n_name > n_word && !memcmp(nearest->word, name, n_word))
		found = 1;
	else
		found = distance(nearest->word, n_word, name, n_name);
	if (found < nearest->distance) {
		nearest->distance = found;
		nearest->best = name;
	}
}
