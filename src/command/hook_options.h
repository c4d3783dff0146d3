/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of "kapimon hook": what they are and what they ask for. */
#ifndef COMMAND_HOOK_OPTIONS_H
#define COMMAND_HOOK_OPTIONS_H

#include <stdbool.h>

#include "capture/codec.h"
#include "command/symbol_options.h"
#include "command/options.h"
#include "command/terminal.h"
#include "model/spec.h"
#include "session/capture_sink.h"
#include "session/ring_source.h"

struct hook_options {
	struct spec spec;
	bool returns;	    /* of every function that is named */
	const char *output; /* a capture; NULL: none */
	bool force;
	const char *pack;  /* how the capture is packed; NULL: as is best here */
	enum codec codec;  /* of that */
	bool minimal;	   /* no names of frames in the capture */
	bool with_symbols; /* source lines come into the capture when it is whole */
	bool split;	   /* the capture, into these parts */
	struct capture_parts parts;
	bool keep_last; /* so much, and nothing before the end */
	struct ring_limits last;
	uint64_t buffer_memory; /* bytes, beyond which a temporary file is used */
	const char *until;	/* a filter; NULL: no call ends the recording */
	bool print;		/* also with a capture */
	bool json;
	struct symbol_options symbols;
	bool relative;
	bool verbose;
	bool cost;     /* tell at the end what watching cost */
	bool explain;  /* where the filter runs, and nothing else */
	uint64_t time; /* ns; 0: no limit */
	enum color_when color;
	const char *control; /* a FIFO with changes to the spec */
	char **child;	     /* the command to watch; NULL: none */
};

/* Returns 1 if --help was all that was asked for. The strings are argv's. */
int hook_options_parse(int argc, char **argv, struct hook_options *options, struct error *err);
void hook_options_fini(struct hook_options *options);

#endif
