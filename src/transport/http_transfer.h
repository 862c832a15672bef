/* A transfer of libcurl's, as http.c runs it and http_failure.c reads it. No other file includes
 * curl. */
#ifndef BELUGA__HTTP_TRANSFER_H
#define BELUGA__HTTP_TRANSFER_H

#include "transport/loop.h"

#include <curl/curl.h>

struct beluga__transfer {
    beluga__list node;
    struct beluga__http *http;
    CURL *easy;
    /* what the handle is set up for: a connection's id, and as last bit if it streams */
    uint64_t setup;
    const beluga__transfer_handler *handler; /* NULL: nobody listens any more */
    void *owner;
    beluga_http_response *response;
    size_t size; /* with the headers' lines behind it */
    struct curl_slist *headers;
    const char *url;
    beluga__buf body; /* taken from the request */
    bool has_body;
    int64_t connect_timeout_ms;
    int64_t start_ns; /* of the loop's active clock */
    uint32_t stops;   /* of the loop, when it was added last */
    const beluga__connection *connection;
    bool streamed;
    bool added; /* in the multi handle */
    bool head_told;
    bool paused;
    bool draining;
    bool far;        /* it was tried to reach another machine */
    bool near;       /* and this one */
    unsigned port;   /* of who it was tried to reach last; 0: nobody */
    bool head_ended; /* the empty line after the headers came */
    bool unwatched;  /* its socket can't be */
    int no_socket;   /* errno: why there is none */
    int tried[2];    /* the sockets that it opened last, to two kinds of addresses; -1: none */
    int refusal;     /* why we, and not libcurl, ended it */
    size_t drained;
    beluga__timer drain;
    char errors[CURL_ERROR_SIZE];
};

/* Say why a transfer failed: the code, with what to do about it, and libcurl's and the system's
 * words as the cause. Returns the code, or 0 where it did not fail. */
int beluga__transfer_explain(const beluga__transfer *t, CURLcode code, beluga_error *err);

#endif
