/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/package.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/cache.h"
#include "lab/lab.h"
#include "lab/tool.h"

#define ARCHITECTURE "amd64"

static size_t digits(const char *at)
{
	return strspn(at, "0123456789");
}

/* The length of the X.Y that name begins with, 0 if it doesn't. */
static size_t series_length(const char *name)
{
	size_t major = digits(name), minor;

	if (!major || name[major] != '.')
		return 0;
	minor = digits(name + major + 1);
	return minor ? major + 1 + minor : 0;
}

bool package_is_series(const char *name)
{
	size_t length = series_length(name);

	return length &&
	       (!name[length] || !strcmp(name + length, "-rt") || !strcmp(name + length, "-cloud"));
}

static bool ends_with(const char *string, const char *end)
{
	size_t length = strlen(string), end_length = strlen(end);

	return length >= end_length && !strcmp(string + length - end_length, end);
}

bool package_is_release(const char *name)
{
	return series_length(name) && ends_with(name, "-" ARCHITECTURE) && !strchr(name, '/');
}

/* "-rt", "-cloud" or "", of a series or a release. */
static const char *flavour(const char *name)
{
	if (ends_with(name, "-rt") || ends_with(name, "-rt-" ARCHITECTURE))
		return "-rt";
	if (ends_with(name, "-cloud") || ends_with(name, "-cloud-" ARCHITECTURE))
		return "-cloud";
	return "";
}

bool package_fits(const char *release, const char *series)
{
	size_t length = series_length(series);

	return package_is_release(release) && series_length(release) == length &&
	       !strncmp(release, series, length) && !strcmp(flavour(release), flavour(series));
}

/* The newest release in the cache that fits: true, and in release. */
static bool find_cached(const char *packages, const char *name, struct text *release)
{
	struct dirent *entry;
	DIR *directory = opendir(packages);
	struct text best = TEXT_INIT;

	if (!directory)
		return false;
	while ((entry = readdir(directory))) {
		if (strcmp(entry->d_name, name) && !package_fits(entry->d_name, name))
			continue;
		if (best.length && strverscmp(entry->d_name, best.data) <= 0)
			continue;
		text_clear(&best);
		text_add(&best, entry->d_name);
	}
	closedir(directory);
	text_add(release, text_string(&best));
	text_fini(&best);
	return release->length > 0;
}

/* The release that a metapackage depends on. False if there is no such package, or it fits not. */
static bool ask_metapackage(const char *apt_cache, const char *package, const char *series,
			    struct text *release)
{
	const char *argv[] = {apt_cache, "depends", "--important", package, NULL};
	static const char before[] = "Depends: linux-image-";
	struct text printed = TEXT_INIT;
	struct error err = {0};
	char *at, *word = NULL;

	if (!tool_run(argv, NULL, &printed, &err) && printed.length &&
	    (at = strstr(printed.data, before))) {
		word = at + strlen(before);
		word[strcspn(word, " \n")] = '\0';
		if (package_fits(word, series))
			text_add(release, word);
	}
	text_fini(&printed);
	return release->length > 0;
}

/* Backported series have a metapackage with the number, the distribution's own has one without. */
static int find_in_apt(const char *series, struct text *release, struct error *err)
{
	char package[128];
	char *apt_cache;
	bool found;

	if (tool_find("apt-cache", "apt", &apt_cache, err))
		return -1;
	snprintf(package, sizeof(package), "linux-image-%.*s%s-" ARCHITECTURE,
		 (int)series_length(series), series, flavour(series));
	found = ask_metapackage(apt_cache, package, series, release);
	if (!found) {
		snprintf(package, sizeof(package), "linux-image%s-" ARCHITECTURE, flavour(series));
		found = ask_metapackage(apt_cache, package, series, release);
	}
	free(apt_cache);
	if (found)
		return 0;
	error_set(err, "apt offers no kernel of the series %s", series);
	return error_hint(err, "try apt-get update, another series, or --kernel DIR with an "
			       "unpacked kernel package");
}

