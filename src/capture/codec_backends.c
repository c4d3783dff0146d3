/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/codec_backend.h"

const struct codec_backend *const codec_backends[] = {&codec_zstd, &codec_zlib, NULL};
