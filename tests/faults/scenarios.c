/* The right reaction to each fault. If a required check fails, the result is "fail"; if an advisory
 * check fails, the result is "partial" at best. A clean error in time instead of an answer is
 * "safe". */
#include "faults.h"

#include <stdio.h>
#include <string.h>

static void note(result *r, const char *check)
{
    size_t n = strlen(r->why);
    snprintf(r->why + n, sizeof r->why - n, "%s%s", n ? ", " : "", check);
}

static void require(result *r, bool holds, const char *check)
{
    if (holds) return;
    r->verdict = FAIL;
    note(r, check);
}

static void advise(result *r, bool holds, const char *check)
{
    if (holds) return;
    if (r->verdict == PASS) r->verdict = PARTIAL;
    note(r, check);
}

/* The rules for every call: it must end, and half of an answer must not be a success. */
static void judge_call(result *r, bool rescued)
{
    const outcome *o = &r->calls[0];
    r->verdict = rescued ? PASS : SAFE;
    if (!rescued) note(r, o->status ? o->message : "no answer");
    require(r, o->ended, "it hangs");
    require(r, !o->truncated, "half an answer was handed over as a success");
}

static void judge(result *r)
{
    judge_call(r, r->calls[0].complete);
}

/* Returns the longest time for a call. A busy machine does not go faster with the time. */
static double longest(const setup *with, double seconds)
{
    return seconds / with->divisor + (with->divisor > 1 ? 20 : 0);
}

/* Returns the number of attempts at the primary model in the first seconds after the first
 * attempt. */
static size_t within(const attempts *seen, double seconds)
{
    size_t n = 0;
    for (size_t i = 0; i < seen->primary; i++)
        n += seen->primary_s[i] - seen->primary_s[0] < seconds;
    return n;
}

static double gap(const attempts *seen)
{
    return seen->primary > 1 ? seen->primary_s[1] - seen->primary_s[0] : 0;
}

static void check_retry_after(const scenario *s, const setup *with, result *r)
{
    (void)s;
    (void)with; /* the header says two seconds, whatever the divisor is */
    judge(r);
    advise(r, r->seen.primary >= 2, "it was not retried");
    advise(r, gap(&r->seen) >= 1.8, "Retry-After was not heeded");
    require(r, within(&r->seen, 1.5) <= 2, "the provider was hammered");
}

static void check_rate_limit(const scenario *s, const setup *with, result *r)
{
    (void)s;
    judge(r);
    require(r, within(&r->seen, 3.0 / with->divisor) <= 4, "the provider was hammered");
    require(r, r->seen.primary <= 6, "too many attempts");
}

static void check_once(const scenario *s, const setup *with, result *r)
{
    (void)s;
    (void)with;
    judge(r);
    advise(r, r->seen.primary >= 2, "the same provider was not retried");
}

static void check_for_ever(const scenario *s, const setup *with, result *r)
{
    (void)s;
    (void)with;
    judge(r);
    require(r, r->seen.primary <= 6, "too many attempts");
}

static void check_reset(const scenario *s, const setup *with, result *r)
{
    (void)s;
    (void)with;
    judge(r);
}

static void check_silence(const scenario *s, const setup *with, result *r)
{
    (void)s;
    judge(r);
    require(r, r->calls[0].seconds <= longest(with, 100), "it took too long");
    advise(r, r->seen.primary == 1, "the silent route was asked again");
}

static bool is_from_fallback(const outcome *o)
{
    return strcmp(o->model, "peer-backup") == 0;
}

/* When time goes faster, a busy machine may need longer than the seconds that are left for the
 * fallback. That it was asked shows the limit, too. */
static void check_first_token(const scenario *s, const setup *with, result *r)
{
    const outcome *o = &r->calls[0];
    bool limited = with->divisor > 1 ? is_from_fallback(o) : o->seconds < 15;
    (void)s;
    judge(r);
    advise(r, limited, "no limit for the first token");
}

static void check_stall(const scenario *s, const setup *with, result *r)
{
    (void)s;
    judge(r);
    require(r, r->calls[0].seconds <= longest(with, 45), "the stall was not noticed in time");
    require(r, r->alive_after, "not alive afterwards");
}

static void check_malformed(const scenario *s, const setup *with, result *r)
{
    (void)s;
    (void)with;
    judge(r);
    require(r, r->alive_after, "not alive afterwards");
}

static void check_no_done(const scenario *s, const setup *with, result *r)
{
    /* The grace period of two seconds can't be configured, so it is not divided. */
    (void)s;
    judge(r);
    require(r, r->calls[0].seconds <= longest(with, 8) + 1, "it waited for what does not come");
    advise(r, r->calls[0].has_usage, "no usage");
}

