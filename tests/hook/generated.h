/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What generate.py's functions are made of, and how the test finds them in their shared object. */
#ifndef HOOK_GENERATED_H
#define HOOK_GENERATED_H

typedef unsigned long word;
typedef unsigned long long quad;

struct big {
	word words[5];
};

struct generated {
	void *function;
	char kind; /* w: words, v: variadic words, q: quads, d, f, l: floating point, s: structures
		    */
	unsigned n_arguments;
	const char *name;
};

#endif
