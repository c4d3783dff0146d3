/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture is given, and what comes out of it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/crc32c.h"
#include "capture/reader.h"
#include "capture/writer.h"
#include "capture_sample.h"
#include "model/verdict.h"
#include "session/capture_sink.h"
#include "source/capture_source.h"

static char directory[] = "/tmp/kapimon-test-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/test.kmn", directory);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int remove_directory(void **state)
{
	unlink(path);
	return rmdir(directory);
}

static int remove_file(void **state)
{
	unlink(path);
	return 0;
}

static void assert_same_string(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_ptr_equal(a, b);
}

static void assert_same_type(const struct value_type *a, const struct value_type *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->enumeration, b->enumeration);
	assert_same_string(a->name, b->name);
}

static void assert_same_api(const struct api *a, const struct api *b)
{
	assert_int_equal(a->id, b->id);
	assert_same_string(a->name, b->name);
	assert_same_string(a->module, b->module);
	assert_int_equal(a->address, b->address);
	assert_int_equal(a->typed, b->typed);
	assert_int_equal(a->variadic, b->variadic);
	assert_int_equal(a->returns_hooked, b->returns_hooked);
	assert_int_equal(a->method, b->method);
	assert_same_type(&a->result, &b->result);
	assert_int_equal(a->n_params, b->n_params);
	for (size_t i = 0; i < a->n_params; i++) {
		assert_same_string(a->params[i].name, b->params[i].name);
		assert_same_type(&a->params[i].type, &b->params[i].type);
		assert_int_equal(a->params[i].slot, b->params[i].slot);
		assert_int_equal(a->params[i].slots, b->params[i].slots);
	}
	assert_int_equal(a->n_fetches, b->n_fetches);
	for (size_t i = 0; i < a->n_fetches; i++) {
		assert_int_equal(a->fetches[i].param, b->fetches[i].param);
		assert_int_equal(a->fetches[i].form, b->fetches[i].form);
		assert_int_equal(a->fetches[i].size, b->fetches[i].size);
		assert_same_string(a->fetches[i].label, b->fetches[i].label);
	}
}

static void assert_same_frame(const struct catalog *a, const struct catalog *b, uint64_t address)
{
	struct frame one, other;

	catalog_frame(a, address, &one);
	catalog_frame(b, address, &other);
	assert_same_string(one.symbol, other.symbol);
	assert_same_string(one.module, other.module);
	assert_int_equal(one.offset, other.offset);
}

static void assert_same_catalog(const struct catalog *a, const struct catalog *b)
{
	assert_int_equal(a->clock_offset, b->clock_offset);
	assert_int_equal(a->start, b->start);
	assert_int_equal(a->processors, b->processors);
	assert_same_string(a->kernel, b->kernel);
	assert_same_string(a->machine, b->machine);
	assert_same_string(a->host, b->host);
	assert_same_string(a->spec, b->spec);
	assert_int_equal(a->modules.n_modules, b->modules.n_modules);
	for (size_t i = 0; i < a->modules.n_modules; i++) {
		const struct module *one = &a->modules.modules[i], *other = &b->modules.modules[i];

		assert_string_equal(one->name, other->name);
		assert_int_equal(one->base, other->base);
		assert_int_equal(one->size, other->size);
		assert_int_equal(one->bit, other->bit);
		assert_int_equal(one->loaded, other->loaded);
		assert_int_equal(one->unloaded, other->unloaded);
		assert_int_equal(one->build_id_length, other->build_id_length);
		assert_memory_equal(one->build_id, other->build_id, one->build_id_length);
	}
	assert_int_equal(a->apis.n_apis, b->apis.n_apis);
	for (size_t i = 0; i < a->apis.n_apis; i++)
		assert_same_api(a->apis.apis[i], b->apis.apis[i]);
	assert_int_equal(a->apis.n_enumerations, b->apis.n_enumerations);
	for (size_t i = 0; i < a->apis.n_enumerations; i++) {
		const struct enumeration *one = &a->apis.enumerations[i];
		const struct enumeration *other = &b->apis.enumerations[i];

		assert_string_equal(one->name, other->name);
		assert_int_equal(one->flags, other->flags);
		assert_int_equal(one->n_members, other->n_members);
		for (size_t j = 0; j < one->n_members; j++) {
			assert_string_equal(one->members[j].name, other->members[j].name);
			assert_int_equal(one->members[j].value, other->members[j].value);
		}
	}
	assert_int_equal(stack_table_count(a->stacks), stack_table_count(b->stacks));
	for (size_t i = 0; i < stack_table_count(a->stacks); i++) {
		const struct stack *one = stack_table_at(a->stacks, i);
		const struct stack *other = stack_table_at(b->stacks, i);

		assert_int_equal(one->hash, other->hash);
		assert_int_equal(one->modules, other->modules);
		assert_int_equal(one->flags, other->flags);
		assert_int_equal(one->n_frames, other->n_frames);
		assert_memory_equal(one->frames, other->frames, one->n_frames * 8);
		for (uint16_t j = 0; j < one->n_frames; j++)
			assert_same_frame(a, b, one->frames[j]);
	}
}

