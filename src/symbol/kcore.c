/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/kcore.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kcore {
	int fd;
	Elf64_Phdr *segments;
	size_t n;
};

static int bad_file(const char *path, struct error *err)
{
	return error_set(err, "%s is not the memory image of a 64-bit kernel", path);
}

static int read_segments(struct kcore *kcore, const char *path, struct error *err)
{
	Elf64_Ehdr header;
	size_t size;

	if (pread(kcore->fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr))
		return bad_file(path, err);
	size = header.e_phnum * sizeof(Elf64_Phdr);
	kcore->segments = malloc(size ? size : 1);
	if (!kcore->segments)
		return error_no_memory(err);
	if (pread(kcore->fd, kcore->segments, size, (off_t)header.e_phoff) != (ssize_t)size)
		return bad_file(path, err);
	kcore->n = header.e_phnum;
	return 0;
}

int kcore_open(const char *path, struct kcore **kcore, struct error *err)
{
	struct kcore *opened = calloc(1, sizeof(*opened));

	if (!path)
		path = "/proc/kcore";
	if (!opened)
		return error_no_memory(err);
	opened->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (opened->fd < 0) {
		error_set(err, "can't read %s: %s", path, strerror(errno));
		free(opened);
		return -1;
	}
	if (read_segments(opened, path, err)) {
		kcore_close(opened);
		return -1;
	}
	*kcore = opened;
	return 0;
}

void kcore_close(struct kcore *kcore)
{
	if (!kcore)
		return;
	close(kcore->fd);
	free(kcore->segments);
	free(kcore);
}

size_t kcore_read(const struct kcore *kcore, uint64_t address, void *bytes, size_t size)
{
	for (size_t i = 0; i < kcore->n; i++) {
		const Elf64_Phdr *segment = &kcore->segments[i];
		uint64_t offset = address - segment->p_vaddr;
		ssize_t got;

		if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
		    offset >= segment->p_memsz)
			continue;
		if (size > segment->p_memsz - offset)
			size = segment->p_memsz - offset;
		got = pread(kcore->fd, bytes, size, (off_t)(segment->p_offset + offset));
		return got > 0 ? (size_t)got : 0;
	}
	return 0;
}
