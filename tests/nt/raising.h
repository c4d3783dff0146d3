/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_NT_RAISING_H
#define TESTS_NT_RAISING_H

#include <stdint.h>

/* So many exceptions, each handled above two functions that can be hooked. Returns the wrong ones.
 */
uint32_t raising_rounds(uint32_t rounds);

#endif
