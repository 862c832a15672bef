#include "config/config.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/secret_memory.h"

#include <stdlib.h>
#include <string.h>

beluga_config *beluga_config_new_n(const beluga_option *opts, size_t n)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    beluga_config *config = beluga__zalloc(allocator, sizeof *config);
    if (!config) return NULL;
    config->allocator = allocator;
    beluga__arena_init(&config->arena, beluga__secret_allocator(), NULL, 0, BELUGA__MAX_CALL_BYTES);
    if (beluga_config_set_n(config, opts, n) == 0) return config;
    beluga_config_free(config);
    return NULL;
}

int beluga_config_set_n(beluga_config *config, const beluga_option *opts, size_t n)
{
    return beluga__settings_apply(&config->settings, &config->arena, opts, n, BELUGA_ORIGIN_MODEL,
                                  NULL);
}

beluga_config *beluga_config_copy(const beluga_config *config)
{
    beluga_config *copy = beluga_config_new_n(NULL, 0);
    if (!copy || beluga__settings_copy(&copy->settings, &copy->arena, &config->settings)) {
        beluga_config_free(copy);
        return NULL;
    }
    for (size_t i = 0; i < config->n_files; i++) {
        copy->files[i] = config->files[i];
        atomic_fetch_add_explicit(&copy->files[i]->refs, 1, memory_order_relaxed);
    }
    copy->n_files = config->n_files;
    copy->own_host = config->own_host;
    if (beluga__config_set_system(copy, config->system) == 0) return copy;
    beluga_config_free(copy);
    return NULL;
}

int beluga__config_set_system(beluga_config *config, const char *text)
{
    config->system = text ? beluga__arena_copy(&config->arena, text, strlen(text)) : NULL;
    return text && !config->system ? BELUGA_ERROR_NO_MEMORY : 0;
}

const char *beluga_config_system(const beluga_config *config)
{
    return config ? config->system : NULL;
}

void beluga_config_free(beluga_config *config)
{
    if (!config) return;
    for (size_t i = 0; i < config->n_files; i++) beluga__config_file_unref(config->files[i]);
    beluga__arena_free(&config->arena);
    beluga__release(config->allocator, config);
}

beluga__settings *beluga__config_settings(beluga_config *config)
{
    return &config->settings;
}

int beluga_config_load_file(beluga_config *config, const char *path, beluga_error *err)
{
    if (!config || !path)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "config or path is NULL");
    if (config->n_files == BELUGA__MAX_CONFIG_FILES)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "%s: more than %d files", path,
                                BELUGA__MAX_CONFIG_FILES);
    beluga__config_file *file;
    int status = beluga__config_file_new(path, NULL, &file, err);
    if (!status) config->files[config->n_files++] = file;
    return status;
}

/* --- the environment -------------------------------------------------------------------------- */

/* Returns the first variable that is set and not empty, or NULL. */
static const char *first_set(const char *const *names, const char **value)
{
    for (; names && *names; names++) {
        *value = secure_getenv(*names);
        if (*value && **value) return *names;
    }
    return NULL;
}

static int set_env(beluga_config *config, beluga_option option)
{
    return beluga__settings_apply(&config->settings, &config->arena, &option, 1,
                                  BELUGA_ORIGIN_ENVIRONMENT, NULL);
}

static int own_from_env(beluga_config *config, const beluga_provider *provider)
{
    int status = 0;
    for (const beluga_own_option *o = provider->options; o && o->name && !status; o++) {
        const beluga__item *own = beluga__settings_own(&config->settings, o->name);
        const char *value = o->variable ? secure_getenv(o->variable) : NULL;
        if (!value || !*value || (own && own->origin > BELUGA_ORIGIN_ENVIRONMENT)) continue;
        status = set_env(config, beluga_with_provider_specific(o->name, value));
    }
    return status;
}

static int key_from_env(beluga_config *config, const beluga_provider *provider)
{
    static const char prefix[] = "env:";
    const char *value, *name = first_set(provider->key_variables, &value);
    if (!name && !provider->key_reference) return 0;
    if (!name) return set_env(config, beluga_with_api_key(provider->key_reference));
    size_t n = strlen(name);
    char *reference = beluga__arena_alloc(&config->arena, sizeof prefix + n);
    if (!reference) return BELUGA_ERROR_NO_MEMORY;
    memcpy(reference, prefix, sizeof prefix - 1);
    memcpy(reference + sizeof prefix - 1, name, n + 1);
    return set_env(config, beluga_with_api_key(reference));
}

static int url_from_env(beluga_config *config, const beluga_provider *provider)
{
    const char *value;
    if (!first_set(provider->url_variables, &value)) return 0;
    const char *url = beluga__config_complete_url(&config->arena, value, provider->base_url);
    return url ? set_env(config, beluga_with_base_url(url)) : BELUGA_ERROR_NO_MEMORY;
}

/* Read the key, the URL and the provider's own options from the environment. The variables for key
 * and URL are meant for the provider's own server, so they are ignored if an alias has set another
 * one. */
int beluga__config_apply_env(beluga_config *config, const beluga_provider *provider)
{
    if (!beluga__settings_int(&config->settings, BELUGA_OPTION_ENVIRONMENT, 0)) return 0;
    /* A provider without code must not get a key or URL that is meant for its base. */
    if (beluga__settings_has(&config->settings, BELUGA_OPTION_BASE)) return 0;
    int status = config->own_host ? 0 : key_from_env(config, provider);
    if (!status && !config->own_host) status = url_from_env(config, provider);
    return status ? status : own_from_env(config, provider);
}

bool beluga_config_has_own_host(const beluga_config *config)
{
    return config && config->own_host;
}

/* --- aliases ---------------------------------------------------------------------------------- */