/* The record as it should come out of a capture: its stack by name only. */
static void strip(struct kmn_header *header)
{
	header->length = (uint16_t)(header->length - header->n_frames * 8);
	header->flags &= (uint16_t)~KMN_STACK_INLINE;
	header->n_frames = 0;
}

/* Returns how many records there were; each must be that of the sample, in order. */
static uint64_t read_sample(struct capture_reader *reader, struct catalog *catalog)
{
	const struct kmn_header *const *records;
	struct sample_record record;
	struct error err = {0};
	uint64_t number = 0;
	int result;
	size_t n;

	while ((result = capture_next(reader, -1, &records, &n, &err)) == 1) {
		for (size_t i = 0; i < n; i++, number++) {
			sample_record_make(&record, number, catalog);
			strip((struct kmn_header *)record.words);
			assert_memory_equal(records[i], record.words, records[i]->length);
			if (records[i]->flags & KMN_HAS_STACK)
				assert_non_null(stack_table_find(
					capture_catalog(reader)->stacks,
					((const struct kmn_return *)(records[i] + 1) +
					 (records[i]->kind == KMN_RETURN))
						->value));
		}
	}
	assert_int_equal(result, 0);
	return number;
}

static void assert_verdict(const struct capture_reader *reader, const char *verdict)
{
	struct text out = TEXT_INIT;
	struct ledger ledger;
	struct error err = {0};

	ledger_init(&ledger);
	assert_int_equal(capture_ledger(reader, &ledger, &err), 0);
	ledger_verdict(&ledger, capture_catalog(reader), &out);
	assert_string_equal(text_string(&out), verdict);
	text_fini(&out);
	ledger_fini(&ledger);
}

static void assert_reads_as_sample(const char *name, uint64_t n_records)
{
	struct error err = {0};
	struct capture_reader *reader = capture_open(name, &err);
	struct catalog catalog;
	struct ledger read, written;

	assert_non_null(reader);
	sample_catalog_init(&catalog);
	assert_int_equal(read_sample(reader, &catalog), n_records);
	assert_same_catalog(capture_catalog(reader), &catalog);
	assert_string_equal(capture_trouble(reader), "");
	ledger_init(&read);
	sample_ledger_init(&written, n_records);
	assert_int_equal(capture_ledger(reader, &read, &err), 0);
	assert_int_equal(read.n_rows, written.n_rows);
	assert_memory_equal(read.rows, written.rows, read.n_rows * sizeof(*read.rows));
	assert_verdict(reader, "COMPLETE");
	ledger_fini(&read);
	ledger_fini(&written);
	catalog_fini(&catalog);
	capture_close(reader);
}

static void what_is_written_is_read_again(void **state)
{
	static const struct {
		uint64_t n_records, flush;
	} cases[] = {{0, 0}, {1, 0}, {64, 1}, {1000, 100}, {30000, 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sample_capture_write(path, cases[i].n_records, cases[i].flush);
		assert_reads_as_sample(path, cases[i].n_records);
	}
}

static void captures_of_every_format_stay_readable(void **state)
{
	static const char *const files[] = {"golden-1.kmn", "golden-2.kmn", "golden-2-memory.kmn"};
	char name[512];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", getenv("KAPIMON_TEST_DATA"), files[i]);
		assert_reads_as_sample(name, SAMPLE_GOLDEN_RECORDS);
	}
}

