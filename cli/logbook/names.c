/* Names of conversations in the log's database. */
#include "logbook/names.h"

#include <sqlite3.h>

int64_t logbook_store_find(logbook_store *store, const char *name, char *why)
{
    static const char sql[] = "SELECT id FROM calls WHERE name = ?1 AND error IS NULL "
                              "ORDER BY id DESC LIMIT 1";
    sqlite3_stmt *statement = NULL;
    int64_t id = -1;
    int step = sqlite3_prepare_v2(logbook_store_database(store), sql, -1, &statement, NULL);
    if (step == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
        step = sqlite3_step(statement);
    }
    if (step == SQLITE_ROW)
        id = sqlite3_column_int64(statement, 0);
    else if (step == SQLITE_DONE)
        id = 0;
    else
        logbook_store_fail(store, why);
    sqlite3_finalize(statement);
    return id;
}

/* Set the name of all entries of a conversation. A conversation is a tree: its first entry, and all
 * entries that continue it directly or indirectly. */
int logbook_store_rename(logbook_store *store, int64_t id, const char *name, char *why)
{
    static const char sql[] =
        "WITH RECURSIVE above (entry) AS (SELECT ?1 UNION SELECT parent FROM calls JOIN above "
        "ON id = entry WHERE parent IS NOT NULL), "
        "tree (entry) AS (SELECT min(entry) FROM above UNION SELECT id FROM calls JOIN tree "
        "ON parent = entry) "
        "UPDATE calls SET name = ?2 WHERE id IN (SELECT entry FROM tree)";
    sqlite3_stmt *statement = NULL;
    int step = sqlite3_prepare_v2(logbook_store_database(store), sql, -1, &statement, NULL);
    if (step == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, id);
        if (name) sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
        step = sqlite3_step(statement);
    }
    int rc = step == SQLITE_DONE ? 0 : logbook_store_fail(store, why);
    sqlite3_finalize(statement);
    return rc;
}

int logbook_store_names(logbook_store *store, logbook_visit_name visit, void *payload, char *why)
{
    static const char sql[] = "SELECT name, max(id), count(*) FROM calls WHERE name IS NOT NULL "
                              "GROUP BY name ORDER BY 2 DESC";
    sqlite3_stmt *statement = NULL;
    int rc = 0;
    int step = sqlite3_prepare_v2(logbook_store_database(store), sql, -1, &statement, NULL);
    if (step != SQLITE_OK) return logbook_store_fail(store, why);
    while (rc == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        rc = name ? visit(payload, name, sqlite3_column_int64(statement, 1),
                          sqlite3_column_int64(statement, 2))
                  : logbook_store_fail(store, why);
    }
    if (rc == 0 && step != SQLITE_DONE) rc = logbook_store_fail(store, why);
    sqlite3_finalize(statement);
    return rc;
}
