/* The keys of clients. A key determines which models its client may use, how often, and for how
 * much money. The spend of a key is kept when the configuration is reloaded and, if the key has
 * budgets, when the server ends (spend.h). */
#ifndef BELUGA_CLI_SERVE_ACCESS_H
#define BELUGA_CLI_SERVE_ACCESS_H

#include "serve/http.h"
#include "serve/settings.h"

#include <stdio.h>

typedef struct serve_access serve_access;
typedef struct serve_key serve_key;

/* The clocks for limits and budgets, which a test can replace by its own. */
typedef struct serve_access_clock {
    int64_t (*monotonic_ms)(void *payload);
    int64_t (*wall_s)(void *payload); /* seconds since 1970 */
    void *payload;
} serve_access_clock;

/* @return 0, or an error code with `err` set, for example if the store of the spend can't be
 * opened. */
int serve_access_new(const serve_settings *settings, serve_access **out, beluga_error *err);
/* Replace the keys with those of other settings. @return as serve_access_new. After a failure the
 * old keys are still in use. */
int serve_access_renew(serve_access *access, const serve_settings *settings, beluga_error *err);
/* Accept the keys of `shared` beside those of the settings, and drop the previous shared keys. If
 * two keys have the same name or hash, only the key of the settings is valid.
 * @param shared  Ownership passes to this function, even on failure. @return as serve_access_renew.
 */
int serve_access_share(serve_access *access, const serve_settings *settings, serve_settings *shared,
                       beluga_error *err);
/* Wait until the spend of the keys has been read, but only for some seconds. */
void serve_access_wait(serve_access *access);
void serve_access_free(serve_access *access);
void serve_access_set_clock(serve_access *access, const serve_access_clock *clock);

/* Find the key of a request, in the headers `Authorization: Bearer`, `x-api-key` or `api-key`. The
 * time that this takes reveals nothing about the keys.
 * @param key  Receives a reference (serve_key_unref); NULL if no keys are configured.
 * @return 0; AUTHENTICATION if the request has no key, or the key is unknown or has expired. */
int serve_access_find(serve_access *access, const http_exchange *x, serve_key **key,
                      beluga_error *err);
serve_key *serve_key_ref(serve_key *key);
void serve_key_unref(serve_key *key);

const char *serve_key_name(const serve_key *key); /* "" for NULL */
/* If `key` is NULL, no keys are configured, and the functions below allow everything. */
bool serve_key_may_ask(const serve_key *key, const char *model);
/* Return whether the key may ask only some models. */
bool serve_key_is_limited(const serve_key *key);
bool serve_key_may_see(const serve_key *key); /* whether the key may see the page and the metrics */
/* Start a request. @return 0; RATE_LIMIT with retry_after_ms; BUDGET_EXCEEDED, with the time of the
 * budget's renewal in the message and in retry_after_ms. */
int serve_key_admit(serve_key *key, int64_t estimated_tokens, beluga_error *err);
/* End a request that was admitted, with the tokens that it used and its cost in US dollars (-1:
 * unknown). If `usage` is NULL, no model was asked, and the estimated tokens are returned to the
 * limit. If the usage has no known counts, the estimate is used. */
void serve_key_settle(serve_key *key, int64_t estimated_tokens, const beluga_usage *usage,
                      double cost);

/* A new key and its hash. The caller must wipe this struct. */
typedef struct serve_new {
    char key[64], sha256[65];
} serve_new;
/* Make a key. @return 0, or an error code with `err` set. */
int serve_make_key(const char *name, serve_new *out, beluga_error *err);
/* Make a key and print it once, with the lines of the configuration that allow it. @return 0, or an
 * error code with `err` set. */
int serve_new_key(const char *name, FILE *out, beluga_error *err);

/* The spend of one key, for the page and the metrics. */
typedef struct serve_key_state {
    const char *name;
    int64_t requests, tokens; /* since the start */
    double day, month;        /* US dollars on this UTC day and in this month */
    double budget_per_day, budget_per_month;
    int64_t expires_s;
} serve_key_state;
/* Describe the key with this index. @return false if the index is too large. */
bool serve_access_state(const serve_access *access, size_t index, serve_key_state *out);
/* @return whether the spend is currently kept only in memory, because the store can't be written or
 * read. */
bool serve_access_fails(const serve_access *access);

#endif
