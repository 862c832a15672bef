#include "client/target.h"

#include "base/line.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "client/stack.h"
#include "config/config.h"
#include "config/derive.h"
#include "model/span.h"
#include "registry/registry.h"

#include <beluga/version.h>

#include <stdio.h>
#include <strings.h>

/* A target and the configuration whose strings it uses. */
typedef struct owned_target {
    beluga__target target;
    beluga_config *config;
    beluga_provider derived; /* the table of a provider without code; unused otherwise */
    /* the exchange of the key for a token; unused if the provider has no encode_token */
    beluga__exchange exchange;
} owned_target;

static void destroy(beluga__target *target)
{
    owned_target *owned = beluga__container_of(target, owned_target, target);
    beluga__runtime *runtime = target->runtime;
    if (target->self && target->provider->close) target->provider->close(target->self);
    beluga__model_release(target->stack);
    beluga__key_unref(target->key);
    for (size_t i = 0; i < target->n_headers; i++) beluga__key_unref(target->headers[i].value);
    beluga__arena_free(&target->arena);
    beluga_config_free(owned->config);
    beluga__release(&runtime->allocator, owned);
    runtime->unref(runtime);
}

static bool is_full(const beluga_provider *provider)
{
    return provider->start != NULL;
}

/* --- address and connection ------------------------------------------------------------------- */

static int show_url(beluga__target *t, const char *url)
{
    beluga__buf shown;
    beluga__buf_init(&shown, &t->runtime->allocator, SIZE_MAX / 2);
    int status = beluga__http_redact_url(&shown, url);
    if (!status) t->shown_url = beluga__arena_copy(&t->arena, shown.data, shown.length);
    beluga__buf_free(&shown);
    return t->shown_url ? 0 : BELUGA_ERROR_NO_MEMORY;
}

/* Returns the base URL as it was configured. It may contain placeholders, such as the name of an
 * account. */
static const char *written_url(const beluga__target *t)
{
    const char *url = beluga__settings_string(&t->settings, BELUGA_OPTION_BASE_URL);
    return url ? url : t->provider->base_url;
}

/* Set the base URL. All placeholders have been filled in. */
static int take_whole_url(beluga__target *t, const char *url, beluga__buf *faults)
{
    size_t n = strlen(url);
    const char *separator = faults->length ? "; " : "";
    char wrong[BELUGA__WRONG_URL];
    int status = show_url(t, url);
    if (status) return status;
    if (!beluga__config_check_url(url, wrong))
        return beluga__buf_printf(faults, "%s%s", separator, wrong);
    if ((strncasecmp(url, "http://", 7) && strncasecmp(url, "https://", 8)) ||
        n > BELUGA__MAX_URL_BYTES)
        return beluga__buf_printf(faults,
                                  "%sbase_url must begin with http:// or https:// (is \"%.80s\")",
                                  separator, t->shown_url);
    while (n && url[n - 1] == '/') n--;
    t->base_url = beluga__arena_copy(&t->arena, url, n);
    return t->base_url ? 0 : BELUGA_ERROR_NO_MEMORY;
}

static int miss_url(const beluga__target *t, beluga__buf *faults)
{
    const char *const *variables = t->provider->url_variables;
    bool named = variables && *variables;
    return beluga__buf_printf(faults, "%sbase_url is missing: set it%s%s",
                              faults->length ? "; " : "", named ? ", or set " : "",
                              named ? *variables : "");
}

static int take_url(beluga__target *t, beluga__buf *faults)
{
    const char *url = written_url(t), *separator = faults->length ? "; " : "";
    char wrong[BELUGA__WRONG_URL];
    beluga__buf whole;
    if (is_full(t->provider)) {
        t->base_url = t->shown_url = url;
        return 0;
    }
    if (!url) return miss_url(t, faults);
    if (!strchr(url, '{')) return take_whole_url(t, url, faults);
    beluga__buf_init(&whole, &t->runtime->allocator, SIZE_MAX / 2);
    int status = beluga__config_fill_url(url, t->protocol, &t->settings, &whole, wrong);
    if (!status)
        status = take_whole_url(t, whole.data, faults);
    else if (status == BELUGA_ERROR_INVALID_CONFIG)
        status = beluga__buf_printf(faults, "%s%s", separator, wrong);
    beluga__buf_free(&whole);
    return status;
}

