/* beluga models: the names that -m takes. */
#include <stdio.h>
#include <string.h>

#include <beluga/allocator.h>
#include <beluga/context.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include "command.h"
#include "exit.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "session.h"

#define MAX_PROVIDERS   256
#define REFERENCE_BYTES 512

struct listing {
    const struct args *args;
    struct session *session;
    beluga_context *context;
    beluga_json_writer *w; /* NULL: text */
    beluga_error error;    /* the first failure; code 0 for none */
    size_t asked;
};

/* ---- what is printed ------------------------------------------------------------------------- */

static void print_alias(struct listing *l, const char *name, const char *reference)
{
    if (!l->w) {
        out_printf("%s\t%s\n", name, reference);
        return;
    }
    beluga_json_begin_object(l->w, NULL);
    beluga_json_put_string(l->w, "name", name);
    beluga_json_put_string(l->w, "model", reference);
    beluga_json_end_object(l->w);
}

static void print_aliases(struct listing *l)
{
    const char *name, *reference;
    if (l->w) beluga_json_begin_array(l->w, "aliases");
    for (size_t i = 0; beluga_config_alias(l->session->base, i, &name, &reference); i++)
        print_alias(l, name, reference);
    if (l->w) beluga_json_end_array(l->w);
}

static void print_model(struct listing *l, const char *provider, const char *model)
{
    char reference[REFERENCE_BYTES];
    snprintf(reference, sizeof reference, "%s/%s", provider, model);
    if (l->w) {
        beluga_json_put_string(l->w, NULL, reference);
    } else {
        out_text(reference, strlen(reference));
        out_printf("\n");
    }
}

static void print_failure(struct listing *l, const beluga_error *err)
{
    const struct args to_stderr = {0};
    report_error(&to_stderr, err, NULL);
    if (!l->error.code) l->error = *err;
}

/* ---- who is asked ---------------------------------------------------------------------------- */

static int open_provider(struct listing *l, const beluga_provider *provider,
                         beluga_chat_model **model, beluga_error *err)
{
    char reference[REFERENCE_BYTES];
    /* A list needs no model, but a model to open needs a name. */
    snprintf(reference, sizeof reference, "%s/%s", provider->name,
             provider->default_model ? provider->default_model : "any");
    int rc = session_resolve(l->session, reference, err);
    if (rc != 0) return rc;
    return beluga_registry_open(beluga_registry_default(), NULL, l->session->config, model, err);
}

static void ask(struct listing *l, const beluga_provider *provider)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    char **names = NULL;
    size_t n = 0;
    int rc = open_provider(l, provider, &model, &err);
    if (rc == 0) rc = beluga_list_models(model, l->context, &names, &n, &err);
    for (size_t i = 0; rc == 0 && i < n; i++) print_model(l, provider->name, names[i]);
    if (rc != 0) print_failure(l, &err);
    beluga_free(names);
    beluga_chat_model_unref(model);
    l->asked++;
}

/* Whoever can list models and has a key in the environment or a place in the file. */
static bool is_configured(const struct listing *l, const beluga_provider *provider)
{
    const char *value;
    bool asked = provider->capabilities & BELUGA_CAPABILITY_MODELS &&
                 !(provider->capabilities & BELUGA_CAPABILITY_LOCAL);
    if (!asked) return false;
    if (session_find_variable(provider->key_variables)) return true;
    beluga_error err;
    char reference[REFERENCE_BYTES];
    snprintf(reference, sizeof reference, "%s/any", provider->name);
    return session_resolve(l->session, reference, &err) == 0 &&
           beluga_config_get_string(l->session->config, BELUGA_OPTION_API_KEY, &value);
}

static void ask_all(struct listing *l)
{
    const char *names[MAX_PROVIDERS];
    beluga_registry *registry = beluga_registry_default();
    size_t n = registry ? beluga_registry_list(registry, names, MAX_PROVIDERS) : 0;
    for (size_t i = 0; i < n && i < MAX_PROVIDERS; i++) {
        const beluga_provider *provider = beluga_registry_get(registry, names[i]);
        if (is_configured(l, provider) && !beluga_context_is_cancelled(l->context))
            ask(l, provider);
    }
    if (!l->asked)
        out_note("no provider with a key that can list its models; name one: beluga models NAME");
}

static int ask_one(struct listing *l, const char *name)
{
    const beluga_provider *provider = beluga_registry_get(beluga_registry_default(), name);
    beluga_error err;
    if (provider) {
        ask(l, provider);
        return 0;
    }
    /* Opening an unknown one gives the error that lists those there are. */
    beluga_chat_model *none = NULL;
    if (beluga_registry_open(beluga_registry_default(), name, NULL, &none, &err) == 0) {
        beluga_chat_model_unref(none);
        return 0;
    }
    print_failure(l, &err);
    return 0;
}

static void list(struct listing *l)
{
    const char *name = l->args->operands.count ? l->args->operands.items[0] : NULL;
    if (!name) print_aliases(l);
    if (l->w) beluga_json_begin_array(l->w, "models");
    if (name)
        ask_one(l, name);
    else
        ask_all(l);
    if (l->w) beluga_json_end_array(l->w);
}

static int list_json(struct listing *l)
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

static int run(const struct args *args)
{
    struct session session;
    struct listing l = {.args = args, .session = &session};
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

const struct command cmd_models = {
    .name = "models",
    .operands = "[PROVIDER]",
    .summary = "List the names that -m takes: aliases, and what providers have.",
    .details =
        "Aliases of the configuration come first, each with the model it stands for behind a "
        "tab. Then every provider that has a key and can list its models is asked, or only "
        "the one that is named. One that fails does not stop the others; the exit status is "
        "that of the first failure.\n\n"
        "With --json: {default, aliases: [{name, model}], models: [\"PROVIDER/MODEL\"], "
        "error}.",
    .takes = ARG_OPTION | ARG_TIMEOUT | ARG_JSON | ARG_VERBOSE | ARG_QUIET | ARG_CASSETTE | ARG_CONFIG | ARG_HELP |
             ARG_VERSION,
    .max_operands = 1,
    .run = run,
};
