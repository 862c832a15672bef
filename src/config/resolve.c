/* Resolves a model's reference to a configuration. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "config/config.h"
#include "config/derive.h"
#include "options/option.h"
#include "registry/registry.h"

#include <beluga/registry.h>

#include <stdio.h>

/* SHOWN: bytes of a name in an error; SEARCHED: providers searched for a similar name */
enum { SHOWN = 60, SEARCHED = 256 };

/* One alias on the way from the reference to the model. */
typedef struct step {
    const beluga__config_section *alias;
    const beluga__config_file *file;
} step;

/* The state of resolving: a reference, and everything found so far. */
typedef struct resolution {
    const beluga_config *config;
    beluga_registry *registry;
    beluga_error *err;
    step steps[BELUGA__MAX_ALIASES];
    size_t n_steps;
    /* file that has the last reference; NULL: the caller gave it */
    const beluga__config_file *file;
    int line, column;
    char provider[BELUGA__MAX_PROVIDER_NAME + 1];
    const char *model; /* NULL: the provider's default model */
    const char *base;  /* base of a provider without code; else NULL */
    /* The caller gave a reference, which takes precedence over the provider in the
     * configuration. */
    bool given;
    /* If not NULL, this receives the position of a fault, and the error does not contain the
     * position. */
    beluga__config_meaning *meaning;
} resolution;

static int shown(const char *text)
{
    return (int)beluga__utf8_cut(text, strlen(text), SHOWN);
}

/* Set an error about the last reference, with its position if it is in a file. */
static int fault(const resolution *r, int code, const char *text)
{
    if (r->meaning && r->file) {
        r->meaning->line = r->line;
        r->meaning->column = r->column;
    }
    if (r->file && !r->meaning)
        return beluga__config_fault(r->err, code, r->file->path, r->line, r->column, "%s", text);
    return beluga_error_set(r->err, code, "%s", text);
}

/* --- what a reference refers to --------------------------------------------------------------- */

static int follow_aliases(resolution *r, const char **reference)
{
    char text[160];
    const beluga__config_file *file;
    const beluga__config_section *alias;
    while ((alias = beluga__config_find_alias(r->config, *reference, &file))) {
        for (size_t i = 0; i < r->n_steps; i++) {
            if (r->steps[i].alias != alias) continue;
            snprintf(text, sizeof text,
                     "the alias %.*s refers to itself, directly or through others",
                     shown(alias->name), alias->name);
            return fault(r, BELUGA_ERROR_INVALID_CONFIG, text);
        }
        if (r->n_steps == BELUGA__MAX_ALIASES) {
            snprintf(text, sizeof text,
                     "%.*s refers to more than %d aliases, one through the other",
                     shown(r->steps[0].alias->name), r->steps[0].alias->name, BELUGA__MAX_ALIASES);
            return fault(r, BELUGA_ERROR_INVALID_CONFIG, text);
        }
        r->steps[r->n_steps++] = (step){alias, file};
        /* that problem was reported already */
        if (!alias->reference) return fault(r, BELUGA_ERROR_INVALID_CONFIG, "");
        r->file = file;
        r->line = alias->line;
        r->column = alias->column;
        *reference = alias->reference;
    }
    return 0;
}

static bool has_section(const beluga_config *config, const char *name)
{
    for (size_t i = 0; i < config->n_files; i++)
        for (const beluga__config_section *s = config->files[i]->providers.first; s; s = s->next)
            if (strcmp(s->name, name) == 0) return true;
    return false;
}

/* The known name that is most similar to an unknown name. */
typedef struct nearest_name {
    const char *wanted, *best; /* `best` is NULL if no name is close */
    unsigned limit;
} nearest_name;

static void compare_name(nearest_name *n, const char *known)
{
    unsigned distance = beluga__text_distance(known, n->wanted, n->limit);
    if (distance > n->limit || (n->best && distance == n->limit) || distance >= strlen(n->wanted))
        return;
    n->best = known;
    n->limit = distance;
}

/* Write a hint that suggests a similar name. It may be the name of an alias (if `whole`: the whole
 * reference may be an alias), of a provider without code, or of a registered provider. */
