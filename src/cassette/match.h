/* A request is answered by the recording that matches it. */
#ifndef BELUGA__MATCH_H
#define BELUGA__MATCH_H

#include "cassette/recording.h"

/* A request as it is compared with recordings. */
typedef struct beluga__asked {
    const char *method, *url; /* scrubbed */
    const beluga_json *json;  /* the body; NULL: it is no JSON */
    const char *body;
    size_t length;
} beluga__asked;

/* Returns a digest that bodies of equal meaning share. */
uint64_t beluga__asked_digest(const beluga__asked *asked);
/* Find the recording that answers, read it, and mark it used. NOT_FOUND tells how the nearest
 * differs.
 */
int beluga__cassette_match(beluga__open_cassette *cassette, const beluga__asked *asked,
                           beluga__recording *recording, beluga_error *err);

#endif
