/* beluga aliases: manages the user's own names for models. */
#include "base/text.h"
#include "commands/command.h"
#include "configuration.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "terminal/table.h"
#include "terminal/term.h"

#include <beluga/registry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- list ------------------------------------------------------------------------------------ */

/* Returns the system text of an alias, borrowed from the session's configuration; NULL: none. */
static const char *system_of(cli_session *session, const char *name)
{
    beluga_error err;
    return session_resolve(session, name, &err) == 0 ? beluga_config_system(session->config) : NULL;
}

static int print_json(cli_session *session)
{
    const char *name, *reference, *system;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_array(w, "aliases");
    for (size_t i = 0; beluga_config_alias(session->base, i, &name, &reference); i++) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "name", name);
        beluga_json_put_string(w, "model", reference);
        system = system_of(session, name);
        if (system) beluga_json_put_string(w, "system", system);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return report_json(w);
}

static int print_table(cli_session *session)
{
    static const char *const titles[] = {"ALIAS", "MODEL", "SYSTEM"};
    const char *name, *reference;
    bool any = false;
    term_table table;
    table_begin(&table, 3, titles);
    for (size_t i = 0; beluga_config_alias(session->base, i, &name, &reference); i++) {
        table_add(&table, name);
        table_add(&table, reference);
        table_add(&table, system_of(session, name));
        any = true;
    }
    if (any) return table_print(&table);
    table_free(&table);
    out_note("there are no aliases; add one with beluga aliases set NAME MODEL");
    return 0;
}

static int do_list(cli_session *session, const cli_args *args)
{
    return args->json ? print_json(session) : print_table(session);
}

/* ---- set and remove -------------------------------------------------------------------------- */

/* Returns the model that an alias stands for, or NULL if there is no such alias. */
static const char *find_alias(const cli_session *session, const char *wanted)
{
    const char *name, *reference;
    for (size_t i = 0; beluga_config_alias(session->base, i, &name, &reference); i++)
        if (strcmp(name, wanted) == 0) return reference;
    return NULL;
}

/* Refuse an alias that leads back to itself, since calls would fail with such a configuration. */
static int check_model(cli_session *session, const cli_args *args, const char *name,
                       const char **model)
{
    beluga_error err;
    if (session_resolve(session, *model, &err) != 0) return report_error(args, &err, NULL);
    for (const char *at = *model; at; at = find_alias(session, at))
        if (strcmp(at, name) == 0)
            return out_usage("%s leads back to %s; name PROVIDER/MODEL instead", *model, name);
    if (*session->found) *model = session->found;
    return 0;
}

/* Set an option of an alias. The session was loaded before, which checked that each option is
 * KEY=VALUE. */
static void put_option(configuration_change *change, const char *name, const char *option)
{
    char key[128];
    size_t n = strcspn(option, "=");
    snprintf(key, sizeof key, "%.*s", (int)n, option);
    configuration_set(change, option[n] ? option + n + 1 : "", "models", name, key);
}

static int do_set(cli_session *session, const cli_args *args)
{
    const char *const *words = args->operands.items + 1;
    configuration_change change = {.count = 0};
    if (args->operands.count != 3 || !*words[0] || !*words[1])
        return out_usage("name the alias and its model: beluga aliases set NAME MODEL");
    const char *name = words[0], *model = words[1];
    int rc = check_model(session, args, name, &model);
    if (rc != 0) return rc;
    if (find_alias(session, name) || args->system || args->options.count)
        configuration_set(&change, model, "models", name, "model");
    else
        configuration_set(&change, model, "models", name);
    if (args->system)
        configuration_set(&change, *args->system ? args->system : NULL, "models", name, "system");
    for (size_t i = 0; i < args->options.count; i++)
        put_option(&change, name, args->options.items[i]);
    rc = configuration_write(args, &change);
    if (rc == 0) out_note("%s now stands for %s", name, model);
    return rc;
}

static int explain_missing(const cli_session *session, const char *wanted)
{
    const char *name, *reference;
    for (size_t i = 0; beluga_config_alias(session->base, i, &name, &reference); i++) {
        if (!beluga__text_is_near(wanted, name)) continue;
        out_error("there is no alias %s; did you mean %s?", wanted, name);
        return CLI_EXIT_USAGE;
    }
    out_error("there is no alias %s; beluga aliases lists them", wanted);
    return CLI_EXIT_USAGE;
}

static int do_remove(cli_session *session, const cli_args *args)
{
    configuration_change change = {.count = 0};
    const char *name = args->operands.count == 2 ? args->operands.items[1] : NULL;
    if (!name) return out_usage("name the alias: beluga aliases remove NAME");
    if (!find_alias(session, name)) return explain_missing(session, name);
    const char *usual = beluga_config_default_model(session->base);
    if (usual && strcmp(usual, name) == 0) {
        out_error("%s is the default model of the file: choose another default first (beluga "
                  "models default MODEL)",
                  name);
        return CLI_EXIT_USAGE;
    }
    configuration_set(&change, NULL, "models", name);
    int rc = configuration_write(args, &change);
    if (rc == 0) out_note("the alias %s was removed", name);
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(const cli_args *args)
{
    static const struct {
        const char *name;
        int (*run)(cli_session *session, const cli_args *args);
    } verbs[] = {{"list", do_list}, {"set", do_set}, {"remove", do_remove}};
    const char *verb = args->operands.count ? args->operands.items[0] : "list";
    cli_session session;
    size_t i = 0;
    while (i < 3 && strcmp(verbs[i].name, verb) != 0) i++;
    if (i == 3)
        return out_usage("beluga aliases has no subcommand \"%s\"; choose list, set or remove",
                         verb);
    int rc = session_load(&session, args);
    if (rc == 0) rc = verbs[i].run(&session, args);
    session_free(&session);
    return rc;
}

const cli_command cmd_aliases = {
    .name = "aliases",
    .operands = "[list|set NAME MODEL|remove NAME]",
    .words = "list set remove",
    .summary = "Give models names of your own, with options and a system text.",
    .takes = ARG_SET(ARG_SYSTEM, ARG_OPTION, ARG_JSON, ARG_PLUGIN, ARG_CONFIG, ARG_QUIET),
    .max_operands = 3,
    .run = run,
    .details = "set writes the entry models: NAME into the configuration file, with -s as its "
               "system text and each -o as an option. Other members of the entry stay as they are, "
               "and an empty -s removes the system text. The file keeps its comments and "
               "everything else; a missing file is created. Nothing is sent.\n\n"
               "The -o and -s of a call override those of the alias. A conversation that "
               "--continue continues keeps its system text.\n\n"
               "With --json: {aliases: [{name, model, system}]}.",
};
