/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a function can't be hooked, or why it can't be unhooked now. */
#ifndef NT_HOOK_REASON_H
#define NT_HOOK_REASON_H

/* X(name, word, sentence): "can't hook F: SENTENCE" */
#define HOOK_REASONS(X)                                                                            \
	X(NONE, "ok", "nothing is in the way")                                                     \
	X(NOT_EXECUTABLE, "not-executable", "it does not lie in executable memory")                \
	X(BREAKPOINT, "breakpoint", "it begins with a breakpoint")                                 \
	X(ALREADY_HOOKED, "already-hooked", "it begins with a jump out of its module")             \
	X(UNKNOWN, "unknown-instruction", "its first instructions are not understood")             \
	X(TOO_SHORT, "too-short", "it ends before the bytes that a jump takes")                    \
	X(BRANCH_BACK, "branch-back", "a branch in it goes back into its first instructions")      \
	X(BRANCH_IN, "branch-in", "a branch of another function goes into its first instructions") \
	X(UNMOVABLE, "unmovable", "one of its first instructions works at its own place only")     \
	X(CALL_EARLY, "early-call", "a call among its first instructions returns into them")       \
	X(TOO_FAR, "too-far",                                                                      \
	  "there is no memory near enough for what its first instructions use")                    \
	X(RETURNS_TWICE, "returns-twice", "it can return twice")                                   \
	X(READS_RETURN, "reads-return", "it uses its return address for more than to return")      \
	X(NOT_CALLED, "not-called", "it is a part of a function that is jumped to, not called")    \
	X(NEVER_RETURNS, "never-returns", "it does not return")                                    \
	X(OWN, "own", "the monitor itself uses it")                                                \
	X(NO_MEMORY, "no-memory", "there is no memory for its hook")                               \
	X(CHANGED, "changed", "its code was changed by somebody else since")                       \
	X(WRITE_FAILED, "write-failed", "its code could not be written")                           \
	X(BUSY, "busy", "a call is still inside")                                                  \
	X(STATE, "state", "the hook is not in the state for that")

enum hook_reason {
#define HOOK_REASON_ENUM(name, word, sentence) HOOK_##name,
	HOOK_REASONS(HOOK_REASON_ENUM)
#undef HOOK_REASON_ENUM
		HOOK_N_REASONS
};

/* Both never NULL. */
const char *hook_reason_word(enum hook_reason reason);
const char *hook_reason_sentence(enum hook_reason reason);

#endif