static void a_capture_is_read_from_a_pipe_as_it_is_written(void **state)
{
	int keep = dup(STDIN_FILENO);
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		sample_capture_write("-", 20000, 1000);
		_exit(0);
	}
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	close(ends[1]);
	assert_reads_as_sample("-", 20000);
	dup2(keep, STDIN_FILENO);
	close(keep);
}

/* Begins a capture of the sample and writes n records that are flushed. */
static struct capture_writer *begin_sample(struct catalog *catalog, uint64_t n)
{
	struct error err = {0};
	struct capture_writer *writer = capture_writer_create(path, false, &err);
	struct sample_record record;

	sample_catalog_init(catalog);
	assert_non_null(writer);
	assert_int_equal(capture_writer_begin(writer, catalog, &err), 0);
	for (uint64_t i = 0; i < n; i++) {
		const struct kmn_header *header = sample_record_make(&record, i, catalog);

		assert_int_equal(capture_writer_add(writer, &header, 1, &err), 0);
	}
	assert_int_equal(capture_writer_flush(writer, &err), 0);
	return writer;
}

static void what_was_flushed_is_readable_while_the_writer_lives_or_after_it_was_killed(void **state)
{
	struct error err = {0};
	struct capture_reader *reader;
	struct capture_writer *writer;
	struct catalog catalog, again;

	writer = begin_sample(&catalog, 100);
	reader = capture_open(path, &err);
	assert_non_null(reader);
	sample_catalog_init(&again);
	assert_int_equal(read_sample(reader, &again), 100);
	assert_non_null(strstr(capture_trouble(reader), "the 100 records before it are complete"));
	assert_verdict(reader,
		       "INCOMPLETE: the capture ends before its ledger (the writer was killed?)");
	capture_close(reader);
	catalog_fini(&again);
	capture_writer_destroy(writer);
	catalog_fini(&catalog);
}

static void frames_that_the_catalog_lacks_stay_in_the_record_and_are_learned(void **state)
{
	struct error err = {0};
	struct sample_record record;
	const struct kmn_header *header = sample_record_make(&record, 1, NULL);
	const struct kmn_header *const *records;
	struct capture_reader *reader;
	struct capture_writer *writer;
	struct catalog catalog;
	struct record_view view;
	size_t n;

	writer = begin_sample(&catalog, 0);
	assert_int_equal(capture_writer_add(writer, &header, 1, &err), 0);
	capture_writer_destroy(writer);
	reader = capture_open(path, &err);
	assert_non_null(reader);
	assert_int_equal(capture_next(reader, -1, &records, &n, &err), 1);
	assert_int_equal(n, 1);
	assert_memory_equal(records[0], header, header->length);
	assert_true(record_parse(header, header->length, &view, &err) > 0);
	assert_non_null(stack_table_find(capture_catalog(reader)->stacks, view.stack->hash));
	assert_same_frame(&catalog, capture_catalog(reader), view.frames[0]);
	capture_close(reader);
	catalog_fini(&catalog);
}

/* A second module comes to the place of the first. */
static bool resolve_reloaded(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	bool reloaded = catalog->modules.n_modules > 2;

	*frame = (struct frame){reloaded ? "xfs_file_open" : "ext4_file_open", 4,
				reloaded ? "xfs" : "ext4"};
	return true;
}

