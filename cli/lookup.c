#include "lookup.h"

#include "base/limits.h"
#include "base/text.h"
#include "configuration.h"

#include <beluga/option.h>
#include <beluga/price.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include <stdio.h>
#include <string.h>

/* The most candidates that a message lists. */
#define MAX_FOUND 8
/* The most letters in which a misspelt name may differ. */
#define MOST_SLIPS     2
#define PROVIDER_BYTES 64
#define URL_BYTES      512

/* A model whose name is the one that is looked up. */
typedef struct candidate {
    char reference[LOOKUP_BYTES];
    char url[URL_BYTES]; /* address of the provider; "": not known */
    bool has_key;
} candidate;

typedef struct lookup {
    const beluga_config *base;
    const char *name;
    const char *only; /* accept only this provider; NULL: any */
    candidate found[MAX_FOUND];
    size_t count;
    char near[LOOKUP_BYTES]; /* the known model with the most similar name; "": none */
    unsigned slips;
} lookup;

/* ---- a candidate ----------------------------------------------------------------------------- */

static bool has_variable(const char *const *names)
{
    for (; names && *names; names++)
        if (configuration_variable(*names)) return true;
    return false;
}

/* Returns the configuration with a provider's section applied, owned; NULL if the section has a
 * mistake. */
static beluga_config *resolve_provider(const lookup *l, const char *provider)
{
    const beluga_option option = beluga_with_provider(provider);
    beluga_config *named = beluga_config_copy(l->base), *config = NULL;
    beluga_error err;
    if (named && beluga_config_set_n(named, &option, 1) == 0)
        beluga_config_resolve(named, beluga_registry_default(), NULL, &config, &err);
    beluga_config_free(named);
    return config;
}

/* Find a provider's address and key. Returns false if there is no such provider. */
static bool describe(const lookup *l, candidate *c, const char *provider)
{
    beluga_config *config = resolve_provider(l, provider);
    beluga_provider table;
    beluga_error err;
    const char *key;
    bool good =
        config && beluga_registry_describe(beluga_registry_default(), config, &table, &err) == 0;
    if (good) {
        c->has_key = has_variable(table.key_variables) ||
                     beluga_config_get_string(config, BELUGA_OPTION_API_KEY, &key);
        if (!beluga_config_describe(config, BELUGA_OPTION_BASE_URL, c->url, URL_BYTES, NULL))
            snprintf(c->url, sizeof c->url, "%s", table.base_url ? table.base_url : "");
    }
    beluga_config_free(config);
    return good;
}

/* Returns whether a candidate was found before, or has the same address as another candidate. Such
 * candidates are one service with two protocols, and only the one with the shorter name is kept. */
static bool take_place(lookup *l, const candidate *c)
{
    for (size_t i = 0; i < l->count; i++) {
        candidate *other = &l->found[i];
        bool same = strcmp(other->reference, c->reference) == 0;
        if (!same && (!*c->url || strcmp(other->url, c->url) != 0)) continue;
        if (strlen(c->reference) < strlen(other->reference)) *other = *c;
        return true;
    }
    return false;
}

static void add(lookup *l, const char *provider, const char *model)
{
    candidate c = {.has_key = false};
    int n = snprintf(c.reference, sizeof c.reference, "%s/%s", provider, model);
    if (n < 0 || (size_t)n >= sizeof c.reference || !describe(l, &c, provider)) return;
    if (!take_place(l, &c) && l->count < MAX_FOUND) l->found[l->count++] = c;
}

/* ---- sources of model names ------------------------------------------------------------------ */

/* Compare the wanted name with that of a known model. A known name that ends in "*" stands for all
 * names with the same beginning. */
static void consider(lookup *l, const char *provider, const char *model)
{
    size_t n = strlen(model);
    bool open = n && model[n - 1] == '*';
    if (l->only && strcmp(l->only, provider) != 0) return;
    if (open) n--;
    if (!n || n >= LOOKUP_BYTES) return;
    char known[LOOKUP_BYTES];
    snprintf(known, sizeof known, "%.*s", (int)n, model);
    if (strncmp(l->name, known, n) == 0 && (open || !l->name[n])) {
        add(l, provider, l->name);
        return;
    }
    unsigned slips = beluga__text_distance(l->name, known, MOST_SLIPS);
    if (slips > MOST_SLIPS || slips >= l->slips || slips >= strlen(l->name)) return;
    l->slips = slips;
    snprintf(l->near, sizeof l->near, "%.*s/%.*s", PROVIDER_BYTES, provider,
             LOOKUP_BYTES - PROVIDER_BYTES - 2, known);
}

