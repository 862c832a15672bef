#include "commands/config_stack.h"

#include "output.h"

#include <stdbool.h>

#define DETAIL_BYTES 1024

typedef void (*visit_fn)(void *payload, const char *layer, const char *detail);

static void visit_layers(const beluga_config *config, visit_fn visit, void *payload)
{
    char detail[DETAIL_BYTES];
    const char *name = NULL;
    for (size_t i = 0; beluga_config_layer(config, i, &name, detail, sizeof detail); i++)
        visit(payload, name, detail);
    if (beluga_config_get_string(config, BELUGA_OPTION_PROVIDER, &name)) visit(payload, name, "");
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
