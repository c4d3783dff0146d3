/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doctor's checks that read what the system says of itself. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "linux/shared.h"
#include "source/linux_doctor_parts.h"
#include "source/linux_engine.h"
#include "symbol/inlined.h"

/* In case the build's headers are older than Linux 5.8. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

void doctor_check_architecture(struct doctor *doctor, struct finding *finding)
{
	struct utsname system;

	if (uname(&system)) {
		finding_set(finding, FINDING_NO, "uname(2) fails: %s", strerror(errno));
		return;
	}
	finding_set(finding, strcmp(system.machine, "x86_64") ? FINDING_NO : FINDING_OK,
		    "%s, Linux %s", system.machine, system.release);
	if (finding->state != FINDING_OK)
		finding_remedy(finding, "Kapimon hooks kernels for x86_64; captures can be shown "
					"anywhere");
}

/* CapEff of this process. */
static uint64_t capabilities(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	uint64_t effective = 0;
	char line[256];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %" SCNx64, &effective) == 1)
			break;
	fclose(file);
	return effective;
}

/* In the first user namespace ids are mapped to themselves, all of them. */
static bool in_user_namespace(void)
{
	unsigned long inside = 0, outside = 0, count = 0;
	char line[128];

	return doctor_line("/proc/self/uid_map", line, sizeof(line)) &&
	       sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	       (inside || outside || count != UINT32_MAX);
}

static const char *user_name(char *name, size_t size)
{
	if (!geteuid())
		return "root";
	snprintf(name, size, "user %u", (unsigned)geteuid());
	return name;
}

void doctor_check_rights(struct doctor *doctor, struct finding *finding)
{
	static const struct {
		int bit;
		const char *name;
	} wanted[] = {
		{CAP_BPF, "CAP_BPF"},
		{CAP_PERFMON, "CAP_PERFMON"},
		{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},	      /* the types of modules */
		{CAP_SYSLOG, "CAP_SYSLOG"},		      /* addresses of symbols */
		{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"}, /* root's files: tracefs */
	};
	uint64_t have = capabilities();
	char missing[160] = "", user[32];
	const char *name = user_name(user, sizeof(user));

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t length = strlen(missing);

		/* Before 5.8 CAP_SYS_ADMIN stood for these two. */
		if (wanted[i].bit >= CAP_PERFMON && doctor->version < 0x0508)
			continue;
		/* Root owns those files. */
		if (wanted[i].bit == CAP_DAC_READ_SEARCH && !geteuid())
			continue;
		if (!(have >> wanted[i].bit & 1))
			snprintf(missing + length, sizeof(missing) - length, "%s%s",
				 length ? ", " : "", wanted[i].name);
	}
	if (missing[0])
		finding_set(finding, FINDING_NO, "%s, without %s", name, missing);
	else if (in_user_namespace())
		finding_set(finding, FINDING_NO, "%s of a user namespace, whose rights end there",
			    name);
	else
		finding_set(finding, FINDING_OK, "%s, with every capability that is needed", name);
	if (finding->state != FINDING_OK)
		finding_remedy(finding, "run it as root%s",
			       in_user_namespace() || !geteuid() ? ", outside the container" : "");
}

