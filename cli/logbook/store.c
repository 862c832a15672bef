#include "logbook/store.h"

#include "base/utf8.h"
#include "database.h"
#include "logbook/names.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "BLGA" marks the file as a log of this program. */
#define APPLICATION_ID 0x424c4741
/* The full-text index consists of sequences of three letters, so it can't find shorter words. */
#define INDEXED_LETTERS 3
#define MAX_WORDS       32
#define QUERY_BYTES     8192

#define XX(type, name) ", " #name
#define COLUMNS        "id" LOGBOOK_MAP(XX)

static const char *const steps[] = {
    "CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER, time_ms INTEGER, "
    "reference TEXT, provider TEXT, model TEXT, system TEXT, prompt TEXT, human TEXT, answer TEXT, "
    "ai TEXT, "
    "finish_reason TEXT, error TEXT, error_message TEXT, input_tokens INTEGER, input_cache_read "
    "INTEGER, "
    "input_cache_write INTEGER, output_tokens INTEGER, output_reasoning INTEGER, cost REAL, "
    "duration_ms REAL, first_content_ms REAL, cached INTEGER, response_id TEXT, request_id TEXT, "
    "trace_id TEXT);"
    "CREATE INDEX calls_by_time ON calls (time_ms);",
    "ALTER TABLE calls ADD COLUMN steps TEXT;",
    "ALTER TABLE calls ADD COLUMN name TEXT;"
    "ALTER TABLE calls ADD COLUMN options TEXT;"
    "ALTER TABLE calls ADD COLUMN schema TEXT;"
    "CREATE INDEX calls_by_name ON calls (name) WHERE name IS NOT NULL;",
};
#define VERSION ((int)(sizeof steps / sizeof steps[0]))

static const database_form form = {"log", APPLICATION_ID, steps, VERSION};

struct logbook_store {
    database base;
};

struct sqlite3 *logbook_store_database(logbook_store *store)
{
    return store->base.db;
}

int logbook_store_fail(const logbook_store *store, char *why)
{
    return database_fail(&store->base, why);
}

static int no_memory(char *why)
{
    snprintf(why, LOGBOOK_WHY_BYTES, "out of memory for the log");
    return -1;
}

int logbook_store_open(const char *path, bool create, logbook_store **out, char *why)
{
    logbook_store *store = calloc(1, sizeof *store);
    *out = NULL;
    if (!store) return no_memory(why);
    int rc = database_open(&store->base, &form, path, create, why);
    if (rc == 0)
        *out = store;
    else
        free(store);
    return rc < 0 ? -1 : 0;
}

void logbook_store_close(logbook_store *store)
{
    if (!store) return;
    database_close(&store->base);
    free(store);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void bind_INT(sqlite3_stmt *statement, int at, int64_t value)
{
    if (value >= 0) sqlite3_bind_int64(statement, at, value);
}

static void bind_REAL(sqlite3_stmt *statement, int at, double value)
{
    if (value >= 0) sqlite3_bind_double(statement, at, value);
}

static void bind_TEXT(sqlite3_stmt *statement, int at, const char *value)
{
    if (value) sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC);
}

