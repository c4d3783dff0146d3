/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/outlet.h"

struct file_input {
	struct capture_input base;
	int fd;
	bool regular;
	off_t start; /* where the capture begins: standard input may stand anywhere */
	char name[];
};

static int file_read(struct capture_input *input, void *bytes, size_t size, int timeout_ms,
		     size_t *got, struct error *err)
{
	struct file_input *file = (struct file_input *)input;
	ssize_t n;

	/* A file on disk is always ready; poll() would only cost a system call. */
	if (!file->regular) {
		struct pollfd poll_fd = {.fd = file->fd, .events = POLLIN};
		int ready = poll(&poll_fd, 1, timeout_ms);

		if (!ready || (ready < 0 && errno == EINTR))
			return INPUT_NOTHING_YET;
		if (ready < 0)
			return error_set(err, "can't wait for %s: %s", file->name, strerror(errno));
	}
	n = read(file->fd, bytes, size);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return INPUT_NOTHING_YET;
	if (n < 0)
		return error_set(err, "can't read %s: %s", file->name, strerror(errno));
	if (!n)
		return INPUT_END;
	*got = (size_t)n;
	return INPUT_DATA;
}

static int file_seek(struct capture_input *input, uint64_t offset, struct error *err)
{
	struct file_input *file = (struct file_input *)input;

	if (offset > INT64_MAX - (uint64_t)file->start ||
	    lseek(file->fd, file->start + (off_t)offset, SEEK_SET) < 0)
		return error_set(err, "can't go to byte %llu of %s: %s", (unsigned long long)offset,
				 file->name, strerror(errno));
	return 0;
}

static int file_size(struct capture_input *input, uint64_t *size, struct error *err)
{
	struct file_input *file = (struct file_input *)input;
	struct stat st;

	if (fstat(file->fd, &st))
		return error_set(err, "can't examine %s: %s", file->name, strerror(errno));
	*size = st.st_size > file->start ? (uint64_t)(st.st_size - file->start) : 0;
	return 0;
}

static void file_close(struct capture_input *input)
{
	struct file_input *file = (struct file_input *)input;

	if (file->fd != STDIN_FILENO)
		close(file->fd);
	free(file);
}

struct capture_input *capture_input_open(const char *path, struct error *err)
{
	bool standard = !strcmp(path, "-");
	const char *name = standard ? "standard input" : path;
	struct file_input *file;
	struct stat st;
	int fd;

	fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		error_set(err, "can't open %s: %s", path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st)) {
		error_set(err, "can't examine %s: %s", name, strerror(errno));
		goto fail;
	}
	if (S_ISDIR(st.st_mode)) {
		error_usage(err, "%s is a directory, not a capture", name);
		goto fail;
	}
	if (standard && isatty(fd)) {
		error_usage(err, "standard input is a terminal, not a capture");
		error_hint(err, "give a file, or pipe a capture in");
		goto fail;
	}
	file = malloc(sizeof(*file) + strlen(name) + 1);
	if (!file) {
		error_no_memory(err);
		goto fail;
	}
	strcpy(file->name, name);
	file->fd = fd;
	file->regular = S_ISREG(st.st_mode);
	file->base = (struct capture_input){
		.name = file->name,
		.endless = !file->regular,
		.read = file_read,
		.close = file_close,
	};
	file->start = file->regular ? lseek(fd, 0, SEEK_CUR) : 0;
	if (file->regular && file->start >= 0) {
		file->base.seek = file_seek;
		file->base.size = file_size;
	}
	return &file->base;
fail:
	if (!standard)
		close(fd);
	return NULL;
}

struct capture_output {
	int fd;
	bool regular;
	bool made;  /* the file was not there before */
	bool begun; /* and now has something of ours */
	uint64_t written;
	struct outlet *outlet; /* NULL: whoever writes waits */
	char *path;
	const char *name;
};

/* Is there something in the file that we must not overwrite? */
static int check_content(const struct capture_output *output, const void *magic,
			 size_t magic_length, struct error *err)
{
	unsigned char head[16];
	ssize_t n = pread(output->fd, head, magic_length, 0);

	if (n < 0)
		return error_set(err, "can't read what is in %s: %s", output->name,
				 strerror(errno));
	if (!n || ((size_t)n == magic_length && !memcmp(head, magic, magic_length)))
		return 0;
	error_usage(err, "%s exists and is not a capture", output->name);
	return error_hint(err, "choose another name, or overwrite it with --force");
}