static int take_model_name(beluga__target *t, beluga__buf *faults)
{
    t->model_name = beluga__settings_string(&t->settings, BELUGA_OPTION_MODEL_NAME);
    if (!t->model_name || !*t->model_name) t->model_name = t->provider->default_model;
    if (t->model_name) {
        t->model_name = beluga__settings_model(&t->settings, t->model_name);
        return 0;
    }
    return beluga__buf_printf(
        faults, "%smodel_name is missing, and %s has no default model: name one, as %s/MODEL",
        faults->length ? "; " : "", t->provider->name, t->provider->name);
}

static int take_metric_prefix(beluga__target *t)
{
    char text[128];
    t->metric_prefix = t->provider->metric_prefix;
    if (t->metric_prefix) return 0;
    int n = snprintf(text, sizeof text, "beluga.%s", t->provider->name);
    t->metric_prefix = beluga__arena_copy(&t->arena, text, (size_t)n);
    return t->metric_prefix ? 0 : BELUGA_ERROR_NO_MEMORY;
}

static uint64_t next_connection(void)
{
    static _Atomic uint64_t next_id = 1;
    return atomic_fetch_add(&next_id, 1);
}

/* Returns the User-Agent header line, or NULL if out of memory. */
static const char *agent_of(beluga__target *t)
{
    static const char name[] = BELUGA__AGENT;
    const char *agent = beluga__settings_string(&t->settings, BELUGA_OPTION_USER_AGENT);
    if (!agent) return BELUGA__AGENT "beluga/" BELUGA_VERSION_STRING;
    size_t n = strlen(agent) + 1;
    char *line = beluga__arena_alloc(&t->arena, sizeof name - 1 + n);
    if (!line) return NULL;
    memcpy(line, name, sizeof name - 1);
    memcpy(line + sizeof name - 1, agent, n);
    return line;
}

static int take_connection(beluga__target *t)
{
    const beluga__settings *s = &t->settings;
    const char *proxy = beluga__settings_string(s, BELUGA_OPTION_PROXY);
    /* With a NULL proxy libcurl reads its environment variables; with "" it does not. */
    bool from_environment = beluga__settings_int(s, BELUGA_OPTION_ENVIRONMENT, 0);
    t->connection = (beluga__connection){
        .id = next_connection(),
        .ca_file = beluga__settings_string(s, BELUGA_OPTION_CA_FILE),
        .client_certificate = beluga__settings_string(s, BELUGA_OPTION_CLIENT_CERTIFICATE),
        .client_key = beluga__settings_string(s, BELUGA_OPTION_CLIENT_KEY),
        .proxy = proxy              ? proxy
                 : from_environment ? NULL
                                    : "",
        .unix_socket = beluga__settings_string(s, BELUGA_OPTION_UNIX_SOCKET),
        .agent = agent_of(t),
        .http_version =
            (int)beluga__settings_int(s, BELUGA_OPTION_HTTP_VERSION, BELUGA_HTTP_VERSION_AUTO),
        .environment = from_environment,
    };
    return t->connection.agent ? 0 : BELUGA_ERROR_NO_MEMORY;
}

/* --- the key ---------------------------------------------------------------------------------- */

/* Returns whether the target needs a key. A server at another address than the provider's own
 * usually needs none. */
static bool needs_key(const beluga__target *t)
{
    if (t->provider->capabilities & BELUGA_CAPABILITY_NO_KEY) return false;
    return !is_full(t->provider) && t->provider->key_variables &&
           beluga__config_is_same_url(written_url(t), t->provider->base_url);
}

/* Set the key for a replay of a cassette. A replay sends no key, so no file is read and no command
 * is run. A key that is known without that (a literal, or an environment variable) is kept, so that
 * it is masked as it was in the recording. */
static void take_replay_key(beluga__target *t, const char *key)
{
    beluga_error unused;
    if (!key || !*key || beluga__key_new(t->runtime, key, &t->key, &unused)) return;
    if (beluga__key_is_value(t->key)) return;
    beluga__key_unref(t->key);
    t->key = NULL;
}

