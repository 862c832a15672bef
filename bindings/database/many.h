/* Many answers: so many calls at once are under way as the request says. */
#ifndef BELUGA_DATABASE_MANY_H
#define BELUGA_DATABASE_MANY_H

#include "options.h"
#include "session.h"

/* Calls under way; opaque. */
typedef struct db_many db_many;

/* Texts of the host, borrowed until they are freed with what was started. */
typedef struct db_texts {
    const char *const *texts; /* NULL: that row is NULL, and so is its answer */
    const size_t *lengths;    /* bytes */
    size_t count;
} db_texts;

/* One row of the result. */
typedef struct db_row {
    size_t index;     /* of its text */
    const char *text; /* NULL: the text was NULL, or the call failed; borrowed until the next row */
    size_t length;
    bool failed; /* `error` tells why */
    beluga_error error;
} db_row;

/*
 * Start.
 *
 * @param texts  Borrowed until db_many_free.
 * @param out    Owned (db_many_free); NULL on failure.
 * @return 0, or a code; a budget that is spent is one of each row that it concerns.
 */
int db_many_start(db_session *session, const db_request *request, const db_texts *texts,
                  db_many **out, beluga_error *err);

/*
 * Wait for the next row. Rows come in the order in which their calls end.
 *
 * @return 1: `row` is filled; 0: there are no more; a negative code: the host wants to stop, or all
 * failed.
 */
int db_many_next(db_many *many, db_row *row, beluga_error *err);

/* Free it, and end the calls that are under way; NULL does nothing. Never waits. */
void db_many_free(db_many *many);

#endif
