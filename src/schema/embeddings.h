/* The object of vectors that a caller gets, and the functions that fill it while vectors arrive. */
#ifndef BELUGA__EMBEDDINGS_H
#define BELUGA__EMBEDDINGS_H

#include "base/arena.h"

#include <beluga/allocator.h>
#include <beluga/embedding.h>

struct beluga_embeddings {
    beluga_allocator allocator;
    beluga__arena arena; /* holds names and warnings */
    float *values;       /* NULL before the first vector */
    size_t count, dimensions;
    size_t room; /* the number of vectors for which `values` has memory */
    beluga_usage usage;
    const char *model, *provider, *request_id; /* NULL: unknown */
    const char **warnings;
    size_t n_warnings;
};

/* Make an object for the vectors of `count` texts; 0: their number is not known, and the object
 * grows with each vector. Returns NULL if out of memory. */
beluga_embeddings *beluga__embeddings_new(size_t count);
/* Store the vector of a text. Returns 0, or a code with detail in err. */
int beluga__embeddings_put(beluga_embeddings *e, size_t index, const float *values, size_t n,
                           beluga_error *err);
/* Add the usage of an answer, and set the names that are not known yet. Names may be NULL. Returns
 * 0 or NO_MEMORY. */
int beluga__embeddings_describe(beluga_embeddings *e, const char *provider, const char *model,
                                const char *request_id, const beluga_usage *usage);
/* Keep a warning, unless the same one was kept before: the requests of one job usually have the
 * same warnings. Returns 0 or NO_MEMORY. */
int beluga__embeddings_warn(beluga_embeddings *e, const char *warning);

#endif
