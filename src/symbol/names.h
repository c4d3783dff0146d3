/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of what a capture has by module and offset only: those of the running system where it runs
 * the same build, else those of symbol files. A build that is another one gives no name.
 */
#ifndef SYMBOL_NAMES_H
#define SYMBOL_NAMES_H

#include "base/error.h"
#include "model/namer.h"
#include "symbol/builds.h"
#include "symbol/running.h"

struct symbol_names;

/* Both must outlive the names. running: NULL, its names are not wanted. */
struct symbol_names *symbol_names_create(struct builds *builds, struct running *running,
					 struct error *err);
void symbol_names_destroy(struct symbol_names *names); /* takes NULL */
/* It is part of the names. */
struct namer *symbol_names_namer(struct symbol_names *names);

#endif