int logbook_store_add(logbook_store *store, logbook_entry *entry, char *why)
{
#define MARK(type, name) ", ?"
    static const char sql[] = "INSERT INTO calls (" COLUMNS ") VALUES (NULL" LOGBOOK_MAP(MARK) ")";
    sqlite3_stmt *statement = NULL;
    int at = 0, rc = 0;
    if (sqlite3_prepare_v2(store->base.db, sql, -1, &statement, NULL) != SQLITE_OK)
        return logbook_store_fail(store, why);
#define BIND(type, name) bind_##type(statement, ++at, entry->name);
    LOGBOOK_MAP(BIND)
    if (sqlite3_step(statement) == SQLITE_DONE)
        entry->id = sqlite3_last_insert_rowid(store->base.db);
    else
        rc = logbook_store_fail(store, why);
    sqlite3_finalize(statement);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int64_t read_INT(sqlite3_stmt *statement, int at)
{
    return sqlite3_column_type(statement, at) == SQLITE_NULL ? -1
                                                             : sqlite3_column_int64(statement, at);
}

static double read_REAL(sqlite3_stmt *statement, int at)
{
    return sqlite3_column_type(statement, at) == SQLITE_NULL ? -1
                                                             : sqlite3_column_double(statement, at);
}

static const char *read_TEXT(sqlite3_stmt *statement, int at)
{
    return (const char *)sqlite3_column_text(statement, at);
}

static void read_entry(sqlite3_stmt *statement, logbook_entry *entry)
{
    int at = 0;
    entry->id = sqlite3_column_int64(statement, 0);
#define READ(type, name) entry->name = read_##type(statement, ++at);
    LOGBOOK_MAP(READ)
}

/* Run a statement, visit its rows, and finalize it. */
static int visit_rows(logbook_store *store, sqlite3_stmt *statement, logbook_visit visit,
                      void *payload, char *why)
{
    logbook_entry entry;
    int rc = 0, step = SQLITE_DONE;
    while (rc == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        read_entry(statement, &entry);
        /* SQLite also returns NULL for a text when memory runs out */
        if (sqlite3_errcode(store->base.db) == SQLITE_NOMEM)
            rc = logbook_store_fail(store, why);
        else
            rc = visit(payload, &entry);
    }
    if (rc == 0 && step != SQLITE_DONE) rc = logbook_store_fail(store, why);
    sqlite3_finalize(statement);
    return rc;
}

int logbook_store_each(logbook_store *store, logbook_which which, int64_t id, int64_t most,
                       logbook_visit visit, void *payload, char *why)
{
    static const char *const queries[] = {
        [LOGBOOK_NEWEST] = "SELECT " COLUMNS " FROM calls WHERE ?1 = ?1 ORDER BY id DESC LIMIT ?2",
        [LOGBOOK_COMPLETE] =
            "SELECT " COLUMNS
            " FROM calls WHERE ?1 = ?1 AND error IS NULL ORDER BY id DESC LIMIT ?2",
        [LOGBOOK_ONE] = "SELECT " COLUMNS " FROM calls WHERE id = ?1 LIMIT ?2",
        [LOGBOOK_THREAD] =
            "WITH RECURSIVE thread (entry) AS (SELECT ?1 UNION SELECT parent FROM calls JOIN "
            "thread "
            "ON id = entry WHERE parent IS NOT NULL) "
            "SELECT " COLUMNS
            " FROM calls WHERE id IN (SELECT entry FROM thread) ORDER BY id LIMIT ?2",
    };
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->base.db, queries[which], -1, &statement, NULL) != SQLITE_OK)
        return logbook_store_fail(store, why);
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, most > 0 ? most : -1);
    return visit_rows(store, statement, visit, payload, why);
}

/* ---- searching ------------------------------------------------------------------------------- */

/*
 * Bring the full-text index up to date before a search. Doing this here means that logging a call
 * takes no time for the index, and that an SQLite without FTS5 can write to a database that is
 * later read by one with FTS5. Returns false if there can be no index; the search then works
 * without one.
 */
