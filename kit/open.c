#include "kit/open.h"

#include "kit/delays.h"
#include "kit/where.h"

#include <stdio.h>
#include <string.h>

/* Add the options in the section "options" of the run's case, one on each line; they borrow from
 * `text`. */
static int add_case_options(check_run *run, beluga_config *config, check_text *text)
{
    const char *const others[] = {run->scenario->like, NULL};
    beluga_option option;
    if (!check_fixture_find(run->profile, run->scenario->name, others, "options", text)) return 0;
    for (char *line = strtok(text->data, "\n"); line; line = strtok(NULL, "\n")) {
        int code = beluga_option_parse(line, &option, &run->error);
        if (!code) code = beluga_config_set_n(config, &option, 1);
        if (code) return code;
    }
    return 0;
}

/* Add the options that are weaker than a case's own, the weakest first. */
static int add_options(check_run *run, beluga_config *config)
{
    beluga_option own[CHECK_MAX_OPTIONS];
    const beluga_option first[] = {beluga_with_max_retries(0),
                                   beluga_with_timeout_ms(check_patience_ms(run)),
                                   beluga_with_model_name(run->profile->model)};
    const char *model = NULL;
    bool named = run->settings->config &&
                 beluga_config_get_string(run->settings->config, BELUGA_OPTION_MODEL_NAME, &model);
    int n = check_profile_options(run->profile, own, &run->error);
    if (n < 0) return n;
    int code = beluga_config_set_n(config, first, named ? 2 : 3);
    return code ? code : beluga_config_set_n(config, own, (size_t)n);
}

static int add_place(check_run *run, beluga_config *config)
{
    char url[256];
    if (!run->peer) return 0;
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", peer_port(run->peer),
             run->profile->base_path);
    /* Requests for tokens also go to the peer. The provider would send them to another server, but
     * no request may leave the machine. */
    const beluga_option place[] = {beluga_with_base_url(url), beluga_with_api_key(CHECK_KEY),
                                   beluga_with_exchange_key(run->exchanges)};
    return beluga_config_set_n(config, place, 3);
}

beluga_config *check_configure(check_run *run, check_text *texts)
{
    const beluga_config *given = run->settings->config;
    beluga_config *config = given ? beluga_config_copy(given) : beluga_config_new_n(NULL, 0);
    int code = config ? add_options(run, config) : BELUGA_ERROR_NO_MEMORY;
    if (!code) code = add_place(run, config);
    if (!code) code = add_case_options(run, config, texts);
    if (!code) return config;
    check_problem(run, "the model can't be configured: %s", run->error.message);
    beluga_config_free(config);
    return NULL;
}

/* A model that can't be opened would fail every check, so only one check reports it. */
static void tell_unopened(check_run *run)
{
    const char **by = &run->rules->unopened;
    if (*by && strcmp(*by, run->scenario->name) != 0) {
        check_text_printf(&run->reason, "no model can be opened, as the check %s says", *by);
        return;
    }
    *by = run->scenario->name;
    check_problem(run, "the model can't be opened: %s", run->error.message);
}

beluga_chat_model *check_open(check_run *run, beluga_registry *registry)
{
    check_text texts = {0};
    beluga_chat_model *model = NULL;
    const char *name = run->settings->base ? NULL : run->provider->name;
    beluga_config *config = check_configure(run, &texts);
    check_where_set("open");
    if (config && beluga_registry_open(registry, name, config, &model, &run->error))
        tell_unopened(run);
    check_where_set(NULL);
    beluga_config_free(config);
    check_text_free(&texts);
    return model;
}

void check_let_go(beluga_chat_model *model)
{
    check_where_set("close");
    beluga_chat_model_unref(model);
    check_where_set(NULL);
}

/* Loading a plug-in registers its providers. */
int check_register(check_run *run, beluga_registry *registry)
{
    if (run->settings->plugin) {
        int code = beluga_registry_load_plugin(registry, run->settings->plugin, &run->error);
        check_delays_play(run->settings->plugin);
        return code;
    }
    return beluga_registry_register(registry, run->provider, &run->error);
}
