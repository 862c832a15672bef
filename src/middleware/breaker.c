/* Circuit breaker: if calls keep failing because the provider has an outage, further calls are
 * refused at once, and after a while a few probes find out whether the provider works again.
 *
 * closed     calls pass; when `breaker_failures` of them failed in a row, the breaker opens
 * open       calls are refused for `breaker_open_time`
 * half-open  one probe at a time passes, other calls are refused; `breaker_probes` successful
 *            probes close the breaker, a failed probe opens it again
 *
 * A call counts once, with all its retries. A failure that the caller caused does not count. */
#include "base/clock.h"
#include "middleware/layer.h"
#include "middleware/middleware.h"

enum { DEFAULT_PROBES = 1 };

typedef struct breaker {
    beluga__layer base;
    int64_t most_failures, open_ns, probes;
    _Atomic int64_t open_until_ns; /* 0 while closed; otherwise a time of the monotonic clock */
    _Atomic int64_t failures;      /* failures in a row while closed */
    _Atomic int64_t good_probes;
    /* fork generation + 1 of the process whose probe is running; 0: no probe runs */
    atomic_uint prober;
} breaker;

typedef struct breaker_stage {
    beluga__layer_stage base;
    bool is_probe, decided;
    bool answered; /* an event has arrived, so the provider is not silent */
} breaker_stage;

static breaker *breaker_of(const breaker_stage *stage)
{
    return beluga__container_of(stage->base.layer, breaker, base);
}

/* --- the states ------------------------------------------------------------------------------- */

/* Try to make this call the probe. A probe that runs in the parent process does not count in a
 * forked child, which never learns how it ends. */
static bool begin_probing(breaker *b)
{
    unsigned mine = beluga__fork_generation() + 1, other = atomic_load(&b->prober);
    return other != mine && atomic_compare_exchange_strong(&b->prober, &other, mine);
}

static void end_probing(breaker *b)
{
    atomic_store(&b->prober, 0);
}

static void open_it(breaker *b, const beluga_call *call)
{
    atomic_store(&b->good_probes, 0);
    atomic_store(&b->open_until_ns, beluga__now_ns() + b->open_ns);
    beluga__log(b->base.runtime, BELUGA_LOG_WARN, "breaker.open",
                BELUGA__TEXT_FIELD("provider", call->target->provider->name),
                BELUGA__TEXT_FIELD("model", call->model_name),
                BELUGA__NUMBER_FIELD("open_ms", b->open_ns / BELUGA__NS_PER_MS));
}

static void close_it(breaker *b, const beluga_call *call)
{
    atomic_store(&b->failures, 0);
    atomic_store(&b->open_until_ns, 0);
    beluga__log(b->base.runtime, BELUGA_LOG_INFO, "breaker.closed",
                BELUGA__TEXT_FIELD("provider", call->target->provider->name),
                BELUGA__TEXT_FIELD("model", call->model_name));
}

static void succeeded(breaker_stage *stage)
{
    breaker *b = breaker_of(stage);
    if (!stage->is_probe) {
        atomic_store(&b->failures, 0);
        return;
    }
    if (atomic_fetch_add(&b->good_probes, 1) + 1 >= b->probes) close_it(b, stage->base.call);
    end_probing(b);
}

static void failed(breaker_stage *stage)
{
    breaker *b = breaker_of(stage);
    if (stage->is_probe) {
        open_it(b, stage->base.call);
        end_probing(b);
    } else if (atomic_fetch_add(&b->failures, 1) + 1 == b->most_failures)
        open_it(b, stage->base.call);
}

/* Leave the state unchanged, since this outcome says nothing about the provider. If the call was a
 * probe, another call may be the probe now. */
static void undecided(breaker_stage *stage)
{
    if (stage->is_probe) end_probing(breaker_of(stage));
}

