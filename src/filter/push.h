/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a filter the kernel can settle. A filter is a list of conditions that must all hold (the
 * parts between the "and"s at its top), and the kernel's own filters (model/spec.h) are such a list
 * as well. A condition that the kernel judges exactly as the filter would is taken out of the
 * filter and becomes a setting of the spec. For others there is a setting that lets through all
 * that the condition does, and some more: it narrows what comes, and the condition stays in the
 * filter.
 */
#ifndef FILTER_PUSH_H
#define FILTER_PUSH_H

#include "filter/filter.h"
#include "model/spec.h"

/*
 * Before anything is hooked: move what needs no knowledge of the functions from the filter to the
 * spec. When explain is not NULL, each condition is added to it on a line with where it runs. The
 * filter must not be bound yet.
 */
int filter_push(struct filter *filter, struct spec *spec, struct text *explain, struct error *err);
/*
 * When the functions are known: add to the spec what can be told of arguments, results and modules.
 * The filter is bound and stays as it is. *added: whether the spec has become another.
 */
int filter_narrow(struct filter *filter, struct spec *spec, bool *added, struct error *err);

#endif
