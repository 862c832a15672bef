/* An SQLite database of this program: a private file, whose format has a version, and which several
 * processes may use. On failure, `why` receives a sentence. */
#ifndef BELUGA_CLI_DATABASE_H
#define BELUGA_CLI_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;

#define DATABASE_WHY_BYTES 512

typedef struct database_form {
    const char *what;   /* name of the database in messages, such as "log" */
    int application_id; /* marks the file as a database of this kind */
    /* Each statement turns version n into version n + 1. A published statement never changes;
     * another change of the format is a further statement. */
    const char *const *steps;
    int version; /* number of steps */
} database_form;

typedef struct database {
    const database_form *form;
    struct sqlite3 *db;
    char *path;
} database;

/*
 * Open a database, and upgrade it to the newest version. Only one thread at a time may use it.
 * @param create  Create a missing database.
 * @param d       The caller zeroes it before; on failure it is closed again.
 * @return 0; 1 if the database is missing and `create` is false; -1 with `why`.
 */
int database_open(database *d, const database_form *form, const char *path, bool create, char *why);
void database_close(database *d);
/* Run statements that return no rows. @return 0, or -1 with `why`. */
int database_run(const database *d, const char *sql, char *why);
/* Run a statement. @return the number in the first column of the first row; -1 with `why`. */
int64_t database_number(const database *d, const char *sql, char *why);
/* Write the reason why the last statement failed. @return -1. */
int database_fail(const database *d, char *why);

#endif