static void hint_at(const resolution *r, const char *name, bool whole, char *hint, size_t size)
{
    const char *own, *other;
    nearest_name near = {.wanted = name, .limit = 2};
    for (size_t i = 0; whole && beluga_config_alias(r->config, i, &own, &other); i++)
        compare_name(&near, own);
    for (size_t i = 0; beluga_config_provider(r->config, i, &own, &other); i++)
        compare_name(&near, own);
    if (near.best)
        snprintf(hint, size, "did you mean %.*s?", shown(near.best), near.best);
    else
        beluga__registry_hint(r->registry, name, hint, size);
}

static int fail_unknown(const resolution *r, const char *name, bool whole)
{
    char text[sizeof r->err->message], hint[240];
    hint_at(r, name, whole, hint, sizeof hint);
    if (has_section(r->config, name))
        snprintf(text, sizeof text,
                 "no provider is named \"%.*s\", and its section has no base to define it; %s",
                 shown(name), name, hint);
    else if (whole)
        snprintf(text, sizeof text,
                 "\"%.*s\" is neither an alias nor of the form PROVIDER/MODEL; %s", shown(name),
                 name, hint);
    else
        snprintf(text, sizeof text, "no provider is named \"%.*s\"; %s", shown(name), name, hint);
    return fault(r, BELUGA_ERROR_UNSUPPORTED_PROVIDER, text);
}

/* Check the base of a provider without code: it must be registered, and have no base itself. */
static int check_base(const resolution *r, const beluga__config_file *file,
                      const beluga__config_entry *entry)
{
    resolution at_base = *r;
    beluga_error why;
    const beluga_provider *unused;
    const char *deeper = beluga__config_find_base(r->config, r->base, NULL, NULL);
    if (file) {
        at_base.file = file;
        at_base.line = entry->line;
        at_base.column = entry->column;
    }
    if (deeper && !beluga_registry_contains(r->registry, r->base)) {
        char text[256];
        bool itself = strcmp(r->base, r->provider) == 0;
        snprintf(text, sizeof text,
                 itself ? "%s can't be its own base: name a registered provider"
                        : "the base of %s, %.*s, has a base itself: name a provider without one",
                 r->provider, shown(r->base), r->base);
        return fault(&at_base, BELUGA_ERROR_INVALID_CONFIG, text);
    }
    int status = beluga__derived_check(r->registry, r->provider, r->base, &unused, &why);
    return status ? fault(&at_base, status, why.message) : 0;
}

/* Use the provider with this name, which is registered or without code. Returns 1; 0 if there is no
 * such provider; or an error code if its base has a fault. */
static int take_provider(resolution *r, const char *name)
{
    const beluga__config_file *file = NULL;
    const beluga__config_entry *entry = NULL;
    size_t n = strlen(name);
    const beluga__setting *given = &r->config->settings.known[BELUGA_OPTION_BASE];
    r->base = beluga__config_find_base(r->config, name, &file, &entry);
    /* A base that came from a file is not used: it belongs to the provider for which the
     * configuration was resolved earlier. */
    if (!r->base && given->origin != BELUGA_ORIGIN_FILE) r->base = beluga__derived_base(r->config);
    if (n > BELUGA__MAX_PROVIDER_NAME || !(r->base || beluga_registry_contains(r->registry, name)))
        return 0;
    memcpy(r->provider, name, n + 1);
    int status = r->base ? check_base(r, file, entry) : 0;
    return status ? status : 1;
}

/* Split at the first separator, since model names may contain '/' and ':'. */
static int split(resolution *r, const char *reference)
{
    size_t n = strcspn(reference, "/:");
    char prefix[SHOWN + 1];
    size_t cut = beluga__utf8_cut(reference, n, SHOWN);
    memcpy(prefix, reference, cut);
    prefix[cut] = '\0';
    int status = cut == n ? take_provider(r, prefix) : 0;
    if (status <= 0) return status ? status : fail_unknown(r, prefix, !reference[n]);
    r->model = reference[n] ? reference + n + 1 : NULL;
    if (!r->model || *r->model) return 0;
    char text[160];
    snprintf(text, sizeof text, "\"%s\" has no model's name after the %c", reference, reference[n]);
    return fault(r, BELUGA_ERROR_INVALID_CONFIG, text);
}

