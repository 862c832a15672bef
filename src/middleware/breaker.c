/* Circuit breaker: when calls keep failing because the provider is sick, the next ones are refused
 * at once, and after a while a few probes find out whether it is well again.
 *
 * closed     calls pass; `breaker_failures` of them failed in a row: open
 * open       calls are refused for `breaker_open_time`
 * half-open  one probe at a time passes, the others are refused; `breaker_probes` that succeed
 * close it, one that fails opens it anew
 *
 * One call is one outcome, with all its retries. What the caller did wrong is no outcome at all. */
#include "middleware/layer.h"
#include "middleware/middleware.h"

#include "base/clock.h"

enum { DEFAULT_OPEN_MS = 15000, DEFAULT_PROBES = 1 };

typedef struct breaker {
    beluga__layer layer;
    int64_t most_failures, open_ns, probes;
    _Atomic int64_t open_until_ns; /* 0: closed; else of the monotonic clock */
    _Atomic int64_t failures;      /* in a row, while closed */
    _Atomic int64_t good_probes;
    atomic_uint prober; /* the fork generation + 1 of who has a probe out; 0: nobody */
} breaker;

typedef struct breaker_op {
    beluga__stage op;
    beluga__sink sink;
    beluga__sink *outer;
    beluga__stage *inner;
    breaker *self;
    beluga_call *call;
    bool is_probe, decided;
    bool answered; /* something came: the provider is not silent */
} breaker_op;

/* --- the states ------------------------------------------------------------------------------- */

/* A probe of the parent process never comes back to its child. */
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
    beluga__log(b->layer.runtime, BELUGA_LOG_WARN, "breaker.open",
                BELUGA__TEXT_FIELD("provider", call->target->provider->name),
                BELUGA__TEXT_FIELD("model", call->model_name),
                BELUGA__NUMBER_FIELD("open_ms", b->open_ns / BELUGA__NS_PER_MS));
}

static void close_it(breaker *b, const beluga_call *call)
{
    atomic_store(&b->failures, 0);
    atomic_store(&b->open_until_ns, 0);
    beluga__log(b->layer.runtime, BELUGA_LOG_INFO, "breaker.closed",
                BELUGA__TEXT_FIELD("provider", call->target->provider->name),
                BELUGA__TEXT_FIELD("model", call->model_name));
}

static void succeeded(breaker_op *op)
{
    breaker *b = op->self;
    if (!op->is_probe) {
        atomic_store(&b->failures, 0);
        return;
    }
    if (atomic_fetch_add(&b->good_probes, 1) + 1 >= b->probes) close_it(b, op->call);
    end_probing(b);
}

static void failed(breaker_op *op)
{
    breaker *b = op->self;
    if (op->is_probe) {
        open_it(b, op->call);
        end_probing(b);
    } else if (atomic_fetch_add(&b->failures, 1) + 1 == b->most_failures)
        open_it(b, op->call);
}

/* Neither: the next one tells. */
static void undecided(breaker_op *op)
{
    if (op->is_probe) end_probing(op->self);
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

static void decide(breaker_op *op, const beluga_error *err)
{
    if (op->decided) return;
    op->decided = true;
    if (!err)
        succeeded(op);
    else if (is_sickness(err))
        failed(op);
    else
        undecided(op);
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
    if (err) err->retry_after_ms = wait_ms;
    return BELUGA_ERROR_CIRCUIT_OPEN;
}

/* Returns 0 when the call may pass. */
static int admit(breaker_op *op, beluga_error *err)
{
    breaker *b = op->self;
    int64_t until = atomic_load(&b->open_until_ns);
    if (!until) return 0;
    if (beluga__now_ns() < until || !begin_probing(b)) return refuse(b, until, err);
    if (atomic_load(&b->open_until_ns) != until) { /* somebody's probe came back meanwhile */
        end_probing(b);
        until = atomic_load(&b->open_until_ns);
        return until ? refuse(b, until, err) : 0;
    }
    op->is_probe = op->call->is_probe = true;
    return 0;
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    breaker_op *op = beluga__container_of(sink, breaker_op, sink);
    op->answered = true;
    if (event->kind == BELUGA_EVENT_FINISH) decide(op, NULL);
    if (event->kind == BELUGA_EVENT_ERROR) decide(op, event->u.error);
    op->outer->event(op->outer, event);
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **out,
                 beluga_error *err)
{
    breaker_op *op = beluga__layer_op(call, sizeof *op, err);
    beluga_error unset;
    if (!op) return BELUGA_ERROR_NO_MEMORY;
    if (!err) err = &unset;
    op->op.ops = model->ops;
    op->sink.event = on_event;
    op->outer = sink;
    op->call = call;
    op->self = (breaker *)beluga__layer_of(model);
    int status = admit(op, err);
    if (status) return status;
    beluga__model *inner = op->self->layer.inner;
    status = inner->ops->start(inner, call, &op->sink, &op->inner, err);
    if (status)
        decide(op, err);
    else
        *out = &op->op;
    return status;
}

/* A deadline that passes while the provider says nothing is the provider's failure. */
static void cancel(beluga__stage *base)
{
    breaker_op *op = beluga__container_of(base, breaker_op, op);
    beluga__stage_cancel(op->inner);
    if (op->decided) return;
    op->decided = true;
    bool late = beluga__layer_stopped(op->call, NULL) == BELUGA_ERROR_CONTEXT_TIMEOUT;
    if (late && !op->answered)
        failed(op);
    else
        undecided(op);
}

static void pause(beluga__stage *base, bool paused)
{
    beluga__stage_pause(beluga__container_of(base, breaker_op, op)->inner, paused);
}

static const beluga__model_ops breaker_ops = {start, cancel, pause, beluga__layer_release};

beluga__model *beluga__breaker_new(beluga__runtime *runtime, const beluga__settings *settings,
                                   beluga__model *inner)
{
    breaker *b = beluga__layer_new(sizeof *b, &breaker_ops, runtime, inner);
    if (!b) return NULL;
    b->most_failures = beluga__settings_int(settings, BELUGA_OPTION_BREAKER_FAILURES, 0);
    b->open_ns = BELUGA__NS_PER_MS *
                 beluga__settings_int(settings, BELUGA_OPTION_BREAKER_OPEN_TIME, DEFAULT_OPEN_MS);
    b->probes = beluga__settings_int(settings, BELUGA_OPTION_BREAKER_PROBES, DEFAULT_PROBES);
    return &b->layer.model;
}
