#include "options/option.h"

#include "base/text.h"

#include <string.h>

_Static_assert(sizeof(void *) != 8 || sizeof(beluga_option) == 32, "the layout is frozen");

enum { SCOPE_M = 'M', SCOPE_C = 'C', SCOPE_B = 'B' };

static const beluga_option_info infos[] = {
#define XX(constant, name, type, min, max, scope, meaning) \
    [BELUGA_OPTION_##constant] = {name, meaning, min, max, BELUGA_OPTION_##type, SCOPE_##scope},
    BELUGA_OPTION_MAP(XX)
#undef XX
};

const beluga_option_info *beluga_option_get_info(int key)
{
    return key > BELUGA_OPTION_END && key < BELUGA_OPTION_COUNT ? &infos[key] : NULL;
}

bool beluga_option_shapes_answer(int key)
{
    switch (key) {
    case BELUGA_OPTION_TEMPERATURE:
    case BELUGA_OPTION_TOP_P:
    case BELUGA_OPTION_TOP_K:
    case BELUGA_OPTION_MAX_TOKENS:
    case BELUGA_OPTION_FREQUENCY_PENALTY:
    case BELUGA_OPTION_PRESENCE_PENALTY:
    case BELUGA_OPTION_STOP_SEQUENCES:
    case BELUGA_OPTION_SEED:
    case BELUGA_OPTION_TOOL_CHOICE:
    case BELUGA_OPTION_PARALLEL_TOOL_CALLS:
    case BELUGA_OPTION_RESPONSE_SCHEMA:
    case BELUGA_OPTION_RESPONSE_SCHEMA_NAME:
    case BELUGA_OPTION_RESPONSE_SCHEMA_STRICT:
    case BELUGA_OPTION_JSON_MODE:
    case BELUGA_OPTION_REASONING_EFFORT:
    case BELUGA_OPTION_REASONING_BUDGET:
    case BELUGA_OPTION_USER:
    case BELUGA_OPTION_EXTRA_BODY:
    case BELUGA_OPTION_EXTRA_HEADERS:
    case BELUGA_OPTION_PROVIDER_SPECIFIC:
    case BELUGA_OPTION_HEADERS:
    case BELUGA_OPTION_BODY: return true;
    default: return false;
    }
}

int beluga__option_find(const char *name, size_t length)
{
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++)
        if (strlen(infos[key].name) == length && memcmp(infos[key].name, name, length) == 0)
            return key;
    return 0;
}

/* Returns the name of an option that `name` abbreviates, or NULL. If there are several, returns the
 * shortest one, since it is the most likely. */
static const char *abbreviated(const char *name)
{
    const char *best = NULL;
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const char *whole = infos[key].name;
        if (best && strlen(whole) >= strlen(best)) continue;
        if (beluga__text_abbreviates(name, whole)) best = whole;
    }
    return best;
}

const char *beluga__option_nearest(const char *name)
{
    enum { NEAR = 2 };
    const char *best = NULL;
    unsigned best_distance = NEAR + 1;
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        unsigned distance = beluga__text_distance(name, infos[key].name, NEAR);
        if (distance >= best_distance) continue;
        best = infos[key].name;
        best_distance = distance;
    }
    return best ? best : abbreviated(name);
}

const char *const *beluga__option_words(int key)
{
    static const char *const efforts[] = {"none", "minimal", "low", "medium",
                                          "high", "xhigh",   "max", NULL};
    static const char *const versions[] = {"auto", "1.1", "2", NULL};
    static const char *const purposes[] = {"query",          "document",   "similarity",
                                           "classification", "clustering", NULL};
    static const char *const routings[] = {"in_order", "round_robin", "weighted", NULL};
    if (key == BELUGA_OPTION_REASONING_EFFORT) return efforts;
    if (key == BELUGA_OPTION_ROUTING) return routings;
    if (key == BELUGA_OPTION_INPUT_TYPE) return purposes;
    return key == BELUGA_OPTION_HTTP_VERSION ? versions : NULL;
}

/* --- constructors ----------------------------------------------------------------------------- */

/* There are eighty constructors, so their common code is in these functions, which are not inlined.
 * An option whose type is 0 is treated as not set. */
#define SHARED __attribute__((noinline)) static

SHARED beluga_option text_option(uint16_t key, const char *name, const char *value, size_t length)
{
    beluga_option option = {.key = key, .name = name};
    if (!value) return option;
    option.type = (uint16_t)infos[key].type; /* the type is STRING or LIST */
    option.value.string = value;
    option.length = length;
    return option;
}

