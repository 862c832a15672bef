/*
 * `beluga serve`: one process in front of any provider, for clients that speak Chat Completions,
 * Responses or Messages.
 *
 * The parts:
 *
 *     run.c              starts the server, runs until a signal, drains; listen.c opens addresses
 *     state.c            the parts of a server, its snapshot of the configuration, its reload
 *     routes.c           finds the handler of a path and method; checks the origin and the key
 *     request.c          a request from its head to its record, and answers that are errors
 *     call.c             asks a model: reads the body and chooses one of three forms: call_pass.c,
 *                        call_stream.c, call_whole.c; call_answer.c has what the forms share
 *     job.c              requests that have numbers for an answer: numbers.c, vectors and counts
 *     facts.c            models, health, metrics and reload; page.c the page at /
 *     models.c           the models that are served
 *     access.c           keys of clients, their limits and budgets; new_key.c makes a key; spend.c
 *                        counts what they spent, spend_sqlite.c or spend_nats.c keeps it
 *     shared_keys.c      more keys, in a bucket of NATS that several gateways share
 *     observe.c          hands a finished request's record to metrics.c (its label sets: series.c),
 *                        journal.c, recent.c
 *     settings.c         the section `serve` of the configuration
 *     http_….c           HTTP; reactor.c the event loop; both are independent of the other files
 */
#ifndef BELUGA_CLI_SERVE_SERVE_H
#define BELUGA_CLI_SERVE_SERVE_H

#include "protocol/protocol.h"
#include "serve/http.h"

#include <beluga/price.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The facts about a request that has ended. Unknown strings are "". */
typedef struct serve_record {
    int64_t time_ms;  /* when the head of the request began to arrive, by the wall clock */
    int64_t took_ns;  /* from the first byte of the head to the end of the answer */
    int64_t first_ns; /* from the first byte of the head to the first content; -1: none */
    char request_id[96];
    char trace_id[40];
    const char *peer;
    const char *method, *path;
    const char *protocol;         /* "chat", "responses", "messages", "embeddings", "" */
    const char *key;              /* name of the client's key */
    const char *asked;            /* name of the model that the client sent */
    char provider[48], model[96]; /* the provider and model that answered, or that failed last */
    int status;                   /* HTTP status; 499: the client went away before the answer was
                                   * complete */
    int error;                    /* the BELUGA_ERROR_… code of the call, or 0 */
    const char *message;          /* message of the error */
    bool stream, passed_through, cached;
    int attempts; /* number of attempts; 0: no provider was asked */
    beluga_usage usage;
    double cost; /* US dollars; -1: unknown */
    uint64_t bytes_in, bytes_out;
} serve_record;

/* Copy a string and terminate it by NUL; a string that is too long is truncated. */
static inline void serve_copy(char *to, size_t room, const char *text)
{
    size_t n = strnlen(text, room - 1);
    memcpy(to, text, n);
    to[n] = '\0';
}

/* Whether to ask the fallbacks of a model when it fails. */
typedef enum serve_failover {
    SERVE_FAILOVER_OFF, /* ask no other model, even before the first content */
    /* ask other models if the failure is before the first content: the default */
    SERVE_FAILOVER_FIRST_CONTENT,
    /* hold the answer back until it is complete, so that other models can always be asked */
    SERVE_FAILOVER_HOLD
} serve_failover;

#endif
