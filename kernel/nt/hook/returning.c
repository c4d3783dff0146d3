/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions whose return must not be hooked. Their return address is replaced by that of a slot,
 * which is free again after the first return, and which is not in the caller's module.
 */
#include "plan.h"

static const struct {
	const char *name;
	enum hook_reason reason;
} special[] = {
	/* They keep the return address for a second return. */
	{"setjmp", HOOK_RETURNS_TWICE},
	{"_setjmp", HOOK_RETURNS_TWICE},
	{"_setjmp3", HOOK_RETURNS_TWICE},
	{"_setjmpex", HOOK_RETURNS_TWICE},
	{"__setjmp", HOOK_RETURNS_TWICE},
	{"__sigsetjmp", HOOK_RETURNS_TWICE},
	{"sigsetjmp", HOOK_RETURNS_TWICE},
	{"vfork", HOOK_RETURNS_TWICE},
	{"__vfork", HOOK_RETURNS_TWICE},
	{"getcontext", HOOK_RETURNS_TWICE},
	{"swapcontext", HOOK_RETURNS_TWICE},
	{"RtlCaptureContext", HOOK_RETURNS_TWICE},
	{"RtlCaptureContext2", HOOK_RETURNS_TWICE},
	{"KeSaveStateForHibernate", HOOK_RETURNS_TWICE},
	/* The caller's module or frame is found by it. */
	{"RtlGetCallersAddress", HOOK_READS_RETURN},
	{"RtlWalkFrameChain", HOOK_READS_RETURN},
	{"RtlCaptureStackBackTrace", HOOK_READS_RETURN},
	{"RtlUnwind", HOOK_READS_RETURN},
	{"RtlUnwindEx", HOOK_READS_RETURN},
	{"RtlRaiseException", HOOK_READS_RETURN},
	{"RtlRaiseStatus", HOOK_READS_RETURN},
	{"_chkstk", HOOK_READS_RETURN},
	{"__chkstk", HOOK_READS_RETURN},
	{"_alloca_probe", HOOK_READS_RETURN},
	{"_alloca_probe_8", HOOK_READS_RETURN},
	{"_alloca_probe_16", HOOK_READS_RETURN},
	{"_SEH_prolog", HOOK_READS_RETURN},
	{"_SEH_epilog", HOOK_READS_RETURN},
	{"_EH_prolog", HOOK_READS_RETURN},
	{"__SEH_prolog", HOOK_READS_RETURN},
	{"__SEH_epilog", HOOK_READS_RETURN},
	{"__SEH_prolog4", HOOK_READS_RETURN},
	{"__SEH_epilog4", HOOK_READS_RETURN},
	{"dlopen", HOOK_READS_RETURN},
	{"dlmopen", HOOK_READS_RETURN},
	{"dlsym", HOOK_READS_RETURN},
	{"dlvsym", HOOK_READS_RETURN},
	{"_Unwind_RaiseException", HOOK_READS_RETURN},
	{"_Unwind_Resume", HOOK_READS_RETURN},
	{"_Unwind_ForcedUnwind", HOOK_READS_RETURN},
	{"_Unwind_Backtrace", HOOK_READS_RETURN},
	{"__gmon_start__", HOOK_READS_RETURN},
	{"mcount", HOOK_READS_RETURN},
	{"_mcount", HOOK_READS_RETURN},
	{"__fentry__", HOOK_READS_RETURN},
	/* A slot would be held for nothing. */
	{"KeBugCheck", HOOK_NEVER_RETURNS},
	{"KeBugCheckEx", HOOK_NEVER_RETURNS},
	{"PsTerminateSystemThread", HOOK_NEVER_RETURNS},
	{"longjmp", HOOK_NEVER_RETURNS},
	{"_longjmp", HOOK_NEVER_RETURNS},
	{"siglongjmp", HOOK_NEVER_RETURNS},
	{"__longjmp_chk", HOOK_NEVER_RETURNS},
	{"setcontext", HOOK_NEVER_RETURNS},
	{"exit", HOOK_NEVER_RETURNS},
	{"_exit", HOOK_NEVER_RETURNS},
	{"_Exit", HOOK_NEVER_RETURNS},
	{"quick_exit", HOOK_NEVER_RETURNS},
	{"abort", HOOK_NEVER_RETURNS},
	{"pthread_exit", HOOK_NEVER_RETURNS},
	{"thrd_exit", HOOK_NEVER_RETURNS},
};

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* gcc's and clang's name for what they move out of a function's way: f.cold, f.cold.1 */
static bool is_cold_part(const char *name)
{
	static const char cold[] = ".cold";

	for (; *name; name++) {
		size_t n = 0;

		while (cold[n] && name[n] == cold[n])
			n++;
		if (!cold[n] && (!name[n] || name[n] == '.'))
			return true;
	}
	return false;
}

enum hook_reason hook_return_reason(const char *name)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (same(special[i].name, name))
			return special[i].reason;
	return is_cold_part(name) ? HOOK_NOT_CALLED : HOOK_NONE;
}
