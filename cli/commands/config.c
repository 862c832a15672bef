/* beluga config: shows the settings that apply, and where they come from. */
#include "commands/command.h"
#include "commands/config_check.h"
#include "commands/config_stack.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "terminal/table.h"

#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES 512

/* A setting with its value and origin. */
typedef struct named_setting {
    const char *key;
    char value[VALUE_BYTES];
    char origin[96];
} named_setting;

/* Write a URL as the configuration shows it, without a user name and password. */
static void show_url(named_setting *s, const char *url)
{
    beluga_config *config = beluga_config_new(beluga_with_base_url(url));
    beluga_config_describe(config, BELUGA_OPTION_BASE_URL, s->value, sizeof s->value, NULL);
    beluga_config_free(config);
}

/* Get a setting from a provider's environment variables. The library reads these only when a model
 * is opened, so this function looks them up itself. */
static bool from_environment(const beluga_provider *provider, int key, named_setting *s)
{
    const char *variable = NULL;
    if (provider && key == BELUGA_OPTION_API_KEY)
        variable = session_find_variable(provider->key_variables);
    if (provider && key == BELUGA_OPTION_BASE_URL)
        variable = session_find_variable(provider->url_variables);
    if (!variable) return false;
    if (key == BELUGA_OPTION_API_KEY)
        snprintf(s->value, sizeof s->value, "set");
    else
        show_url(s, getenv(variable));
    snprintf(s->origin, sizeof s->origin, "environment (%s)", variable);
    return true;
}

static bool is_own(const beluga_provider *provider, int key, named_setting *s)
{
    if (!provider || key != BELUGA_OPTION_BASE_URL || !provider->base_url) return false;
    snprintf(s->value, sizeof s->value, "%s", provider->base_url);
    snprintf(s->origin, sizeof s->origin, "default");
    return true;
}

/* Returns whether a setting comes from the model's reference, as the provider and the model's name
 * do. Its origin is then the origin of the reference. */
static bool is_of_reference(int key)
{
    return key == BELUGA_OPTION_PROVIDER || key == BELUGA_OPTION_MODEL_NAME;
}

static const char *name_origin(const cli_session *session, int key, beluga_origin origin)
{
    if (is_of_reference(key) && session->chosen_by) return session->chosen_by;
    return origin == BELUGA_ORIGIN_MODEL ? "command line" : beluga_origin_name(origin);
}

/* Describe a setting. Returns false when it has no value. */
static bool describe(const cli_session *session, const beluga_provider *provider, int key,
                     named_setting *s)
{
    beluga_origin origin = BELUGA_ORIGIN_NONE;
    const beluga_option_info *info = beluga_option_get_info(key);
    if (!info || key == BELUGA_OPTION_ENVIRONMENT) return false;
    s->key = info->name;
    beluga_config_describe(session->config, key, s->value, sizeof s->value, &origin);
    bool read = origin < BELUGA_ORIGIN_ENVIRONMENT && !beluga_config_has_own_host(session->config);
    if (read && from_environment(provider, key, s)) return true;
    if (origin == BELUGA_ORIGIN_NONE) return is_own(provider, key, s);
    snprintf(s->origin, sizeof s->origin, "%s", name_origin(session, key, origin));
    return true;
}

static const char *file_state(const cli_session *session)
{
    return session->has_file ? "read" : "missing";
}

static const char *reference_of(const cli_session *session)
{
    if (session->reference) return session->reference;
    return beluga_config_default_model(session->base);
}

static const char *chosen_by(const cli_session *session)
{
    return session->chosen_by ? session->chosen_by : "";
}

/* ---- text ------------------------------------------------------------------------------------ */

static int print_settings(const cli_session *session, const beluga_provider *provider)
{
    static const char *const titles[] = {"OPTION", "VALUE", "FROM"};
    term_table table;
    named_setting s;
    table_begin(&table, 3, titles);
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        if (!describe(session, provider, key, &s)) continue;
        table_add(&table, s.key);
        table_add(&table, s.value);
        table_add(&table, s.origin);
    }
    return table_print(&table);
}

static void print_pair(const char *before, const char *name, const char *between, const char *value,
                       const char *behind)
{
    out_printf("%s", before);
    out_name(name);
    out_printf("%s", between);
    out_name(value);
    out_printf("%s", behind);
}

static void print_aliases(const cli_session *session)
{
    const char *name, *reference;
    for (size_t i = 0; beluga_config_alias(session->base, i, &name, &reference); i++)
        print_pair("alias  ", name, " = ", reference, "\n");
}

static void print_providers(const cli_session *session)
{
    const char *name, *base;
    for (size_t i = 0; beluga_config_provider(session->base, i, &name, &base); i++)
        print_pair("provider  ", name, " (base ", base, ")\n");
}

