#include "database.h"
#include "folders.h"
#include "serve/spend_store.h"
#include "serve/time.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "BLGS" marks the file as a spend database of this program. */
#define APPLICATION_ID 0x424c4753
#define DAY_S          86400

static const char *const steps[] = {
    "CREATE TABLE spend (key TEXT NOT NULL, day TEXT NOT NULL, requests INTEGER NOT NULL, "
    "input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cost REAL NOT NULL, "
    "PRIMARY KEY (key, day)) WITHOUT ROWID;",
};
static const database_form form = {"spend", APPLICATION_ID, steps,
                                   (int)(sizeof steps / sizeof *steps)};

typedef struct sqlite_store {
    spend_store store; /* must be the first member */
    database base;
    int64_t version; /* the version of the database that this connection has read */
} sqlite_store;

static sqlite_store *sqlite_of(spend_store *store)
{
    return (sqlite_store *)(void *)store;
}

static int make_folders(const char *path, char *why)
{
    char *copy = strdup(path);
    int rc = copy ? folders_make(copy) : 0;
    if (rc) snprintf(why, SPEND_WHY_BYTES, "%.300s: its folder belongs to another user", path);
    free(copy);
    return rc;
}

static int open_store(const char *path, spend_store **out, char *why)
{
    *out = NULL;
    if (make_folders(path, why) != 0) return -1;
    sqlite_store *store = calloc(1, sizeof *store);
    if (!store) {
        snprintf(why, SPEND_WHY_BYTES, "out of memory for the spend of keys");
        return -1;
    }
    int rc = database_open(&store->base, &form, path, true, why);
    if (rc == 0)
        *out = &store->store;
    else
        free(store);
    return rc;
}

static void close_store(spend_store *store)
{
    database_close(&sqlite_of(store)->base);
    free(store);
}

/* Write a day as "2026-11-30". */
static void write_day(int64_t day, char text[32])
{
    serve_write_time(day * DAY_S, text);
    text[10] = '\0';
}

static int add_row(const sqlite_store *store, sqlite3_stmt *statement, const spend_row *row,
                   char *why)
{
    char day[32];
    write_day(row->day, day);
    sqlite3_bind_text(statement, 1, row->account->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, day, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, row->sum.requests);
    sqlite3_bind_int64(statement, 4, row->sum.input_tokens);
    sqlite3_bind_int64(statement, 5, row->sum.output_tokens);
    sqlite3_bind_double(statement, 6, row->sum.cost);
    int rc = sqlite3_step(statement) == SQLITE_DONE ? 0 : database_fail(&store->base, why);
    sqlite3_reset(statement);
    return rc;
}

static int add(spend_store *base, const spend_row *rows, size_t n, char *why)
{
    static const char sql[] =
        "INSERT INTO spend VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key, day) DO UPDATE SET "
        "requests = requests + excluded.requests, input_tokens = input_tokens + "
        "excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens, cost = "
        "cost + excluded.cost";
    sqlite_store *store = sqlite_of(base);
    sqlite3_stmt *statement = NULL;
    if (database_run(&store->base, "BEGIN IMMEDIATE", why) != 0) return -1;
    int rc = sqlite3_prepare_v2(store->base.db, sql, -1, &statement, NULL) == SQLITE_OK
                 ? 0
                 : database_fail(&store->base, why);
    for (size_t i = 0; i < n && rc == 0; i++) rc = add_row(store, statement, &rows[i], why);
    sqlite3_finalize(statement);
    if (rc == 0) rc = database_run(&store->base, "COMMIT", why);
    if (rc != 0) sqlite3_exec(store->base.db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static bool changed(spend_store *base)
{
    sqlite_store *store = sqlite_of(base);
    char why[SPEND_WHY_BYTES];
    int64_t version = database_number(&store->base, "PRAGMA data_version", why);
    bool is_new = version >= 0 && version != store->version;
    if (version >= 0) store->version = version;
    return is_new;
}

static int totals(spend_store *base, int64_t day, spend_total_fn tell, void *payload, char *why)
{
    static const char sql[] = "SELECT key, total(CASE WHEN day = ?2 THEN cost END), total(cost) "
                              "FROM spend WHERE day BETWEEN ?1 AND ?2 GROUP BY key";
    char first[32], last[32];
    const sqlite_store *store = sqlite_of(base);
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_DONE;
    write_day(day, last);
    snprintf(first, sizeof first, "%.8s01", last);
    if (sqlite3_prepare_v2(store->base.db, sql, -1, &statement, NULL) != SQLITE_OK)
        return database_fail(&store->base, why);
    sqlite3_bind_text(statement, 1, first, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, last, -1, SQLITE_STATIC);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW)
        tell(payload, (const char *)sqlite3_column_text(statement, 0),
             sqlite3_column_double(statement, 1), sqlite3_column_double(statement, 2));
    int rc = step == SQLITE_DONE ? 0 : database_fail(&store->base, why);
    sqlite3_finalize(statement);
    return rc;
}

const spend_backend spend_sqlite = {
    .open = open_store, .close = close_store, .add = add, .changed = changed, .totals = totals};
