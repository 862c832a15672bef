/* One answer of a model, read as a whole or in the pieces in which it arrives. */
#ifndef BELUGA_DATABASE_ANSWER_H
#define BELUGA_DATABASE_ANSWER_H

#include "options.h"
#include "session.h"

/* A call under way; opaque. A session may have several of them at once. */
typedef struct db_answer db_answer;

/*
 * Start a call.
 *
 * @param prompt   `length` bytes of UTF-8; copied.
 * @param pieces   true: return each piece of the answer as it arrives; false: return the whole
 *                 answer at once, which may be "".
 * @param out      Owned (db_answer_free); NULL on failure.
 * @return 0; BELUGA_ERROR_AUTHORIZATION or BELUGA_ERROR_BUDGET_EXCEEDED if the policy refuses the
 * call; an error code of db_options_read or of the library.
 */
int db_answer_start(db_session *session, const db_request *request, const char *prompt,
                    size_t length, bool pieces, db_answer **out, beluga_error *err);

/*
 * Wait for the next piece.
 *
 * @param text  Borrowed until the next call; NULL at the end and on failure.
 * @return 0; BELUGA_ERROR_CONTEXT_CANCELED: the host wants to stop; otherwise the error of the
 * call.
 */
int db_answer_next(db_answer *answer, const char **text, size_t *length, beluga_error *err);

/* Free an answer, and cancel its call if it still runs; NULL does nothing. Never waits. */
void db_answer_free(db_answer *answer);

/*
 * Check that an answer is JSON that fits a schema, since not all services enforce it.
 *
 * @return the same codes as beluga_response_check_schema.
 */
int db_check_schema(const char *text, size_t length, const char *schema, beluga_error *err);

#endif
