/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a shell needs to complete a command line of Kapimon, made from the commands' option tables.
 */
#ifndef COMMAND_COMPLETION_H
#define COMMAND_COMPLETION_H

#include "base/text.h"

void completion_bash(struct text *out);
void completion_zsh(struct text *out);

#endif
