/* Runs the list of scenarios against a provider. */
#include "kit/check.h"

#include "kit/calls.h"
#include "kit/delays.h"
#include "kit/exchange.h"
#include "kit/interface.h"
#include "kit/open.h"
#include "kit/process.h"
#include "kit/recording.h"
#include "kit/rules.h"
#include "kit/scenarios.h"
#include "kit/strays.h"
#include "kit/update.h"

#include <stdio.h>
#include <string.h>

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
    run->model = check_open(run, run->settings->registry);
    if (!run->model) return false;
    if (bind(run)) check_problem(run, "its tools can't be bound: %s", run->error.message);
    return !run->problems.length;
}

/* ---- one scenario ---------------------------------------------------------------------------- */

static bool is_claimed(const check_run *run)
{
    return (run->scenario->needs & ~run->provider->capabilities) == 0 &&
           (!run->scenario->jobs || run->provider->batch);
}

static void judge_peer(check_run *run)
{
    if (!run->peer) return;
    if (peer_requests(run->peer) != run->asked && !check_sends_more(run))
        check_problem(run, "want %zu requests, got %zu", run->asked, peer_requests(run->peer));
    if (peer_malformed(run->peer)) check_problem(run, "bytes were sent that are not HTTP");
}

static void run_with_model(check_run *run)
{
    check_call_begin(run);
    if (open_model(run)) {
        if (is_claimed(run))
            run->scenario->run(run);
        else if (run->scenario->claimed)
            check_text_puts(&run->reason, "not claimed");
        else
            check_run_unclaimed(run);
        judge_peer(run);
    }
    check_let_go(run->model);
    check_call_end(run);
}

/* Start the peer. A scenario that makes its own calls may make many, so the peer's log then keeps
 * only one request, to save memory. */
static bool start_peer(check_run *run)
{
    const peer_config few = {.kept_requests = 1};
    if (!check_is_http(run)) return true;
    run->peer = peer_start_with(run->scenario->alone ? &few : NULL);
    if (!run->peer) check_problem(run, "the peer did not start");
    return run->peer != NULL;
}

static void run_scenario(check_run *run)
{
    if (!start_peer(run)) return;
    if (run->scenario->alone)
        run->scenario->run(run);
    else
        run_with_model(run);
    check_free_answers(run);
    run->peer_is_unasked = run->peer && !peer_requests(run->peer);
    peer_stop(run->peer);
}

/* ---- the result ------------------------------------------------------------------------------ */

/* A rule that the provider breaks in every call would fail every check, so only the check of that
 * rule reports it. */
static void blame(check_run *run)
{
    const char *rule = run->problems.length ? check_blamed_rule(run) : NULL;
    if (!rule) return;
    check_text_clear(&run->problems);
    check_text_clear(&run->reason);
    check_text_printf(&run->reason,
                      "the call failed because of the fault that the check %s reports", rule);
}

static check_status status_of(const check_run *run)
{
    if (run->problems.length) return CHECK_FAILED;
    if (run->reason.length) return CHECK_SKIPPED;
    if (run->written.length) return CHECK_WRITTEN;
    if (run->notes.length) return CHECK_NOTED;
    return run->measure.operations ? CHECK_MEASURED : CHECK_PASSED;
}

/* ---- one cause, one failure ------------------------------------------------------------------ */

static const char *answer_of(const check_scenario *s)
{
    const char *like = s->answer_like ? s->answer_like : s->like;
    return like ? like : "";
}

static bool has_own_answer(const check_run *run)
{
    check_text text = {0};
    bool has = check_fixture_find(run->profile, run->scenario->name, NULL, "answer", &text);
    check_text_free(&text);
    return has;
}

/* If this check makes the usual calls, and an earlier check found that these fail, return the name
 * of the earlier check; else NULL. */
static const char *find_unanswered(const check_run *run)
{
    const check_scenario *s = run->scenario;
    const check_rules *rules = run->rules;
    bool text = strcmp(answer_of(s), "text") == 0, stream = strcmp(answer_of(s), "stream") == 0;
    bool streams =
        stream || s->needs & BELUGA_CAPABILITY_STREAM || (s->alone && check_streams(run));
    if (s->own || s->run == check_run_rule || has_own_answer(run)) return NULL;
    if (rules->unanswered && text) return rules->unanswered;
    return streams ? rules->unstreamed : NULL;
}

/* If an earlier check found that the provider can't read the answer which this check plays, return
 * the name of the earlier check; else NULL. */
static const char *find_misread(const check_run *run)
{
    const char *misread = run->rules->misread;
    bool plays = misread && !run->scenario->own && strcmp(answer_of(run->scenario), misread) == 0;
    return plays && !has_own_answer(run) ? misread : NULL;
}

/* If the usual call fails with the same error as a stream and in one piece, the cause is the same,
 * and only one check reports it. */