/* Without a reference, use the provider that the configuration names, or else the file's default
 * model. */
static int take_default(resolution *r, const char **reference)
{
    const char *provider;
    if (beluga_config_get_string(r->config, BELUGA_OPTION_PROVIDER, &provider)) {
        int status = take_provider(r, provider);
        return status > 0 ? 0 : status ? status : fail_unknown(r, provider, false);
    }
    for (size_t i = r->config->n_files; i-- > 0 && !*reference;) {
        const beluga__config_file *file = r->config->files[i];
        if (!file->default_model) continue;
        *reference = file->default_model;
        r->file = file;
        r->line = file->line;
        r->column = file->column;
    }
    if (*reference) return 0;
    return beluga_error_set(r->err, BELUGA_ERROR_INVALID_CONFIG,
                            "no model was named, and the configuration has no default: name one, "
                            "such as openai/gpt-5-mini");
}

static int find(resolution *r, const char *reference)
{
    r->given = reference != NULL;
    int status = reference ? 0 : take_default(r, &reference);
    if (!status && reference) status = follow_aliases(r, &reference);
    return status || !reference ? status : split(r, reference);
}

/* --- the sections that apply ------------------------------------------------------------------ */

/* Returns the name of the provider whose own options apply. */
static const char *protocol_of(const resolution *r)
{
    return r->base ? r->base : r->provider;
}

/* Returns the name that a provider's own option has in the provider's table: "organization" becomes
 * "openai.organization". */
static const char *full_name(const char *provider, beluga__arena *arena, const char *name)
{
    size_t prefix = strlen(provider), n = strlen(name);
    if (strncmp(name, provider, prefix) == 0 && name[prefix] == '.') return name;
    char *full = beluga__arena_alloc(arena, prefix + n + 2);
    if (!full) return NULL;
    memcpy(full, provider, prefix);
    full[prefix] = '.';
    memcpy(full + prefix + 1, name, n + 1);
    return full;
}

static const beluga_own_option *own_row(const beluga_provider *provider, const char *name)
{
    const beluga_own_option *row = provider->options;
    while (row && row->name && strcmp(row->name, name) != 0) row++;
    return row && row->name ? row : NULL;
}

/* Returns the closest of the names that every section may have. */
static const char *nearest_common(const char *written)
{
    static const char model[] = "model"; /* a key of sections that is not the name of an option */
    const char *known = beluga__option_nearest(written);
    unsigned limit = known ? beluga__text_distance(written, known, 2) : 3;
    return beluga__text_distance(written, model, 2) < limit ? model : known;
}

/* Returns the name of a similar option: a common option, or else an option of the provider. */
static const char *nearest(const beluga_provider *provider, const char *written, const char *full)
{
    const char *known = nearest_common(written);
    if (known) return known;
    for (const beluga_own_option *row = provider->options; row && row->name; row++)
        if (beluga__text_is_near(row->name, full)) return row->name;
    return NULL;
}

int beluga__config_name_own(const beluga_provider *provider, beluga__arena *arena,
                            const char *written, beluga_option *option, beluga_error *err)
{
    if (option->key != BELUGA_OPTION_PROVIDER_SPECIFIC) return 0;
    option->name = full_name(provider->name, arena, written);
    if (!option->name)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for options");
    if (own_row(provider, option->name)) return 0;
    const char *near = nearest(provider, written, option->name);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                            "\"%.*s\" is neither a common option nor an option of %s%s%s%s",
                            shown(written), written, provider->name, near ? "; did you mean " : "",
                            near ? near : "", near ? "?" : "");
}

static bool is_anybodys_own(const beluga_registry *registry, const char *written)
{
    const char *names[SEARCHED];
    size_t n = beluga_registry_list(registry, names, SEARCHED);
    for (size_t i = 0; i < n && i < SEARCHED; i++) {
        const beluga_provider *provider = beluga_registry_get(registry, names[i]);
        size_t prefix = strlen(names[i]);
        const beluga_own_option *row = provider ? provider->options : NULL;
        for (; row && row->name; row++)
            if (strcmp(row->name, written) == 0 ||
                (strncmp(row->name, names[i], prefix) == 0 && row->name[prefix] == '.' &&
                 strcmp(row->name + prefix + 1, written) == 0))
                return true;
    }
    return false;
}

