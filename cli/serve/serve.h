/*
 * `beluga serve`: one process in front of any provider, for clients that speak Chat Completions,
 * Responses or Messages.
 *
 * The parts, and who uses whom:
 *
 *     commands/serve.c   reads the command line and the configuration, listens, runs, drains
 *     serve.c            the state of a server; reload
 *     routes.c           path and method -> what answers it; keys are checked here
 *     call.c             a request that asks a model, from its body to the end of its answer
 *     models.c           the models that are served: a snapshot of the configuration
 *     access.c           keys of clients, their limits and budgets; spend.c keeps what they spent
 *     observe.c          fans a finished request's record out to metrics.c, journal.c, recent.c
 *     page.c             the page at /
 *     http.c …           HTTP; reactor.c the event loop. Neither knows of the others.
 */
#ifndef BELUGA_CLI_SERVE_SERVE_H
#define BELUGA_CLI_SERVE_SERVE_H

#include "protocol/protocol.h"
#include "serve/http.h"

#include <beluga/chat_model.h>
#include <beluga/config.h>
#include <beluga/loop.h>
#include <beluga/price.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What is known of a request when it is over. Strings are "" when unknown. */
typedef struct serve_record {
    int64_t time_ms;  /* wall clock, when its head began */
    int64_t took_ns;  /* from its head's first byte to its end */
    int64_t first_ns; /* to the first content; -1: none */
    char request_id[96];
    char trace_id[40];
    const char *peer;
    const char *method, *path;
    const char *protocol;         /* "chat", "responses", "messages", "embeddings", "" */
    const char *key;              /* name of the client's key */
    const char *asked;            /* the model as the client named it */
    char provider[48], model[96]; /* who answered, or failed last */
    int status;                   /* of HTTP; 499: the client went before the answer was whole */
    int error;                    /* 0 or BELUGA_ERROR_… of the call */
    const char *message;          /* of the error */
    bool stream, passed_through, cached;
    int attempts; /* 0: nobody was asked */
    beluga_usage usage;
    double cost; /* US dollars; -1: unknown */
    uint64_t bytes_in, bytes_out;
} serve_record;

/* Copy a text that ends in NUL, as much of it as there is room for. */
static inline void serve_copy(char *to, size_t room, const char *text)
{
    size_t n = strnlen(text, room - 1);
    memcpy(to, text, n);
    to[n] = '\0';
}

/* How a stream whose model fails after its first content is dealt with. */
typedef enum serve_failover {
    SERVE_FAILOVER_OFF,           /* no other model is asked, also before the first content */
    SERVE_FAILOVER_FIRST_CONTENT, /* others are asked until there is content: the default */
    SERVE_FAILOVER_HOLD           /* the stream is held back until it is whole */
} serve_failover;

#endif