static void what_changes_in_the_catalog_while_recording_is_in_the_capture(void **state)
{
	struct module xfs = {.name = "xfs", .base = 0xffffffffc0200000ull, .size = 0x100000};
	struct api late = {.id = 3, .name = strdup("xfs_file_open"), .module = strdup("xfs")};
	struct error err = {0};
	struct sample_record record;
	const struct kmn_header *header;
	struct capture_reader *reader;
	struct capture_writer *writer;
	struct catalog catalog, again;
	struct ledger ledger;

	writer = begin_sample(&catalog, 50);
	catalog.resolve = resolve_reloaded;
	catalog.modules.modules[1].unloaded = 77;
	assert_int_equal(module_table_add(&catalog.modules, &xfs, &err), 2);
	assert_int_equal(api_table_add(&catalog.apis, &late, &err), 0);
	api_table_find(&catalog.apis, 7)->address = 0xffffffffc0212345ull;
	api_table_find(&catalog.apis, 7)->method = METHOD_FENTRY;
	free(catalog.spec);
	catalog.spec = strdup("hook something else\n");
	header = sample_record_make(&record, 50, &catalog);
	assert_int_equal(capture_writer_add(writer, &header, 1, &err), 0);
	sample_ledger_init(&ledger, 51);
	assert_int_equal(capture_writer_end(writer, &ledger, &err), 0);
	capture_writer_destroy(writer);

	reader = capture_open(path, &err);
	assert_non_null(reader);
	sample_catalog_init(&again);
	assert_int_equal(read_sample(reader, &again), 51);
	catalog_fini(&again);
	/* Frames outside of the new module keep the names that they had. */
	catalog.resolve = capture_catalog(reader)->resolve;
	catalog.resolver = capture_catalog(reader)->resolver;
	assert_same_catalog(capture_catalog(reader), &catalog);
	catalog.resolve = resolve_reloaded;
	assert_same_frame(capture_catalog(reader), &catalog, 0xffffffffc0200041ull);
	capture_close(reader);
	ledger_fini(&ledger);
	catalog_fini(&catalog);
}

static void write_file(const char *name, const char *content)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void a_file_that_is_not_a_capture_is_overwritten_only_by_force(void **state)
{
	struct error err = {0};
	struct sink *sink;
	struct stat st;

	write_file(path, "my thesis");
	assert_null(capture_sink_create(path, false, &err));
	assert_int_equal(err.status, STATUS_USAGE);
	assert_non_null(strstr(err.message, "is not a capture"));
	assert_non_null(strstr(err.hint, "--force"));
	sink = capture_sink_create(path, true, &err);
	assert_non_null(sink);
	sink->ops->destroy(sink);
	/* Nothing was recorded: the file is as it was. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 9);

	write_file(path, "");
	sample_capture_write(path, 10, 0);
	sample_capture_write(path, 5, 0);
	assert_reads_as_sample(path, 5);
}

static void a_writer_that_never_began_leaves_no_file(void **state)
{
	struct error err = {0};
	struct capture_writer *writer = capture_writer_create(path, false, &err);

	assert_non_null(writer);
	assert_int_equal(access(path, F_OK), 0);
	capture_writer_destroy(writer);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_full_disk_ends_the_capture_with_its_last_whole_block(void **state)
{
	const struct rlimit small = {64 << 10, RLIM_INFINITY};
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	struct error err = {0}, again = {0};
	struct sample_record record;
	struct capture_reader *reader;
	struct capture_writer *writer;
	struct catalog catalog, other;
	struct ledger ledger;
	int status = 0;
	uint64_t n;

	writer = begin_sample(&catalog, 0);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	for (n = 0; n < 1000000 && !status; n++) {
		const struct kmn_header *header = sample_record_make(&record, n, &catalog);

		status = capture_writer_add(writer, &header, 1, &err);
		if (!status && n % 100 == 99)
			status = capture_writer_flush(writer, &err);
	}
	setrlimit(RLIMIT_FSIZE, &none);
	assert_int_equal(status, -1);
	assert_non_null(strstr(err.message, "can't write to"));
	assert_non_null(strstr(err.message, strerror(EFBIG)));
	assert_non_null(strstr(err.message, "; the last 100 records are lost"));
	assert_non_null(strstr(err.hint, "can be read"));
	ledger_init(&ledger);
	assert_int_equal(capture_writer_end(writer, &ledger, &again), -1);
	assert_string_equal(again.message, err.message);
	capture_writer_destroy(writer);

	reader = capture_open(path, &err);
	assert_non_null(reader);
	sample_catalog_init(&other);
	assert_int_equal(read_sample(reader, &other), (n - 1) / 100 * 100);
	assert_non_null(strstr(capture_trouble(reader), "the capture has no end"));
	capture_close(reader);
	catalog_fini(&other);
	catalog_fini(&catalog);
}

static void a_reader_that_goes_away_is_an_error(void **state)
{
	struct error err = {0};
	struct capture_writer *writer;
	struct catalog catalog;
	int keep = dup(STDOUT_FILENO);
	int ends[2];
	int status;

	fflush(stdout);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	writer = capture_writer_create("-", false, &err);
	sample_catalog_init(&catalog);
	status = writer ? capture_writer_begin(writer, &catalog, &err) : 0;
	capture_writer_destroy(writer);
	dup2(keep, STDOUT_FILENO);
	close(keep);
	assert_non_null(writer);
	assert_int_equal(status, -1);
	assert_non_null(strstr(err.message, "standard output"));
	assert_non_null(strstr(err.message, strerror(EPIPE)));
	catalog_fini(&catalog);
}

static void what_is_no_capture_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *content, *message;
	} cases[] = {
		{"", "is empty"},
		{"short", "is not a Kapimon capture"},
		{"PERFILE2 and a lot of other things", "is not a Kapimon capture"},
	};
	struct error err = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(path, cases[i].content);
		assert_null(capture_source_open(path, &err));
		assert_non_null(strstr(err.message, cases[i].message));
	}
	unlink(path);
	assert_null(capture_source_open(path, &err));
	assert_non_null(strstr(err.message, strerror(ENOENT)));
	assert_null(capture_source_open(directory, &err));
	assert_non_null(strstr(err.message, "is a directory"));
}

static void the_source_replays_and_refuses_to_change(void **state)
{
	const struct kmn_header *const *records;
	struct error err = {0};
	struct source *source;
	struct ledger ledger;
	uint64_t total = 0;
	struct spec spec;
	size_t n;

	sample_capture_write(path, 5000, 500);
	source = capture_source_open(path, &err);
	assert_non_null(source);
	/* What sinks look at when they begin is there before the first record. */
	assert_string_equal(source->ops->catalog(source)->host, "sample");
	assert_int_equal(source->ops->catalog(source)->apis.n_apis, 2);
	memset(&spec, 0, sizeof(spec));
	assert_int_equal(source->ops->apply(source, &spec, &err), -1);
	assert_non_null(strstr(err.message, "a capture can't be changed"));
	while (source->ops->next(source, 100, &records, &n, &err) == 1)
		total += n;
	assert_int_equal(total, 5000);
	assert_string_equal(capture_source_trouble(source), "");
	source->ops->close(source);

	/* Stopped early, a file is still read to its ledger. */
	source = capture_source_open(path, &err);
	assert_int_equal(source->ops->next(source, 100, &records, &n, &err), 1);
	assert_int_equal(source->ops->stop(source, &err), 0);
	assert_int_equal(source->ops->next(source, 100, &records, &n, &err), 0);
	ledger_init(&ledger);
	assert_int_equal(source->ops->ledger(source, &ledger, &err), 0);
	assert_true(ledger_complete(&ledger));
	assert_int_equal(ledger.n_rows, 2);
	assert_string_equal(capture_source_trouble(source), "");
	ledger_fini(&ledger);
	source->ops->close(source);
}