static void blame_answer(check_run *run)
{
    check_rules *rules = run->rules;
    const beluga_error *why = &rules->why_unanswered;
    bool same = rules->unanswered && strcmp(run->scenario->name, "stream") == 0 && !run->finished &&
                run->error.code == why->code && strcmp(run->error.message, why->message) == 0;
    if (!same) return;
    check_text_clear(&run->problems);
    check_text_printf(&run->reason, "its call fails like that of the check %s", rules->unanswered);
    rules->unstreamed = rules->unanswered;
}

static void note_failed(check_run *run)
{
    check_rules *rules = run->rules;
    const char *name = run->scenario->name;
    if (!run->finished && strcmp(name, "text") == 0) {
        rules->unanswered = name;
        rules->why_unanswered = run->error;
        if (run->peer_is_unasked) rules->broken = name;
    }
    if (!run->finished && strcmp(name, "stream") == 0) rules->unstreamed = name;
    if (strcmp(name, "error-rate-limit") == 0) rules->misread = name;
}

static bool is_left_out_for(check_run *run, const char *cause, const char *why)
{
    if (cause) check_text_printf(&run->reason, "not run: %s the check %s", why, cause);
    return cause;
}

/* Return whether the scenario is skipped, and store the reason. A provider that breaks a rule would
 * break it in each of some hundred later calls, so after that only the other rules are checked. */
static bool is_left_out(check_run *run)
{
    const char *reason = check_profile_skip(run->profile, run->scenario->name);
    if (!check_is_http(run) && !run->scenario->full) reason = "the provider does not use HTTP";
    bool is_rule = run->scenario->run == check_run_rule;
    if (run->rules->broken && (!is_rule || run->settings->crashed || !run->rules->probed)) {
        check_text_printf(&run->reason, "not run: mend what the check %s found first",
                          run->rules->broken);
        return true;
    }
    if (reason) check_text_puts(&run->reason, reason);
    return reason || is_left_out_for(run, find_unanswered(run), "its calls fail like those of") ||
           is_left_out_for(run, find_misread(run), "it plays the same answer as");
}

static void note_broken(check_run *run, check_status status)
{
    bool is_rule = run->scenario->run == check_run_rule;
    if (status != CHECK_FAILED || !is_rule || run->rules->broken) return;
    run->rules->broken = run->scenario->name;
    if (!run->settings->only)
        check_problem(run, "the checks after those of the rules are not run until this is mended");
}

/* Return whether the scenario's case is missing. For a full provider only the options in a case can
 * bring about what the scenario needs, for example an error. */
static bool is_without_files(const check_run *run)
{
    check_text text = {0};
    const check_scenario *s = run->scenario;
    if (!run->settings->foreign || !s->own || check_is_http(run) || !is_claimed(run)) return false;
    bool found = check_fixture_find(run->profile, s->name, NULL, "events", &text) ||
                 check_fixture_find(run->profile, s->name, NULL, "options", &text);
    check_text_free(&text);
    return !found;
}

static check_result result_of(const check_run *run, check_status status)
{
    const check_text *detail = status == CHECK_FAILED    ? &run->problems
                               : status == CHECK_WRITTEN ? &run->written
                               : status == CHECK_NOTED   ? &run->notes
                                                         : &run->reason;
    return (check_result){.provider = run->provider->name,
                          .category = run->scenario->category,
                          .scenario = run->scenario->name,
                          .proves = run->scenario->proves,
                          .status = status,
                          .detail = check_text_get(detail),
                          .measure = run->measure};
}

static bool begin(const check_run *run)
{
    const check_result coming = result_of(run, CHECK_SKIPPED);
    const check_settings *settings = run->settings;
    return !settings->begin || settings->begin(settings->payload, &coming);
}

/* Return the text to which changes of the process are reported, or NULL if they need no report.
 * Until the first calls were made, the check of the rule about the process reports changes; later
 * each check reports the changes that it sees. */
static check_text *place_of_change(check_run *run)
{
    check_text *found = &run->rules->found[CHECK_RULE_PROCESS];
    bool is_rule = run->scenario->run == check_run_rule;
    bool is_first = !run->rules->probed && !run->settings->crashed && !run->settings->only;
    if (run->rules->broken || found->length) return NULL;
    return is_rule || is_first ? found : &run->problems;
}

static void judge_process(check_run *run)
{
    check_text changes = {0}, *out = place_of_change(run);
    check_process_compare(&changes);
    if (out) check_text_puts(out, check_text_get(&changes));
    check_text_free(&changes);
}