static const beluga__config_section *find_in(const beluga__config_file *file, const char *name)
{
    const beluga__config_section *section = file->models.first;
    while (section && strcmp(section->name, name) != 0) section = section->next;
    return section;
}

const beluga__config_section *beluga__config_find_alias(const beluga_config *config,
                                                        const char *name,
                                                        const beluga__config_file **file)
{
    for (size_t i = config->n_files; i-- > 0;) {
        const beluga__config_section *section = find_in(config->files[i], name);
        if (!section) continue;
        *file = config->files[i];
        return section;
    }
    return NULL;
}

static bool is_shadowed(const beluga_config *config, size_t i, const char *name)
{
    while (++i < config->n_files)
        if (find_in(config->files[i], name)) return true;
    return false;
}

bool beluga_config_alias(const beluga_config *config, size_t index, const char **name,
                         const char **reference)
{
    for (size_t i = 0; i < config->n_files; i++) {
        const beluga__config_section *section = config->files[i]->models.first;
        for (; section; section = section->next) {
            if (is_shadowed(config, i, section->name) || index--) continue;
            *name = section->name;
            *reference = section->reference;
            return true;
        }
    }
    return false;
}

const char *beluga_config_default_model(const beluga_config *config)
{
    for (size_t i = config->n_files; i-- > 0;)
        if (config->files[i]->default_model) return config->files[i]->default_model;
    return NULL;
}

/* --- providers without code ------------------------------------------------------------------- */

static const beluga__config_entry *base_of(const beluga__config_section *section)
{
    const beluga__config_entry *entry = section->entries;
    while (entry && entry->option.key != BELUGA_OPTION_BASE) entry = entry->next;
    return entry;
}

static const beluga__config_entry *base_in(const beluga__config_file *file, const char *name)
{
    const beluga__config_entry *entry = NULL;
    for (const beluga__config_section *s = file->providers.first; s && !entry; s = s->next)
        if (strcmp(s->name, name) == 0) entry = base_of(s);
    return entry;
}

const char *beluga__config_find_base(const beluga_config *config, const char *name,
                                     const beluga__config_file **file,
                                     const beluga__config_entry **entry)
{
    const beluga__config_entry *found = NULL;
    for (size_t i = config->n_files; i-- > 0 && !found;) {
        found = base_in(config->files[i], name);
        if (found && file) *file = config->files[i];
    }
    if (found && entry) *entry = found;
    return found ? found->option.value.string : NULL;
}

static bool is_later_base(const beluga_config *config, size_t i, const char *name)
{
    while (++i < config->n_files)
        if (base_in(config->files[i], name)) return true;
    return false;
}

bool beluga_config_provider(const beluga_config *config, size_t index, const char **name,
                            const char **base)
{
    for (size_t i = 0; i < config->n_files; i++) {
        const beluga__config_section *section = config->files[i]->providers.first;
        for (; section; section = section->next) {
            const beluga__config_entry *entry = base_of(section);
            if (!entry || is_later_base(config, i, section->name) || index--) continue;
            *name = section->name;
            *base = entry->option.value.string;
            return true;
        }
    }
    return false;
}

/* --- reading ---------------------------------------------------------------------------------- */

static const beluga__setting *setting(const beluga_config *config, int key)
{
    if (!config || !beluga_option_get_info(key)) return NULL;
    const beluga__setting *slot = &config->settings.known[key];
    return slot->type ? slot : NULL;
}

bool beluga_config_get_string(const beluga_config *config, int key, const char **value)
{
    const beluga__setting *slot = setting(config, key);
    if (!slot || slot->type != BELUGA_OPTION_STRING) return false;
    *value = slot->value.string;
    return true;
}

bool beluga_config_get_int(const beluga_config *config, int key, int64_t *value)
{
    const beluga__setting *slot = setting(config, key);
    if (!slot || !(slot->type == BELUGA_OPTION_INT || slot->type == BELUGA_OPTION_BOOL ||
                   slot->type == BELUGA_OPTION_DURATION || slot->type == BELUGA_OPTION_ENUM))
        return false;
    *value = slot->value.integer;
    return true;
}

bool beluga_config_get_double(const beluga_config *config, int key, double *value)
{
    const beluga__setting *slot = setting(config, key);
    if (!slot || slot->type != BELUGA_OPTION_DOUBLE) return false;
    *value = slot->value.number;
    return true;
}

const char *beluga_config_get_item(const beluga_config *config, int key, size_t index,
                                   size_t *length)
{
    const beluga__setting *slot = setting(config, key);
    bool listed = slot && slot->type == BELUGA_OPTION_LIST;
    const beluga__item *item =
        listed && key != BELUGA_OPTION_PROVIDER_SPECIFIC ? slot->value.items : NULL;
    while (item && index--) item = item->next;
    if (item && length) *length = item->length;
    return item ? item->value.string : NULL;
}

bool beluga_config_get_own_string(const beluga_config *config, const char *name, const char **value,
                                  size_t *length)
{
    const beluga__item *item = config ? beluga__settings_own(&config->settings, name) : NULL;
    if (!item || item->type != BELUGA_OPTION_STRING) return false;
    *value = item->value.string;
    if (length) *length = item->length;
    return true;
}

bool beluga_config_get_own_int(const beluga_config *config, const char *name, int64_t *value)
{
    return config && beluga__item_int(beluga__settings_own(&config->settings, name), value);
}

bool beluga_config_get_own_bool(const beluga_config *config, const char *name, bool *value)
{
    return config && beluga__item_bool(beluga__settings_own(&config->settings, name), value);
}

bool beluga_config_get_own_double(const beluga_config *config, const char *name, double *value)
{
    return config && beluga__item_double(beluga__settings_own(&config->settings, name), value);
}
