/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of builds without zstd. */
#include "capture/codec_backend.h"

const struct codec_backend *const codec_backends[] = {&codec_zlib, NULL};
