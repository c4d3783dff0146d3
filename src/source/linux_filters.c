/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the spec to the settings that the programs read at every call. */
#include "source/linux_engine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "kapimon.skel.h"

#define CGROUP2_MAGIC 0x63677270

/* A cgroup's id is its directory's inode number; its level how deep it lies under the mount. */
static int find_cgroup(const char *path, uint64_t *id, uint32_t *level, struct error *err)
{
	char mount[PATH_MAX], full[PATH_MAX];
	struct statfs fs;
	struct stat st;
	size_t length;

	if (!mount_find("cgroup2", mount, sizeof(mount)))
		return error_set(err, "no cgroup v2 is mounted, so calls can't be told by cgroup");
	if (path[0] == '/' && !statfs(path, &fs) && fs.f_type == CGROUP2_MAGIC)
		snprintf(full, sizeof(full), "%s", path);
	else
		snprintf(full, sizeof(full), "%s/%s", mount, path[0] == '/' ? path + 1 : path);
	if (stat(full, &st) || !S_ISDIR(st.st_mode)) {
		error_usage(err, "there is no cgroup '%s'", path);
		return error_hint(err, "give a directory below %s", mount);
	}
	if (statfs(full, &fs) || fs.f_type != CGROUP2_MAGIC)
		return error_usage(err, "'%s' is not a cgroup v2 directory", path);
	length = strlen(mount);
	*level = 0;
	for (const char *at = full + length; *at; at++) {
		if (at[0] == '/' && at[1] && at[1] != '/')
			++*level;
	}
	*id = st.st_ino;
	return 0;
}

static int set_pids(struct engine *engine, const struct spec *spec, struct error *err)
{
	int fd = bpf_map__fd(engine->object->maps.pids);
	uint32_t key, one = 1;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
	for (size_t i = 0; i < spec->n_pids; i++) {
		if (bpf_map_update_elem(fd, &spec->pids[i], &one, BPF_ANY))
			return error_set(err, "can't watch process %u: %s", spec->pids[i],
					 strerror(errno));
	}
	return 0;
}

static bool same_pids(const struct spec *a, const struct spec *b)
{
	return a->n_pids == b->n_pids &&
	       (!a->n_pids || !memcmp(a->pids, b->pids, a->n_pids * sizeof(*a->pids)));
}

int filters_apply(struct engine *engine, const struct spec *spec, struct error *err)
{
	struct kmn_config *config = &engine->object->data_config->config;
	struct kmn_config new = *config;
	uint64_t exclude = 0, only = 0;

	if (spec->comms.count > KMN_MAX_COMMS)
		return error_usage(err, "%zu process names are too many: the kernel takes %d",
				   spec->comms.count, KMN_MAX_COMMS);
	if (modules_mask(engine, &spec->exclude_modules, &exclude, err) ||
	    modules_mask(engine, &spec->only_modules, &only, err))
		return -1;
	if (exclude & only)
		return error_usage(err, "a module can't be both excluded and required");
	new.flags = spec->stacks || exclude || only ? KMN_WITH_STACKS : 0;
	if (spec->memory_log)
		new.flags |= KMN_LOG_MEMORY;
	new.flags |= exclude || only ? KMN_BY_MODULE : 0;
	new.flags |= spec->n_pids ? KMN_BY_PID : 0;
	new.flags |= spec->comms.count ? KMN_BY_COMM : 0;
	new.flags |= spec->errors ? KMN_BY_ERRORS : 0;
	new.flags |= spec->longer_than ? KMN_BY_DURATION : 0;
	new.flags |= spec->n_pids && spec->children ? KMN_FOLLOW_CHILDREN : 0;
	new.flags |= spec->limit_rate ? KMN_LIMIT_RATE : 0;
	new.flags |= spec->count ? KMN_LIMIT_COUNT : 0;
	new.exclude_modules = exclude;
	new.only_modules = only;
	new.longer_than = spec->longer_than;
	new.rate = spec->limit_rate;
	new.n_comms = (uint32_t)spec->comms.count;
	memset(new.comm, 0, sizeof(new.comm));
	for (size_t i = 0; i < spec->comms.count; i++)
		strncpy(new.comm[i], spec->comms.names[i], KMN_COMM - 1);
	if (spec->cgroup) {
		if (find_cgroup(spec->cgroup, &new.cgroup, &new.cgroup_level, err))
			return -1;
		new.flags |= KMN_BY_CGROUP;
	}
	/* Children that came meanwhile stay, unless the processes asked for are others. */
	if ((!engine->recording || !same_pids(&engine->spec, spec)) && set_pids(engine, spec, err))
		return -1;
	if (!engine->recording)
		engine->object->data_budget->calls_left = (int64_t)spec->count;
	/* Flags last: what they switch on is in place then. */
	config->exclude_modules = new.exclude_modules;
	config->only_modules = new.only_modules;
	config->longer_than = new.longer_than;
	config->rate = new.rate;
	config->cgroup = new.cgroup;
	config->cgroup_level = new.cgroup_level;
	config->n_comms = new.n_comms;
	memcpy(config->comm, new.comm, sizeof(new.comm));
	__atomic_store_n(&config->flags, new.flags, __ATOMIC_RELEASE);
	return 0;
}
