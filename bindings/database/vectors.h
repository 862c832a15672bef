/* Vectors of texts. */
#ifndef BELUGA_DATABASE_VECTORS_H
#define BELUGA_DATABASE_VECTORS_H

#include "many.h"

/* Texts that are being embedded; opaque. */
typedef struct db_vectors db_vectors;

/*
 * Start to embed texts, none of which is NULL or empty.
 *
 * @param texts  Copied.
 * @param out    Owned (db_vectors_free); NULL on failure.
 */
int db_vectors_start(db_session *session, const db_request *request, const db_texts *texts,
                     db_vectors **out, beluga_error *err);
/* Wait until they are there. */
int db_vectors_wait(db_vectors *vectors, beluga_error *err);
/* Return the vector of text `index`, borrowed until they are freed, when the wait has returned 0.
 */
const float *db_vectors_get(const db_vectors *vectors, size_t index, size_t *dimensions);
/* Free them, and end the call if it is under way; NULL does nothing. Never waits. */
void db_vectors_free(db_vectors *vectors);

#endif
