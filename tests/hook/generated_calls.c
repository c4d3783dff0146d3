/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "generated_calls.h"

void generated_call_make(struct generated_call *call, unsigned number)
{
	uint32_t state = number * 2654435761u + 1;

	for (unsigned i = 0; i < MAX_ARGUMENTS; i++) {
		state = state * 1664525u + 1013904223u;
		/* Small ones for loops, large ones for all bits. */
		call->arguments[i] = state & 0x10000 ? state >> 28 : (word)state * 0x9e3779b1u;
	}
	call->x = (int)(state >> 20) / 8.0L;
	call->y = -3.25L * (int)(state >> 25);
}

static word call_words(void *f, unsigned n, const word *a)
{
	switch (n) {
	case 0:
		return ((word(*)(void))f)();
	case 1:
		return ((word(*)(word))f)(a[0]);
	case 2:
		return ((word(*)(word, word))f)(a[0], a[1]);
	case 3:
		return ((word(*)(word, word, word))f)(a[0], a[1], a[2]);
	case 4:
		return ((word(*)(word, word, word, word))f)(a[0], a[1], a[2], a[3]);
	case 5:
		return ((word(*)(word, word, word, word, word))f)(a[0], a[1], a[2], a[3], a[4]);
	case 6:
		return ((word(*)(word, word, word, word, word, word))f)(a[0], a[1], a[2], a[3],
									a[4], a[5]);
	case 7:
		return ((word(*)(word, word, word, word, word, word, word))f)(
			a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
	case 8:
		return ((word(*)(word, word, word, word, word, word, word, word))f)(
			a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
	case 9:
		return ((word(*)(word, word, word, word, word, word, word, word, word))f)(
			a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
	default:
		abort();
	}
}

void generated_call(const struct generated *generated, const struct generated_call *call,
		    struct generated_result *result)
{
	const word *a = call->arguments;
	void *f = generated->function;
	struct big big;

	memset(result, 0, sizeof(*result));
	switch (generated->kind) {
	case 'w':
		result->words[0] = call_words(f, generated->n_arguments, a);
		break;
	case 'v':
		result->words[0] = ((word(*)(word, ...))f)(a[0], a[1], a[2], a[3], a[4]);
		break;
	case 'q':
		result->quad = ((quad(*)(quad, word, word))f)((quad)a[0] << 20 | a[1], a[2], a[3]);
		break;
	case 'd':
		result->as_double = ((double (*)(double, double, word))f)((double)call->x,
									  (double)call->y, a[0]);
		break;
	case 'f':
		result->as_float =
			((float (*)(float, float, word))f)((float)call->x, (float)call->y, a[0]);
		break;
	case 'l':
		result->as_double = (double)((long double (*)(long double, long double, word))f)(
			call->x, call->y, a[0]);
		break;
	case 's':
		memcpy(big.words, a, sizeof(big.words));
		big = ((struct big(*)(struct big, word))f)(big, a[5]);
		memcpy(result->words, big.words, sizeof(big.words));
		break;
	default:
		abort();
	}
}
