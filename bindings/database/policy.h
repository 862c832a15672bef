/*
 * The policy that the administrator of a database sets: which hosts and models SQL may call, and
 * how much it may spend. Users of SQL can't change it.
 */
#ifndef BELUGA_DATABASE_POLICY_H
#define BELUGA_DATABASE_POLICY_H

#include <beluga/config.h>
#include <beluga/error.h>

#include <stdbool.h>
#include <stdint.h>

/* All texts are borrowed; NULL and "" mean the same. */
typedef struct db_policy {
    const char *config_file; /* "": none */
    /* Hosts that may be called, separated by commas or spaces: "api.example.com", "127.0.0.1:8080",
     * "*.example.com". "": the hosts of configured providers (db_policy_check). */
    const char *allowed_hosts;
    const char *allowed_models; /* "openai/gpt-5*, fast"; "": any */
    const char *prices;       /* path of a file, which must be readable; "": the price list that was
                                 installed with the library, if there is one */
    double budget_cost;       /* US dollars that a session may spend; 0: no limit */
    int64_t budget_tokens;    /* tokens that a session may use; 0: no limit */
    int64_t budget_calls;     /* calls that a session may make; 0: no limit */
    int64_t max_answer_bytes; /* of a text, and of the body of an HTTP answer: DB_LEAST_ANSWER_BYTES
                                 to DB_MOST_ANSWER_BYTES; 0: DB_MAX_ANSWER_BYTES */
    const char *max_answer_setting; /* how the administrator sets it, for error messages */
} db_policy;

#define DB_MAX_ANSWER_BYTES   INT64_C(16777216)
#define DB_LEAST_ANSWER_BYTES INT64_C(1024)
#define DB_MOST_ANSWER_BYTES  INT64_C(1073741824)

/*
 * Check that a model may be called: the model, its fallbacks, and the hosts of all of them.
 *
 * If allowed_hosts is empty, the provider must be configured: the environment has a key for it, or
 * the configuration file has settings for it or names the model. So SQL can't call other services,
 * such as a server that listens on a port of this machine and needs no key. A provider that needs
 * no network is always allowed.
 *
 * @param base       The configuration from which `resolved` was made.
 * @param reference  The name of the model in the SQL call.
 * @param resolved   What beluga_config_resolve made of `reference`.
 *
 * @return 0; BELUGA_ERROR_AUTHORIZATION: not allowed, and the message says what the administrator
 * can change; or an error code of beluga_config_resolve for a fallback.
 */
int db_policy_check(const db_policy *policy, beluga_registry *registry, const beluga_config *base,
                    const char *reference, const beluga_config *resolved, beluga_error *err);

/*
 * Return whether a text matches a pattern of a list. A star at the end of a pattern matches any
 * text. Case does not matter.
 */
bool db_list_has(const char *list, const char *text);

/*
 * Return whether a list of hosts contains the host of a URL. An entry without a port allows every
 * port. A host such as "{account}.example.com" is not known in full, so only an entry such as
 * "*.example.com", whose text comes after the "}", can allow it.
 */
bool db_hosts_allow(const char *list, const char *url);

/* Write the host of a URL, with its port if it has one. @return false if the URL has no host or
 * `host` is too small. */
bool db_url_host(const char *url, char *host, size_t n);

#endif
