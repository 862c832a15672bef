/* Keys of clients: who may ask which models, how often, and for how much. What a key spent stays
 * when the configuration is read anew, and, for its budgets, when the server ends (spend.h). */
#ifndef BELUGA_CLI_SERVE_ACCESS_H
#define BELUGA_CLI_SERVE_ACCESS_H

#include "serve/http.h"
#include "serve/settings.h"

#include <stdio.h>

typedef struct serve_access serve_access;
typedef struct serve_key serve_key;

/* The clocks that limits and budgets go by; a test has its own. */
typedef struct serve_access_clock {
    int64_t (*monotonic_ms)(void *payload);
    int64_t (*wall_s)(void *payload); /* since 1970 */
    void *payload;
} serve_access_clock;

/* @return 0 or a code with an error, as where the store of the spend can't be opened. */
int serve_access_new(const serve_settings *settings, serve_access **out, beluga_error *err);
/* Take the keys of other settings in place of the present ones. @return as serve_access_new; on
 * failure nothing has changed. */
int serve_access_renew(serve_access *access, const serve_settings *settings, beluga_error *err);
/* Let the keys of `shared` hold beside those of the settings, in place of those that were shared
 * before; where two have one name or one hash, the one of the settings holds alone.
 * @param shared  Is taken in either case. @return as serve_access_renew. */
int serve_access_share(serve_access *access, const serve_settings *settings, serve_settings *shared,
                       beluga_error *err);
/* Wait until it is known what keys have spent, for some seconds at most. */
void serve_access_wait(serve_access *access);
void serve_access_free(serve_access *access);
void serve_access_set_clock(serve_access *access, const serve_access_clock *clock);

/* Find the key of a request: `Authorization: Bearer`, `x-api-key` or `api-key`. In constant time.
 * @param key  Receives a reference (serve_key_unref); NULL where no keys are configured.
 * @return 0; AUTHENTICATION: none, an unknown one, an expired one. */
int serve_access_find(serve_access *access, const http_exchange *x, serve_key **key,
                      beluga_error *err);
serve_key *serve_key_ref(serve_key *key);
void serve_key_unref(serve_key *key);

const char *serve_key_name(const serve_key *key); /* "" for NULL */
/* The functions below allow everything for a key that is NULL. */
bool serve_key_may_ask(const serve_key *key, const char *model);
/* Return whether it may ask some models alone. */
bool serve_key_is_limited(const serve_key *key);
bool serve_key_may_see(const serve_key *key); /* the page, the metrics */
/* Begin a request. @return 0; RATE_LIMIT with retry_after_ms; BUDGET_EXCEEDED with the time at
 * which it is renewed in the message and in retry_after_ms. */
int serve_key_admit(serve_key *key, int64_t estimated_tokens, beluga_error *err);
/* End a request that was admitted: with its real tokens and its cost in US dollars (-1: unknown).
 * A usage of NULL: no model was asked, so the estimate is given back; one in which nothing is known
 * counts as the estimate. */
void serve_key_settle(serve_key *key, int64_t estimated_tokens, const beluga_usage *usage,
                      double cost);

/* A key that was just made, and its hash; to be wiped. */
typedef struct serve_new {
    char key[64], sha256[65];
} serve_new;
/* @return 0 or a code with an error. */
int serve_make_key(const char *name, serve_new *out, beluga_error *err);
/* Make a key and print it, once, with the lines of the configuration that let it in.
 * @return 0 or a code with an error. */
int serve_new_key(const char *name, FILE *out, beluga_error *err);

/* What a key has spent, for the page and the metrics. */
typedef struct serve_key_state {
    const char *name;
    int64_t requests, tokens; /* since the start */
    double day, month;        /* US dollars of this UTC day and month */
    double budget_per_day, budget_per_month;
    int64_t expires_s;
} serve_key_state;
/* @return false past the last. */
bool serve_access_state(const serve_access *access, size_t index, serve_key_state *out);
/* @return whether what keys spend is kept in memory alone for now: it can't be written or read. */
bool serve_access_fails(const serve_access *access);

#endif
