#include "policy.h"

#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_HOST = 512, MAX_REFERENCE = 512 };

/* ---- lists ----------------------------------------------------------------------------------- */

/* Find the next entry of a list. Returns false at the end of the list. */
static bool next_entry(const char **list, const char **entry, size_t *n)
{
    static const char between[] = ", \t\n";
    if (!*list) return false;
    *entry = *list + strspn(*list, between);
    *n = strcspn(*entry, between);
    *list = *entry + *n;
    return *n > 0;
}

static bool matches(const char *pattern, size_t n, const char *text)
{
    if (n && pattern[n - 1] == '*') return strncasecmp(pattern, text, n - 1) == 0;
    return strlen(text) == n && strncasecmp(pattern, text, n) == 0;
}

bool db_list_has(const char *list, const char *text)
{
    const char *entry;
    size_t n;
    while (next_entry(&list, &entry, &n))
        if (matches(entry, n, text)) return true;
    return false;
}

/* ---- hosts ----------------------------------------------------------------------------------- */

/* A user name and a password before the host are skipped. */
bool db_url_host(const char *url, char *host, size_t n)
{
    const char *scheme = strstr(url, "://"), *begin = scheme ? scheme + 3 : url;
    const char *end = begin + strcspn(begin, "/?#\\");
    for (const char *at = begin; at < end; at++)
        if (*at == '@') begin = at + 1;
    size_t length = (size_t)(end - begin);
    if (length == 0 || length >= n) return false;
    memcpy(host, begin, length);
    host[length] = '\0';
    return true;
}

/* Returns the length without the port. In an IPv6 address the colons are inside brackets. */
static size_t name_length(const char *host, size_t n)
{
    size_t i = n;
    while (i && host[i - 1] >= '0' && host[i - 1] <= '9') i--;
    return i && i < n && host[i - 1] == ':' ? i - 1 : n;
}

/* "*.example.com" allows a host that ends in ".example.com", unless part of that ending is a
 * placeholder such as "{account}". */
static bool ends_with(const char *host, size_t n, const char *ending, size_t length)
{
    return n > length && strncasecmp(host + n - length, ending, length) == 0 &&
           !memchr(host + n - length, '}', length);
}

static bool allows(const char *entry, size_t n, const char *host)
{
    size_t length = strlen(host);
    if (name_length(entry, n) == n) length = name_length(host, length);
    if (n > 2 && entry[0] == '*' && entry[1] == '.')
        return ends_with(host, length, entry + 1, n - 1);
    return length == n && strncasecmp(entry, host, n) == 0;
}

bool db_hosts_allow(const char *list, const char *url)
{
    char host[MAX_HOST];
    const char *entry;
    size_t n;
    if (!db_url_host(url, host, sizeof host)) return false;
    while (next_entry(&list, &entry, &n))
        if (allows(entry, n, host)) return true;
    return false;
}

/* ---- where a model's requests go ------------------------------------------------------------- */

static const char *first_variable(const char *const *names)
{
    for (; names && *names; names++) {
        const char *value = secure_getenv(*names);
        if (value && *value) return value;
    }
    return NULL;
}

/* Returns whether the library reads the provider's address and key from the environment. It does
 * not for a provider that the configuration file defines, or if requests go to another host than
 * the provider's usual one (beluga_config_has_own_host). */
static bool reads_environment(const beluga_config *config)
{
    const char *base;
    return !beluga_config_has_own_host(config) &&
           !beluga_config_get_string(config, BELUGA_OPTION_BASE, &base);
}

static const char *url_of(const beluga_config *config, const beluga_provider *provider)
{
    const char *url = NULL, *variable = NULL;
    beluga_origin origin = BELUGA_ORIGIN_NONE;
    beluga_config_get_string(config, BELUGA_OPTION_BASE_URL, &url);
    beluga_config_describe(config, BELUGA_OPTION_BASE_URL, NULL, 0, &origin);
    if (origin < BELUGA_ORIGIN_ENVIRONMENT && reads_environment(config))
        variable = first_variable(provider->url_variables);
    if (variable) return variable;
    return url ? url : provider->base_url;
}

