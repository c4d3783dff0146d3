/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An SQLite database. Its integers are signed: what does not fit is text, and so are addresses,
 * written as everywhere else. The names are one view's: "SELECT * FROM named_calls".
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "export/args.h"
#include "export/exporter.h"
#include "export/naming.h"
#include "model/verdict.h"
#include "tally/intern.h"
#include "view/escape.h"
#include "view/stack.h"

/* X(identifier, number of columns, name, columns) */
#define TABLES(X)                                                                                  \
	X(CAPTURE, 2, "capture", "key TEXT PRIMARY KEY, value")                                    \
	X(APIS, 8, "apis",                                                                         \
	  "hook INTEGER PRIMARY KEY, function TEXT, module TEXT, address TEXT, method TEXT,"       \
	  " typed INTEGER, returns_hooked INTEGER, result_type TEXT")                              \
	X(CALLS, 14, "calls",                                                                      \
	  "call INTEGER PRIMARY KEY, time INTEGER, monotonic INTEGER, duration INTEGER,"           \
	  " state TEXT, cpu INTEGER, context TEXT, pid INTEGER, tid INTEGER, comm TEXT,"           \
	  " hook INTEGER, result, error TEXT, stack INTEGER")                                      \
	X(ARGS, 3, "args", "call INTEGER, name TEXT, value")                                       \
	X(STACKS, 3, "stacks", "stack INTEGER PRIMARY KEY, hash TEXT, truncated INTEGER")          \
	X(FRAMES, 6, "frames",                                                                     \
	  "stack INTEGER, depth INTEGER, address TEXT, symbol TEXT, offset INTEGER, module TEXT,"  \
	  " PRIMARY KEY (stack, depth)")                                                           \
	X(MODULES, 6, "modules",                                                                   \
	  "name TEXT, base TEXT, size INTEGER, loaded INTEGER, unloaded INTEGER, build_id TEXT")   \
	X(NOTES, 7, "notes",                                                                       \
	  "time INTEGER, monotonic INTEGER, kind TEXT, cpu INTEGER, hook INTEGER, count,"          \
	  " text TEXT")                                                                            \
	X(LEDGER, 11, "ledger",                                                                    \
	  "hook INTEGER, point TEXT, hits INTEGER, recorded INTEGER, filtered INTEGER,"            \
	  " lost INTEGER, suspended INTEGER, missed INTEGER, self INTEGER, first_lost INTEGER,"    \
	  " last_lost INTEGER")

enum table {
#define TABLE_ENUM(identifier, n, name, columns) TABLE_##identifier,
	TABLES(TABLE_ENUM)
#undef TABLE_ENUM
		N_TABLES,
};

/* The file is new and is removed when something fails: there is nothing to roll back. */
static const char opening[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
			      "PRAGMA locking_mode = EXCLUSIVE; BEGIN;"
#define TABLE_CREATE(identifier, n, name, columns) "CREATE TABLE " name " (" columns ");"
	TABLES(TABLE_CREATE)
#undef TABLE_CREATE
		"CREATE VIEW named_calls AS SELECT call, time, duration, state, cpu, context, pid,"
		" tid, comm, function, module, result, error, stack"
		" FROM calls LEFT JOIN apis USING (hook);";

static const char closing[] = "CREATE INDEX args_of_call ON args (call);"
			      "CREATE INDEX calls_of_hook ON calls (hook); COMMIT;";

static const struct {
	const char *name;
	int n_columns;
} tables[] = {
#define TABLE_ROW(identifier, n, name, columns) {name, n},
	TABLES(TABLE_ROW)
#undef TABLE_ROW
};

struct sqlite {
	struct exporter base;
	sqlite3 *db;
	sqlite3_stmt *inserts[N_TABLES];
	int64_t call;
	struct intern stacks; /* by hash */
	struct intern framed; /* those whose frames are in */
	struct text scratch;
};

static struct sqlite *sqlite_of(struct exporter *exporter)
{
	return (struct sqlite *)exporter;
}

static int failed(const struct sqlite *sqlite, struct error *err)
{
	return error_set(err, "can't write the database: %s", sqlite3_errmsg(sqlite->db));
}

/* A row that is being filled, column by column. */
struct row {
	sqlite3_stmt *insert;
	int column;
	bool failed;
};

static struct row row_begin(struct sqlite *sqlite, enum table table)
{
	return (struct row){.insert = sqlite->inserts[table]};
}

static void row_null(struct row *row)
{
	row->failed |= sqlite3_bind_null(row->insert, ++row->column) != SQLITE_OK;
}

static void row_text(struct row *row, const char *text)
{
	row->failed |= sqlite3_bind_text(row->insert, ++row->column, text, -1, SQLITE_TRANSIENT) !=
		       SQLITE_OK;
}

static void row_signed(struct row *row, int64_t number)
{
	row->failed |= sqlite3_bind_int64(row->insert, ++row->column, number) != SQLITE_OK;
}

static void row_number(struct row *row, uint64_t number)
{
	char digits[24];

	if (number <= INT64_MAX) {
		row_signed(row, (int64_t)number);
		return;
	}
	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	row_text(row, digits);
}

static void row_address(struct row *row, uint64_t address)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "0x%016" PRIx64, address);
	row_text(row, digits);
}