static bool is_sickness(const beluga_error *err)
{
    switch (err->code) {
    case BELUGA_ERROR_NETWORK:
    case BELUGA_ERROR_TIMEOUT:
    case BELUGA_ERROR_RATE_LIMIT:
    case BELUGA_ERROR_OVERLOADED:
    case BELUGA_ERROR_INTERNAL:
    case BELUGA_ERROR_MODEL_NOT_AVAILABLE:
    case BELUGA_ERROR_EMPTY_RESPONSE:
    case BELUGA_ERROR_MALFORMED_RESPONSE:
    case BELUGA_ERROR_INVALID_RESPONSE:
    case BELUGA_ERROR_STREAM:
    case BELUGA_ERROR_STREAM_TIMEOUT:
    case BELUGA_ERROR_STREAM_CLOSED: return true;
    }
    return false;
}

static void decide(breaker_stage *stage, const beluga_error *err)
{
    if (stage->decided) return;
    stage->decided = true;
    if (!err)
        succeeded(stage);
    else if (is_sickness(err))
        failed(stage);
    else
        undecided(stage);
}

/* --- calls ------------------------------------------------------------------------------------ */

static int refuse(const breaker *b, int64_t until_ns, beluga_error *err)
{
    int64_t wait_ms = (until_ns - beluga__now_ns()) / BELUGA__NS_PER_MS + 1;
    if (wait_ms < 1) wait_ms = 1;
    beluga_error_set(
        err, BELUGA_ERROR_CIRCUIT_OPEN,
        "the circuit breaker is open after %lld failed calls; the next try is in %lld ms",
        (long long)b->most_failures, (long long)wait_ms);
    err->retry_after_ms = wait_ms;
    return BELUGA_ERROR_CIRCUIT_OPEN;
}

/* Decide whether a call may pass. Returns 0, or a code with detail. */
static int admit(breaker_stage *stage, beluga_error *err)
{
    breaker *b = breaker_of(stage);
    int64_t until = atomic_load(&b->open_until_ns);
    if (!until) return 0;
    if (beluga__now_ns() < until || !begin_probing(b)) return refuse(b, until, err);
    if (atomic_load(&b->open_until_ns) != until) { /* another call's probe ended meanwhile */
        end_probing(b);
        until = atomic_load(&b->open_until_ns);
        return until ? refuse(b, until, err) : 0;
    }
    stage->is_probe = stage->base.call->is_probe = true;
    return 0;
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    breaker_stage *stage = beluga__container_of(sink, breaker_stage, base.sink);
    stage->answered = true;
    if (event->kind == BELUGA_EVENT_FINISH) decide(stage, NULL);
    if (event->kind == BELUGA_EVENT_ERROR) decide(stage, event->u.error);
    beluga__layer_deliver(&stage->base, event);
}

static int begin(beluga__layer_stage *base, beluga_error *err)
{
    breaker_stage *stage = beluga__container_of(base, breaker_stage, base);
    int status = admit(stage, err);
    if (status) return status;
    status = beluga__layer_ask(base, err);
    if (status) decide(stage, err);
    return status;
}

/* Decide how a call that was stopped early counts. If its deadline passed while the provider was
 * silent, that is a failure of the provider; otherwise the call does not count. */
static void cancelled(beluga__layer_stage *base)
{
    breaker_stage *stage = beluga__container_of(base, breaker_stage, base);
    if (stage->decided) return;
    stage->decided = true;
    bool late = beluga__layer_stopped(base->call, NULL) == BELUGA_ERROR_CONTEXT_TIMEOUT;
    if (late && !stage->answered)
        failed(stage);
    else
        undecided(stage);
}

static const beluga__layer_kind kind = {
    BELUGA__LAYER_OPS, sizeof(breaker_stage), begin, on_event, cancelled, NULL};

beluga__model *beluga__breaker_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    const beluga__settings *settings = plan->settings;
    breaker *b = beluga__layer_new(sizeof *b, &kind, plan->runtime, inner);
    if (!b) return NULL;
    b->most_failures = beluga__settings_int(settings, BELUGA_OPTION_BREAKER_FAILURES, 0);
    b->open_ns = BELUGA__NS_PER_MS * beluga__settings_int(settings, BELUGA_OPTION_BREAKER_OPEN_TIME,
                                                          BELUGA__DEFAULT_BREAKER_OPEN_MS);
    b->probes = beluga__settings_int(settings, BELUGA_OPTION_BREAKER_PROBES, DEFAULT_PROBES);
    return &b->base.model;
}
