/* The rules of emitting. The library enforces them in every call: a call that breaks a rule fails,
 * and the host program continues. The kit tests the rules in one place, and reports each broken
 * rule once. */
#include "kit/rules.h"

#include "kit/exchange.h"
#include "kit/hinder.h"
#include "kit/open.h"
#include "kit/perform.h"
#include "kit/process.h"
#include "kit/spy.h"
#include "kit/watch.h"

#include <string.h>
#include <time.h>

enum {
    ROUNDS = 4,    /* a function that waits in this many rounds does not wait by chance */
    LINGER_MS = 50 /* milliseconds in which late events may follow a call */
};

/* ---- blame ----------------------------------------------------------------------------------- */

static const char *name_of(const check_run *run, check_rule rule)
{
    const char *name;
    for (const check_scenario *s = run->scenarios; (name = s->name); s++)
        if (s->run == check_run_rule && s->rule == rule) break;
    return name;
}

const char *check_blamed_rule(check_run *run)
{
    int rule = run->breach - 1;
    if (rule < 0 || run->scenario->run == check_run_rule) return NULL;
    return run->rules->found[rule].length ? name_of(run, (check_rule)rule) : NULL;
}

const char *check_broken_rule(const check_run *run)
{
    for (int i = 0; i < CHECK_N_RULES; i++)
        if (run->rules->found[i].length) return name_of(run, (check_rule)i);
    return NULL;
}

void check_rules_free(check_rules *rules)
{
    for (int i = 0; i < CHECK_N_RULES; i++) check_text_free(&rules->found[i]);
}

/* ---- the probe: some calls of each kind ------------------------------------------------------ */

static void linger(void)
{
    nanosleep(&(struct timespec){.tv_nsec = LINGER_MS * 1000000L}, NULL);
}

/* Play some answer. Its content does not matter, since only the rules are checked. */
static void play(check_run *probe, bool streamed, check_end end)
{
    if (!probe->peer) return;
    if (check_load_usual_answer(probe, streamed)) {
        check_play(probe, probe->answer.body.length, end);
        return;
    }
    peer_step_json(peer_reply_new(probe->peer), 200, "{}");
}

static void note_found(check_run *probe, const char *when)
{
    int rule = probe->breach - 1;
    if (rule >= 0 && !probe->rules->found[rule].length)
        check_text_printf(&probe->rules->found[rule], "%s: %s\n", when, probe->error.message);
    probe->breach = 0;
    watch_call_is_over();
}

/* Call a full provider with multi-byte letters at several offsets. If it echoes them, it must not
 * cut a character in two. */
static void probe_letters(check_run *probe)
{
    enum { SHIFTS = 4 };
    static const char letters[] = "xxx\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3 \xe2\x82\xac"
                                  "\xc3\xa9\xf0\x9f\x90\xb3\xf0\x9f\x90\xb3";
    beluga_messages *given = probe->call.messages;
    for (int shift = 0; shift < SHIFTS && !probe->peer; shift++) {
        probe->call.messages = beluga_messages_new();
        beluga_messages_add(probe->call.messages, beluga_human_message(letters + shift));
        check_generate(probe);
        note_found(probe, "in an answer to other letters");
        beluga_messages_free(probe->call.messages);
    }
    probe->call.messages = given;
}

/* Play an answer with status 500, so that the provider decodes an error. */
static void play_refusal(check_run *probe)
{
    if (probe->peer) peer_step_json(peer_reply_new(probe->peer), 500, "{\"error\":\"no\"}");
}

/* Make the other kinds of calls (lists, embeddings, counts) to which the author has an answer. */
static void make_other_calls(check_run *probe)
{
    static const struct {
        uint64_t capability;
        const char *scenario;
        check_action *ask;
    } others[] = {{BELUGA_CAPABILITY_MODELS, "models", check_list},
                  {BELUGA_CAPABILITY_EMBED, "embed", check_embed},
                  {BELUGA_CAPABILITY_COUNT, "count", check_count}};
    for (size_t i = 0; i < sizeof others / sizeof *others && !spy_is_slow(); i++) {
        if (!(probe->provider->capabilities & others[i].capability)) continue;
        if (probe->peer && !check_load_case(probe, others[i].scenario)) continue;
        if (probe->peer) check_play_whole(probe);
        others[i].ask(probe);
        watch_call_is_over();
    }
}

/* One call of each kind, so that each function of the provider runs. */
static void make_round(check_run *probe)
{
    play(probe, true, CHECK_END_WHOLE);
    check_push(probe);
    watch_call_is_over();
    if (spy_is_slow()) return;
    play(probe, false, CHECK_END_WHOLE);
    check_generate(probe);
    watch_call_is_over();
    play_refusal(probe);
    check_generate(probe);
    watch_call_is_over();
    if (!probe->peer && check_streams(probe)) check_cancel_pushed(probe);
    watch_call_is_over();
    make_other_calls(probe);
    probe->breach = 0; /* earlier calls have already reported it */
}