static int find_deb(const char *directory, struct text *path, struct error *err)
{
	struct dirent *entry;
	DIR *list = opendir(directory);

	while (list && (entry = readdir(list))) {
		if (ends_with(entry->d_name, ".deb")) {
			text_addf(path, "%s/%s", directory, entry->d_name);
			break;
		}
	}
	if (list)
		closedir(list);
	return path->length ? 0 : error_set(err, "apt-get download left no package");
}

/* Fetch and unpack one release into the directory work. */
static int fetch(const char *release, const char *work, struct error *err)
{
	char *apt_get = NULL, *dpkg_deb = NULL, *depmod = NULL;
	struct text package = TEXT_INIT, deb = TEXT_INIT, tree = TEXT_INIT;
	int result = -1;

	text_addf(&package, "linux-image-%s", release);
	text_addf(&tree, "%s/tree", work);
	if (!tool_find("apt-get", "apt", &apt_get, err) &&
	    !tool_find("dpkg-deb", "dpkg", &dpkg_deb, err) &&
	    !tool_find("depmod", "kmod", &depmod, err)) {
		/* As root, apt would try to download as a user who can't write here. */
		const char *download[] = {apt_get,    "-qq",
					  "-o",	      "APT::Sandbox::User=root",
					  "download", text_string(&package),
					  NULL};

		result = tool_run(download, work, NULL, err);
		if (result)
			error_hint(err, "is there a network? --kernel DIR takes an unpacked "
					"kernel package without one");
	}
	if (!result && !(result = find_deb(work, &deb, err))) {
		const char *extract[] = {dpkg_deb, "-x", text_string(&deb), text_string(&tree),
					 NULL};
		const char *index[] = {depmod, "-b", text_string(&tree), release, NULL};

		result = tool_run(extract, NULL, NULL, err);
		if (!result)
			result = tool_run(index, NULL, NULL, err);
	}
	free(apt_get);
	free(dpkg_deb);
	free(depmod);
	text_fini(&package);
	text_fini(&deb);
	text_fini(&tree);
	return result;
}

/* With the cache locked. */
static int fetch_into(const char *packages, const char *release, struct error *err)
{
	struct text work = TEXT_INIT, tree = TEXT_INIT, final = TEXT_INIT;
	int result;

	text_addf(&work, "%s/.fetch", packages);
	text_addf(&tree, "%s/tree", text_string(&work));
	text_addf(&final, "%s/%s", packages, release);
	cache_remove(text_string(&work)); /* what an interrupted run left */
	if (mkdir(text_string(&work), 0755))
		result = error_set(err, "can't make %s: %s", text_string(&work), strerror(errno));
	else
		result = fetch(release, text_string(&work), err);
	if (!result && rename(text_string(&tree), text_string(&final)))
		result = error_set(err, "can't make %s: %s", text_string(&final), strerror(errno));
	cache_remove(text_string(&work));
	text_fini(&work);
	text_fini(&tree);
	text_fini(&final);
	return result;
}

static int get_missing(const char *packages, const char *name, bool verbose, struct text *release,
		       struct error *err)
{
	int lock, result = 0;

	if (cache_lock(packages, &lock, err))
		return -1;
	/* Another process may have fetched it while this one waited for the lock. */
	if (!find_cached(packages, name, release)) {
		if (package_is_series(name))
			result = find_in_apt(name, release, err);
		else
			text_add(release, name);
		if (!result) {
			lab_say(verbose || isatty(STDERR_FILENO),
				"fetching the package linux-image-%s (the first time only)",
				text_string(release));
			result = fetch_into(packages, text_string(release), err);
		}
	}
	cache_unlock(lock);
	return result;
}

int package_get(const char *name, bool verbose, struct text *directory, struct text *release,
		struct error *err)
{
	struct text packages = TEXT_INIT, found = TEXT_INIT;
	int result = cache_directory("packages", &packages, err);

	if (!result && !find_cached(text_string(&packages), name, &found))
		result = get_missing(text_string(&packages), name, verbose, &found, err);
	if (!result && (text_failed(&packages) || text_failed(&found)))
		result = error_no_memory(err);
	if (!result) {
		text_addf(directory, "%s/%s", text_string(&packages), text_string(&found));
		text_add(release, text_string(&found));
	}
	text_fini(&packages);
	text_fini(&found);
	return result;
}