void doctor_check_lockdown(struct doctor *doctor, struct finding *finding)
{
	static const char path[] = "/sys/kernel/security/lockdown";
	char mount[256], line[128];

	if (!doctor_line(path, line, sizeof(line))) {
		if (doctor_config(doctor, "CONFIG_SECURITY_LOCKDOWN_LSM") == 'n') {
			finding_set(finding, FINDING_OK, "this kernel has none");
		} else if (mount_find("securityfs", mount, sizeof(mount))) {
			finding_set(finding, FINDING_OK, "not in use");
		} else {
			finding_set(finding, FINDING_PART,
				    "can't be told: securityfs is not "
				    "mounted");
			finding_remedy(finding, "mount -t securityfs securityfs "
						"/sys/kernel/security");
		}
	} else if (strstr(line, "[confidentiality]")) {
		/* LOCKDOWN_KPROBES, LOCKDOWN_BPF_READ_KERNEL, LOCKDOWN_TRACEFS */
		finding_set(finding, FINDING_NO,
			    "confidentiality: no kprobes, no tracefs, BPF must "
			    "not read kernel memory");
		finding_remedy(finding, "boot with lockdown=integrity or, if that is what turns it "
					"on, without Secure Boot");
	} else if (strstr(line, "[integrity]")) {
		/* LOCKDOWN_DEBUGFS: files of debugfs that anybody may write can't even be read. */
		finding_set(finding, FINDING_PART,
			    "integrity: hooks are allowed, unsigned modules and most of debugfs "
			    "are not");
		finding_remedy(finding,
			       "sign the modules that are to be tested, or use \"kapimon lab\"");
	} else {
		finding_set(finding, FINDING_OK, "none");
	}
}

void doctor_check_btf(struct doctor *doctor, struct finding *finding)
{
	static const char path[] = "/sys/kernel/btf/vmlinux";

	if (!access(path, R_OK)) {
		finding_set(finding, FINDING_OK, "the kernel tells its types");
		return;
	}
	finding_set(finding, FINDING_NO, "the kernel's types can't be read: %s: %s", path,
		    strerror(errno));
	finding_remedy(finding, errno == ENOENT ? "boot a kernel built with CONFIG_DEBUG_INFO_BTF"
						: "run it as root");
}

static size_t count_modules(size_t *with_btf)
{
	FILE *file = fopen("/proc/modules", "re");
	char line[512], name[64], path[128];
	size_t n = 0;

	*with_btf = 0;
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s", name) != 1)
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/btf/%s", name);
		n++;
		*with_btf += !access(path, F_OK);
	}
	fclose(file);
	return n;
}

void doctor_check_module_btf(struct doctor *doctor, struct finding *finding)
{
	size_t with_btf, n = count_modules(&with_btf);

	if (!n) {
		finding_set(finding, FINDING_OK, "no module is loaded");
	} else if (with_btf == n) {
		finding_set(finding, FINDING_OK, "all %zu loaded modules tell their types", n);
	} else {
		finding_set(finding, with_btf ? FINDING_PART : FINDING_NO,
			    "%zu of %zu loaded modules tell their types", with_btf, n);
		finding_remedy(
			finding,
			"the others' functions are hooked by kprobes, their arguments are "
			"shown in hexadecimal; \"pahole -J --btf_base vmlinux X.ko\" adds types");
	}
}

void doctor_check_symbols(struct doctor *doctor, struct finding *finding)
{
	struct error err = {0};
	const struct kallsyms *kallsyms = symbols_kallsyms(doctor->symbols, &err);
	char restrict_[16];

	if (kallsyms) {
		finding_set(finding, FINDING_OK, "/proc/kallsyms shows %zu symbols with addresses",
			    kallsyms_count(kallsyms));
		return;
	}
	finding_set(finding, FINDING_NO, "%s", err.message);
	if (doctor_line("/proc/sys/kernel/kptr_restrict", restrict_, sizeof(restrict_)) &&
	    !strcmp(restrict_, "2"))
		finding_remedy(finding,
			       "sysctl kernel.kptr_restrict=1, which still hides them from "
			       "ordinary users");
	else
		finding_remedy(finding, "%s", err.hint[0] ? err.hint : "run it as root");
}