/* Make the same calls with a copy of the provider whose functions measure their cost. */
static void probe_blocking(check_run *run)
{
    check_run copy = *run, *probe = &copy;
    beluga_client *client = spy_new(probe);
    probe->model = client ? check_open(probe, beluga_client_registry(client)) : NULL;
    for (int i = 0; i < ROUNDS && probe->model && !spy_is_slow(); i++) {
        make_round(probe);
        if (!probe->peer && watch_is_watching()) check_cancel_at_work(probe);
        watch_call_is_over();
        spy_next_round();
    }
    if (probe->model)
        spy_tell(&probe->rules->found[CHECK_RULE_BLOCKS],
                 &probe->rules->found[CHECK_RULE_ERROR_CODE]);
    check_let_go(probe->model);
    probe->model = run->model;
    bool detached = !watch_is_watching() || watch_wait_for_detach(check_patience_ms(probe));
    if (!detached)
        check_text_puts(
            &probe->rules->found[CHECK_RULE_ENDS],
            "want beluga_emit_detach for each emit of beluga_emit_attach, got none for "
            "some: call it when the engine is done, also where the call was cancelled\n");
    if (client) beluga_client_close(client, detached ? check_patience_ms(probe) : 0, NULL);
    probe->provider = run->provider;
    *run = copy;
}

/* Cancel a call in the middle of blocking work; the work must then return. */
static void probe_work(check_run *probe)
{
    if (probe->peer || !watch_is_watching() || !check_streams(probe)) return;
    if (!check_cancel_at_work(probe))
        check_text_puts(&probe->rules->found[CHECK_RULE_REFUSED],
                        "want the work of a cancelled call to return, got no end of it: ask "
                        "beluga_emit_is_cancelled(emit), and return when emitting gives a negative "
                        "code\n");
    watch_call_is_over();
}

static void probe_calls(check_run *probe)
{
    play(probe, false, CHECK_END_WHOLE);
    check_generate(probe);
    note_found(probe, "in an answer");
    play(probe, true, CHECK_END_WHOLE);
    check_stream(probe);
    note_found(probe, "in a stream");
    play(probe, true, CHECK_END_WHOLE);
    check_push(probe);
    note_found(probe, "in a pushed stream");
    probe_letters(probe);
    probe_work(probe);
    if (check_streams(probe)) {
        play(probe, true, CHECK_END_HANGS);
        check_cancel(probe);
        note_found(probe, "in a stream that is cancelled");
    }
    linger();
    play(probe, false, CHECK_END_WHOLE);
    /* This call may use state that the earlier calls left behind. */
    check_generate(probe);
    note_found(probe, "in another answer");
}

static void probe(check_run *run)
{
    check_run probe = *run;
    bool watched = run->settings->plugin && watch_begin(run->settings->plugin, check_is_http(run));
    run->rules->probed = true;
    probe.breach = 0;
    probe_blocking(&probe);
    bool stuck =
        run->rules->found[CHECK_RULE_BLOCKS].length || run->rules->found[CHECK_RULE_ENDS].length;
    if (!stuck) probe_calls(&probe);
    linger();
    if (watched) {
        check_text *found = run->rules->found;
        watch_tell((watch_findings){.after_end = &found[CHECK_RULE_ONE_END],
                                    .reasons = &found[CHECK_RULE_ENDS],
                                    .late = &found[CHECK_RULE_LATE],
                                    .refused = &found[CHECK_RULE_REFUSED]});
        watch_end();
    }
    check_process_compare(&run->rules->found[CHECK_RULE_PROCESS]);
    run->answer = probe.answer;
    run->lead = probe.lead;
    check_text_free(&probe.story);
    check_text_free(&probe.problems);
    check_text_free(&probe.reason);
}

/* Return whether further calls are useless because of a broken rule, and store the rule in `by`. A
 * provider that blocks makes the calls take minutes, and one that changes the process while it is
 * loaded affects all of them. */
static bool is_spoilt(const check_rules *rules, check_rule *by)
{
    bool blocks = rules->found[CHECK_RULE_BLOCKS].length > 0;
    *by = blocks ? CHECK_RULE_BLOCKS : CHECK_RULE_PROCESS;
    return blocks || (!rules->probed && rules->found[CHECK_RULE_PROCESS].length);
}

void check_run_rule(check_run *run)
{
    check_rule spoilt_by;
    bool first = run->scenario->rule == CHECK_RULE_BLOCKS || run->settings->only;
    if (!run->rules->probed && first && !is_spoilt(run->rules, &spoilt_by)) probe(run);
    bool spoilt = is_spoilt(run->rules, &spoilt_by);
    if (spoilt && run->scenario->rule != spoilt_by) {
        check_text_printf(&run->reason, "not run: mend what the check %s found first",
                          name_of(run, spoilt_by));
        return;
    }
    /* The calls that show whether rules are broken are made in the first check of a rule. A process
     * that was started after a crash continues with a later check and does not make them. */
    if (!spoilt && !run->rules->probed) {
        check_text_printf(&run->reason, "the check %s was not done",
                          name_of(run, CHECK_RULE_BLOCKS));
        return;
    }
    if (run->peer) run->asked = peer_requests(run->peer);
    check_text_puts(&run->problems, check_text_get(&run->rules->found[run->scenario->rule]));
    bool watched = run->settings->plugin != NULL;
    check_rule rule = run->scenario->rule;
    if (!watched && (rule == CHECK_RULE_LATE || rule == CHECK_RULE_REFUSED))
        check_text_puts(&run->reason, "only plug-ins can be watched for this");
}
