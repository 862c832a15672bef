/* beluga models: lists the names that -m takes. */
#include "base/limits.h"
#include "commands/command.h"
#include "configuration.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "terminal/interrupt.h"
#include "terminal/table.h"

#include <beluga/allocator.h>
#include <beluga/context.h>
#include <beluga/model_info.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REFERENCE_BYTES 512

typedef struct model_listing {
    const cli_args *args;
    cli_session *session;
    beluga_context *context;
    beluga_json_writer *w; /* NULL: text */
    beluga_error error;    /* the first failure; code 0 for none */
    size_t asked;
} model_listing;

/* ---- printing names -------------------------------------------------------------------------- */

static void print_alias(model_listing *l, const char *name, const char *reference)
{
    if (!l->w) {
        out_name(name);
        out_printf("\t");
        out_name(reference);
        out_printf("\n");
        return;
    }
    beluga_json_begin_object(l->w, NULL);
    beluga_json_put_string(l->w, "name", name);
    beluga_json_put_string(l->w, "model", reference);
    beluga_json_end_object(l->w);
}

/* Print the configuration's own names for models of a provider: the entry "alias=name" of the
 * provider "mine" is printed as "mine/alias" for "mine/name". */
static void print_own_names(model_listing *l)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS], *line;
    size_t n = session_list_providers(l->session, names, BELUGA__MAX_SHOWN_PROVIDERS);
    for (size_t i = 0; i < n; i++) {
        beluga_provider unused;
        beluga_error err;
        if (session_describe(l->session, names[i], &unused, &err))
            continue; /* the fault is reported when this provider is asked */
        const beluga_config *config = l->session->config;
        for (size_t k = 0; (line = beluga_config_get_item(config, BELUGA_OPTION_MODELS, k, NULL));
             k++) {
            char alias[REFERENCE_BYTES], model[REFERENCE_BYTES];
            const char *equals = strchr(line, '=');
            if (!equals) continue;
            snprintf(alias, sizeof alias, "%s/%.*s", names[i], (int)(equals - line), line);
            snprintf(model, sizeof model, "%s/%s", names[i], equals + 1);
            print_alias(l, alias, model);
        }
    }
}

static void print_aliases(model_listing *l)
{
    const char *name, *reference;
    if (l->w) beluga_json_begin_array(l->w, "aliases");
    for (size_t i = 0; beluga_config_alias(l->session->base, i, &name, &reference); i++)
        print_alias(l, name, reference);
    print_own_names(l);
    if (l->w) beluga_json_end_array(l->w);
}

/* ---- printing facts -------------------------------------------------------------------------- */

static const char *const modalities[] = {"text", "image", "audio", "video", "file", "embedding"};
#define MODALITIES (sizeof modalities / sizeof *modalities)
#define FACT_BYTES 64

static void put_modalities(beluga_json_writer *w, const char *key, uint32_t set)
{
    if (!set) return;
    beluga_json_begin_array(w, key);
    for (size_t i = 0; i < MODALITIES; i++)
        if (set & 1u << i) beluga_json_put_string(w, NULL, modalities[i]);
    beluga_json_end_array(w);
}

/* Write a model. Members that the provider's list does not contain are left out. */
static void put_model(beluga_json_writer *w, const char *reference, const beluga_model_info *info)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "model", reference);
    if (info->context_tokens >= 0) beluga_json_put_int(w, "context_tokens", info->context_tokens);
    if (info->max_output_tokens >= 0)
        beluga_json_put_int(w, "max_output_tokens", info->max_output_tokens);
    if (info->input_price >= 0) beluga_json_put_double(w, "input_price", info->input_price);
    if (info->output_price >= 0) beluga_json_put_double(w, "output_price", info->output_price);
    if (info->created > 0) beluga_json_put_int(w, "created", info->created);
    put_modalities(w, "inputs", info->inputs);
    put_modalities(w, "outputs", info->outputs);
    beluga_json_end_object(w);
}

static void add_count(term_table *table, int64_t count)
{
    char text[FACT_BYTES] = "";
    if (count >= 0) snprintf(text, sizeof text, "%" PRId64, count);
    table_add(table, text);
}

static void add_price(term_table *table, double price)
{
    char text[FACT_BYTES] = "";
    if (price >= 0) snprintf(text, sizeof text, "%.6g", price);
    table_add(table, text);
}

static void add_modalities(term_table *table, uint32_t set)
{
    char text[FACT_BYTES] = "";
    size_t n = 0;
    for (size_t i = 0; i < MODALITIES; i++)
        if (set & 1u << i)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? "," : "", modalities[i]);
    table_add(table, text);
}

