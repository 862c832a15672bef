/* Reads requests from the bytes of a connection. */
#ifndef BELUGA_PEER_HTTP_H
#define BELUGA_PEER_HTTP_H

#include "peer/bytes.h"
#include "peer/peer.h"

#include <stdbool.h>

#define PEER_MODEL_SIZE 128

typedef struct header {
    const char *name, *value;
} header;

typedef struct request {
    bytes head; /* lines of the head, separated by NULs; method, path and headers point into it */
    bytes body;
    const char *method, *path;
    header *headers;
    size_t n_headers;
    char model[PEER_MODEL_SIZE];
    bool streamed, last_on_connection, kept;
    uint64_t time_ns;
    long connection;
    peer_outcome outcome;
} request;

typedef enum parse_result {
    PARSE_MORE,
    PARSE_DONE,
    PARSE_BAD,
    PARSE_LONG_HEAD,
    PARSE_LONG_BODY,
    PARSE_NO_MEMORY
} parse_result;

/* The state of reading one request. */
typedef struct parser {
    request *req;     /* NULL until the head is complete */
    size_t scanned;   /* head: bytes already searched for its end; trailers: bytes so far */
    size_t max_body;  /* a longer body is refused */
    size_t body_left; /* remaining bytes of the body or of the chunk */
    enum { BODY_LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, BODY_END } at;
    bool expects_continue; /* the client waits for "100 Continue" */
} parser;

parse_result peer__parse(parser *ps, bytes *in, size_t max_body);
void peer__parser_reset(parser *ps); /* also frees ps->req, unless the caller took it over */
void peer__request_free(request *req);
const char *peer__find_header(const request *req, const char *name);
/* Copy a top-level member's value, or "". */
void peer__json_member(const char *json, size_t n, const char *key, char *out, size_t size);

#endif