SHARED beluga_option whole_text_option(uint16_t key, const char *value)
{
    return text_option(key, NULL, value, value ? strlen(value) : 0);
}

SHARED beluga_option integer_option(uint16_t key, int64_t value)
{
    return (beluga_option){.key = key, .type = (uint16_t)infos[key].type, .value.integer = value};
}

#define TEXT(function, constant)                                   \
    beluga_option beluga_with_##function(const char *value)        \
    {                                                              \
        return whole_text_option(BELUGA_OPTION_##constant, value); \
    }
#define INTEGER(function, constant, ctype)                               \
    beluga_option beluga_with_##function(ctype value)                    \
    {                                                                    \
        return integer_option(BELUGA_OPTION_##constant, (int64_t)value); \
    }
#define NUMBER(function, constant)                                                                 \
    beluga_option beluga_with_##function(double value)                                             \
    {                                                                                              \
        return (beluga_option){                                                                    \
            .key = BELUGA_OPTION_##constant, .type = BELUGA_OPTION_DOUBLE, .value.number = value}; \
    }

TEXT(provider, PROVIDER)
TEXT(model_name, MODEL_NAME)
TEXT(api_key, API_KEY)
TEXT(base_url, BASE_URL)
NUMBER(temperature, TEMPERATURE)
NUMBER(top_p, TOP_P)
INTEGER(top_k, TOP_K, int64_t)
INTEGER(max_tokens, MAX_TOKENS, int64_t)
NUMBER(frequency_penalty, FREQUENCY_PENALTY)
NUMBER(presence_penalty, PRESENCE_PENALTY)
TEXT(stop_sequence, STOP_SEQUENCES)
INTEGER(seed, SEED, int64_t)
INTEGER(timeout_ms, TIMEOUT, int64_t)
INTEGER(connect_timeout_ms, CONNECT_TIMEOUT, int64_t)
INTEGER(first_event_timeout_ms, FIRST_EVENT_TIMEOUT, int64_t)
INTEGER(idle_timeout_ms, IDLE_TIMEOUT, int64_t)
INTEGER(total_timeout_ms, TOTAL_TIMEOUT, int64_t)
INTEGER(progress_timeout_ms, PROGRESS_TIMEOUT, int64_t)
INTEGER(max_retries, MAX_RETRIES, int64_t)
INTEGER(retry_delay_ms, RETRY_DELAY, int64_t)
NUMBER(retry_backoff, RETRY_BACKOFF)
INTEGER(max_concurrent_batches, MAX_CONCURRENT_BATCHES, int64_t)
INTEGER(enable_streaming, ENABLE_STREAMING, bool)
INTEGER(enable_tracing, ENABLE_TRACING, bool)
INTEGER(enable_metrics, ENABLE_METRICS, bool)
INTEGER(enable_structured_logging, ENABLE_STRUCTURED_LOGGING, bool)
INTEGER(enable_tool_calling, ENABLE_TOOL_CALLING, bool)
TEXT(tool_choice, TOOL_CHOICE)
INTEGER(parallel_tool_calls, PARALLEL_TOOL_CALLS, bool)
INTEGER(max_tool_steps, MAX_TOOL_STEPS, int64_t)
INTEGER(max_concurrent_tools, MAX_CONCURRENT_TOOLS, int64_t)
INTEGER(tool_timeout_ms, TOOL_TIMEOUT, int64_t)
INTEGER(propagate_trace, PROPAGATE_TRACE, bool)
TEXT(response_schema, RESPONSE_SCHEMA)
TEXT(response_schema_name, RESPONSE_SCHEMA_NAME)
INTEGER(response_schema_strict, RESPONSE_SCHEMA_STRICT, bool)
INTEGER(json_mode, JSON_MODE, bool)
INTEGER(reasoning_effort, REASONING_EFFORT, beluga_reasoning_effort)
INTEGER(reasoning_budget, REASONING_BUDGET, int64_t)
TEXT(retry_on, RETRY_ON)
NUMBER(retry_budget, RETRY_BUDGET)
INTEGER(breaker_failures, BREAKER_FAILURES, int64_t)
INTEGER(breaker_open_time_ms, BREAKER_OPEN_TIME, int64_t)
INTEGER(breaker_probes, BREAKER_PROBES, int64_t)
INTEGER(requests_per_minute, REQUESTS_PER_MINUTE, int64_t)
INTEGER(tokens_per_minute, TOKENS_PER_MINUTE, int64_t)
INTEGER(max_concurrent_calls, MAX_CONCURRENT_CALLS, int64_t)
INTEGER(limit_wait_ms, LIMIT_WAIT, int64_t)
TEXT(fallback, FALLBACK)
TEXT(fallback_on, FALLBACK_ON)
INTEGER(routing, ROUTING, beluga_routing)
INTEGER(weight, WEIGHT, int64_t)
TEXT(routing_key, ROUTING_KEY)
INTEGER(cache_ttl_ms, CACHE_TTL, int64_t)
NUMBER(budget, BUDGET)
TEXT(prices, PRICES)
TEXT(user, USER)
TEXT(extra_body, EXTRA_BODY)
TEXT(request_body, REQUEST_BODY)
TEXT(extra_header, EXTRA_HEADERS)
TEXT(base, BASE)
TEXT(header, HEADERS)
TEXT(body, BODY)
TEXT(model_alias, MODELS)
INTEGER(dimensions, DIMENSIONS, int64_t)
INTEGER(input_type, INPUT_TYPE, beluga_input_type)
INTEGER(max_inputs, MAX_INPUTS, int64_t)
INTEGER(wire_streaming, WIRE_STREAMING, bool)
INTEGER(restart_delivery, RESTART_DELIVERY, bool)
INTEGER(strict, STRICT, bool)
INTEGER(strict_media, STRICT_MEDIA, bool)
INTEGER(exchange_key, EXCHANGE_KEY, bool)
INTEGER(raw_events, RAW_EVENTS, bool)
TEXT(ca_file, CA_FILE)
TEXT(client_certificate, CLIENT_CERTIFICATE)
TEXT(client_key, CLIENT_KEY)
TEXT(proxy, PROXY)
TEXT(unix_socket, UNIX_SOCKET)
TEXT(user_agent, USER_AGENT)
INTEGER(http_version, HTTP_VERSION, beluga_http_version)
INTEGER(max_response_bytes, MAX_RESPONSE_BYTES, int64_t)
INTEGER(max_event_bytes, MAX_EVENT_BYTES, int64_t)

beluga_option beluga_with_request_body_n(const char *json_object, size_t length)
{
    return text_option(BELUGA_OPTION_REQUEST_BODY, NULL, json_object, length);
}

static beluga_option pointer_option(uint16_t key, const void *pointer)
{
    return (beluga_option){.key = key,
                           .type = pointer ? BELUGA_OPTION_POINTER : 0,
                           .value.pointer = (void *)(uintptr_t)pointer};
}

beluga_option beluga_with_partial(beluga_response **partial)
{
    return pointer_option(BELUGA_OPTION_PARTIAL, partial);
}

beluga_option beluga_with_key_source(const beluga_key_source *source)
{
    return pointer_option(BELUGA_OPTION_KEY_SOURCE, source);
}

beluga_option beluga_with_cache(const struct beluga_cache_store *store)
{
    return pointer_option(BELUGA_OPTION_CACHE, store);
}

beluga_option beluga_with_hooks(const struct beluga_hooks *hooks)
{
    return pointer_option(BELUGA_OPTION_HOOKS, hooks);
}

beluga_option beluga_with_env(void)
{
    return integer_option(BELUGA_OPTION_ENVIRONMENT, true);
}

beluga_option beluga_with_provider_specific(const char *name, const char *value)
{
    return beluga_with_provider_specific_n(name, value, value ? strlen(value) : 0);
}

beluga_option beluga_with_provider_specific_n(const char *name, const char *value, size_t length)
{
    return text_option(BELUGA_OPTION_PROVIDER_SPECIFIC, name, name ? value : NULL, length);
}

static beluga_option own_option(const char *name, uint16_t type)
{
    return (beluga_option){
        .key = BELUGA_OPTION_PROVIDER_SPECIFIC, .type = name ? type : 0, .name = name};
}

beluga_option beluga_with_provider_specific_int(const char *name, int64_t value)
{
    beluga_option option = own_option(name, BELUGA_OPTION_INT);
    option.value.integer = value;
    return option;
}

beluga_option beluga_with_provider_specific_double(const char *name, double value)
{
    beluga_option option = own_option(name, BELUGA_OPTION_DOUBLE);
    option.value.number = value;
    return option;
}

beluga_option beluga_with_provider_specific_bool(const char *name, bool value)
{
    beluga_option option = own_option(name, BELUGA_OPTION_BOOL);
    option.value.integer = value;
    return option;
}
