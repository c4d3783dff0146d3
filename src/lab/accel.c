/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/accel.h"

#include <string.h>
#include <unistd.h>

#include "lab/cache.h"
#include "lab/lab.h"
#include "lab/tool.h"

bool accel_kvm_is_usable(void)
{
	return !access("/dev/kvm", R_OK | W_OK);
}

/* The verdict's file, and what it holds if KVM is bad. */
static int verdict(const char *kernel_id, struct text *path, struct text *bad)
{
	struct error err;

	if (read_path("/proc/sys/kernel/random/boot_id", bad, &err) ||
	    cache_directory("kvm", path, &err))
		return -1;
	text_addf(path, "/%s", kernel_id);
	text_add(bad, "bad\n");
	return text_failed(path) || text_failed(bad) ? -1 : 0;
}

bool accel_kvm_may_work(const char *kernel_id, bool verbose)
{
	struct text path = TEXT_INIT, bad = TEXT_INIT, found = TEXT_INIT;
	bool may = accel_kvm_is_usable();

	if (!may) {
		lab_say(verbose, "/dev/kvm is not usable: the guest is emulated");
	} else if (!verdict(kernel_id, &path, &bad) &&
		   !read_path(text_string(&path), &found, NULL) &&
		   !strcmp(text_string(&found), text_string(&bad))) {
		lab_say(verbose, "this kernel hung under KVM before: the guest is emulated");
		may = false;
	}
	text_fini(&path);
	text_fini(&bad);
	text_fini(&found);
	return may;
}

void accel_kvm_remember(const char *kernel_id, bool lives)
{
	struct text path = TEXT_INIT, bad = TEXT_INIT;
	struct error err;

	if (!verdict(kernel_id, &path, &bad)) {
		if (lives)
			unlink(text_string(&path));
		else
			cache_write(text_string(&path), bad.data, bad.length, &err);
	}
	text_fini(&path);
	text_fini(&bad);
}
