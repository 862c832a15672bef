/* The vectors (embeddings) of a list of texts. */
#ifndef BELUGA_DATABASE_VECTORS_H
#define BELUGA_DATABASE_VECTORS_H

#include "many.h"

/* The embedding of a list of texts; opaque. */
typedef struct db_vectors db_vectors;

/*
 * Start to embed texts. None of them may be NULL or empty.
 *
 * @param texts  Copied.
 * @param out    Owned (db_vectors_free); NULL on failure.
 */
int db_vectors_start(db_session *session, const db_request *request, const db_texts *texts,
                     db_vectors **out, beluga_error *err);
/* Wait for the vectors. @return 0, or the error of the call. */
int db_vectors_wait(db_vectors *vectors, beluga_error *err);
/* Return the vector of text `index`, borrowed until db_vectors_free. Only after db_vectors_wait has
 * returned 0. */
const float *db_vectors_get(const db_vectors *vectors, size_t index, size_t *dimensions);
/* Free the vectors, and cancel the call if it still runs; NULL does nothing. Never waits. */
void db_vectors_free(db_vectors *vectors);

#endif
