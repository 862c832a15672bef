/*
 * The section `serve` of the configuration:
 *
 *     serve:
 *       listen: 127.0.0.1:4000          # or a list; unix:PATH
 *       default_model: claude           # used if a client names a model that is not served
 *       stream_failover: first_content  # off, first_content, hold
 *       passthrough: true               # pass bodies on unchanged if the protocol is the same
 *       keep_alive: 15s
 *       timeout: 600s                   # for a request
 *       drain: 600s
 *       max_body: 64MiB
 *       max_connections: 10000
 *       max_requests: 1000              # calls of models at the same time
 *       cors: {origins: ["https://chat.example"]}
 *       journal: stdout                 # access log: a file, or stdout; left out: none
 *       capture: false                  # write texts of requests and answers into the journal
 *       spend: PATH                     # SQLite, or nats://HOST/BUCKET; default: a file
 *       page: true                      # the page at /
 *       keys_from: nats://HOST/BUCKET   # more keys, which several gateways share
 *       keys:
 *         - name: alice
 *           sha256: "9f86d081…"         # hash of the key; `beluga serve --new-key` prints both
 *           models: ["claude*", fast]   # patterns; left out: all
 *           requests_per_minute: 60
 *           tokens_per_minute: 100000
 *           budget_per_day: 5           # US dollars
 *           budget_per_month: 50
 *           expires: 2027-01-31         # the last valid day in UTC, or a time
 *           page: true                  # this key may see the page and its figures
 *
 * Paths are relative to the file's folder. If several files have the section, each setting of a
 * later file replaces that of an earlier one; the list of keys is replaced as a whole.
 */
#ifndef BELUGA_CLI_SERVE_SETTINGS_H
#define BELUGA_CLI_SERVE_SETTINGS_H

#include "serve/http.h"
#include "serve/serve.h"

#include <beluga/config.h>

#define SERVE_MAX_LISTEN     8
#define SERVE_MAX_KEYS       10000
#define SERVE_KEY_NAME_BYTES 64

typedef struct serve_key_setting {
    const char *name;
    unsigned char sha256[32];
    /* patterns for fnmatch, terminated by NULL; NULL: all models */
    const char *const *models;
    int64_t requests_per_minute, tokens_per_minute; /* 0: no limit */
    double budget_per_day, budget_per_month;        /* US dollars; 0: none */
    int64_t expires_s;                              /* seconds since 1970; 0: never */
    bool page;
} serve_key_setting;

/* All pointers point into `memory`, which the struct owns. */
typedef struct serve_settings {
    const char *listen[SERVE_MAX_LISTEN];
    size_t n_listen;
    const char *default_model; /* NULL: none */
    serve_failover failover;
    bool passthrough, capture, page;
    int64_t keep_alive_ms, timeout_ms, drain_ms;
    uint32_t max_requests;
    http_limits http;
    /* origins for CORS, terminated by NULL; "*" means all; NULL: no CORS */
    const char *const *origins;
    const char *journal; /* "-": stdout; NULL: none */
    const char *spend;   /* path, or NATS address; NULL: the default path */
    const serve_key_setting *keys;
    size_t n_keys;
    const char *keys_from; /* NATS address (shared_keys.h); NULL: only the keys of the
                            * configuration */
    void *memory;          /* the arena that contains all texts and lists */
} serve_settings;

/* Return whether a request needs a key. With keys_from this is true even while the bucket has no
 * keys. */
static inline bool serve_has_keys(const serve_settings *settings)
{
    return settings->n_keys || settings->keys_from;
}

/* Return whether a name is valid for a key. Names are used in headers, labels and log lines. */
bool serve_key_name_is_good(const char *name);

/* Read the section of a configuration. Missing members get their defaults. Free with
 * serve_settings_free in either case. @return 0, or an error code with the mistake and its place in
 * `err`. */
int serve_settings_read(const beluga_config *config, serve_settings *settings, beluga_error *err);
void serve_settings_free(serve_settings *settings);
/* An entry of a bucket: the name of a key, and a JSON text with its other members. */
typedef struct serve_key_text {
    const char *name, *text;
    size_t length;
} serve_key_text;
/* Receives the reason why a key is ignored; the message is valid only during the call. */
typedef void (*serve_key_fault_fn)(void *payload, size_t index, const char *message);

/* Read shared keys. `settings` receives only these keys; invalid keys are reported and left out.
 * Free with serve_settings_free in either case. @return 0 or NO_MEMORY. */
int serve_keys_read(const serve_key_text *texts, size_t n, serve_settings *settings,
                    serve_key_fault_fn fault, void *payload);

/* Report the mistakes in the section, for `beluga config check`. */
void serve_settings_check(const beluga_config *config, beluga_config_checking *checking);

#endif