static void add_model(term_table *table, const char *reference, const beluga_model_info *info)
{
    table_add(table, reference);
    add_count(table, info->context_tokens);
    add_count(table, info->max_output_tokens);
    add_price(table, info->input_price);
    add_price(table, info->output_price);
    add_modalities(table, info->inputs);
    add_modalities(table, info->outputs);
}

static bool tells_something(const beluga_model_info *info)
{
    return info->context_tokens >= 0 || info->max_output_tokens >= 0 || info->input_price >= 0 ||
           info->output_price >= 0 || info->inputs || info->outputs;
}

static const char *reference_of(const char *provider, const char *model,
                                char reference[REFERENCE_BYTES])
{
    snprintf(reference, REFERENCE_BYTES, "%s/%s", provider, model);
    return reference;
}

/* Print the models of a provider: as a table, or, if the provider reports only names, as a list of
 * names. */
static int print_table(const char *provider, const beluga_model_info *infos, size_t n)
{
    static const char *const titles[] = {"MODEL",   "CONTEXT", "OUTPUT", "$/M IN",
                                         "$/M OUT", "TAKES",   "GIVES"};
    char reference[REFERENCE_BYTES];
    bool told = false;
    term_table table;
    for (size_t i = 0; i < n; i++) told |= tells_something(&infos[i]);
    for (size_t i = 0; i < n && !told; i++) {
        out_name(reference_of(provider, infos[i].name, reference));
        out_printf("\n");
    }
    if (!told) return 0;
    table_begin(&table, sizeof titles / sizeof *titles, titles);
    for (size_t i = 0; i < n; i++)
        add_model(&table, reference_of(provider, infos[i].name, reference), &infos[i]);
    return table_print(&table);
}

static void print_models(model_listing *l, const char *provider, const beluga_model_info *infos,
                         size_t n)
{
    char reference[REFERENCE_BYTES];
    if (!l->w && print_table(provider, infos, n) != 0)
        beluga_error_set(&l->error, BELUGA_ERROR_NO_MEMORY, "out of memory for the list of models");
    for (size_t i = 0; l->w && i < n; i++)
        put_model(l->w, reference_of(provider, infos[i].name, reference), &infos[i]);
}

static void print_failure(model_listing *l, const beluga_error *err)
{
    const cli_args to_stderr = {0};
    report_error(&to_stderr, err, NULL);
    if (!l->error.code) l->error = *err;
}

/* ---- asking providers ------------------------------------------------------------------------ */

/* Open a provider. Opening needs the name of a model, although listing models does not. */
static int open_provider(model_listing *l, const char *name, beluga_chat_model **model,
                         beluga_error *err)
{
    beluga_provider provider;
    const beluga_option any = beluga_with_model_name("any");
    int rc = session_describe(l->session, name, &provider, err);
    if (rc == 0 && !provider.default_model && beluga_config_set_n(l->session->config, &any, 1))
        rc = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the list of models");
    if (rc != 0) return rc;
    return beluga_registry_open(beluga_registry_default(), NULL, l->session->config, model, err);
}

static void ask(model_listing *l, const char *name)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_model_info *infos = NULL;
    size_t n = 0;
    int rc = open_provider(l, name, &model, &err);
    if (rc == 0) rc = beluga_list_model_infos(model, l->context, &infos, &n, &err);
    if (rc == 0)
        print_models(l, name, infos, n);
    else
        print_failure(l, &err);
    beluga_free(infos);
    beluga_chat_model_unref(model);
    l->asked++;
}

/* Returns whether to ask a provider: it must be able to list models, use a network, and have a key
 * in the environment or an entry in the file. */
static bool is_configured(const model_listing *l, const char *name)
{
    const char *value;
    beluga_provider provider;
    beluga_error err;
    if (session_describe(l->session, name, &provider, &err) != 0)
        /* a provider whose section of the file has a mistake is asked, too, so that the mistake is
         * reported */
        return !beluga_registry_contains(beluga_registry_default(), name);
    bool asked = provider.capabilities & BELUGA_CAPABILITY_MODELS &&
                 !(provider.capabilities & BELUGA_CAPABILITY_LOCAL);
    if (!asked) return false;
    return session_find_variable(provider.key_variables) ||
           beluga_config_get_string(l->session->config, BELUGA_OPTION_API_KEY, &value) ||
           beluga_config_get_string(l->session->config, BELUGA_OPTION_BASE, &value);
}

static void ask_all(model_listing *l)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    size_t n = session_list_providers(l->session, names, BELUGA__MAX_SHOWN_PROVIDERS);
    for (size_t i = 0; i < n; i++)
        if (is_configured(l, names[i]) && !beluga_context_is_cancelled(l->context))
            ask(l, names[i]);
    if (!l->asked)
        out_note(
            "no provider that can list its models has a key; name a provider: beluga models NAME");
}

