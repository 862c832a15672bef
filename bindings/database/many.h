/* Answers to many prompts. The request limits how many calls run at once. */
#ifndef BELUGA_DATABASE_MANY_H
#define BELUGA_DATABASE_MANY_H

#include "options.h"
#include "session.h"

/* The calls for a list of texts; opaque. */
typedef struct db_many db_many;

/* The texts of the host. They are borrowed until db_many_free or db_vectors_free. */
typedef struct db_texts {
    const char *const *texts; /* for an entry that is NULL, the row's text is NULL */
    const size_t *lengths;    /* bytes */
    size_t count;
} db_texts;

/* One row of the result. */
typedef struct db_row {
    size_t index;     /* index of the text that this row answers */
    const char *text; /* NULL: the text was NULL, or the call failed; borrowed until the next row */
    size_t length;
    bool failed; /* the call failed with `error` */
    beluga_error error;
} db_row;

/*
 * Start the calls.
 *
 * @param texts  Borrowed until db_many_free.
 * @param out    Owned (db_many_free); NULL on failure.
 * @return 0, or an error code. If the budget is spent during the calls, each row whose text was not
 * sent has the budget's error.
 */
int db_many_start(db_session *session, const db_request *request, const db_texts *texts,
                  db_many **out, beluga_error *err);

/*
 * Wait for the next row. Rows come in the order in which their calls end.
 *
 * @return 1: `row` is filled; 0: the last row was already returned; a negative code: the host wants
 * to stop, or memory ran out.
 */
int db_many_next(db_many *many, db_row *row, beluga_error *err);

/* Free `many`, and cancel the calls that still run; NULL does nothing. Never waits. */
void db_many_free(db_many *many);

#endif