static bool update_index(logbook_store *store)
{
    static const char sql[] =
        "BEGIN IMMEDIATE;"
        "CREATE VIRTUAL TABLE IF NOT EXISTS calls_index USING fts5 "
        "(system, prompt, answer, content = '', tokenize = 'trigram');"
        "CREATE TABLE IF NOT EXISTS calls_indexed (up_to INTEGER);"
        "INSERT INTO calls_index (rowid, system, prompt, answer) SELECT id, system, prompt, answer "
        "FROM calls WHERE id > (SELECT coalesce(max(up_to), 0) FROM calls_indexed);"
        "DELETE FROM calls_indexed;"
        "INSERT INTO calls_indexed SELECT coalesce(max(id), 0) FROM calls;"
        "COMMIT";
    if (sqlite3_exec(store->base.db, sql, NULL, NULL, NULL) == SQLITE_OK) return true;
    sqlite3_exec(store->base.db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

static bool is_indexed(const char *word)
{
    return beluga__utf8_count(word, strlen(word)) >= INDEXED_LETTERS;
}

/* Make a query for the full-text index, "…" AND "…", from the words that are long enough. Returns
 * owned text; free it with sqlite3_free. */
static char *make_phrase(const char *const *words, size_t n)
{
    sqlite3_str *text = sqlite3_str_new(NULL);
    for (size_t i = 0; i < n; i++) {
        if (!is_indexed(words[i])) continue;
        if (sqlite3_str_length(text)) sqlite3_str_appendall(text, " AND ");
        sqlite3_str_appendchar(text, 1, '"');
        for (const char *at = words[i]; *at; at++)
            sqlite3_str_appendchar(text, *at == '"' ? 2 : 1, *at);
        sqlite3_str_appendchar(text, 1, '"');
    }
    return sqlite3_str_finish(text);
}

/* Write the SQL of a search. Parameter 1 is the limit, parameter 2 the query for the index; the
 * words follow. */
static void make_query(char *sql, const char *const *words, size_t n, bool has_phrase)
{
    size_t used =
        (size_t)snprintf(sql, QUERY_BYTES, "SELECT " COLUMNS " FROM calls WHERE ?2 IS ?2");
    if (has_phrase)
        used += (size_t)snprintf(
            sql + used, QUERY_BYTES - used,
            " AND id IN (SELECT rowid FROM calls_index WHERE calls_index MATCH ?2)");
    for (size_t i = 0; i < n; i++) {
        if (has_phrase && is_indexed(words[i])) continue;
        used += (size_t)snprintf(
            sql + used, QUERY_BYTES - used,
            " AND instr(lower(coalesce(system, '') || char(10) || coalesce(prompt, '') "
            "|| char(10) || coalesce(answer, '')), lower(?%zu))",
            i + 3);
    }
    snprintf(sql + used, QUERY_BYTES - used, " ORDER BY id DESC LIMIT ?1");
}

static int search(logbook_store *store, const char *const *words, size_t n, int64_t most,
                  const char *phrase, logbook_visit visit, void *payload, char *why)
{
    char sql[QUERY_BYTES];
    sqlite3_stmt *statement = NULL;
    make_query(sql, words, n, phrase != NULL);
    if (sqlite3_prepare_v2(store->base.db, sql, -1, &statement, NULL) != SQLITE_OK)
        return logbook_store_fail(store, why);
    sqlite3_bind_int64(statement, 1, most > 0 ? most : -1);
    bind_TEXT(statement, 2, phrase);
    for (size_t i = 0; i < n; i++)
        if (!phrase || !is_indexed(words[i])) bind_TEXT(statement, (int)i + 3, words[i]);
    return visit_rows(store, statement, visit, payload, why);
}

int logbook_store_search(logbook_store *store, const char *const *words, size_t n, int64_t most,
                         logbook_visit visit, void *payload, char *why)
{
    char *phrase = NULL;
    bool any = false;
    if (n > MAX_WORDS) {
        snprintf(why, LOGBOOK_WHY_BYTES, "more than %d words", MAX_WORDS);
        return -1;
    }
    for (size_t i = 0; i < n; i++) any |= is_indexed(words[i]);
    if (any && update_index(store) && !(phrase = make_phrase(words, n))) return no_memory(why);
    int rc = search(store, words, n, most, phrase, visit, payload, why);
    sqlite3_free(phrase);
    return rc;
}

/* ---- deleting -------------------------------------------------------------------------------- */

/* Delete entries, and rewrite the file with VACUUM, so that the deleted texts are no longer in it.
 * The next search rebuilds the full-text index. */
int64_t logbook_store_clear(logbook_store *store, int64_t before_ms, char *why)
{
    char sql[96];
    int64_t deleted = -1;
    if (database_run(&store->base, "BEGIN IMMEDIATE", why) != 0) return -1;
    snprintf(sql, sizeof sql, "DELETE FROM calls WHERE time_ms < %lld", (long long)before_ms);
    if (database_run(&store->base, sql, why) == 0) {
        deleted = sqlite3_changes(store->base.db);
        if (database_run(&store->base,
                         "DROP TABLE IF EXISTS calls_index; DROP TABLE IF EXISTS calls_indexed",
                         why))
            deleted = -1;
    }
    if (deleted >= 0 && database_run(&store->base, "COMMIT", why) == 0)
        return database_run(&store->base, "VACUUM", why) == 0 ? deleted : -1;
    sqlite3_exec(store->base.db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

int64_t logbook_store_count(logbook_store *store, char *why)
{
    return database_number(&store->base, "SELECT count(*) FROM calls", why);
}