static void list(model_listing *l)
{
    const char *name = l->args->operands.count ? l->args->operands.items[0] : NULL;
    if (!name) print_aliases(l);
    if (l->w) beluga_json_begin_array(l->w, "models");
    if (name)
        ask(l, name);
    else
        ask_all(l);
    if (l->w) beluga_json_end_array(l->w);
}

static int list_json(model_listing *l)
{
    l->w = beluga_json_writer_new();
    if (l->w) {
        beluga_json_begin_object(l->w, NULL);
        beluga_json_put_string(l->w, "default", beluga_config_default_model(l->session->base));
        list(l);
        if (l->error.code)
            report_put_error(l->w, "error", &l->error);
        else
            beluga_json_put_null(l->w, "error");
        beluga_json_end_object(l->w);
    }
    return report_json(l->w);
}

/* ---- the default model ----------------------------------------------------------------------- */

static int show_default(const cli_args *args, const cli_session *session)
{
    const char *reference = session->reference;
    if (!session->chosen_by) return session_explain_no_model(session, args);
    if (!reference) reference = beluga_config_default_model(session->base);
    out_name(reference);
    out_printf("\n");
    if (strcmp(session->chosen_by, "file") != 0)
        out_note("this model comes from %s", session->chosen_by);
    return 0;
}

static int set_default(const cli_args *args, cli_session *session, const char *name)
{
    configuration_change change = {.count = 0};
    beluga_error err;
    if (session_resolve(session, name, &err) != 0) return report_error(args, &err, NULL);
    if (*session->found) name = session->found;
    configuration_set(&change, name, "model");
    int rc = configuration_write(args, &change);
    if (rc != 0) return rc;
    out_note("%s is now the default model", name);
    if (session->chosen_by && strcmp(session->chosen_by, "BELUGA_MODEL") == 0)
        out_note("BELUGA_MODEL is also set, and is used instead of this default");
    return 0;
}

static int do_default(const cli_args *args)
{
    cli_session session;
    int rc = session_load(&session, args);
    if (rc == 0)
        rc = args->operands.count > 1 ? set_default(args, &session, args->operands.items[1])
                                      : show_default(args, &session);
    session_free(&session);
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(const cli_args *args)
{
    cli_session session;
    model_listing l = {.args = args, .session = &session};
    const char *name = args->operands.count ? args->operands.items[0] : "";
    size_t provider = strcspn(name, "/:");
    if (strcmp(name, "default") == 0) return do_default(args);
    if (args->operands.count > 1)
        return out_usage("name only one provider: beluga models NAME (to set the default model: "
                         "beluga models default MODEL)");
    if (name[provider])
        return out_usage("name only the provider: beluga models %.*s", (int)provider, name);
    int rc = session_load(&session, args);
    if (rc == 0 && !(l.context = beluga_context_new_cancellable(NULL))) rc = out_no_memory();
    if (rc == 0) {
        interrupt_watch(l.context, false);
        if (args->json)
            rc = list_json(&l);
        else
            list(&l);
        interrupt_unwatch();
    }
    if (rc == 0) rc = exit_from_error(l.error.code);
    beluga_context_unref(l.context);
    session_free(&session);
    return rc;
}

const cli_command cmd_models = {
    .name = "models",
    .operands = "[PROVIDER|default [MODEL]]",
    .words = "default",
    .summary = "List the names that -m accepts: aliases, and the models of providers.",
    .takes = ARG_SET(ARG_JSON, ARG_CALLS),
    .max_operands = 2,
    .lists_alone = true,
    .run = run,
    .details =
        "The aliases of the configuration come first, each with the model that it stands for after "
        "a tab, followed by the names that the file gives to models of a provider. Then beluga "
        "asks every provider that has a key and can list its models, or only the provider that you "
        "name. If one provider fails, the others are still asked; the exit status is that of the "
        "first failure. A provider that the file defines with a base counts as having a key.\n\n"
        "default shows which model is asked if none is named. With a MODEL, it writes this default "
        "into the configuration file, which keeps its comments and everything else; a missing file "
        "is created.\n\n"
        "If a provider's list contains more than names, more columns follow: the most tokens of "
        "context and of an answer, the price of a million tokens of input and of output in US "
        "dollars, and the kinds of content that the model accepts and produces. Unknown values are "
        "empty.\n\n"
        "With --json: {default, aliases: [{name, model}], models: [{model, context_tokens, "
        "max_output_tokens, input_price, output_price, created, inputs, outputs}], error}; a model "
        "has only the members that are known.",
};