static void check_context_length(const scenario *s, const setup *with, result *r)
{
    (void)s;
    (void)with;
    judge(r);
    require(r, r->seen.primary == 1, "the same model was asked again");
}

/* The right result is an error with the provider's finish reason; the fallback must not be used. */
static void check_content_filter(const scenario *s, const setup *with, result *r)
{
    (void)s;
    (void)with;
    const outcome *o = &r->calls[0];
    bool told = o->status == BELUGA_ERROR_CONTENT_FILTER && strstr(o->message, "safety system");
    judge_call(r, told);
    if (o->complete) {
        r->verdict = PARTIAL;
        note(r, "it was routed around the rejection");
    }
    require(r, r->seen.primary == 1, "the same model was asked again");
}

static void check_prefill(const scenario *s, const setup *with, result *r)
{
    (void)s;
    (void)with;
    judge(r);
    require(r, !r->seen.prefill, "the fallback was asked to continue half an answer");
}

static void check_outage(const scenario *s, const setup *with, result *r)
{
    (void)s;
    double over = 60.0 / with->divisor, recovered = -1;
    size_t asked = 0, served = 0;
    for (size_t i = 0; i < r->n_calls; i++) {
        const outcome *o = &r->calls[i];
        require(r, o->ended && !o->truncated, "a call hangs or is cut");
        if (o->began_s < over) {
            asked++;
            served += o->complete;
        }
        if (o->complete && !is_from_fallback(o) && recovered < 0) recovered = o->began_s - over;
    }
    if (r->verdict == FAIL) return;
    r->verdict = served == asked ? PASS : SAFE;
    if (served < asked) note(r, "not all were served while the provider was down");
    require(r, recovered >= 0 && recovered <= longest(with, 30),
            "it did not return after the recovery");
    /* Without the breaker every call would make three attempts. With it the first three calls do,
     * and of the others only those that find out whether the provider works again, once each. */
    advise(r, within(&r->seen, over) <= asked + 6, "the provider was asked all the time");
}

static void check_accounting(const scenario *s, const setup *with, result *r)
{
    (void)s;
    (void)with;
    judge(r);
    advise(r, !r->calls[0].complete || is_from_fallback(&r->calls[0]),
           "the model is not the one that answered");
    advise(r, !r->calls[0].complete || r->calls[0].has_usage, "no usage");
    require(r, r->seen.primary <= 6, "too many attempts");
}

/* The published results are those of failoverbench on 2026-09-12, in this order: Bifrost 2.1.1, no
 * gateway, DeepSeek Harness with fallbacks, LangChain with fallbacks, LiteLLM proxy, LiteLLM router
 * with tuned settings, LiteLLM router, the OpenAI SDK for Python, Portkey. */
const scenario scenarios[] = {
    {"s01", "429 with Retry-After", 20, 0, 0, "~o~pppppp", check_retry_after},
    {"s02", "429 without Retry-After, for ever", 40, 0, 0, "popppppop", check_rate_limit},
    {"s03", "500 once, then healthy", 20, 0, 0, "po~pppppp", check_once},
    {"s04", "503 for ever", 40, 0, 0, "popppppop", check_for_ever},
    {"s05", "reset before any byte", 20, 0, 0, "poppppppp", check_reset},
    {"s06", "no answer at all", 130, 0, 0, "xop~~~~op", check_silence},
    {"s07", "first token after 20 s", 60, 0, 0, "~p~~~~~p~", check_first_token},
    {"s08", "stream cut after 40 of 60 tokens", 40, 0, 0, "oopooooox", check_reset},
    {"s09", "stream goes silent", 70, 0, 0, "oopooooox", check_stall},
    {"s10", "malformed event in a stream", 30, 0, 0, "ppoooooop", check_malformed},
    {"s11", "stream without [DONE]", 30, 0, 0, "ppppppppp", check_no_done},
    {"s12", "context length exceeded", 20, 0, 0, "popppppop", check_context_length},
    {"s13", "content filter", 20, 0, 0, "~pp~~~~p~", check_content_filter},
    {"s14", "cut, and a fallback that rejects a prefill", 40, 0, 0, "oopooooox", check_prefill},
    {"s15", "down for 60 s, then healthy", 30, MAX_CALLS, 4, "popppppop", check_outage},
    {"s16", "who answered, and its usage", 40, 0, 0, "popppppop", check_accounting},
};

const size_t n_scenarios = sizeof scenarios / sizeof *scenarios;
