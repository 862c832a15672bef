/* What the functions and tables of a connection share. */
#ifndef BELUGA_SQLITE_EXTENSION_H
#define BELUGA_SQLITE_EXTENSION_H

#include "../database/session.h"
#include "settings.h"

#include <sqlite3ext.h>

SQLITE_EXTENSION_INIT3

/* One of a connection. Each function and table that was registered with it has a reference. */
typedef struct extension {
    int references;
    sqlite3 *db;
    db_session *session; /* made at the first call */
    int64_t looked_ms;   /* when a call looked last whether it is interrupted */
    settings settings;
} extension;

extension *extension_ref(extension *x);
/* Give a reference back; as sqlite3's destructors are. */
void extension_unref(void *x);

/* Make the session if there is none, and give it the policy of now. */
int extension_begin(extension *x, beluga_error *err);

/* Return the text of an argument, borrowed of it; NULL for NULL. */
const char *extension_text(sqlite3_value *value);

/* Fill a request from arguments, of which each may be NULL. Texts are borrowed of the values. */
void extension_request(const extension *x, sqlite3_value *model, sqlite3_value *options,
                       db_request *request);

/* Write an error as one line for a person. @return the code of SQLite for it. */
int extension_error(const beluga_error *err, char *line, size_t n);

/* Register the tables llm_stream, llm_many and llm_models. */
int tables_register(extension *x);

enum { ERROR_LINE = 1024 };

#endif