int beluga__config_check_own(const beluga_registry *registry, const char *written,
                             const beluga_option *option, beluga_error *err)
{
    if (option->key != BELUGA_OPTION_PROVIDER_SPECIFIC || is_anybodys_own(registry, written))
        return 0;
    const char *near = nearest_common(written);
    return beluga_error_set(
        err, BELUGA_ERROR_INVALID_CONFIG,
        "\"%.*s\" is neither a common option nor an option of any provider%s%s%s", shown(written),
        written, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int name_own(const resolution *r, beluga__arena *arena, const beluga__config_file *file,
                    const beluga__config_entry *e, beluga_option *option)
{
    beluga_error why;
    const beluga_provider *provider = beluga_registry_get(r->registry, protocol_of(r));
    int status = beluga__config_name_own(provider, arena, e->name, option, &why);
    if (status != BELUGA_ERROR_INVALID_CONFIG)
        return status ? beluga_error_set(r->err, status, "%s", why.message) : 0;
    return beluga__config_fault(r->err, status, file->path, e->line, e->column, "%s", why.message);
}

/* Drop lists that this section sets, so that it replaces the lists of earlier sections instead of
 * extending them. */
static void drop_lists(beluga_config *out, const beluga__config_section *section)
{
    for (const beluga__config_entry *e = section->entries; e; e = e->next) {
        beluga__setting *slot = &out->settings.known[e->option.key];
        if (e->option.type == BELUGA_OPTION_LIST && slot->origin <= BELUGA_ORIGIN_FILE)
            *slot = (beluga__setting){0};
    }
}

static int apply_section(const resolution *r, beluga_config *out, const beluga__config_file *file,
                         const beluga__config_section *section)
{
    size_t n = 0;
    beluga_option *options =
        beluga__arena_alloc(&out->arena, (section->n_entries + 1) * sizeof *options);
    if (!options) return beluga_error_set(r->err, BELUGA_ERROR_NO_MEMORY, "no memory for options");
    for (const beluga__config_entry *e = section->entries; e; e = e->next) {
        options[n] = e->option;
        int status = name_own(r, &out->arena, file, e, &options[n]);
        if (status) return status;
        n++;
    }
    drop_lists(out, section);
    return beluga__settings_apply(&out->settings, &out->arena, options, n, BELUGA_ORIGIN_FILE,
                                  r->err);
}

static void drop_own(beluga__setting *slot)
{
    if (slot->type != BELUGA_OPTION_LIST) return;
    beluga__item **at = &slot->value.items;
    slot->origin = BELUGA_ORIGIN_NONE;
    while (*at) {
        if ((*at)->origin == BELUGA_ORIGIN_FILE) {
            *at = (*at)->next;
            continue;
        }
        if ((*at)->origin > slot->origin) slot->origin = (*at)->origin;
        at = &(*at)->next;
    }
    if (!slot->value.items) *slot = (beluga__setting){0};
}

/* Drop the settings that came from sections when the configuration was resolved earlier. That may
 * have been for another provider, and its key must not be used now. */
static void drop_file_layer(const resolution *r, beluga_config *out)
{
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        beluga__setting *slot = &out->settings.known[key];
        bool named = key == BELUGA_OPTION_PROVIDER || key == BELUGA_OPTION_MODEL_NAME;
        if (key == BELUGA_OPTION_PROVIDER_SPECIFIC)
            drop_own(slot);
        else if (slot->origin == BELUGA_ORIGIN_FILE && (r->given || !named))
            *slot = (beluga__setting){0};
    }
}

/* Drop the key if an alias sets another base URL than the provider's own. A key from the provider's
 * section or from an earlier alias is meant for the provider's own server, and must not be sent to
 * another server. */
static void leave_host(const resolution *r, beluga_config *out,
                       const beluga__config_section *section)
{
    const beluga_provider *provider = beluga_registry_get(r->registry, r->provider);
    const beluga__config_entry *e = section->entries;
    while (e && e->option.key != BELUGA_OPTION_BASE_URL) e = e->next;
    if (!e || e->option.type != BELUGA_OPTION_STRING) return;
    out->own_host =
        !provider || !beluga__config_is_same_url(e->option.value.string, provider->base_url);
    beluga__setting *key = &out->settings.known[BELUGA_OPTION_API_KEY];
    if (out->own_host && key->origin <= BELUGA_ORIGIN_FILE) *key = (beluga__setting){0};
}

/* Apply the provider's sections, and then the aliases. The alias that the caller named is applied
 * last, so its settings win. */
static int apply_sections(const resolution *r, beluga_config *out)
{
    int status = 0;
    for (size_t i = 0; i < out->n_files && !status; i++) {
        const beluga__config_section *section = out->files[i]->providers.first;
        for (; section && !status; section = section->next)
            if (strcmp(section->name, r->provider) == 0)
                status = apply_section(r, out, out->files[i], section);
    }
    for (size_t i = r->n_steps; i-- > 0 && !status;) {
        leave_host(r, out, r->steps[i].alias);
        status = apply_section(r, out, r->steps[i].file, r->steps[i].alias);
        const char *system = r->steps[i].alias->system;
        if (!status && system && beluga__config_set_system(out, system))
            status = beluga_error_set(r->err, BELUGA_ERROR_NO_MEMORY, "no memory for options");
    }
    return status;
}

static int apply_names(const resolution *r, beluga_config *out)
{
    beluga_origin origin = r->file ? BELUGA_ORIGIN_FILE : BELUGA_ORIGIN_MODEL;
    const beluga_option names[] = {beluga_with_provider(r->provider),
                                   beluga_with_model_name(r->model)};
    if (r->given) {
        out->settings.known[BELUGA_OPTION_PROVIDER] = (beluga__setting){0};
        if (r->model) out->settings.known[BELUGA_OPTION_MODEL_NAME] = (beluga__setting){0};
    }
    return beluga__settings_apply(&out->settings, &out->arena, names, 2, origin, r->err);
}

int beluga__config_resolve_provider(const beluga_config *config, beluga_registry *registry,
                                    const char *name, beluga_config **out, beluga_error *err)
{
    const beluga_option provider = beluga_with_provider(name);
    beluga_config *named = beluga_config_copy(config);
    int status = named ? beluga_config_set_n(named, &provider, 1) : BELUGA_ERROR_NO_MEMORY;
    *out = NULL;
    if (status)
        beluga_error_set(err, status, "no memory to copy a configuration");
    else
        status = beluga_config_resolve(named, registry, NULL, out, err);
    beluga_config_free(named);
    return status;
}

int beluga__config_check_reference(const beluga_config *config, beluga_registry *registry,
                                   const char *reference, beluga__config_meaning *meaning,
                                   beluga_error *err)
{
    resolution r = {.config = config, .registry = registry, .err = err, .meaning = meaning};
    int status = find(&r, reference);
    meaning->protocol = status ? NULL : beluga_registry_get(registry, protocol_of(&r));
    return status;
}

int beluga__config_check_provider(const beluga_config *config, beluga_registry *registry,
                                  const char *name, beluga__config_meaning *meaning,
                                  beluga_error *err)
{
    resolution r = {.config = config, .registry = registry, .err = err, .meaning = meaning};
    int status = take_provider(&r, name);
    meaning->protocol = status > 0 ? beluga_registry_get(registry, protocol_of(&r)) : NULL;
    return status > 0 ? 0 : status ? status : fail_unknown(&r, name, false);
}

int beluga_config_resolve(const beluga_config *config, beluga_registry *registry,
                          const char *reference, beluga_config **out, beluga_error *err)
{
    *out = NULL;
    if (!config || !registry)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "config or registry is NULL");
    resolution r = {.config = config, .registry = registry, .err = err};
    int status = find(&r, reference);
    if (status) return status;
    beluga_config *copy = beluga_config_copy(config);
    if (!copy)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory to copy a configuration");
    drop_file_layer(&r, copy);
    copy->system = NULL;
    status = apply_sections(&r, copy);
    if (!status) status = apply_names(&r, copy);
    if (status)
        beluga_config_free(copy);
    else
        *out = copy;
    return status;
}