/* 0 stands for none. */
static void row_optional(struct row *row, uint64_t number)
{
	if (number)
		row_number(row, number);
	else
		row_null(row);
}

/* What the scratch text has, which is empty again. */
static void row_scratch(struct row *row, struct sqlite *sqlite)
{
	row->failed |= text_failed(&sqlite->scratch);
	row_text(row, text_string(&sqlite->scratch));
	text_clear(&sqlite->scratch);
}

/* A name from the capture; NULL is none. */
static void row_name(struct row *row, struct sqlite *sqlite, const char *name)
{
	if (!name) {
		row_null(row);
		return;
	}
	escape_print(&sqlite->scratch, name, strlen(name), 0);
	row_scratch(row, sqlite);
}

static void row_datum(struct row *row, const struct datum *datum)
{
	switch (datum->kind) {
	case DATUM_NONE:
		row_null(row);
		break;
	case DATUM_SIGNED:
		row_signed(row, (int64_t)datum->number);
		break;
	case DATUM_UNSIGNED:
	case DATUM_BOOL:
		row_number(row, datum->number);
		break;
	case DATUM_ADDRESS:
		row_address(row, datum->number);
		break;
	case DATUM_TEXT:
		row_text(row, datum->text);
		break;
	}
}

static int row_insert(struct row *row, struct sqlite *sqlite, struct error *err)
{
	int done = row->failed ? SQLITE_NOMEM : sqlite3_step(row->insert);

	if (row->failed)
		return error_no_memory(err);
	if (done != SQLITE_DONE)
		return failed(sqlite, err);
	sqlite3_reset(row->insert);
	return 0;
}

static int prepare(struct sqlite *sqlite, enum table table, struct error *err)
{
	struct text sql = TEXT_INIT;
	int code;

	text_addf(&sql, "INSERT INTO %s VALUES (", tables[table].name);
	for (int i = 0; i < tables[table].n_columns; i++)
		text_add(&sql, i ? ", ?" : "?");
	text_add_char(&sql, ')');
	code = sqlite3_prepare_v2(sqlite->db, text_string(&sql), -1, &sqlite->inserts[table], NULL);
	text_fini(&sql);
	return code == SQLITE_OK ? 0 : failed(sqlite, err);
}

static int init(struct exporter *exporter, struct error *err)
{
	struct sqlite *sqlite = sqlite_of(exporter);

	intern_init(&sqlite->stacks);
	intern_init(&sqlite->framed);
	if (sqlite3_open_v2(exporter->file.part, &sqlite->db, SQLITE_OPEN_READWRITE, NULL) !=
		    SQLITE_OK ||
	    sqlite3_exec(sqlite->db, opening, NULL, NULL, NULL) != SQLITE_OK)
		return failed(sqlite, err);
	for (int i = 0; i < N_TABLES; i++) {
		if (prepare(sqlite, (enum table)i, err))
			return -1;
	}
	return 0;
}

static int insert_frames(struct sqlite *sqlite, uint32_t number, const struct stack *stack,
			 struct error *err)
{
	for (uint16_t i = 0; i < stack->n_frames; i++) {
		struct row row = row_begin(sqlite, TABLE_FRAMES);
		struct frame frame = {0};

		catalog_frame(sqlite->base.catalog, stack->frames[i], &frame);
		row_number(&row, number);
		row_number(&row, i);
		row_address(&row, stack->frames[i]);
		row_name(&row, sqlite, frame.symbol);
		if (frame.symbol || frame.module)
			row_number(&row, frame.offset);
		else
			row_null(&row);
		row_name(&row, sqlite, frame.module);
		if (row_insert(&row, sqlite, err))
			return -1;
	}
	return 0;
}