static check_status check_one(check_run *run)
{
    if (!begin(run)) return CHECK_SKIPPED;
    if (is_left_out(run))
        run->asked = 0;
    else if (is_without_files(run))
        check_text_printf(&run->reason,
                          "no file check/%s" CHECK_FIXTURE_ENDING
                          " has options that make the provider do this",
                          run->scenario->name);
    else
        run_scenario(run);
    judge_process(run);
    if (run->story.status || run->problems.status) check_problem(run, "out of memory");
    blame(run);
    blame_answer(run);
    check_write_changes(run, check_broken_rule(run));
    check_status status = status_of(run);
    note_broken(run, status);
    if (status == CHECK_FAILED) note_failed(run);
    const check_result result = result_of(run, status);
    run->settings->tell(run->settings->payload, &result);
    check_text_free(&run->story);
    check_text_free(&run->problems);
    check_text_free(&run->reason);
    check_text_free(&run->written);
    check_text_free(&run->notes);
    return status;
}

/* ---- all scenarios --------------------------------------------------------------------------- */

/* Return the name of an early check in which the provider crashed, or NULL. The same crash would
 * happen in all later checks. */
static const char *find_fatal(const check_settings *settings)
{
    const char *fatal = NULL;
    bool is_rule = false;
    for (const check_scenario *s = check_scenarios; s->name && settings->crashed; s++) {
        if (is_rule && s->run != check_run_rule) break;
        is_rule |= s->run == check_run_rule;
        if (strcmp(s->name, settings->crashed) == 0) fatal = s->name;
    }
    return fatal;
}

static bool is_wanted(const check_settings *settings, const check_scenario *s)
{
    /* files are not written when a rule is broken, so the rules are checked first */
    if (settings->only && settings->update && s->run == check_run_rule) return true;
    if (settings->only) return strcmp(settings->only, s->name) == 0;
    return settings->measure || strcmp(s->category, CHECK_BENCHMARKS) != 0;
}

static size_t check_all(const check_settings *settings, const beluga_provider *provider,
                        const check_profile *profile)
{
    size_t failed = 0;
    check_rules rules = {.broken = find_fatal(settings)};
    for (const check_scenario *s = check_scenarios; s->name; s++) {
        check_run run = {.settings = settings,
                         .scenario = s,
                         .scenarios = check_scenarios,
                         .provider = provider,
                         .profile = profile,
                         .rules = &rules};
        if (is_wanted(settings, s)) failed += check_one(&run) == CHECK_FAILED;
    }
    check_rules_free(&rules);
    return failed;
}

static int find_provider(const check_settings *settings, const char *name, beluga_provider *table,
                         const beluga_provider **provider, beluga_error *err)
{
    *provider = beluga_registry_get(settings->registry, name);
    if (*provider) return 0;
    if (!settings->base)
        return beluga_error_set(err, BELUGA_ERROR_UNSUPPORTED_PROVIDER,
                                "no provider is called %s: beluga providers lists them", name);
    *provider = table;
    return beluga_registry_describe(settings->registry, settings->config, table, err);
}

/* Make answers of a case from a recording, and report the files that were written. */
static int take_recording(const check_settings *settings, const beluga_provider *provider,
                          const check_profile *profile, beluga_error *err)
{
    check_text written = {0};
    check_result result = {.provider = provider->name,
                           .category = "Cases",
                           .scenario = settings->only,
                           .proves = "its answers are those of the recording",
                           .status = CHECK_WRITTEN};
    result.detail = "";
    if (settings->begin && !settings->begin(settings->payload, &result)) return 0;
    int code = check_recording_take(profile, settings->only, settings->from, &written, err);
    result.detail = check_text_get(&written);
    if (!code) settings->tell(settings->payload, &result);
    check_text_free(&written);
    return code;
}

/* Report that cases can't be read, as a failure of the check that requires cases. */
static void tell_fault(const check_settings *settings, const char *provider,
                       const beluga_error *err)
{
    const check_scenario *s = check_scenarios;
    while (s->name && s->run != check_run_fixtures) s++;
    const check_result result = {.provider = provider,
                                 .category = s->category,
                                 .scenario = s->name,
                                 .proves = s->proves,
                                 .status = CHECK_FAILED,
                                 .detail = err->message};
    if (settings->begin && !settings->begin(settings->payload, &result)) return;
    settings->tell(settings->payload, &result);
}

int check_provider(const check_settings *settings, const char *name, beluga_error *err)
{
    check_profile profile = {0};
    beluga_provider table;
    const beluga_provider *provider = NULL;
    int code = find_provider(settings, name, &table, &provider, err);
    if (code) return code;
    check_process_begin(false);
    check_delays_play(settings->plugin);
    code = check_profile_read(&profile, settings, provider, err);
    if (!code && settings->from) code = take_recording(settings, provider, &profile, err);
    if (!code) code = check_strays(&profile, check_scenarios, err);
    for (const check_scenario *s = check_scenarios; s->name && !code; s++)
        code = check_fixture_look(&profile, s->name, err);
    if (code == BELUGA_ERROR_INVALID_CONFIG) tell_fault(settings, name, err);
    size_t failed = code ? 0 : check_all(settings, provider, &profile);
    check_profile_free(&profile);
    if (failed)
        code = beluga_error_set(err, BELUGA_ERROR_INVALID_RESPONSE, "%s: %zu checks failed", name,
                                failed);
    return code;
}
