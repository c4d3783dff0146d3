/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/doctor_lab.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "lab/accel.h"
#include "lab/cache.h"
#include "lab/tool.h"

static void check_tool(const char *name, const char *package, struct finding *finding)
{
	struct error err = {0};
	char *path;

	if (tool_find(name, package, &path, &err)) {
		finding_set(finding, FINDING_NO, "%s", err.message);
		finding_remedy(finding, "%s", err.hint);
		return;
	}
	finding_set(finding, FINDING_OK, "%s", path);
	free(path);
}

static void check_qemu(struct finding *finding)
{
	check_tool("qemu-system-x86_64", "qemu-system-x86", finding);
}

static void check_busybox(struct finding *finding)
{
	check_tool("busybox", "busybox-static", finding);
}

/* How many kernels hung under KVM since this machine was booted. */
static size_t count_hung(void)
{
	struct text path = TEXT_INIT;
	struct dirent *entry;
	DIR *directory;
	size_t n = 0;

	if (cache_directory("kvm", &path, NULL))
		return 0;
	directory = opendir(text_string(&path));
	text_fini(&path);
	if (!directory)
		return 0;
	while ((entry = readdir(directory)))
		n += entry->d_name[0] != '.' && !accel_kvm_may_work(entry->d_name, false);
	closedir(directory);
	return n;
}

static void check_kvm(struct finding *finding)
{
	size_t hung;

	if (!accel_kvm_is_usable()) {
		bool there = !access("/dev/kvm", F_OK);

		finding_set(finding, FINDING_PART,
			    "%s: guests are emulated, some twenty times "
			    "slower",
			    there ? "/dev/kvm is not for this user" : "there is no /dev/kvm");
		finding_remedy(finding, there ? "become a member of the group kvm"
					      : "turn virtualization on in the firmware, or load "
						"kvm_intel or kvm_amd");
		return;
	}
	hung = count_hung();
	if (!hung) {
		finding_set(finding, FINDING_OK, "/dev/kvm is usable");
		return;
	}
	finding_set(finding, FINDING_PART,
		    "%zu kernel%s hung under KVM since this machine was booted: emulated", hung,
		    hung > 1 ? "s" : "");
	finding_remedy(finding, "\"kapimon lab --accel kvm\" tries again");
}

static const struct {
	const char *name;
	bool needed;
	void (*run)(struct finding *finding);
} checks[] = {
	{"lab-qemu", true, check_qemu},
	{"lab-busybox", true, check_busybox},
	{"lab-kvm", false, check_kvm},
};

enum doctor_lab doctor_lab_run(void (*tell)(void *context, const struct finding *finding),
			       void *context)
{
	bool runs = true;

	if (getenv("KAPIMON_LAB"))
		return DOCTOR_LAB_INSIDE;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding finding = {.name = checks[i].name};

		checks[i].run(&finding);
		tell(context, &finding);
		runs &= !checks[i].needed || finding.state == FINDING_OK;
	}
	return runs ? DOCTOR_LAB_RUNS : DOCTOR_LAB_LACKS;
}