/* The stack's number, from 1 on; 0: the record has none. */
static int intern_stack(struct sqlite *sqlite, const struct record_view *record, uint32_t *number,
			struct error *err)
{
	struct stack stack;
	uint32_t framed;
	bool added;

	*number = 0;
	if (!stack_of_record(sqlite->base.catalog, record, &stack))
		return 0;
	if (intern_add(&sqlite->stacks, &stack.hash, sizeof(stack.hash), number, &added, err))
		return -1;
	*number += 1;
	if (added) {
		struct row row = row_begin(sqlite, TABLE_STACKS);

		row_number(&row, *number);
		row_address(&row, stack.hash);
		row_number(&row, !!(stack.flags & KMN_STACK_TRUNCATED));
		if (row_insert(&row, sqlite, err))
			return -1;
	}
	/* Its frames may come later than its name. */
	if (!stack.n_frames)
		return 0;
	if (intern_add(&sqlite->framed, &stack.hash, sizeof(stack.hash), &framed, &added, err))
		return -1;
	return added ? insert_frames(sqlite, *number, &stack, err) : 0;
}

static int insert_arg(void *context, const char *name, const struct datum *datum, struct error *err)
{
	struct sqlite *sqlite = context;
	struct row row = row_begin(sqlite, TABLE_ARGS);

	row_signed(&row, sqlite->call);
	row_text(&row, name);
	row_datum(&row, datum);
	return row_insert(&row, sqlite, err);
}

static void row_result(struct row *row, struct sqlite *sqlite, const struct call *call)
{
	struct datum datum = {.kind = DATUM_NONE};

	args_result(sqlite->base.catalog, call, &sqlite->scratch, &datum);
	row->failed |= text_failed(&sqlite->scratch);
	row_datum(row, &datum);
	text_clear(&sqlite->scratch);
	if (args_error(call))
		row_text(row, args_error(call));
	else
		row_null(row);
}

static int take_call(struct exporter *exporter, const struct call *call, struct error *err)
{
	const struct kmn_header *header = call_record(call)->header;
	struct sqlite *sqlite = sqlite_of(exporter);
	struct row row = row_begin(sqlite, TABLE_CALLS);
	uint64_t start = call_start(call), duration;
	uint32_t stack;

	if (intern_stack(sqlite, call_record(call), &stack, err))
		return -1;
	row_signed(&row, ++sqlite->call);
	row_number(&row, start + (uint64_t)exporter->catalog->clock_offset);
	row_number(&row, start);
	if (call_duration(call, &duration))
		row_number(&row, duration);
	else
		row_null(&row);
	row_text(&row, call_state_name(call->state));
	row_number(&row, header->cpu);
	row_text(&row, kmn_context_name(header->context));
	row_number(&row, header->pid);
	row_number(&row, header->tid);
	naming_comm(header, &sqlite->scratch);
	row_scratch(&row, sqlite);
	row_number(&row, header->hook);
	row_result(&row, sqlite, call);
	row_optional(&row, stack);
	if (row_insert(&row, sqlite, err))
		return -1;
	if (!call->entry)
		return 0;
	return args_each(exporter->catalog, call->api, call->entry, insert_arg, sqlite, err);
}

static int take_note(struct exporter *exporter, const struct record_view *note, struct error *err)
{
	const struct kmn_header *header = note->header;
	struct sqlite *sqlite = sqlite_of(exporter);
	struct row row = row_begin(sqlite, TABLE_NOTES);

	row_number(&row, header->time + (uint64_t)exporter->catalog->clock_offset);
	row_number(&row, header->time);
	row_text(&row, kmn_kind_name(header->kind));
	row_number(&row, header->cpu);
	if (header->hook == KMN_NO_HOOK)
		row_null(&row);
	else
		row_number(&row, header->hook);
	if (header->kind == KMN_MODULE_LOAD || header->kind == KMN_MODULE_UNLOAD)
		row_null(&row);
	else
		row_number(&row, note->args[0]);
	naming_note(note, exporter->catalog, &sqlite->scratch);
	row_scratch(&row, sqlite);
	return row_insert(&row, sqlite, err);
}

static int insert_api(struct sqlite *sqlite, const struct api *api, struct error *err)
{
	struct row row = row_begin(sqlite, TABLE_APIS);

	row_number(&row, api->id);
	naming_function(api, api->id, &sqlite->scratch);
	row_scratch(&row, sqlite);
	row_name(&row, sqlite, api->module);
	if (api->address)
		row_address(&row, api->address);
	else
		row_null(&row);
	row_text(&row, hook_method_name(api->method));
	row_number(&row, api->typed);
	row_number(&row, api->returns_hooked);
	row_name(&row, sqlite, api->typed ? api->result.name : NULL);
	return row_insert(&row, sqlite, err);
}