static int print_text(const cli_session *session, const beluga_provider *provider)
{
    const char *reference = reference_of(session);
    print_pair("file   ", session->path ? session->path : "none", " (", file_state(session), ")\n");
    if (reference)
        print_pair("model  ", reference, " (", chosen_by(session), ")\n");
    else
        out_printf("model  none\n");
    print_aliases(session);
    print_providers(session);
    if (!session->config) return CLI_EXIT_OK;
    if (beluga_config_system(session->config))
        print_pair("system ", beluga_config_system(session->config), "", "", "\n");
    out_printf("stack  ");
    stack_print(session->config);
    out_printf("\n");
    return print_settings(session, provider);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_settings(beluga_json_writer *w, const cli_session *session,
                         const beluga_provider *provider)
{
    named_setting s;
    beluga_json_begin_object(w, "options");
    for (int key = 1; session->config && key < BELUGA_OPTION_COUNT; key++) {
        if (!describe(session, provider, key, &s)) continue;
        beluga_json_begin_object(w, s.key);
        beluga_json_put_string(w, "value", s.value);
        beluga_json_put_string(w, "from", s.origin);
        beluga_json_end_object(w);
    }
    beluga_json_end_object(w);
}

/* Write a list of the configuration as an object, with a member for each item. */
static void put_list(beluga_json_writer *w, const char *key, const beluga_config *config,
                     bool (*get)(const beluga_config *, size_t, const char **, const char **))
{
    const char *name, *text;
    beluga_json_begin_object(w, key);
    for (size_t i = 0; get(config, i, &name, &text); i++) beluga_json_put_string(w, name, text);
    beluga_json_end_object(w);
}

static int print_json(const cli_session *session, const beluga_provider *provider)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "file", session->path);
        beluga_json_put_bool(w, "file_read", session->has_file);
        beluga_json_put_string(w, "model", reference_of(session));
        beluga_json_put_string(w, "chosen_by", session->chosen_by);
        if (session->config && beluga_config_system(session->config))
            beluga_json_put_string(w, "system", beluga_config_system(session->config));
        put_list(w, "aliases", session->base, beluga_config_alias);
        stack_put(w, "stack", session->config);
        put_settings(w, session, provider);
        put_list(w, "providers", session->base, beluga_config_provider);
        beluga_json_end_object(w);
    }
    return report_json(w);
}

/* ---- the command ----------------------------------------------------------------------------- */

static const beluga_provider *provider_of(const cli_session *session, beluga_provider *table)
{
    beluga_error err;
    if (!session->config ||
        beluga_registry_describe(beluga_registry_default(), session->config, table, &err) != 0)
        return NULL;
    return table;
}

static int show(const cli_args *args)
{
    cli_session session;
    beluga_provider table;
    beluga_error err;
    int rc = session_load(&session, args);
    if (rc == 0 && session.chosen_by && session_resolve(&session, NULL, &err) != 0)
        rc = report_error(args, &err, NULL);
    if (rc == 0)
        rc = args->json ? print_json(&session, provider_of(&session, &table))
                        : print_text(&session, provider_of(&session, &table));
    session_free(&session);
    return rc;
}

static int run(const cli_args *args)
{
    const char *what = args->operands.count ? args->operands.items[0] : NULL;
    if (!what) return show(args);
    if (strcmp(what, "check") == 0) return config_check(args);
    return out_usage(
        "beluga config has no subcommand \"%s\"; the only one is check: beluga config check [FILE]",
        what);
}

const cli_command cmd_config = {
    .name = "config",
    .operands = "[check [FILE]]",
    .words = "check",
    .summary =
        "Show which configuration applies to a model and where it came from, or check a file.",
    .takes =
        ARG_SET(ARG_MODEL, ARG_OPTION, ARG_TIMEOUT, ARG_JSON, ARG_QUIET, ARG_PLUGIN, ARG_CONFIG),
    .max_operands = 2,
    .run = run,
    .details =
        "It shows the file, the model and what chose it, the aliases, the layers that a call "
        "passes through (cache, budget, fallback, limits, breaker, retries, the provider), and "
        "every option that is set, with its source: default, file, environment, or command line. "
        "It never shows a key, only whether one is set. Nothing is sent.\n\n"
        "With --json: {file, file_read, model, chosen_by, system, aliases: {name: model}, stack: "
        "[{layer, detail}], options: {key: {value, from}}, providers: {name: base}}.\n\n"
        "check reads the whole file (FILE, or the file that other commands would read) and reports "
        "all of its mistakes in one run, one on each line, as file:line:column: message. Mistakes "
        "are invalid YAML, unknown keys, values out of range, names that occur twice, providers "
        "and models that do not exist, and key files that can't be read. Warnings are about things "
        "that may be intended: a variable that is not set, a secret in plain text, a file that "
        "other users may read. check shows no secret, runs no command, sends nothing, and does not "
        "load the plug-ins of FILE. It ends with exit status 3 if there is an error, and with 0 if "
        "there are only warnings.\n\n"
        "If there is no file, which is not a mistake, check shows where the file would be, and "
        "ends with 0.\n\n"
        "With --json: {file, errors, warnings, problems: [{severity, line, column, message}]}; "
        "file is null if there is no file.",
};
