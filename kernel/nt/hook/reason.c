/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reason.h"

#define HOOK_REASON_WORD(name, word, sentence) word,
#define HOOK_REASON_SENTENCE(name, word, sentence) sentence,
static const char *const words[] = {HOOK_REASONS(HOOK_REASON_WORD)};
static const char *const sentences[] = {HOOK_REASONS(HOOK_REASON_SENTENCE)};

const char *hook_reason_word(enum hook_reason reason)
{
	return reason < HOOK_N_REASONS ? words[reason] : "unknown";
}

const char *hook_reason_sentence(enum hook_reason reason)
{
	return reason < HOOK_N_REASONS ? sentences[reason] : "an unknown reason";
}
