/* beluga providers: whom it can talk to. */
#include <stdio.h>
#include <string.h>

#include <beluga/chat_model.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include "command.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "table.h"

#define MAX_PROVIDERS 256

static const struct {
    uint64_t bit;
    const char *name;
} capabilities[] = {
    {BELUGA_CAPABILITY_STREAM, "stream"},       {BELUGA_CAPABILITY_TOOLS, "tools"},
    {BELUGA_CAPABILITY_REASONING, "reasoning"}, {BELUGA_CAPABILITY_IMAGES, "images"},
    {BELUGA_CAPABILITY_AUDIO, "audio"},         {BELUGA_CAPABILITY_FILES, "files"},
    {BELUGA_CAPABILITY_SCHEMA, "schema"},       {BELUGA_CAPABILITY_CACHE, "cache"},
    {BELUGA_CAPABILITY_MODELS, "models"},       {BELUGA_CAPABILITY_LOCAL, "local"},
};
#define N_CAPABILITIES (sizeof capabilities / sizeof capabilities[0])

static const char *type_name(uint32_t type)
{
    switch (type) {
    case BELUGA_OPTION_BOOL: return "bool";
    case BELUGA_OPTION_INT: return "int";
    case BELUGA_OPTION_DOUBLE: return "number";
    default: return "text";
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_names(beluga_json_writer *w, const char *key, const char *const *names)
{
    beluga_json_begin_array(w, key);
    for (; names && *names; names++) beluga_json_put_string(w, NULL, *names);
    beluga_json_end_array(w);
}

static void put_own_options(beluga_json_writer *w, const beluga_own_option *option)
{
    beluga_json_begin_array(w, "options");
    for (; option && option->name; option++) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "name", option->name);
        beluga_json_put_string(w, "type", type_name(option->type));
        beluga_json_put_string(w, "meaning", option->meaning);
        if (option->minimum < option->maximum) {
            beluga_json_put_double(w, "minimum", option->minimum);
            beluga_json_put_double(w, "maximum", option->maximum);
        }
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_provider(beluga_json_writer *w, const beluga_provider *p)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "name", p->name);
    beluga_json_put_string(w, "default_model", p->default_model);
    beluga_json_put_string(w, "base_url", p->base_url);
    put_names(w, "key_variables", p->key_variables);
    beluga_json_put_string(w, "key_set_by", session_find_variable(p->key_variables));
    put_names(w, "url_variables", p->url_variables);
    beluga_json_begin_array(w, "capabilities");
    for (size_t i = 0; i < N_CAPABILITIES; i++)
        if (p->capabilities & capabilities[i].bit)
            beluga_json_put_string(w, NULL, capabilities[i].name);
    beluga_json_end_array(w);
    put_own_options(w, p->options);
    beluga_json_end_object(w);
}

static int print_json(const beluga_provider *const *providers, size_t n)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_begin_array(w, "providers");
        for (size_t i = 0; i < n; i++) put_provider(w, providers[i]);
        beluga_json_end_array(w);
        beluga_json_end_object(w);
    }
    return report_json(w);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void describe_key(const beluga_provider *p, char *text, size_t size)
{
    const char *variable = session_find_variable(p->key_variables);
    if (variable)
        snprintf(text, size, "%s is set", variable);
    else if (!p->key_variables || !p->key_variables[0] ||
             p->capabilities & BELUGA_CAPABILITY_NO_KEY)
        snprintf(text, size, "not needed");
    else
        snprintf(text, size, "set %s", p->key_variables[0]);
}

static void describe_capabilities(const beluga_provider *p, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < N_CAPABILITIES; i++) {
        if (!(p->capabilities & capabilities[i].bit) || used >= size) continue;
        int n = snprintf(text + used, size - used, "%s%s", used ? ", " : "", capabilities[i].name);
        used += n > 0 ? (size_t)n : 0;
    }
}

static int print_table(const beluga_provider *const *providers, size_t n)
{
    static const char *const titles[] = {"PROVIDER", "DEFAULT MODEL", "KEY", "CAN"};
    struct table table;
    table_begin(&table, 4, titles);
    for (size_t i = 0; i < n; i++) {
        char key[128], can[160];
        describe_key(providers[i], key, sizeof key);
        describe_capabilities(providers[i], can, sizeof can);
        table_add(&table, providers[i]->name);
        table_add(&table, providers[i]->default_model ? providers[i]->default_model : "-");
        table_add(&table, key);
        table_add(&table, can);
    }
    return table_print(&table);
}

static int print_one(const beluga_provider *p)
{
    static const char *const titles[] = {"OPTION", "TYPE", "MEANING"};
    struct table table;
    char key[128], can[160];
    describe_key(p, key, sizeof key);
    describe_capabilities(p, can, sizeof can);
    out_printf("name           %s\ndefault model  %s\nkey            %s\nbase URL       %s\n"
               "can            %s\n",
               p->name, p->default_model ? p->default_model : "-", key,
               p->base_url ? p->base_url : "-", can);
    if (!p->options || !p->options->name) return CLI_EXIT_OK;
    out_printf("\n");
    table_begin(&table, 3, titles);
    for (const beluga_own_option *o = p->options; o->name; o++) {
        table_add(&table, o->name);
        table_add(&table, type_name(o->type));
        table_add(&table, o->meaning);
    }
    return table_print(&table);
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Opening it gives the error that says what there is. */
static int unknown(const struct args *args, beluga_registry *registry, const char *name)
{
    beluga_chat_model *model;
    beluga_error err;
    beluga_registry_open(registry, name, NULL, &model, &err);
    return report_error(args, &err, NULL);
}

static int run(const struct args *args)
{
    const char *names[MAX_PROVIDERS];
    const beluga_provider *providers[MAX_PROVIDERS];
    beluga_registry *registry = beluga_registry_default();
    if (!registry) return out_no_memory();
    size_t n = beluga_registry_list(registry, names, MAX_PROVIDERS);
    if (n > MAX_PROVIDERS) n = MAX_PROVIDERS;
    for (size_t i = 0; i < n; i++) providers[i] = beluga_registry_get(registry, names[i]);
    if (args->operands.count) {
        const char *name = args->operands.items[0];
        providers[0] = beluga_registry_get(registry, name);
        if (!providers[0]) return unknown(args, registry, name);
        return args->json ? print_json(providers, 1) : print_one(providers[0]);
    }
    return args->json ? print_json(providers, n) : print_table(providers, n);
}

const struct command cmd_providers = {
    .name = "providers",
    .operands = "[NAME]",
    .summary = "List the providers, or tell about one and its own options.",
    .details = "Nothing is sent. In a pipe the columns are separated by tabs and have no titles. "
               "With --json: {\"providers\": [{name, default_model, base_url, key_variables, "
               "key_set_by, url_variables, capabilities, options}]}.",
    .takes = ARG_JSON | ARG_HELP | ARG_VERSION,
    .max_operands = 1,
    .run = run,
};
