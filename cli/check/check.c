/* Runs the list against a provider. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "scenario.h"

/* ---- opening --------------------------------------------------------------------------------- */

/* The options of a case alone, a line each; they borrow from `text`. */
static int add_case_options(check_run *run, beluga_config *config, check_text *text)
{
    char path[CHECK_MAX_PATH];
    const char *const others[] = {run->scenario->like, NULL};
    beluga_option option;
    if (!check_fixture_find(run->profile, run->scenario->name, others, "options.txt", text, path))
        return 0;
    for (char *line = strtok(text->data, "\n"); line; line = strtok(NULL, "\n")) {
        int code = beluga_option_parse(line, &option, &run->error);
        if (!code) code = beluga_config_set_n(config, &option, 1);
        if (code) return code;
    }
    return 0;
}

static int configure(check_run *run, beluga_config *config, check_text *case_options)
{
    beluga_option own[CHECK_MAX_OPTIONS];
    char url[256];
    int n = check_profile_options(run->profile, own, &run->error);
    if (n < 0) return n;
    int code = beluga_config_set_n(config, own, (size_t)n);
    if (!code && run->peer) {
        snprintf(url, sizeof url, "http://127.0.0.1:%d%s", peer_port(run->peer),
                 run->profile->base_path);
        const beluga_option place[] = {beluga_with_base_url(url), beluga_with_api_key(CHECK_KEY)};
        code = beluga_config_set_n(config, place, 2);
    }
    return code ? code : add_case_options(run, config, case_options);
}

static int bind(check_run *run)
{
    beluga_chat_model *bound = NULL;
    if (!run->call.n_tools) return 0;
    int code =
        beluga_bind_tools(run->model, run->call.tools, run->call.n_tools, &bound, &run->error);
    if (code) return code;
    beluga_chat_model_unref(run->model);
    run->model = bound;
    return 0;
}

static bool open_model(check_run *run)
{
    check_text case_options = {0};
    beluga_config *config =
        beluga_config_new(beluga_with_model_name(run->profile->model), beluga_with_max_retries(0),
                          beluga_with_timeout_ms(CHECK_PATIENCE_MS));
    int code = config ? configure(run, config, &case_options) : BELUGA_ERROR_NO_MEMORY;
    if (!code)
        code = beluga_registry_open(run->settings->registry, run->provider->name, config,
                                    &run->model, &run->error);
    if (!code) code = bind(run);
    if (code) check_problem(run, "the model can't be opened: %s", run->error.message);
    beluga_config_free(config);
    check_text_free(&case_options);
    return code == 0;
}

/* ---- one scenario ---------------------------------------------------------------------------- */

static bool is_http(const beluga_provider *provider)
{
    return provider->encode_request != NULL;
}

static bool is_claimed(const check_run *run)
{
    return (run->scenario->needs & ~run->provider->capabilities) == 0;
}

static void skip(check_run *run, const char *reason)
{
    check_text_puts(&run->reason, reason);
}

static void judge_peer(check_run *run)
{
    if (!run->peer) return;
    if (peer_requests(run->peer) != run->asked)
        check_problem(run, "want %zu requests, got %zu", run->asked, peer_requests(run->peer));
    if (peer_malformed(run->peer)) check_problem(run, "bytes were sent that are not HTTP");
}

static void run_scenario(check_run *run)
{
    if (is_http(run->provider) && !(run->peer = peer_start())) {
        check_problem(run, "the peer did not start");
        return;
    }
    check_call_begin(&run->call, run->scenario);
    if (open_model(run)) {
        if (is_claimed(run))
            run->scenario->run(run);
        else
            check_run_unclaimed(run);
        judge_peer(run);
    }
    beluga_chat_model_unref(run->model);
    check_call_free(&run->call);
    check_answer_free(&run->answer);
    peer_stop(run->peer);
}

static check_status status_of(const check_run *run)
{
    if (run->problems.length) return CHECK_FAILED;
    return run->reason.length ? CHECK_SKIPPED : CHECK_PASSED;
}

static check_status check_one(check_run *run)
{
    const char *reason = check_profile_skip(run->profile, run->scenario->name);
    if (reason)
        skip(run, reason);
    else if (!is_http(run->provider) && !run->scenario->full)
        skip(run, "nothing of it goes over a wire");
    else
        run_scenario(run);
    if (run->story.failed || run->problems.failed) check_problem(run, "out of memory");
    check_status status = status_of(run);
    const check_result result = {
        .provider = run->provider->name,
        .scenario = run->scenario->name,
        .proves = run->scenario->proves,
        .status = status,
        .detail = check_text_get(status == CHECK_FAILED ? &run->problems : &run->reason),
    };
    run->settings->tell(run->settings->payload, &result);
    check_text_free(&run->story);
    check_text_free(&run->problems);
    check_text_free(&run->reason);
    return status;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static size_t check_all(const check_settings *settings, const beluga_provider *provider,
                        const check_profile *profile)
{
    size_t failed = 0;
    for (const check_scenario *s = check_scenarios; s->name; s++) {
        check_run run = {
            .settings = settings, .scenario = s, .provider = provider, .profile = profile};
        if (settings->only && strcmp(settings->only, s->name) != 0) continue;
        failed += check_one(&run) == CHECK_FAILED;
    }
    return failed;
}

int check_provider(const check_settings *settings, const char *name, beluga_error *err)
{
    check_profile profile = {0};
    const beluga_provider *provider = beluga_registry_get(settings->registry, name);
    if (!provider)
        return beluga_error_set(err, BELUGA_ERROR_UNSUPPORTED_PROVIDER,
                                "no provider is called %s: beluga providers lists them", name);
    int code =
        check_profile_read(&profile, settings->own_fixtures, settings->fixtures, provider, err);
    size_t failed = code ? 0 : check_all(settings, provider, &profile);
    check_profile_free(&profile);
    if (failed)
        code = beluga_error_set(err, BELUGA_ERROR_INVALID_RESPONSE, "%s: %zu of its checks failed",
                                name, failed);
    return code;
}