static int insert_module(struct sqlite *sqlite, const struct module *module, struct error *err)
{
	struct row row = row_begin(sqlite, TABLE_MODULES);

	row_name(&row, sqlite, module->name);
	row_address(&row, module->base);
	row_number(&row, module->size);
	row_optional(&row, module->loaded);
	row_optional(&row, module->unloaded);
	for (uint8_t i = 0; i < module->build_id_length; i++)
		text_addf(&sqlite->scratch, "%02x", module->build_id[i]);
	row_scratch(&row, sqlite);
	return row_insert(&row, sqlite, err);
}

static int insert_ledger_row(struct sqlite *sqlite, const struct ledger_row *counts,
			     struct error *err)
{
	struct row row = row_begin(sqlite, TABLE_LEDGER);

	if (counts->hook == KMN_NO_HOOK)
		row_null(&row);
	else
		row_number(&row, counts->hook);
	row_text(&row, counts->point == LEDGER_RETURN ? "return" : "entry");
	row_number(&row, counts->hits);
	row_number(&row, counts->recorded);
	row_number(&row, counts->filtered);
	row_number(&row, counts->lost);
	row_number(&row, counts->suspended);
	row_number(&row, counts->missed);
	row_number(&row, counts->self);
	row_optional(&row, counts->first_lost);
	row_optional(&row, counts->last_lost);
	return row_insert(&row, sqlite, err);
}

static int insert_fact(struct sqlite *sqlite, const char *key, const char *value, struct error *err)
{
	struct row row = row_begin(sqlite, TABLE_CAPTURE);

	row_text(&row, key);
	if (value)
		row_text(&row, value);
	else
		row_null(&row);
	return row_insert(&row, sqlite, err);
}

static int insert_facts(struct sqlite *sqlite, const struct ledger *ledger, struct error *err)
{
	const struct catalog *catalog = sqlite->base.catalog;
	struct text verdict = TEXT_INIT;
	int status;

	ledger_verdict(ledger, catalog, &verdict);
	status = insert_fact(sqlite, "verdict", text_string(&verdict), err);
	text_fini(&verdict);
	if (status || insert_fact(sqlite, "kernel", catalog->kernel, err) ||
	    insert_fact(sqlite, "machine", catalog->machine, err) ||
	    insert_fact(sqlite, "host", catalog->host, err) ||
	    insert_fact(sqlite, "session", catalog->spec, err) ||
	    insert_fact(sqlite, "version", "kapimon " KAPIMON_VERSION, err))
		return -1;
	return 0;
}

static int end(struct exporter *exporter, const struct ledger *ledger, struct error *err)
{
	const struct catalog *catalog = exporter->catalog;
	struct sqlite *sqlite = sqlite_of(exporter);

	for (size_t i = 0; i < catalog->apis.n_apis; i++) {
		if (insert_api(sqlite, catalog->apis.apis[i], err))
			return -1;
	}
	for (size_t i = 0; i < catalog->modules.n_modules; i++) {
		if (insert_module(sqlite, &catalog->modules.modules[i], err))
			return -1;
	}
	for (size_t i = 0; i < ledger->n_rows; i++) {
		if (insert_ledger_row(sqlite, &ledger->rows[i], err))
			return -1;
	}
	if (insert_facts(sqlite, ledger, err))
		return -1;
	if (sqlite3_exec(sqlite->db, closing, NULL, NULL, NULL) != SQLITE_OK)
		return failed(sqlite, err);
	return 0;
}

static void fini(struct exporter *exporter)
{
	struct sqlite *sqlite = sqlite_of(exporter);

	for (int i = 0; i < N_TABLES; i++)
		sqlite3_finalize(sqlite->inserts[i]);
	sqlite3_close(sqlite->db);
	intern_fini(&sqlite->stacks);
	intern_fini(&sqlite->framed);
	text_fini(&sqlite->scratch);
}

const struct export_format export_format_sqlite = {
	.name = "sqlite",
	.size = sizeof(struct sqlite),
	.kind = EXPORT_DATABASE,
	.places = PLACE_ALL,
	.init = init,
	.take_call = take_call,
	.take_note = take_note,
	.end = end,
	.fini = fini,
};
