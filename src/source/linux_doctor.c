/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_doctor.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "base/text.h"
#include "source/linux_doctor_parts.h"

static const struct {
	const char *name;
	bool essential;
	void (*run)(struct doctor *doctor, struct finding *finding);
} checks[] = {
#define DOCTOR_ENTRY(symbol, name, essential) {name, essential, doctor_check_##symbol},
	DOCTOR_CHECKS(DOCTOR_ENTRY)
#undef DOCTOR_ENTRY
};

bool doctor_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool read = file && fgets(line, (int)size, file);

	if (!read)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
	return read;
}

char doctor_config(const struct doctor *doctor, const char *option)
{
	const char *at = doctor->config;
	size_t length = strlen(option);

	if (!*at)
		return '?';
	while ((at = strstr(at, option))) {
		if ((at == doctor->config || at[-1] == '\n') && at[length] == '=')
			return at[length + 1] == 'm' ? 'm' : 'y';
		at += length;
	}
	return 'n';
}

/* gzread() takes plain files as they are. */
static bool config_read(const char *path, struct text *config)
{
	gzFile file = gzopen(path, "re");
	char buffer[8192];
	int n;

	if (!file)
		return false;
	while ((n = gzread(file, buffer, sizeof(buffer))) > 0)
		text_add_bytes(config, buffer, (size_t)n);
	gzclose(file);
	return n == 0 && config->length;
}

static char *config_load(const char *release)
{
	char boot[160], modules[160];
	const char *const paths[] = {"/proc/config.gz", boot, modules};
	struct text config = TEXT_INIT;

	snprintf(boot, sizeof(boot), "/boot/config-%s", release);
	snprintf(modules, sizeof(modules), "/lib/modules/%s/config", release);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (config_read(paths[i], &config))
			break;
		text_clear(&config);
	}
	return text_take(&config);
}

static bool doctor_init(struct doctor *doctor)
{
	unsigned major = 0, minor = 0;
	struct utsname system;

	*doctor = (struct doctor){.caller = -1};
	if (!uname(&system)) {
		snprintf(doctor->release, sizeof(doctor->release), "%s", system.release);
		sscanf(system.release, "%u.%u", &major, &minor);
		doctor->version = major << 8 | minor;
	}
	doctor->config = config_load(doctor->release);
	if (!doctor->config || symbols_open(&doctor->symbols, NULL)) {
		free(doctor->config);
		return false;
	}
	return true;
}

static void doctor_fini(struct doctor *doctor)
{
	if (doctor->caller >= 0)
		close(doctor->caller);
	symbols_close(doctor->symbols);
	free(doctor->config);
}

static void note_obstacle(struct linux_diagnosis *diagnosis, const struct finding *finding)
{
	snprintf(diagnosis->obstacle, sizeof(diagnosis->obstacle), "%s: %s", finding->name,
		 finding->fact);
}

void linux_doctor_run(void (*tell)(void *context, const struct finding *finding), void *context,
		      struct linux_diagnosis *diagnosis)
{
	const size_t n = sizeof(checks) / sizeof(checks[0]);
	struct linux_diagnosis result = {0};
	struct doctor doctor;

	if (!doctor_init(&doctor)) {
		snprintf(result.obstacle, sizeof(result.obstacle), "out of memory");
		*diagnosis = result;
		return;
	}
	/* The findings say what failed; libbpf need not. */
	libbpf_set_print(NULL);
	for (size_t i = 0; i < n; i++) {
		struct finding finding = {.name = checks[i].name};

		checks[i].run(&doctor, &finding);
		tell(context, &finding);
		result.n_not_ok += finding.state != FINDING_OK;
		/* The first that is missing is the cause, what comes later follows from it. */
		if (checks[i].essential && finding.state == FINDING_NO && !result.obstacle[0])
			note_obstacle(&result, &finding);
		/* The last check is a hook itself: when it works, nothing was in the way. */
		if (i == n - 1)
			result.hooking = finding.state != FINDING_NO;
	}
	if (result.hooking)
		result.obstacle[0] = '\0';
	doctor_fini(&doctor);
	*diagnosis = result;
}