static int take_key(beluga__target *t, beluga_error *err)
{
    const beluga__setting *function = &t->settings.known[BELUGA_OPTION_KEY_SOURCE];
    const char *key = beluga__settings_string(&t->settings, BELUGA_OPTION_API_KEY);
    if (t->runtime->replays) {
        t->key_set = function->type || (key && *key);
        take_replay_key(t, key);
        return 0;
    }
    if (function->type) {
        t->key_set = true;
        return beluga__key_new_source(t->runtime, function->value.pointer, &t->key, err);
    }
    if (key && *key) {
        t->key_set = true;
        return beluga__key_new(t->runtime, key, &t->key, err);
    }
    if (!needs_key(t)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                            "no key for %s: set %s, or the option api_key", t->provider->name,
                            t->provider->key_variables[0]);
}

static void hold(void *target)
{
    beluga__target_ref(target);
}

static void let_go(void *target)
{
    beluga__target_unref(target);
}

/* Returns the connection for token requests. They go to another server than the model's requests,
 * so the option unix_socket does not apply to them. */
static beluga__connection connection_for_tokens(const beluga__target *t)
{
    beluga__connection connection = t->connection;
    if (!connection.unix_socket) return connection;
    connection.unix_socket = NULL;
    connection.id = next_connection();
    return connection;
}

/* Set up the exchange of the key for a token. Call this when the provider's `open` has
 * succeeded. */
static int take_exchange(owned_target *owned, beluga_error *err)
{
    beluga__target *t = &owned->target;
    if (!t->key || !t->provider->encode_token || t->runtime->replays) return 0;
    if (!beluga__settings_int(&t->settings, BELUGA_OPTION_EXCHANGE_KEY, 1)) return 0;
    owned->exchange = (beluga__exchange){
        .provider = t->provider,
        .self = t->self,
        .config = owned->config,
        .base_url = t->base_url,
        .connection = connection_for_tokens(t),
        .connect_timeout_ms = beluga__settings_int(&t->settings, BELUGA_OPTION_CONNECT_TIMEOUT,
                                                   BELUGA__CONNECT_TIMEOUT_MS),
        .owner = t,
        .hold = hold,
        .let_go = let_go,
    };
    beluga_error why;
    int status = beluga__key_set_exchange(t->key, &owned->exchange, &why);
    if (status && err) *err = why;
    return status;
}

/* --- headers ---------------------------------------------------------------------------------- */

/* Set the value of a header that refers to a secret, for a replay of a cassette. No file is read
 * and no command is run: a placeholder replaces their secrets. The value of an environment variable
 * is kept, so that it is masked as it was in the recording. */
static int take_replay_value(beluga__target *t, beluga__target_header *header, const char *value,
                             beluga_error *err)
{
    beluga_error unused;
    if (beluga__key_new(t->runtime, value, &header->value, &unused) == 0) {
        if (beluga__key_is_value(header->value)) return 0;
        beluga__key_unref(header->value);
    }
    header->secret = false;
    return beluga__key_new_value(t->runtime, "replayed", &header->value, err);
}

/* Set a header's value: the secret if the text refers to one (env:, file:, command:), else the
 * text. A text such as "aws:..." is not a reference here, since the credentials of an account are
 * never a header. */
static int take_header_value(beluga__target *t, beluga__target_header *header, const char *value,
                             beluga_error *err)
{
    beluga_error why;
    header->secret = beluga__key_is_reference(value);
    if (header->secret && t->runtime->replays) return take_replay_value(t, header, value, err);
    int status = header->secret ? beluga__key_new(t->runtime, value, &header->value, &why)
                                : beluga__key_new_value(t->runtime, value, &header->value, &why);
    if (!status) return 0;
    return beluga_error_set(err, status, "header %.60s: %s", header->name, why.message);
}

/* Add a header line "Name: value", whose form was checked before. An empty value removes the
 * header. */
