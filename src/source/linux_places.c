/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the code in memory: which of the functions have a place for a probe behind ftrace's nop.
 */
#include "source/linux_engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "symbol/kcore.h"

/* Larger functions are not searched for jumps. */
#define CODE_AT_MOST 65536

/* Can a piece of code jump to the function's bytes up to the place? If in doubt, yes. */
static bool code_jumps_back(const struct kcore *kcore, const struct kallsyms *kallsyms,
			    uint64_t begin, uint64_t function, const struct probe_place *place,
			    unsigned char *code)
{
	size_t next = kallsyms_lower_bound(kallsyms, begin + 1), size;

	if (next == kallsyms_count(kallsyms))
		return true;
	size = kallsyms_at(kallsyms, next).address - begin;
	if (size > CODE_AT_MOST || kcore_read(kcore, begin, code, size) != size)
		return true;
	return prologue_jumps(code, size, begin, function + 1, function + place->offset);
}

/*
 * Where the hook's entry probe may stand. Not behind the first byte if something jumps back there,
 * the function or the part of it that the compiler has put elsewhere: that would count as a call.
 */
static struct probe_place place_find(const struct kcore *kcore, const struct kallsyms *kallsyms,
				     const struct hook *hook, unsigned char *code)
{
	uint64_t function = hook->function.address;
	size_t size = kcore_read(kcore, function, code, 32), first, n;
	struct probe_place place = prologue_place(code, size);
	char cold[256];

	if (!place.offset || code_jumps_back(kcore, kallsyms, function, function, &place, code))
		return (struct probe_place){0};
	snprintf(cold, sizeof(cold), "%s.cold", hook->name);
	n = kallsyms_find(kallsyms, cold, &first);
	for (size_t i = 0; i < n; i++) {
		struct symbol symbol = kallsyms_by_name(kallsyms, first + i);

		if (code_jumps_back(kcore, kallsyms, symbol.address, function, &place, code))
			return (struct probe_place){0};
	}
	return place;
}

void places_find(struct engine *engine, struct hook **hooks, size_t n)
{
	struct error ignored = {0};
	const struct kallsyms *kallsyms = symbols_kallsyms(engine->symbols, &ignored);
	unsigned char *code = malloc(CODE_AT_MOST);
	struct kcore *kcore = NULL;

	for (size_t i = 0; i < n; i++)
		hooks[i]->place = (struct probe_place){0};
	if (kallsyms && code && !kcore_open(NULL, &kcore, &ignored)) {
		for (size_t i = 0; i < n; i++) {
			if (hooks[i]->function.traceable && !hooks[i]->returns)
				hooks[i]->place = place_find(kcore, kallsyms, hooks[i], code);
		}
	}
	kcore_close(kcore);
	free(code);
}
