#include "session.h"

#include "base/limits.h"
#include "cassette.h"
#include "configuration.h"
#include "exit.h"
#include "library_log.h"
#include "observe.h"
#include "output.h"
#include "report.h"
#include "retry_notes.h"
#include "wire_log.h"

#include <beluga/client.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *session_find_variable(const char *const *names)
{
    for (; names && *names; names++)
        if (configuration_variable(*names)) return *names;
    return NULL;
}

/* ---- plug-ins -------------------------------------------------------------------------------- */

int session_load_plugins(const cli_args *args)
{
    beluga_error err;
    beluga_registry *registry = beluga_registry_default();
    if (!registry) return out_no_memory();
    for (size_t i = 0; i < args->plugins.count; i++)
        if (beluga_registry_load_plugin(registry, args->plugins.items[i], &err) != 0)
            return err.code == BELUGA_ERROR_NOT_FOUND
                       ? report_file_error(args, &err, CLI_EXIT_USAGE)
                       : report_error(args, &err, NULL);
    return 0;
}

/* Load the plug-ins. A plug-in that the command line names must load. If a plug-in that the
 * configuration file names can't be loaded, this is only a note, and a call that needs its provider
 * fails later. */
static int load_plugins(const cli_session *session, const cli_args *args)
{
    beluga_error err;
    int rc = session_load_plugins(args);
    if (rc != 0) return rc;
    if (beluga_config_load_plugins(session->base, beluga_registry_default(), NULL, &err) != 0)
        out_note("%s", err.message);
    return 0;
}

/* ---- providers ------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t session_list_providers(const cli_session *session, const char **names, size_t n)
{
    const char *name, *base;
    beluga_registry *registry = beluga_registry_default();
    size_t count = registry ? beluga_registry_list(registry, names, n) : 0;
    if (count > n) count = n;
    if (!session->base) return count; /* `base` is NULL if memory ran out */
    for (size_t i = 0; count < n && beluga_config_provider(session->base, i, &name, &base); i++)
        if (!beluga_registry_contains(registry, name)) names[count++] = name;
    qsort(names, count, sizeof *names, compare_names);
    return count;
}

/* Resolve a provider. `name` is always taken for the name of a provider, even if there is also an
 * alias of this name. */
int session_describe(cli_session *session, const char *name, beluga_provider *provider,
                     beluga_error *err)
{
    const beluga_option option = beluga_with_provider(name);
    beluga_registry *registry = beluga_registry_default();
    beluga_config *named = beluga_config_copy(session->base), *config = NULL;
    int rc = named ? beluga_config_set_n(named, &option, 1) : BELUGA_ERROR_NO_MEMORY;
    if (rc)
        beluga_error_set(err, rc, "out of memory for a provider");
    else
        rc = beluga_config_resolve(named, registry, NULL, &config, err);
    beluga_config_free(named);
    if (rc) return rc;
    beluga_config_free(session->config);
    session->config = config;
    return beluga_registry_describe(registry, config, provider, err);
}

uint64_t session_capabilities(const cli_session *session)
{
    beluga_provider provider;
    beluga_registry *registry = beluga_registry_default();
    int rc = beluga_registry_describe(registry, session->config, &provider, NULL);
    return rc ? UINT64_MAX : provider.capabilities;
}

/* ---- the choice of the model ------------------------------------------------------------------
 */

#define KEY_FROM_BYTES 512

static void take_guess(cli_session *session, const beluga_provider *provider, const char *name,
                       const char *chosen_by)
{
    snprintf(session->guess, sizeof session->guess, "%s/%s", name, provider->default_model);
    session->reference = session->guess;
    session->chosen_by = chosen_by;
}

static bool is_candidate(const beluga_provider *provider, const char **variable)
{
    *variable = session_find_variable(provider->key_variables);
    return *variable && provider->default_model;
}

/* Choose the first provider, in alphabetical order, that has a default model and whose key is in
 * the environment. */
