/* beluga keys: stores keys where only their owner can read them. */
#include "base/limits.h"
#include "commands/command.h"
#include "configuration.h"
#include "exit.h"
#include "keys/keep.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "terminal/table.h"

#include <beluga/provider/provider.h>

#include <stdio.h>
#include <string.h>

#define FROM_BYTES 512

/* A provider that has a key. */
typedef struct known_key {
    const char *provider;
    char from[FROM_BYTES]; /* where the key is; never the key itself */
    /* the environment variable that overrides the stored key; NULL: none is set */
    const char *variable;
} known_key;

/* ---- list ------------------------------------------------------------------------------------ */

/* Find where a provider's key is. Returns false if the provider has no key. */
static bool find_key(cli_session *session, const char *provider, known_key *key)
{
    beluga_provider table;
    beluga_error err;
    if (session_describe(session, provider, &table, &err) != 0) return false;
    bool given = beluga_config_describe(session->config, BELUGA_OPTION_API_KEY, key->from,
                                        FROM_BYTES, NULL) > 0;
    key->provider = provider;
    key->variable = session_find_variable(table.key_variables);
    if (given && strcmp(key->from, "set") == 0)
        snprintf(key->from, FROM_BYTES, "the configuration file itself");
    if (key->variable) snprintf(key->from, FROM_BYTES, "env:%s", key->variable);
    return given || key->variable;
}

static int print_json(cli_session *session, const char *const *names, size_t n)
{
    known_key key;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_array(w, "keys");
    for (size_t i = 0; i < n; i++) {
        if (!find_key(session, names[i], &key)) continue;
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "provider", key.provider);
        beluga_json_put_string(w, "from", key.from);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return report_json(w);
}

static int print_table(cli_session *session, const char *const *names, size_t n)
{
    static const char *const titles[] = {"PROVIDER", "KEY"};
    term_table table;
    known_key key;
    bool any = false;
    table_begin(&table, 2, titles);
    for (size_t i = 0; i < n; i++) {
        if (!find_key(session, names[i], &key)) continue;
        table_add(&table, key.provider);
        table_add(&table, key.from);
        any = true;
    }
    if (any) return table_print(&table);
    table_free(&table);
    out_note("no provider has a key; store one with beluga keys set PROVIDER");
    return 0;
}

static int do_list(cli_session *session, const cli_args *args)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    size_t n = session_list_providers(session, names, BELUGA__MAX_SHOWN_PROVIDERS);
    if (args->operands.count > 1) return out_usage("beluga keys list takes no provider's name");
    return args->json ? print_json(session, names, n) : print_table(session, names, n);
}

/* ---- set, remove, path ----------------------------------------------------------------------- */

static int take_provider(cli_session *session, const cli_args *args, known_key *key)
{
    beluga_provider table;
    beluga_error err;
    const char *name = args->operands.count > 1 ? args->operands.items[1] : NULL;
    if (!name)
        return out_usage("name the provider: beluga keys %s PROVIDER", args->operands.items[0]);
    if (args->operands.count > 2)
        return out_usage(
            "do not give the key on the command line, where other users and the shell's history "
            "can see it: leave it out, and beluga asks for it or reads it from stdin");
    if (session_describe(session, name, &table, &err) != 0) return report_error(args, &err, NULL);
    *key = (known_key){.provider = name, .variable = session_find_variable(table.key_variables)};
    return 0;
}

static int write_reference(const cli_args *args, const char *provider, const char *reference)
{
    configuration_change change = {.count = 0};
    configuration_set(&change, reference, "providers", provider, "api_key");
    return configuration_write(args, &change);
}

static int do_set(cli_session *session, const cli_args *args)
{
    char reference[KEYS_REFERENCE_BYTES];
    cli_text secret = {0};
    known_key key;
    int rc = take_provider(session, args, &key);
    if (rc == 0) rc = keys_ask(key.provider, &secret);
    if (rc == 0)
        rc = args->keyring ? keys_store_keyring(key.provider, &secret, reference)
                           : keys_store_file(session->path, key.provider, &secret, reference);
    keys_wipe(&secret);
    if (rc == 0) rc = write_reference(args, key.provider, reference);
    if (rc != 0) return rc;
    out_note("the key for %s is stored in %s", key.provider, strchr(reference, ':') + 1);
    if (key.variable)
        out_note("%s is also set, and is used instead of this key: unset the variable to use the "
                 "stored key",
                 key.variable);
    return 0;
}

static int do_remove(cli_session *session, const cli_args *args)
{
    known_key key;
    int rc = take_provider(session, args, &key);
    if (rc == 0) rc = write_reference(args, key.provider, NULL);
    if (rc == 0) rc = keys_remove_file(session->path, key.provider);
    if (rc == 0) out_note("beluga no longer stores a key for %s", key.provider);
    return rc;
}

static int do_path(cli_session *session, const cli_args *args)
{
    char folder[KEYS_REFERENCE_BYTES];
    (void)args;
    if (!keys_folder(session->path, folder))
        return out_usage("neither XDG_CONFIG_HOME nor HOME "
                         "is set");
    out_name(folder);
    out_printf("\n");
    return 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(const cli_args *args)
{
    static const struct {
        const char *name;
        int (*run)(cli_session *session, const cli_args *args);
    } verbs[] = {{"list", do_list}, {"set", do_set}, {"remove", do_remove}, {"path", do_path}};
    const size_t n = sizeof verbs / sizeof verbs[0];
    const char *verb = args->operands.count ? args->operands.items[0] : "list";
    cli_session session;
    size_t i = 0;
    while (i < n && strcmp(verbs[i].name, verb) != 0) i++;
    if (i == n)
        return out_usage("beluga keys has no subcommand \"%s\"; choose list, set, remove or path",
                         verb);
    int rc = session_load(&session, args);
    if (rc == 0) rc = verbs[i].run(&session, args);
    session_free(&session);
    return rc;
}

const cli_command cmd_keys = {
    .name = "keys",
    .operands = "[list|set PROVIDER|remove PROVIDER|path]",
    .words = "list set remove path",
    .summary = "Store keys of providers where only you can read them.",
    .takes = ARG_SET(ARG_KEYRING, ARG_JSON, ARG_PLUGIN, ARG_CONFIG, ARG_QUIET),
    .max_operands = 3,
    .run = run,
    .details = "set asks for the key, which is not shown, or reads it from stdin. It stores the "
               "key in a file that only you can read, in the folder keys beside the configuration, "
               "and writes a reference to this file as api_key into the configuration; with "
               "--keyring it gives the key to secret-tool instead. The configuration keeps its "
               "comments and everything else. Nothing is sent.\n\n"
               "list shows which providers have a key, and where it comes from: a file, a command, "
               "or an environment variable, which overrides the others. It never shows a key. "
               "remove deletes the key's file and its entry in the configuration. path prints the "
               "folder of the files.\n\n"
               "With --json: {keys: [{provider, from}]}.",
};
