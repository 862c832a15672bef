/* Finds the recording that matches a request. */
#ifndef BELUGA__MATCH_H
#define BELUGA__MATCH_H

#include "cassette/recording.h"

/* A request, in the form in which it is compared with recordings. */
typedef struct beluga__asked {
    const char *method, *url; /* without secrets */
    const beluga_json *json;  /* the body as JSON; NULL: the body is not JSON */
    const char *body;
    size_t length;
} beluga__asked;

/* Returns a digest of the body. Bodies with the same meaning have the same digest, for example JSON
 * with its members in another order. */
uint64_t beluga__asked_digest(const beluga__asked *asked);
/* Find the recording that answers the request, read it, and mark it as used. NOT_FOUND explains how
 * the nearest recording differs. */
int beluga__cassette_match(beluga__open_cassette *cassette, const beluga__asked *asked,
                           beluga__recording *recording, beluga_error *err);

#endif