static int take_header(beluga__target *t, const char *line, beluga_error *err)
{
    const char *colon = strchr(line, ':'), *value = colon + 1 + strspn(colon + 1, " \t");
    beluga__target_header *header = &t->headers[t->n_headers];
    header->name = beluga__arena_copy(&t->arena, line, (size_t)(colon - line));
    if (!header->name)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the headers");
    int status = *value ? take_header_value(t, header, value, err) : 0;
    if (!status) t->n_headers++;
    return status;
}

static int take_headers(beluga__target *t, beluga_error *err)
{
    const beluga__setting *slot = &t->settings.known[BELUGA_OPTION_HEADERS];
    const beluga__item *first = slot->type == BELUGA_OPTION_LIST ? slot->value.items : NULL;
    size_t n = 0;
    int status = 0;
    if (!first || is_full(t->provider)) return 0;
    for (const beluga__item *item = first; item; item = item->next) n++;
    t->headers = beluga__arena_zalloc(&t->arena, n * sizeof *t->headers);
    if (!t->headers)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the headers");
    for (const beluga__item *item = first; item && !status; item = item->next)
        status = take_header(t, item->value.string, err);
    return status;
}

/* --- the whole target ------------------------------------------------------------------------- */

/* Check that prices are known if there is a budget: without them the costs can't be computed. */
static int check_price(const beluga__target *t, const beluga_prices *prices, beluga_error *err)
{
    beluga_price unused;
    if (beluga_prices_find(prices, t->provider->name, t->model_name, &unused)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                            "budget: the price of %.48s/%.90s is not known: set the option prices "
                            "to a file that has it",
                            t->provider->name, t->model_name);
}

/* Load the prices if there is a budget; otherwise *out is set to NULL. */
static int load_prices(const beluga__target *t, const beluga__others *others, beluga_prices **out,
                       beluga_error *err)
{
    *out = NULL;
    if (!beluga__settings_has(&t->settings, BELUGA_OPTION_BUDGET)) return 0;
    int status =
        beluga_prices_load(beluga__settings_string(&t->settings, BELUGA_OPTION_PRICES), out, err);
    if (!status) status = check_price(t, *out, err);
    for (size_t i = 0; i < others->n && !status; i++)
        status = check_price(others->targets[i], *out, err);
    if (!status) return 0;
    beluga_prices_free(*out);
    *out = NULL;
    return status;
}

static int build_stack(beluga__target *t, const beluga__others *others, beluga_error *err)
{
    beluga__stack_plan plan = {.runtime = t->runtime,
                               .settings = &t->settings,
                               .others = others->targets,
                               .n_others = others->n};
    int status =
        beluga__settings_has(&t->settings, BELUGA_OPTION_CACHE_TTL) ? beluga__cache_check(err) : 0;
    if (!status) status = load_prices(t, others, &plan.prices, err);
    if (status) return status;
    t->stack =
        beluga__stack_new(&plan, is_full(t->provider) ? beluga__full_adapter_new(t->runtime)
                                                      : beluga__http_adapter_new(t->runtime));
    return t->stack ? 0
                    : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory to open a model");
}

static int take_stack(owned_target *owned, beluga__open_others_fn open_others, beluga_error *err)
{
    beluga__target *t = &owned->target;
    beluga__others others = {.n = 0};
    int status = open_others(beluga__client_of(t->runtime), owned->config, &others, err);
    if (!status) status = build_stack(t, &others, err);
    for (size_t i = 0; i < others.n; i++) beluga__target_unref(others.targets[i]);
    return status;
}

/* Check the configuration. The error contains all its faults. */
static int check(beluga__target *t, beluga_error *err)
{
    beluga__buf faults;
    beluga__buf_init(&faults, &t->runtime->allocator, sizeof err->message);
    beluga_error ranges;
    int status = beluga__settings_check_all(&t->settings, 'M', t->provider->name,
                                            t->provider->options, &ranges);
    if (status == BELUGA_ERROR_NO_MEMORY)
        return beluga_error_set(err, status, "no memory to open a model");
    if (status) beluga__buf_puts(&faults, ranges.message);
    if (is_full(t->provider) && (beluga__settings_has(&t->settings, BELUGA_OPTION_HEADERS) ||
                                 beluga__settings_has(&t->settings, BELUGA_OPTION_BODY)))
        beluga__buf_printf(&faults, "%sheaders and body have no effect, since %s does not use HTTP",
                           faults.length ? "; " : "", t->protocol->name);
    int memory = take_model_name(t, &faults);
    if (!memory) memory = take_url(t, &faults);
    /* the list of faults is full, and the first ones are enough */
    if (memory == BELUGA_ERROR_LIMIT_EXCEEDED) memory = 0;
    if (memory)
        status = beluga_error_set(err, memory, "no memory to open a model");
    else if (faults.length)
        status = beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s", faults.data);
    beluga__buf_free(&faults);
    return status;
}