static void guess_by_variable(cli_session *session)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS], *variable;
    beluga_registry *registry = beluga_registry_default();
    size_t n = registry ? beluga_registry_list(registry, names, BELUGA__MAX_SHOWN_PROVIDERS) : 0;
    for (size_t i = 0; i < n && i < BELUGA__MAX_SHOWN_PROVIDERS; i++) {
        const beluga_provider *provider = beluga_registry_get(registry, names[i]);
        if (!provider || !is_candidate(provider, &variable)) continue;
        take_guess(session, provider, provider->name, variable);
        return;
    }
}

/* Returns whether the configuration has a key for the provider, and the provider has a default
 * model. */
static bool is_kept(cli_session *session, const char *name, beluga_provider *provider)
{
    char from[KEY_FROM_BYTES];
    beluga_error err;
    bool kept =
        session_describe(session, name, provider, &err) == 0 && provider->default_model &&
        beluga_config_describe(session->config, BELUGA_OPTION_API_KEY, from, sizeof from, NULL) > 0;
    beluga_config_free(session->config);
    session->config = NULL;
    return kept;
}

/* Choose the first provider, in alphabetical order, that has a default model and a key in the
 * configuration, such as one that was stored with `beluga keys set`. */
static void guess_by_kept_key(cli_session *session)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    beluga_provider provider;
    size_t n = session_list_providers(session, names, BELUGA__MAX_SHOWN_PROVIDERS);
    for (size_t i = 0; i < n; i++) {
        if (!is_kept(session, names[i], &provider)) continue;
        snprintf(session->guess_by, sizeof session->guess_by, "providers.%s.api_key", names[i]);
        take_guess(session, &provider, names[i], session->guess_by);
        return;
    }
}

static void choose_model(cli_session *session, const cli_args *args)
{
    const char *variable = configuration_variable("BELUGA_MODEL");
    if (args->model) {
        session->reference = args->model;
        session->chosen_by = args->model_by ? args->model_by : "-m";
    } else if ((session->taped = cassette_recall_model(args))) {
        session->reference = session->taped;
        session->chosen_by = "--replay";
    } else if (variable) {
        session->reference = variable;
        session->chosen_by = "BELUGA_MODEL";
    } else if (beluga_config_default_model(session->base)) {
        session->chosen_by = "file";
    } else {
        guess_by_variable(session);
        if (!session->chosen_by && session->has_file) guess_by_kept_key(session);
    }
}

int session_load(cli_session *session, const cli_args *args)
{
    *session = (cli_session){0};
    /* The client has one log function. Each of these three calls replaces it if the user asked for
     * that kind of output, so the last one wins. */
    retry_notes_start(args);
    library_log_start();
    wire_log_start(args->verbose);
    int rc = observe_start(args);
    if (rc == 0) rc = cassette_start(args);
    if (rc == 0) rc = configuration_read(args, &session->base, &session->path, &session->has_file);
    if (rc == 0) rc = load_plugins(session, args);
    if (rc == 0) choose_model(session, args);
    return rc;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Resolve a name that is neither an alias nor a provider, as the name of a model. */
static int resolve_found(cli_session *session, const char *reference, beluga_config **config,
                         beluga_error *err)
{
    if (!reference) reference = beluga_config_default_model(session->base);
    if (!reference || !lookup_model(session->base, reference, session->found, err))
        return err->code;
    return beluga_config_resolve(session->base, beluga_registry_default(), session->found, config,
                                 err);
}

int session_resolve(cli_session *session, const char *reference, beluga_error *err)
{
    beluga_config *config = NULL;
    if (!reference) reference = session->reference;
    *session->found = '\0';
    int rc =
        beluga_config_resolve(session->base, beluga_registry_default(), reference, &config, err);
    if (rc == BELUGA_ERROR_UNSUPPORTED_PROVIDER)
        rc = resolve_found(session, reference, &config, err);
    if (rc != 0) return rc;
    beluga_config_free(session->config);
    session->config = config;
    return 0;
}

static void hint(const char *typed, const char *meaning)
{
    out_detail("  %-38s  %s", typed, meaning);
}

/* Print the key variables of the most common providers, in this order. */
static void hint_keys(void)
{
    static const char *const names[] = {"openai", "anthropic", "gemini"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const beluga_provider *provider = beluga_registry_get(beluga_registry_default(), names[i]);
        char typed[64], meaning[128];
        if (!provider || !provider->default_model || !provider->key_variables) continue;
        snprintf(typed, sizeof typed, "export %s=...", provider->key_variables[0]);
        snprintf(meaning, sizeof meaning, "asks %s/%s", provider->name, provider->default_model);
        hint(typed, meaning);
    }
}

/* Report that no model is named. Without --json, hints follow this line; with --json, the line
 * itself has to say what to do. */
static void report_no_model(const cli_args *args)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_INVALID_CONFIG,
                     args->json ? "no model is named: name one with -m PROVIDER/MODEL"
                                : "no model is named; do one of these:");
    report_error(args, &err, NULL);
}

