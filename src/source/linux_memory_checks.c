/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_memory_checks.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SLAB_DIRECTORY "/sys/kernel/slab"

/* A busy cache changes while it is read: so often it is read again. */
#define TURNS 5

/* Opened before anything is read: opening allocates. */
struct cache_files {
	int shrink, objects, cpu_slabs, objects_per_slab;
};

static bool read_number(int fd, int64_t *number)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	/* "381 N0=381": the first number. */
	text[n] = '\0';
	*number = strtoll(text, NULL, 10);
	return true;
}

/*
 * The kernel counts every object of a slab that a processor works on as used (mm/slub.c:
 * show_slab_objects()). Shrinking the cache takes the slabs from the processors; those that they
 * have taken again since are where it may be wrong.
 */
static bool read_objects(const struct cache_files *files, struct memory_counter *counter)
{
	int64_t before = 0, after = 0, each = 0;

	if (files->shrink >= 0 && pwrite(files->shrink, "1", 1, 0) != 1) {
		/* Then more slabs are with the processors, and the slack is larger. */
	}
	read_number(files->cpu_slabs, &before);
	if (!read_number(files->objects, &counter->counted))
		return false;
	read_number(files->cpu_slabs, &after);
	read_number(files->objects_per_slab, &each);
	counter->slack = (before > after ? before : after) * each;
	return true;
}

static bool read_cache(const struct cache_files *files, const struct memory_followed *followed,
		       const char *name, struct memory_counter *counter)
{
	int64_t before, after;
	int turn = 0;

	do {
		before = followed->objects(followed->context, name);
		if (!read_objects(files, counter))
			return false;
		after = followed->objects(followed->context, name);
	} while (before != after && ++turn < TURNS);
	counter->followed = after;
	return true;
}

static int open_file(int directory, const char *name, int flags)
{
	return openat(directory, name, flags | O_CLOEXEC);
}

static void close_files(const struct cache_files *files)
{
	const int each[] = {files->shrink, files->objects, files->cpu_slabs,
			    files->objects_per_slab};

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		if (each[i] >= 0)
			close(each[i]);
	}
}

static int add_cache(struct memory_counters *counters, struct cache_files **files, int directory,
		     const char *name)
{
	size_t n = counters->n_caches;
	int at = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct memory_cache_counter *caches;
	struct cache_files *grown;

	if (at < 0)
		return 0;
	caches = realloc(counters->caches, (n + 1) * sizeof(*caches));
	if (caches)
		counters->caches = caches;
	grown = realloc(*files, (n + 1) * sizeof(*grown));
	if (grown)
		*files = grown;
	if (caches && grown) {
		caches[n] = (struct memory_cache_counter){.name = strdup(name)};
		grown[n] = (struct cache_files){
			.shrink = open_file(at, "shrink", O_WRONLY),
			.objects = open_file(at, "objects", O_RDONLY),
			.cpu_slabs = open_file(at, "cpu_slabs", O_RDONLY),
			.objects_per_slab = open_file(at, "objs_per_slab", O_RDONLY),
		};
		counters->n_caches++;
	}
	close(at);
	return caches && grown && caches[n].name ? 0 : -1;
}

static int open_caches(struct memory_counters *counters, struct cache_files **files)
{
	DIR *directory = opendir(SLAB_DIRECTORY);
	struct dirent *entry;
	int code = 0;

	if (!directory)
		return 0;
	while (!code && (entry = readdir(directory))) {
		/* ":0000192" is a merged cache, whose names are links to it. */
		if (entry->d_name[0] == '.' || entry->d_name[0] == ':')
			continue;
		if (entry->d_type == DT_LNK)
			counters->merged = true;
		code = add_cache(counters, files, dirfd(directory), entry->d_name);
	}
	closedir(directory);
	return code;
}

static int by_name(const void *left, const void *right)
{
	return strcmp(((const struct memory_cache_counter *)left)->name,
		      ((const struct memory_cache_counter *)right)->name);
}

/* Four files a cache may be more than a process may have open by default. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int read_caches(struct memory_counters *counters, const struct memory_followed *followed)
{
	struct cache_files *files = NULL;
	size_t kept = 0;
	int code;

	allow_files();
	code = open_caches(counters, &files);
	for (size_t i = 0; i < counters->n_caches; i++) {
		struct memory_cache_counter *cache = &counters->caches[i];

		/* Twice, as what the first reading allocates stays for the second. */
		if (!code && cache->name &&
		    read_cache(&files[i], followed, cache->name, &cache->counter) &&
		    read_cache(&files[i], followed, cache->name, &cache->counter))
			counters->caches[kept++] = *cache;
		else
			free(cache->name);
	}
	for (size_t i = 0; i < counters->n_caches; i++)
		close_files(&files[i]);
	free(files);
	counters->n_caches = kept;
	if (kept)
		qsort(counters->caches, kept, sizeof(*counters->caches), by_name);
	return code;
}

/* "  pages free     3965" of each zone, and "              count: 12" of each processor's lists. */
static bool read_free_pages(FILE *file, int64_t *pages)
{
	char line[256];
	long long n;
	bool any = false;

	rewind(file);
	*pages = 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " pages free %lld", &n) == 1 ||
		    sscanf(line, " count: %lld", &n) == 1) {
			*pages += n;
			any = true;
		}
	}
	return any;
}

/* "0x...-0x...   20480 caller+0x... pages=4 vmalloc N0=4" */
static bool read_vmalloc(FILE *file, int64_t *bytes)
{
	char line[512];
	long long n;
	bool any = false;

	rewind(file);
	*bytes = 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "0x%*x-0x%*x %lld", &n) != 1)
			continue;
		any = true;
		/* A guard page is part of every area: include/linux/vmalloc.h, VM_NO_GUARD. */
		if (strstr(line, " vmalloc") || strstr(line, " vmap"))
			*bytes += n - 4096;
	}
	return any;
}

/* Read a file until what was followed is the same before and after. */
static bool read_file(const char *path, bool (*read)(FILE *file, int64_t *number),
		      int64_t (*follow)(void *context), void *context,
		      struct memory_counter *counter)
{
	FILE *file = fopen(path, "re");
	int64_t before, after;
	bool known = false;
	int turn = 0;

	if (!file)
		return false;
	do {
		before = follow(context);
		known = read(file, &counter->counted);
		after = follow(context);
	} while (known && before != after && ++turn < TURNS);
	fclose(file);
	counter->followed = after;
	return known;
}

int memory_counters_read(struct memory_counters *counters, const struct memory_followed *followed,
			 struct error *err)
{
	*counters = (struct memory_counters){0};
	if (read_caches(counters, followed)) {
		memory_counters_fini(counters);
		return error_no_memory(err);
	}
	counters->vmalloc_known = read_file("/proc/vmallocinfo", read_vmalloc, followed->vmalloc,
					    followed->context, &counters->vmalloc);
	counters->pages_known = read_file("/proc/zoneinfo", read_free_pages, followed->pages,
					  followed->context, &counters->pages);
	counters->pages.counted = -counters->pages.counted;
	return 0;
}

void memory_counters_fini(struct memory_counters *counters)
{
	for (size_t i = 0; i < counters->n_caches; i++)
		free(counters->caches[i].name);
	free(counters->caches);
	*counters = (struct memory_counters){0};
}

const struct memory_cache_counter *memory_counters_cache(const struct memory_counters *counters,
							 const char *name)
{
	struct memory_cache_counter key = {.name = (char *)(uintptr_t)name};

	if (!counters->n_caches)
		return NULL;
	return bsearch(&key, counters->caches, counters->n_caches, sizeof(key), by_name);
}