static void the_checksum_is_crc32c(void **state)
{
	unsigned char bytes[32];

	/* The examples of RFC 3720, appendix B.4. */
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc32c(bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32c(bytes, 32), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		bytes[i] = (unsigned char)i;
	assert_int_equal(crc32c(bytes, 32), 0x46dd794e);
	assert_int_equal(crc32c("123456789", 9), 0xe3069283);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_crc32c),
		cmocka_unit_test_teardown(what_is_written_is_read_again, remove_file),
		cmocka_unit_test(captures_of_every_format_stay_readable),
		cmocka_unit_test(a_capture_is_read_from_a_pipe_as_it_is_written),
		cmocka_unit_test_teardown(
			what_was_flushed_is_readable_while_the_writer_lives_or_after_it_was_killed,
			remove_file),
		cmocka_unit_test_teardown(
			frames_that_the_catalog_lacks_stay_in_the_record_and_are_learned,
			remove_file),
		cmocka_unit_test_teardown(
			what_changes_in_the_catalog_while_recording_is_in_the_capture, remove_file),
		cmocka_unit_test_teardown(a_file_that_is_not_a_capture_is_overwritten_only_by_force,
					  remove_file),
		cmocka_unit_test(a_writer_that_never_began_leaves_no_file),
		cmocka_unit_test_teardown(a_full_disk_ends_the_capture_with_its_last_whole_block,
					  remove_file),
		cmocka_unit_test(a_reader_that_goes_away_is_an_error),
		cmocka_unit_test(what_is_no_capture_is_refused_with_a_sentence),
		cmocka_unit_test_teardown(the_source_replays_and_refuses_to_change, remove_file),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
