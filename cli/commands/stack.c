#include "commands/stack.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <beluga/option.h>

#include "output.h"

#define DETAIL_BYTES 1024
#define VALUE_BYTES  512

typedef struct layer_part {
    const char *layer;
    int key;
    bool makes;
    const char *before, *after;
    const char *otherwise; /* NULL: left out when it is not set */
} layer_part;

/*
 * What each layer shows. The order is that of the library (docs/architecture.md), and so are the
 * defaults. A layer is there when an option that makes it is set.
 */
static const layer_part parts[] = {
    {"cache", BELUGA_OPTION_CACHE_TTL, true, "", "", NULL},
    {"budget", BELUGA_OPTION_BUDGET, true, "$", "", NULL},
    {"fallback", BELUGA_OPTION_FALLBACK, true, "", "", NULL},
    {"fallback", BELUGA_OPTION_ROUTING, false, "routing ", "", NULL},
    {"fallback", BELUGA_OPTION_FALLBACK_ON, false, "on ", "", NULL},
    {"limits", BELUGA_OPTION_REQUESTS_PER_MINUTE, true, "", "/min", NULL},
    {"limits", BELUGA_OPTION_TOKENS_PER_MINUTE, true, "", " tokens/min", NULL},
    {"limits", BELUGA_OPTION_MAX_CONCURRENT_CALLS, true, "", " at once", NULL},
    {"breaker", BELUGA_OPTION_BREAKER_FAILURES, true, "", " failures", NULL},
    {"breaker", BELUGA_OPTION_BREAKER_OPEN_TIME, false, "", "", "15s"},
    {"retry", BELUGA_OPTION_MAX_RETRIES, false, "", "", "3"},
};
#define N_PARTS (sizeof parts / sizeof parts[0])

/* The parts of one layer stand together. */
static size_t end_of(size_t first)
{
    size_t i = first;
    while (i < N_PARTS && strcmp(parts[i].layer, parts[first].layer) == 0) i++;
    return i;
}

static bool is_set(const beluga_config *config, int key)
{
    char value[VALUE_BYTES];
    beluga_origin origin = BELUGA_ORIGIN_NONE;
    beluga_config_describe(config, key, value, sizeof value, &origin);
    return origin != BELUGA_ORIGIN_NONE;
}

/* There is always a retry layer. */
static bool is_there(const beluga_config *config, size_t first, size_t end)
{
    bool makes = false, set = false;
    for (size_t i = first; i < end; i++) {
        makes |= parts[i].makes;
        set |= parts[i].makes && is_set(config, parts[i].key);
    }
    return set || !makes;
}

static void describe(const beluga_config *config, size_t first, size_t end, char *detail)
{
    size_t used = 0;
    *detail = '\0';
    for (size_t i = first; i < end && used < DETAIL_BYTES; i++) {
        char value[VALUE_BYTES];
        if (is_set(config, parts[i].key))
            beluga_config_describe(config, parts[i].key, value, sizeof value, NULL);
        else if (parts[i].otherwise)
            snprintf(value, sizeof value, "%s", parts[i].otherwise);
        else
            continue;
        used += (size_t)snprintf(detail + used, DETAIL_BYTES - used, "%s%s%s%s", used ? ", " : "",
                                 parts[i].before, value, parts[i].after);
    }
}

typedef void (*visit_fn)(void *payload, const char *layer, const char *detail);

static void visit_layers(const beluga_config *config, visit_fn visit, void *payload)
{
    char detail[DETAIL_BYTES];
    const char *provider = NULL;
    for (size_t i = 0, end; i < N_PARTS; i = end) {
        end = end_of(i);
        if (!is_there(config, i, end)) continue;
        describe(config, i, end, detail);
        visit(payload, parts[i].layer, detail);
    }
    if (beluga_config_get_string(config, BELUGA_OPTION_PROVIDER, &provider))
        visit(payload, provider, "");
}

static void print_layer(void *payload, const char *layer, const char *detail)
{
    bool *first = payload;
    if (!*first) out_printf(" > ");
    out_name(layer);
    if (*detail) {
        out_printf(" (");
        out_name(detail);
        out_printf(")");
    }
    *first = false;
}

void stack_print(const beluga_config *config)
{
    bool first = true;
    visit_layers(config, print_layer, &first);
    out_printf("\n");
}

static void put_layer(void *payload, const char *layer, const char *detail)
{
    beluga_json_writer *w = payload;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "layer", layer);
    if (*detail) beluga_json_put_string(w, "detail", detail);
    beluga_json_end_object(w);
}

void stack_put(beluga_json_writer *w, const char *key, const beluga_config *config)
{
    beluga_json_begin_array(w, key);
    if (config) visit_layers(config, put_layer, w);
    beluga_json_end_array(w);
}