void doctor_check_tracefs(struct doctor *doctor, struct finding *finding)
{
	char mount[200], path[256], line[256];
	int code;

	if (!mount_find("tracefs", mount, sizeof(mount))) {
		finding_set(finding, FINDING_NO,
			    "not mounted: only functions named in full can be hooked");
		finding_remedy(finding, "mount -t tracefs tracefs /sys/kernel/tracing");
		return;
	}
	snprintf(path, sizeof(path), "%s/available_filter_functions", mount);
	errno = 0;
	if (doctor_line(path, line, sizeof(line))) {
		finding_set(finding, FINDING_OK, "mounted at %s; it lists the functions", mount);
		return;
	}
	code = errno;
	finding_set(finding, FINDING_NO, "the list of functions can't be read: %s: %s", path,
		    code ? strerror(code) : "it is empty");
	finding_remedy(finding, "%s",
		       code != ENOENT ? "run it as root"
				      : "lockdown forbids it, or the kernel was built without "
					"CONFIG_FUNCTION_TRACER");
}

void doctor_check_debugfs(struct doctor *doctor, struct finding *finding)
{
	char mount[200];

	if (!mount_find("debugfs", mount, sizeof(mount))) {
		finding_set(finding, FINDING_PART,
			    "not mounted: preemption and forbidden functions "
			    "are guessed");
		finding_remedy(finding, "mount -t debugfs debugfs /sys/kernel/debug");
	} else if (access(mount, R_OK | X_OK)) {
		finding_set(finding, FINDING_PART, "%s: %s", mount, strerror(errno));
		finding_remedy(finding, "run it as root");
	} else {
		finding_set(finding, FINDING_OK, "mounted at %s", mount);
	}
}

void doctor_check_blacklist(struct doctor *doctor, struct finding *finding)
{
	char mount[200] = "/sys/kernel/debug", path[256], line[256];
	size_t n = 0;
	FILE *file;

	mount_find("debugfs", mount, sizeof(mount));
	snprintf(path, sizeof(path), "%s/kprobes/blacklist", mount);
	file = fopen(path, "re");
	if (!file) {
		finding_set(finding, FINDING_PART,
			    "where kprobes are forbidden is not known: %s: %s", path,
			    strerror(errno));
		finding_remedy(finding,
			       "hooks don't need it; \"kapimon list\" tells with it where kprobes "
			       "are forbidden");
		return;
	}
	while (fgets(line, sizeof(line), file))
		n++;
	fclose(file);
	finding_set(finding, FINDING_OK, "kprobes are forbidden in %zu places", n);
}

/* What debugfs says: "none voluntary (full)"; "" when it can't be read. */
static void preemption_model(char *model, size_t size)
{
	char line[128], *open, *close;

	model[0] = '\0';
	if (!doctor_line("/sys/kernel/debug/sched/preempt", line, sizeof(line)) &&
	    !doctor_line("/sys/kernel/debug/sched_preempt", line, sizeof(line)))
		return;
	open = strchr(line, '(');
	close = open ? strchr(open, ')') : NULL;
	if (close)
		snprintf(model, size, "%.*s", (int)(close - open - 1), open + 1);
}

void doctor_check_preemption(struct doctor *doctor, struct finding *finding)
{
	bool full = kernel_fully_preemptible();
	unsigned copies = full ? KMN_MAX_COPIES : 3;
	char model[32];

	preemption_model(model, sizeof(model));
	if (!access("/sys/kernel/realtime", F_OK))
		snprintf(model, sizeof(model), "realtime");
	if (model[0] || !full) {
		finding_set(finding, FINDING_OK, "%s: nested calls take %u copies of each program",
			    model[0] ? model : "none or voluntary", copies);
		return;
	}
	finding_set(finding, FINDING_PART,
		    "can't be told, taken for full: nested calls take %u copies of each program",
		    copies);
	finding_remedy(finding, "%s tells; 3 copies are enough, and cheaper, unless it is full",
		       "/sys/kernel/debug/sched/preempt");
}

