/*
 * What the administrator of a database allows: which hosts and models may be asked, and how much
 * may be spent. A user of SQL can change none of it.
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
    /* Hosts that may be asked, with commas or spaces between them: "api.example.com",
     * "127.0.0.1:8080", "*.example.com". "": those of configured providers (db_policy_check). */
    const char *allowed_hosts;
    const char *allowed_models; /* "openai/gpt-5*, fast"; "": any */
    const char *prices;         /* a file; "": the one that was installed with the library */
    double budget_cost;         /* US dollars that a session may spend; 0: no limit */
    int64_t budget_tokens;      /* likewise */
    int64_t budget_calls;       /* likewise */
    int64_t max_answer_bytes;   /* 0: DB_MAX_ANSWER_BYTES */
} db_policy;

#define DB_MAX_ANSWER_BYTES INT64_C(16777216)

/*
 * Return whether a model may be asked: it, its fallbacks, and their hosts.
 *
 * Without allowed_hosts a provider must be configured: there is a key for it in the environment, or
 * the configuration file says something about it or names the model. One that is neither, such as
 * a server that listens on a port of this machine and wants no key, is not for SQL to find. A
 * provider that needs no network is always allowed.
 *
 * @param base       What `resolved` was made from.
 * @param reference  As it was asked for.
 * @param resolved   As beluga_config_resolve made it from that.
 *
 * @return 0; BELUGA_ERROR_AUTHORIZATION not allowed, and who can change that; codes of
 * beluga_config_resolve for a fallback.
 */
int db_policy_check(const db_policy *policy, beluga_registry *registry, const beluga_config *base,
                    const char *reference, const beluga_config *resolved, beluga_error *err);

/*
 * Return whether a text matches one of a list of patterns, in which a star stands for any rest.
 * Capitals and small letters are the same.
 */
bool db_list_has(const char *list, const char *text);

/*
 * Return whether a list of hosts has the host of a URL. An entry without a port allows each port.
 * "{account}" in a host stands for any text, so only an ending behind it, as "*.example.com", can
 * allow it.
 */
bool db_hosts_allow(const char *list, const char *url);

/* Write the host of a URL, with its port if it has one. @return false when it does not fit. */
bool db_url_host(const char *url, char *host, size_t n);

#endif