static void consider_reference(lookup *l, const char *reference)
{
    char provider[PROVIDER_BYTES];
    size_t n = strcspn(reference, "/:");
    if (!reference[n] || n >= sizeof provider) return;
    memcpy(provider, reference, n);
    provider[n] = '\0';
    consider(l, provider, reference + n + 1);
}

/* Compare the wanted name with the names that a provider's section gives to its models:
 * "fast=Qwen/Qwen3-0.6B". */
static void search_section(lookup *l, const char *provider)
{
    const char *line;
    beluga_config *config = resolve_provider(l, provider);
    for (size_t i = 0; (line = beluga_config_get_item(config, BELUGA_OPTION_MODELS, i, NULL));
         i++) {
        char own[LOOKUP_BYTES];
        size_t n = strcspn(line, "=");
        if (!line[n] || n >= sizeof own) continue;
        memcpy(own, line, n);
        own[n] = '\0';
        consider(l, provider, own);
        consider(l, provider, line + n + 1);
    }
    beluga_config_free(config);
}

static void search_config(lookup *l)
{
    const char *name, *reference;
    for (size_t i = 0; beluga_config_provider(l->base, i, &name, &reference); i++)
        search_section(l, name);
    for (size_t i = 0; beluga_config_alias(l->base, i, &name, &reference); i++)
        consider_reference(l, reference);
    reference = beluga_config_default_model(l->base);
    if (reference) consider_reference(l, reference);
}

static void search_providers(lookup *l)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    beluga_registry *registry = beluga_registry_default();
    size_t n = registry ? beluga_registry_list(registry, names, BELUGA__MAX_SHOWN_PROVIDERS) : 0;
    for (size_t i = 0; i < n && i < BELUGA__MAX_SHOWN_PROVIDERS; i++) {
        const beluga_provider *provider = beluga_registry_get(registry, names[i]);
        if (provider && provider->default_model) consider(l, names[i], provider->default_model);
        search_section(l, names[i]);
    }
}

static void search_prices(lookup *l)
{
    beluga_prices *prices = NULL;
    beluga_error err;
    const char *path = NULL, *name;
    beluga_config_get_string(l->base, BELUGA_OPTION_PRICES, &path);
    if (beluga_prices_load(path, &prices, &err) != 0) return;
    for (size_t i = 0; (name = beluga_prices_name(prices, i)); i++) consider_reference(l, name);
    beluga_prices_free(prices);
}

/* ---- the choice ------------------------------------------------------------------------------ */

/* If some candidates have a key, remove the others. */
static void prefer_keys(lookup *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++)
        if (l->found[i].has_key) l->found[kept++] = l->found[i];
    if (kept) l->count = kept;
}

static void tell_candidates(const lookup *l, beluga_error *err)
{
    char list[MAX_FOUND * 48] = "";
    size_t at = 0;
    for (size_t i = 0; i < l->count && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "",
                               l->found[i].reference);
    beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                     "several providers have a model \"%.60s\": name one of %s", l->name, list);
}

static void search(lookup *l)
{
    search_config(l);
    search_providers(l);
    search_prices(l);
}

bool lookup_near(const beluga_config *base, const char *provider, const char *model,
                 char near[LOOKUP_BYTES])
{
    lookup l = {.base = base, .name = model, .only = provider, .slips = MOST_SLIPS + 1};
    search(&l);
    memcpy(near, l.near, LOOKUP_BYTES);
    return *near && !l.count;
}

bool lookup_model(const beluga_config *base, const char *name, char *reference, beluga_error *err)
{
    lookup l = {.base = base, .name = name, .slips = MOST_SLIPS + 1};
    search(&l);
    prefer_keys(&l);
    if (l.count == 1) {
        memcpy(reference, l.found[0].reference, LOOKUP_BYTES);
        return true;
    }
    if (l.count > 1)
        tell_candidates(&l, err);
    else if (*l.near)
        beluga_error_set(err, BELUGA_ERROR_UNSUPPORTED_PROVIDER,
                         "\"%.60s\" is neither an alias nor a known model; did you mean %s?", name,
                         l.near);
    return false;
}
