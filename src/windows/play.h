/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A capture from its beginning to its end, for a person. */
#ifndef WINDOWS_PLAY_H
#define WINDOWS_PLAY_H

#include "source/source.h"
#include "view/text.h"

/* On stdout; the source stays the caller's. Returns a status, or -1. */
int play(struct source *source, const struct text_view_options *view, struct error *err);

#endif
