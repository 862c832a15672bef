/* The rules of emitting. The library enforces them in every call: a call that breaks a rule fails,
 * and the host goes on. The kit finds out once which rules a provider breaks, and reports each of
 * them once. */
#include "kit/rules.h"

#include "kit/exchange.h"
#include "kit/perform.h"
#include "kit/watch.h"

#include <string.h>
#include <time.h>

enum {
    MAX_WORK_MS = 200,  /* processor time in one step of a loop */
    BLOCKING_CALLS = 3, /* if this many calls wait in a step, it is no coincidence */
    LINGER_MS = 50      /* time in which late events may follow a call */
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

/* The answer does not matter, since only the rules are checked. */
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

static void probe_blocking(check_run *probe)
{
    size_t waiting = 0;
    int64_t longest = 0;
    check_text *found = &probe->rules->found[CHECK_RULE_BLOCKS];
    for (int i = 0; i < BLOCKING_CALLS; i++) {
        check_steps steps = {0};
        play(probe, true, CHECK_END_WHOLE);
        check_push_watched(probe, &steps);
        note_found(probe, "in a pushed stream");
        waiting += steps.waited > 0;
        if (steps.longest_wait_ms > longest) longest = steps.longest_wait_ms;
        if (steps.longest_work_ms > MAX_WORK_MS && !found->length)
            check_text_printf(found,
                              "want less than %d ms of computing at a time, got %d ms: "
                              "beluga_emit_run_blocking is for that\n",
                              MAX_WORK_MS, (int)steps.longest_work_ms);
    }
    if (waiting == BLOCKING_CALLS)
        check_text_printf(found,
                          "want no waiting on the loop, got up to %d ms in every call: "
                          "beluga_emit_after and beluga_emit_run_blocking are for that\n",
                          (int)longest);
}

static void probe_calls(check_run *probe)
{
    play(probe, false, CHECK_END_WHOLE);
    check_generate(probe);
    note_found(probe, "in an answer");
    play(probe, true, CHECK_END_WHOLE);
    check_stream(probe);
    note_found(probe, "in a stream");
    probe_blocking(probe);
    if (check_streams(probe)) {
        play(probe, true, CHECK_END_HANGS);
        check_cancel(probe);
        note_found(probe, "in a stream that is cancelled");
    }
    linger();
    play(probe, false, CHECK_END_WHOLE);
    check_generate(probe); /* this call may use what earlier calls left behind */
    note_found(probe, "in another answer");
}

static void probe(check_run *run)
{
    check_run probe = *run;
    bool watched = run->settings->plugin && watch_begin(run->settings->plugin, check_is_http(run));
    run->rules->probed = true;
    probe.breach = 0;
    probe_calls(&probe);
    linger();
    if (watched) {
        check_text *found = run->rules->found;
        watch_tell(&found[CHECK_RULE_ONE_END], &found[CHECK_RULE_LATE], &found[CHECK_RULE_REFUSED]);
        watch_end();
    }
    run->answer = probe.answer;
    run->lead = probe.lead;
    check_text_free(&probe.story);
    check_text_free(&probe.problems);
    check_text_free(&probe.reason);
}

void check_run_rule(check_run *run)
{
    bool first = run->scenario->rule == CHECK_RULE_ENDS || run->settings->only;
    if (!run->rules->probed && first) probe(run);
    if (!run->rules->probed) { /* a crash was followed by a new process */
        check_text_printf(&run->reason, "the check %s was not done", name_of(run, CHECK_RULE_ENDS));
        return;
    }
    if (run->peer) run->asked = peer_requests(run->peer);
    check_text_puts(&run->problems, check_text_get(&run->rules->found[run->scenario->rule]));
    bool watched = run->settings->plugin != NULL;
    if (!watched &&
        (run->scenario->rule == CHECK_RULE_LATE || run->scenario->rule == CHECK_RULE_REFUSED))
        check_text_puts(&run->reason, "only a plug-in can be watched for it");
}
