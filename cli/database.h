/* A SQLite database of this program: one private file, whose form has a version, and which several
 * processes may use. Failures are a sentence in `why`. */
#ifndef BELUGA_CLI_DATABASE_H
#define BELUGA_CLI_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;

#define DATABASE_WHY_BYTES 512

typedef struct database_form {
    const char *what;   /* "log": it is called so in sentences */
    int application_id; /* marks the file as one of this kind */
    /* Each statement turns version n into version n + 1. A published statement never changes; a
     * change is a further one. */
    const char *const *steps;
    int version; /* number of steps */
} database_form;

typedef struct database {
    const database_form *form;
    struct sqlite3 *db;
    char *path;
} database;

/*
 * Open a database, bring it to its newest version, and let it be used by one thread at a time.
 * @param create  Make it where it is missing.
 * @param d       Zeroed; closed again where this fails.
 * @return 0; 1 where it is missing and is not to be made; -1 with `why`.
 */
int database_open(database *d, const database_form *form, const char *path, bool create, char *why);
void database_close(database *d);
/* Run statements that give no rows. @return 0, or -1 with `why`. */
int database_run(const database *d, const char *sql, char *why);
/* @return the first number of the first row; -1 with `why`. */
int64_t database_number(const database *d, const char *sql, char *why);
/* Say why the last statement failed. @return -1. */
int database_fail(const database *d, char *why);

#endif