/* Set the target's name, which errors and events show. */
static int take_name(owned_target *owned, const char *name)
{
    beluga__target *t = &owned->target;
    if (strcmp(name, t->provider->name) == 0) return 0;
    name = beluga__arena_copy(&t->arena, name, strlen(name));
    if (!name) return BELUGA_ERROR_NO_MEMORY;
    beluga__derive(&owned->derived, t->protocol, name, owned->config);
    t->provider = &owned->derived;
    return 0;
}

/* Run the provider's `open`. A provider whose `open` fails must free everything that it made. */
static int open_provider(owned_target *owned, beluga_error *err)
{
    beluga__target *t = &owned->target;
    if (!t->provider->open) return 0;
    beluga_error unset = {0};
    int status = t->provider->open(owned->config, &t->self, &unset);
    if (!status) return 0;
    t->self = NULL;
    if (!unset.code) beluga_error_set(&unset, status, "%s", beluga_error_text(status));
    if (err) *err = unset;
    return status;
}

static int fill(owned_target *owned, const char *name, const beluga_config *config,
                beluga__open_others_fn open_others, beluga_error *err)
{
    beluga__target *t = &owned->target;
    owned->config = config ? beluga_config_copy(config) : beluga_config_new_n(NULL, 0);
    int status = owned->config ? take_name(owned, name) : BELUGA_ERROR_NO_MEMORY;
    if (!status) status = beluga__config_apply_env(owned->config, t->provider);
    if (status) return beluga_error_set(err, status, "no memory to copy the configuration");
    t->settings = *beluga__config_settings(owned->config);
    status = check(t, err);
    if (!status) status = take_headers(t, err);
    if (!status) status = take_key(t, err);
    if (!status && (take_metric_prefix(t) || take_connection(t)))
        status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory to open a model");
    if (status) return status;
    t->plain = beluga__span_is_plain(&t->settings);
    /* Size of the first block of a call without HTTP. Most such calls fit into it, and malloc is
     * fastest for blocks of up to a KiB. */
    enum { FULL = 928, ATTEMPT = 256 };
    if (is_full(t->provider)) t->call_bytes = FULL + (t->runtime->telemetry ? ATTEMPT : 0);
    status = take_stack(owned, open_others, err);
    if (!status) status = open_provider(owned, err);
    return status ? status : take_exchange(owned, err);
}

int beluga__target_new(beluga_client *client, const beluga_provider *provider, const char *name,
                       const beluga_config *config, beluga__open_others_fn open_others,
                       beluga__target **out, beluga_error *err)
{
    owned_target *owned = beluga__zalloc(&client->runtime.allocator, sizeof *owned);
    *out = NULL;
    if (!owned) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory to open a model");
    beluga__target *t = &owned->target;
    atomic_init(&t->refs, 1);
    t->runtime = &client->runtime;
    t->runtime->ref(t->runtime);
    beluga__provider_origin origin = beluga__registry_origin(client->registry, provider);
    t->provider = t->protocol = provider;
    t->given = origin.given;
    t->builtin = origin.builtin;
    t->destroy = destroy;
    beluga__arena_init(&t->arena, beluga__secret_allocator(), NULL, 0, BELUGA__MAX_CALL_BYTES);
    int status = fill(owned, name, config, open_others, err);
    if (!status) {
        *out = t;
        return 0;
    }
    if (err) {
        /* the provider may have written the error, so it may hold any bytes */
        beluga__error_clean(err);
        beluga__error_label(err, provider, t->provider->name);
        if (t->model_name) beluga__error_label(err, model, t->model_name);
    }
    beluga__target_unref(t);
    return status;
}
