/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files only: "-" and pipes are not taken here. */
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/outlet.h"
#include "capture/file.h"

static int fail(struct error *err, const char *what, const char *name)
{
	return error_set(err, "can't %s %s: Windows error %lu", what, name, GetLastError());
}

struct file_input {
	struct capture_input base;
	HANDLE file;
	char name[];
};

static int input_read(struct capture_input *input, void *bytes, size_t size, int timeout_ms,
		      size_t *got, struct error *err)
{
	struct file_input *file = (struct file_input *)input;
	DWORD n;

	if (!ReadFile(file->file, bytes, size > 1u << 30 ? 1u << 30 : (DWORD)size, &n, NULL))
		return fail(err, "read", file->name);
	if (!n)
		return INPUT_END;
	*got = n;
	return INPUT_DATA;
}

static int input_seek(struct capture_input *input, uint64_t offset, struct error *err)
{
	struct file_input *file = (struct file_input *)input;
	LARGE_INTEGER to = {.QuadPart = (LONGLONG)offset};

	return SetFilePointerEx(file->file, to, NULL, FILE_BEGIN)
		       ? 0
		       : fail(err, "seek in", file->name);
}

static int input_size(struct capture_input *input, uint64_t *size, struct error *err)
{
	struct file_input *file = (struct file_input *)input;
	LARGE_INTEGER now;

	if (!GetFileSizeEx(file->file, &now))
		return fail(err, "examine", file->name);
	*size = (uint64_t)now.QuadPart;
	return 0;
}

static void input_close(struct capture_input *input)
{
	CloseHandle(((struct file_input *)input)->file);
	free(input);
}

struct capture_input *capture_input_open(const char *path, struct error *err)
{
	struct file_input *file = malloc(sizeof(*file) + strlen(path) + 1);

	if (!file) {
		error_no_memory(err);
		return NULL;
	}
	strcpy(file->name, path);
	file->file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
				 OPEN_EXISTING, 0, NULL);
	if (file->file == INVALID_HANDLE_VALUE) {
		fail(err, "open", path);
		free(file);
		return NULL;
	}
	file->base = (struct capture_input){.name = file->name,
					    .read = input_read,
					    .seek = input_seek,
					    .size = input_size,
					    .close = input_close};
	return &file->base;
}

struct capture_output {
	HANDLE file;
	bool made; /* the file was not there before */
	bool begun;
	uint64_t written;
	char path[];
};

/* Is there something in the file that we must not overwrite? */
static int check_content(const struct capture_output *output, const void *magic,
			 size_t magic_length, struct error *err)
{
	unsigned char head[16];
	DWORD n;

	if (!ReadFile(output->file, head, (DWORD)magic_length, &n, NULL))
		return fail(err, "read what is in", output->path);
	if (!n || (n == magic_length && !memcmp(head, magic, magic_length)))
		return 0;
	error_usage(err, "%s exists and is not a capture", output->path);
	return error_hint(err, "choose another name, or overwrite it with --force");
}

struct capture_output *capture_output_open(const char *path, const void *magic, size_t magic_length,
					   bool force, struct error *err)
{
	struct capture_output *output = calloc(1, sizeof(*output) + strlen(path) + 1);

	if (!output) {
		error_no_memory(err);
		return NULL;
	}
	strcpy(output->path, path);
	output->file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL,
				   OPEN_ALWAYS, 0, NULL);
	if (output->file == INVALID_HANDLE_VALUE) {
		fail(err, "write to", path);
		free(output);
		return NULL;
	}
	output->made = GetLastError() != ERROR_ALREADY_EXISTS;
	if (!force && check_content(output, magic, magic_length, err)) {
		capture_output_close(output);
		return NULL;
	}
	return output;
}

static bool cut(struct capture_output *output, uint64_t at)
{
	LARGE_INTEGER to = {.QuadPart = (LONGLONG)at};

	return SetFilePointerEx(output->file, to, NULL, FILE_BEGIN) && SetEndOfFile(output->file);
}

int capture_output_begin(struct capture_output *output, struct error *err)
{
	output->begun = true;
	return cut(output, 0) ? 0 : fail(err, "empty", output->path);
}

int capture_output_write(struct capture_output *output, const void *bytes, size_t length,
			 struct error *err)
{
	size_t done = 0;
	DWORD n;

	while (done < length) {
		size_t left = length - done;

		if (!WriteFile(output->file, (const char *)bytes + done,
			       left > 1u << 30 ? 1u << 30 : (DWORD)left, &n, NULL)) {
			fail(err, "write to", output->path);
			cut(output, output->written);
			return -1;
		}
		done += n;
	}
	output->written += length;
	return 0;
}

/* What is given is written at once: there is nothing to buffer. */
int capture_output_buffer(struct capture_output *output, uint64_t memory, struct error *err)
{
	return 0;
}

struct outlet *capture_output_outlet(struct capture_output *output)
{
	return NULL;
}

uint64_t capture_output_written(const struct capture_output *output)
{
	return output->written;
}

int capture_output_sync(struct capture_output *output, struct error *err)
{
	return FlushFileBuffers(output->file) ? 0 : fail(err, "write to", output->path);
}

void capture_output_close(struct capture_output *output)
{
	if (!output)
		return;
	CloseHandle(output->file);
	if (output->made && !output->begun)
		DeleteFileA(output->path);
	free(output);
}