static int open_path(struct capture_output *output, const char *path, struct error *err)
{
	struct stat st;

	output->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	output->made = output->fd >= 0;
	/* A pipe opened for reading too would never tell that its reader is gone. */
	if (output->fd < 0 && errno == EEXIST && !stat(path, &st))
		output->fd = open(path, (S_ISREG(st.st_mode) ? O_RDWR : O_WRONLY) | O_CLOEXEC);
	if (output->fd < 0)
		return error_set(err, "can't write to %s: %s", path, strerror(errno));
	return 0;
}

struct capture_output *capture_output_open(const char *path, const void *magic, size_t magic_length,
					   bool force, struct error *err)
{
	bool standard = !strcmp(path, "-");
	struct capture_output *output = calloc(1, sizeof(*output));
	struct stat st;

	if (!output || !(output->path = strdup(path))) {
		free(output);
		error_no_memory(err);
		return NULL;
	}
	output->name = standard ? "standard output" : output->path;
	output->fd = STDOUT_FILENO;
	if (!standard && open_path(output, path, err)) {
		free(output->path);
		free(output);
		return NULL;
	}
	if (fstat(output->fd, &st)) {
		error_set(err, "can't examine %s: %s", output->name, strerror(errno));
		goto fail;
	}
	/* Standard output may be a file that others append to: it is written where it stands. */
	output->regular = S_ISREG(st.st_mode) && !standard;
	if (isatty(output->fd)) {
		error_usage(err, "%s is a terminal; a capture is not text", output->name);
		error_hint(err, "give a file name, or pipe it into another program");
		goto fail;
	}
	if (output->regular && !force && check_content(output, magic, magic_length, err))
		goto fail;
	return output;
fail:
	capture_output_close(output);
	return NULL;
}

int capture_output_begin(struct capture_output *output, struct error *err)
{
	output->begun = true;
	if (output->regular && ftruncate(output->fd, 0))
		return error_set(err, "can't empty %s: %s", output->name, strerror(errno));
	return 0;
}

static int write_now(struct capture_output *output, const void *bytes, size_t length,
		     struct error *err)
{
	const unsigned char *at = bytes;
	size_t left = length;

	while (left) {
		ssize_t n = write(output->fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd poll_fd = {.fd = output->fd, .events = POLLOUT};

			poll(&poll_fd, 1, -1);
			continue;
		}
		if (n <= 0) {
			error_set(err, "can't write to %s: %s", output->name,
				  n ? strerror(errno) : "nothing was taken");
			goto fail;
		}
		at += n;
		left -= (size_t)n;
	}
	output->written += length;
	return 0;
fail:
	if (output->regular) {
		error_hint(err, "what was recorded before is in the file and can be read");
		if (ftruncate(output->fd, (off_t)output->written))
			error_hint(err,
				   "the file now ends in half a block (%s); what is before it "
				   "can be read",
				   strerror(errno));
	}
	return -1;
}

static int write_buffered(void *context, const void *bytes, size_t length, struct error *err)
{
	return write_now(context, bytes, length, err);
}

int capture_output_buffer(struct capture_output *output, uint64_t memory, struct error *err)
{
	output->outlet = outlet_create(memory, write_buffered, output, err);
	return output->outlet ? 0 : -1;
}

struct outlet *capture_output_outlet(struct capture_output *output)
{
	return output->outlet;
}

uint64_t capture_output_written(const struct capture_output *output)
{
	return output->written;
}

int capture_output_write(struct capture_output *output, const void *bytes, size_t length,
			 struct error *err)
{
	if (output->outlet)
		return outlet_put(output->outlet, bytes, length, err);
	return write_now(output, bytes, length, err);
}

int capture_output_sync(struct capture_output *output, struct error *err)
{
	if (output->outlet && outlet_drain(output->outlet, err))
		return -1;
	if (output->regular && fsync(output->fd))
		return error_set(err, "can't write %s to the disk: %s", output->name,
				 strerror(errno));
	return 0;
}

void capture_output_close(struct capture_output *output)
{
	if (!output)
		return;
	outlet_destroy(output->outlet);
	if (output->made && !output->begun)
		unlink(output->path);
	if (output->fd != STDOUT_FILENO)
		close(output->fd);
	free(output->path);
	free(output);
}
