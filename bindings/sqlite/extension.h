/* The state that the SQL functions and tables of a connection share. */
#ifndef BELUGA_SQLITE_EXTENSION_H
#define BELUGA_SQLITE_EXTENSION_H

#include "../database/session.h"
#include "settings.h"

#include <sqlite3ext.h>

SQLITE_EXTENSION_INIT3

/* The state of one connection. Each function and table that is registered holds a reference. */
typedef struct extension {
    int references;
    sqlite3 *db;
    db_session *session; /* made at the first call */
    int64_t looked_ms;   /* when a call last checked for an interrupt */
    settings settings;
} extension;

extension *extension_ref(extension *x);
/* Release a reference. Has the type of a destructor of SQLite. */
void extension_unref(void *x);

/* Make the session if it does not exist yet, and set its policy. */
int extension_begin(extension *x, beluga_error *err);

/* Return the text of an argument, borrowed from the value; NULL if the argument is NULL. */
const char *extension_text(sqlite3_value *value);

/*
 * Fill a request from arguments, each of which may be NULL. Texts are borrowed from the values.
 *
 * @return 0; BELUGA_ERROR_INVALID_INPUT if the name of the model has a NUL character, at which it
 * would be cut.
 */
int extension_request(const extension *x, sqlite3_value *model, sqlite3_value *options,
                      db_request *request, beluga_error *err);

/* Check that an argument, named `what` in the error, has no NUL character. */
int extension_check_nul(sqlite3_value *value, const char *what, beluga_error *err);

/* Write an error as one line of text. @return the SQLite error code for it. */
int extension_error(const beluga_error *err, char *line, size_t n);

/* Register the tables llm_stream, llm_many and llm_models. */
int tables_register(extension *x);

enum { ERROR_LINE = 1024 };

#endif
