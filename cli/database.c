#include "database.h"

#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The time to wait while another process writes; a write takes milliseconds. */
#define BUSY_MS 5000

/* ---- failures -------------------------------------------------------------------------------- */

int database_fail(const database *d, char *why)
{
    int code = sqlite3_errcode(d->db) & 0xff;
    const char *text = sqlite3_errmsg(d->db);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        snprintf(why, DATABASE_WHY_BYTES,
                 "%.300s is damaged (%.80s); move it away, and beluga creates a new one", d->path,
                 text);
    else if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        snprintf(why, DATABASE_WHY_BYTES,
                 "%.300s: another process has locked it for too long; try again", d->path);
    else
        snprintf(why, DATABASE_WHY_BYTES, "%.300s: %.160s", d->path, text);
    return -1;
}

static int fail_errno(const char *path, char *why)
{
    char text[128];
    snprintf(why, DATABASE_WHY_BYTES, "%.300s: %s", path,
             beluga__file_explain(errno, text, sizeof text));
    return -1;
}

/* ---- versions -------------------------------------------------------------------------------- */

int database_run(const database *d, const char *sql, char *why)
{
    return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : database_fail(d, why);
}

int64_t database_number(const database *d, const char *sql, char *why)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(d->db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        database_fail(d, why);
    else
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static int make_current(const database *d, int from, char *why)
{
    char sql[96];
    int rc = 0;
    for (int i = from; i < d->form->version && rc == 0; i++)
        rc = database_run(d, d->form->steps[i], why);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             d->form->application_id, d->form->version);
    return rc ? rc : database_run(d, sql, why);
}

static int check_version(const database *d, int *version, char *why)
{
    int64_t id = database_number(d, "PRAGMA application_id", why);
    int64_t tables = id < 0 ? -1 : database_number(d, "SELECT count(*) FROM sqlite_master", why);
    int64_t found = tables < 0 ? -1 : database_number(d, "PRAGMA user_version", why);
    if (found < 0) return -1;
    *version = (int)found;
    if (id != d->form->application_id && tables > 0) {
        snprintf(why, DATABASE_WHY_BYTES, "%.300s is a database, but not a %s of beluga", d->path,
                 d->form->what);
        return -1;
    }
    if (found <= d->form->version) return 0;
    snprintf(why, DATABASE_WHY_BYTES,
             "%.300s was written by a newer beluga (format %d; this beluga knows formats up to %d)",
             d->path, *version, d->form->version);
    return -1;
}

/* Upgrade the database. Several processes may find it empty or old at the same time, so each one
 * checks the version again when it has the lock. */
static int upgrade(const database *d, char *why)
{
    int version;
    if (database_run(d, "BEGIN IMMEDIATE", why) != 0) return -1;
    int rc = check_version(d, &version, why);
    if (rc == 0) rc = make_current(d, version, why);
    if (rc == 0) return database_run(d, "COMMIT", why);
    sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Create the file before SQLite does, since SQLite would make it readable for others. Returns 0, 1
 * when the file does not exist and is not to be created, or -1. */
static int make_file(const char *path, bool create, char *why)
{
    struct stat info;
    const int look = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    int fd = create ? beluga__file_open(path, O_RDWR | O_NONBLOCK, BELUGA__PRIVATE_MODE)
                    : open(path, look);
    if (fd < 0 && errno == EACCES && create) fd = open(path, look);
    if (fd < 0 && errno == ENOENT && !create) return 1;
    if (fd >= 0 && fstat(fd, &info) == 0 && !S_ISREG(info.st_mode)) {
        close(fd);
        fd = (errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL, -1);
    }
    if (fd < 0) return fail_errno(path, why);
    close(fd);
    return 0;
}

static int prepare(const database *d, char *why)
{
    int version;
    sqlite3_busy_timeout(d->db, BUSY_MS);
    if (database_run(d, "PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF", why) != 0)
        return -1;
    /* All of this is read in one transaction, since another process may be creating the
     * database. */
    if (database_run(d, "BEGIN", why) != 0) return -1;
    int rc = check_version(d, &version, why);
    sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL);
    return rc == 0 && version < d->form->version ? upgrade(d, why) : rc;
}

static int no_memory(const database *d, char *why)
{
    snprintf(why, DATABASE_WHY_BYTES, "out of memory for the %s", d->form->what);
    return -1;
}

int database_open(database *d, const database_form *form, const char *path, bool create, char *why)
{
    *d = (database){.form = form};
    int rc = make_file(path, create, why);
    if (rc != 0) return rc;
    if (!(d->path = strdup(path))) return no_memory(d, why);
    rc = sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!d->db)
        rc = no_memory(d, why);
    else
        rc = rc == SQLITE_OK ? prepare(d, why) : database_fail(d, why);
    if (rc != 0) database_close(d);
    return rc;
}

void database_close(database *d)
{
    sqlite3_close(d->db);
    free(d->path);
    *d = (database){.form = d->form};
}
