/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that sums a whole recording up, by several keys in one go, to be compared with another
 * one (compare.h).
 */
#ifndef TALLY_RECORDING_H
#define TALLY_RECORDING_H

#include "session/sink.h"
#include "tally/tally.h"

struct recording {
	struct sink sink;
	const struct key_spec *keys;
	size_t n_keys;
	const struct catalog *catalog; /* NULL: it never began */
	struct tally *tallies;	       /* one for each key */
	uint64_t duration;	       /* ns, from the start to the last record */
	bool complete;
	struct text verdict;
	struct intern watched; /* names of the hooked functions */
};

/*
 * The keys stay the caller's; the recording can be read once it is over, as long as its catalog is
 * there. recording_fini() does what the sink's destroy would.
 */
void recording_init(struct recording *recording, const struct key_spec *keys, size_t n_keys);
void recording_fini(struct recording *recording);
/* Was the function of this name, as it stands in a key, hooked? */
bool recording_watched(const struct recording *recording, const char *api);

#endif