void doctor_check_locked_memory(struct doctor *doctor, struct finding *finding)
{
	struct rlimit limit;

	/* d5299b67dd59 ("bpf: Memcg-based memory accounting for bpf maps") and its series */
	if (doctor->version >= 0x050b) {
		finding_set(finding, FINDING_OK, "BPF is not counted as such (since Linux 5.11)");
		return;
	}
	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_max == RLIM_INFINITY || capabilities() >> CAP_SYS_RESOURCE & 1) {
		finding_set(finding, FINDING_OK, "no limit, or one that can be raised");
		return;
	}
	finding_set(finding, FINDING_NO, "at most %llu KiB, of which BPF maps need more",
		    (unsigned long long)limit.rlim_max >> 10);
	finding_remedy(finding, "ulimit -l unlimited, as root");
}

void doctor_check_unwinder(struct doctor *doctor, struct finding *finding)
{
	bool orc = doctor_config(doctor, "CONFIG_UNWINDER_ORC") == 'y';
	bool pointers = doctor_config(doctor, "CONFIG_UNWINDER_FRAME_POINTER") == 'y';
	bool config = doctor->config[0];
	const struct kallsyms *kallsyms;
	size_t first;

	if (!config) {
		kallsyms = symbols_kallsyms(doctor->symbols, NULL);
		if (!kallsyms) {
			finding_set(finding, FINDING_PART, "can't be told");
			finding_remedy(finding,
				       "neither /proc/config.gz, /boot/config-%s nor "
				       "/proc/kallsyms can be read",
				       doctor->release);
			return;
		}
		orc = kallsyms_find(kallsyms, "__start_orc_unwind", &first) > 0 ||
		      kallsyms_find(kallsyms, "orc_find", &first) > 0 ||
		      kallsyms_find(kallsyms, "__orc_find", &first) > 0;
	}
	if (orc) {
		finding_set(finding, FINDING_OK, "ORC: stacks are exact");
	} else if (pointers || !config) {
		finding_set(finding, FINDING_OK, "frame pointers: stacks are cheap");
	} else {
		finding_set(finding, FINDING_PART, "guessing: stacks show frames that are none");
		finding_remedy(finding, "boot a kernel built with CONFIG_UNWINDER_ORC");
	}
}

/*
 * Merged caches are directories with a made-up name, ":0000064", and their own names are links to
 * these (mm/slub.c, sysfs_slab_add()).
 */
void doctor_check_slab_merging(struct doctor *doctor, struct finding *finding)
{
	DIR *directory = opendir("/sys/kernel/slab");
	size_t links = 0, caches = 0;
	struct dirent *entry;

	if (!directory) {
		finding_set(finding, FINDING_PART, "can't be told: /sys/kernel/slab: %s",
			    strerror(errno));
		finding_remedy(finding, "take names of slab caches for doubtful");
		return;
	}
	while ((entry = readdir(directory))) {
		links += entry->d_type == DT_LNK;
		caches += entry->d_name[0] == ':';
	}
	closedir(directory);
	if (links <= caches) {
		finding_set(finding, FINDING_OK, "each slab cache has a name of its own");
		return;
	}
	finding_set(finding, FINDING_PART,
		    "%zu names of slab caches stand for %zu caches: tags lie", links, caches);
	finding_remedy(finding, "boot with slab_nomerge; \"kapimon lab\" does");
}

void doctor_check_cgroup(struct doctor *doctor, struct finding *finding)
{
	char mount[200];

	if (mount_find("cgroup2", mount, sizeof(mount))) {
		finding_set(finding, FINDING_OK, "mounted at %s", mount);
		return;
	}
	finding_set(finding, FINDING_NO, "not mounted: --cgroup can't be used");
	finding_remedy(finding, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
}

void doctor_check_debug_info(struct doctor *doctor, struct finding *finding)
{
	char path[512];

	if (debug_info_find(NULL, doctor->release, path, sizeof(path))) {
		finding_set(finding, FINDING_OK, "%s", path);
		return;
	}
	finding_set(finding, FINDING_NO, "the kernel's DWARF is not installed");
	finding_remedy(finding, "hooks don't need it; \"kapimon list --why\" tells with it where a "
				"function is inlined");
}