static int explain_no_taped_model(const cli_args *args)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_INVALID_CONFIG,
                     "the recordings in %s do not say which model was asked (there is no file "
                     "\"model\"): name the model with -m PROVIDER/MODEL",
                     args->replay);
    return report_error(args, &err, NULL);
}

int session_explain_no_model(const cli_session *session, const cli_args *args)
{
    char file[512];
    if (args->replay) return explain_no_taped_model(args);
    report_no_model(args);
    snprintf(file, sizeof file, "the same setting, in %s",
             session->path ? session->path : "a file named with --config");
    hint("beluga -m mock/any \"Hello\"", "try it without a key and a network");
    hint("beluga -m ollama/MODEL \"Hello\"", "a model on this machine");
    hint("beluga -m llama-server/default \"Hello\"", "another local server; also lmstudio/, vllm/");
    hint_keys();
    hint("export BELUGA_MODEL=PROVIDER/MODEL", "use this model in every call");
    hint("beluga models default PROVIDER/MODEL", file);
    out_detail("beluga providers lists all of them; beluga keys set PROVIDER stores a key.");
    return CLI_EXIT_CONFIG;
}

static void note_guess(const cli_session *session)
{
    if (session->reference == session->guess)
        out_note("using %s, because %s is set (choose another model with -m)", session->guess,
                 session->chosen_by);
}

static int remember_reference(cli_session *session, const char *reference, beluga_error *err)
{
    if (!reference) reference = session->reference;
    if (!reference) reference = beluga_config_default_model(session->base);
    if (*session->found) {
        out_note("%s stands for %s", reference, session->found);
        reference = session->found;
    }
    char *opened = reference ? strdup(reference) : NULL;
    if (reference && !opened)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the model's name");
    free(session->opened);
    session->opened = opened;
    return 0;
}

void session_hint_model(const cli_session *session, int status)
{
    char near[LOOKUP_BYTES];
    if (status == BELUGA_ERROR_INVALID_MODEL &&
        lookup_near(session->base, beluga_provider_name(session->model),
                    beluga_model_name(session->model), near))
        out_note("did you mean -m %s?", near);
}

void session_remember(const cli_session *session)
{
    if (session->opened) cassette_remember_model(session->opened);
}

int session_open(cli_session *session, const cli_args *args, const char *reference)
{
    beluga_error err;
    if (!reference && !session->chosen_by) return session_explain_no_model(session, args);
    if (session_try_open(session, reference, &err)) return report_error(args, &err, NULL);
    session_remember(session);
    return 0;
}

int session_try_open(cli_session *session, const char *reference, beluga_error *err)
{
    beluga_chat_model *model = NULL;
    if (!reference) note_guess(session);
    int rc = session_resolve(session, reference, err);
    if (rc == 0)
        rc = beluga_registry_open(beluga_registry_default(), NULL, session->config, &model, err);
    if (rc != 0) return rc;
    rc = remember_reference(session, reference, err);
    if (rc != 0) {
        beluga_chat_model_unref(model);
        return rc;
    }
    beluga_chat_model_unref(session->model);
    session->model = model;
    return 0;
}

void session_free(cli_session *session)
{
    beluga_chat_model_unref(session->model);
    beluga_config_free(session->config);
    beluga_config_free(session->base);
    free(session->path);
    free(session->opened);
    free(session->taped);
    *session = (cli_session){0};
}