static bool is_alias(const beluga_config *base, const char *reference)
{
    const char *name, *meaning;
    for (size_t i = 0; beluga_config_alias(base, i, &name, &meaning); i++)
        if (strcmp(name, reference) == 0) return true;
    const char *chosen = beluga_config_default_model(base);
    return chosen && strcmp(chosen, reference) == 0;
}

static bool is_in_file(const beluga_config *resolved)
{
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        beluga_origin origin = BELUGA_ORIGIN_NONE;
        beluga_config_describe(resolved, key, NULL, 0, &origin);
        if (origin == BELUGA_ORIGIN_FILE) return true;
    }
    return false;
}

/* Returns whether the administrator configured the provider: by the configuration file, or by a key
 * in the environment. */
static bool is_configured(const beluga_config *base, const char *reference,
                          const beluga_config *resolved, const beluga_provider *provider)
{
    return is_alias(base, reference) || is_in_file(resolved) ||
           (reads_environment(resolved) && first_variable(provider->key_variables));
}

/* ---- one model, and its fallbacks ------------------------------------------------------------ */

static int refuse_host(const db_policy *policy, const char *url, beluga_error *err)
{
    char host[MAX_HOST];
    if (!url || !db_url_host(url, host, sizeof host)) snprintf(host, sizeof host, "of the model");
    if (policy->allowed_hosts && *policy->allowed_hosts)
        return beluga_error_set(err, BELUGA_ERROR_AUTHORIZATION,
                                "the host %s may not be asked from SQL: the administrator can add "
                                "it to allowed_hosts",
                                host);
    return beluga_error_set(err, BELUGA_ERROR_AUTHORIZATION,
                            "the host %s is of a provider that is not configured: the "
                            "administrator can give its key, name it in the configuration file, "
                            "or add the host to allowed_hosts",
                            host);
}

static int check_host(const db_policy *policy, const beluga_config *base, const char *reference,
                      const beluga_config *resolved, const beluga_provider *provider,
                      beluga_error *err)
{
    const char *url = url_of(resolved, provider);
    bool listed = policy->allowed_hosts && *policy->allowed_hosts;
    if (!url && provider->start) return 0; /* the provider needs no network */
    if (listed && url && db_hosts_allow(policy->allowed_hosts, url)) return 0;
    if (!listed && is_configured(base, reference, resolved, provider)) return 0;
    return refuse_host(policy, url, err);
}

/* Check the list of models, which may contain the name of an alias or the model that the alias
 * stands for. */
static int check_name(const db_policy *policy, const char *reference, const beluga_config *resolved,
                      const beluga_provider *provider, beluga_error *err)
{
    char whole[MAX_REFERENCE];
    const char *model = provider->default_model;
    const char *list = policy->allowed_models;
    if (!list || !*list) return 0;
    beluga_config_get_string(resolved, BELUGA_OPTION_MODEL_NAME, &model);
    snprintf(whole, sizeof whole, "%s/%s", provider->name, model ? model : "");
    if (db_list_has(list, reference) || db_list_has(list, whole)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_AUTHORIZATION,
                            "the model %s may not be asked from SQL: the administrator can add it "
                            "to allowed_models",
                            whole);
}

static int check_one(const db_policy *policy, beluga_registry *registry, const beluga_config *base,
                     const char *reference, const beluga_config *resolved, beluga_error *err)
{
    beluga_provider provider;
    int status = beluga_registry_describe(registry, resolved, &provider, err);
    if (!status) status = check_name(policy, reference, resolved, &provider, err);
    return status ? status : check_host(policy, base, reference, resolved, &provider, err);
}

static int check_other(const db_policy *policy, beluga_registry *registry,
                       const beluga_config *base, const char *reference, beluga_error *err)
{
    beluga_config *other;
    int status = beluga_config_resolve(base, registry, reference, &other, err);
    if (status) return status;
    status = check_one(policy, registry, base, reference, other, err);
    beluga_config_free(other);
    return status;
}

int db_policy_check(const db_policy *policy, beluga_registry *registry, const beluga_config *base,
                    const char *reference, const beluga_config *resolved, beluga_error *err)
{
    const char *other;
    int status = check_one(policy, registry, base, reference, resolved, err);
    for (size_t i = 0; !status; i++) {
        other = beluga_config_get_item(resolved, BELUGA_OPTION_FALLBACK, i, NULL);
        if (!other) break;
        status = check_other(policy, registry, base, other, err);
    }
    return status;
}
