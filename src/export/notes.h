/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told at the end of an export: how many calls there were, what the format had no place
 * for, whether the capture is complete.
 */
#ifndef EXPORT_NOTES_H
#define EXPORT_NOTES_H

#include "export/exporter.h"

int notes_print(const struct exporter *exporter, const struct ledger *ledger, FILE *out,
		struct error *err);

#endif
