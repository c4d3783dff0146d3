/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spec: what to watch. The command line, a session file, the menus and a remote client all
 * produce one of these; a source brings it into force. As text it is a session file: one setting a
 * line, "#" begins a comment:
 *
 *	hook vfs_open			entry only
 *	hook-return tcp:tcp_*		entry and return
 *	on-load nvme:nvme_*		as soon as the module comes
 *	on-load-return nvme:nvme_*	the same with the returns
 *	any-symbol yes
 *	exclude-module kvm
 *	only-module ext4
 *	where fd > 2
 *	filter api ~ "vfs_*" and errno == ENOENT
 *	buffer 8M
 *
 * kapimon(1) lists them all; spec_file.c has the table.
 */
#ifndef MODEL_SPEC_H
#define MODEL_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct spec_hook {
	char *pattern; /* NAME, GLOB, MODULE:NAME, /REGEX/; with on_load MODULE[:GLOB] */
	bool returns;  /* hook the return too */
	bool on_load;
};

struct spec_names {
	char **names;
	size_t count;
};

enum spec_exact {
	SPEC_EXACT_AUTO, /* as exact as the number of hooks allows */
	SPEC_EXACT_YES,	 /* never a dearer-to-lose method, whatever attaching costs */
	SPEC_EXACT_NO,	 /* the fastest to attach */
};

struct spec {
	struct spec_hook *hooks;
	size_t n_hooks;
	bool any_symbol;
	enum spec_exact exact;
	bool stacks;
	bool verify_stacks;		   /* compare each with the kernel's own unwinder */
	struct spec_names exclude_modules; /* drop calls with one of these in the stack */
	struct spec_names only_modules;	   /* keep only calls with one of these in the stack */
	struct spec_names comms;
	uint32_t *pids;
	size_t n_pids;
	bool children; /* the children of these processes too */
	char *cgroup;  /* path of a cgroup v2 directory; NULL: any */
	bool errors;
	uint64_t longer_than;	 /* ns; 0: any */
	struct spec_names where; /* "arg op value", all must hold */
	/* Expressions of the filter language, all of which must hold: filter/filter.h. */
	struct spec_names filters;
	uint64_t limit_rate;	/* calls per second and hook; 0: none */
	uint64_t count;		/* stop after so many calls; 0: none */
	uint64_t buffer;	/* bytes per processor */
	uint32_t string_length; /* bytes kept of a string */
	bool memory;		/* follow allocations and frees */
	bool memory_log;	/* and record each as a call */
	uint64_t memory_blocks; /* at one time that are followed; rounded up to a power of two */
};

#define SPEC_DEFAULT_BUFFER (8u << 20)
#define SPEC_DEFAULT_STRING 128
#define SPEC_DEFAULT_MEMORY_BLOCKS (1u << 20)

void spec_init(struct spec *spec);
void spec_fini(struct spec *spec);
int spec_copy(struct spec *to, const struct spec *from, struct error *err);
int spec_add_hook(struct spec *spec, const char *pattern, bool returns, bool on_load,
		  struct error *err);
int spec_remove_hook(struct spec *spec, const char *pattern, struct error *err);
int spec_add_pid(struct spec *spec, uint32_t pid, struct error *err);
int spec_names_add(struct spec_names *names, const char *name, struct error *err);

/*
 * One line of a session file. Settings of which the spec has a list add to it, others replace what
 * was there; nothing is taken away. A failure leaves the spec as it was.
 */
int spec_parse_line(struct spec *spec, const char *line, struct error *err);
/* A whole session file's text; a mistake names its line. */
int spec_parse(struct spec *spec, const char *text, struct error *err);
void spec_print(const struct spec *spec, struct text *out);

/* "8M", "64k", "1G": bytes. "3s", "20ms", "5us", "10m": nanoseconds. -1 with err otherwise. */
int spec_parse_size(const char *text, uint64_t *bytes, struct error *err);
int spec_parse_time(const char *text, uint64_t *ns, struct error *err);

#endif
