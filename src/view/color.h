/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few colors that are used, from the sixteen that every terminal theme defines (ECMA-48 SGR).
 */
#ifndef VIEW_COLOR_H
#define VIEW_COLOR_H

#define COLOR_OFF "\033[0m"
#define COLOR_BOLD "\033[1m"
#define COLOR_DIM "\033[2m"
#define COLOR_RED "\033[31m"
#define COLOR_GREEN "\033[32m"
#define COLOR_YELLOW "\033[33m"

#endif
