/* Retry: another attempt after an error that may pass, while nothing was delivered, or where what
 * was delivered may be taken back. The wait grows by a factor, is shortened by a random part so
 * that callers do not come back together, and is never shorter than what the provider asked for.
 *
 * All calls of a model share a budget, so that many callers do not hammer a provider that is sick:
 * a retry costs one, each call earns one (`retry_budget`), and a reserve fills up by one a second.
 * Retries that the provider itself gave a time for cost nothing. */
#include "middleware/layer.h"
#include "middleware/middleware.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/hint.h"
#include "model/span.h"
#include "schema/event.h"

enum { ONE_RETRY = 1000, RESERVE = 100 * ONE_RETRY, MOST_SAVED = 10000 * ONE_RETRY };

typedef struct retry_model {
    beluga__layer layer;
    int64_t earned; /* by a call; thousandths of a retry, like the others */
    _Atomic int64_t saved;
    _Atomic int64_t refilled_ns; /* when the reserve was looked at last */
} retry_model;

typedef struct retry_op {
    beluga__stage op;
    beluga__sink sink; /* the inner op's */
    beluga__sink *outer;
    beluga_call *call;
    retry_model *self;
    beluga__stage *inner; /* NULL between attempts */
    beluga__timer timer;
    int attempts;
    bool delivered; /* content went out in this attempt */
    bool paused;    /* the next attempt is, too */
} retry_op;

static void deliver_error(retry_op *op, const beluga_error *err)
{
    beluga_error copy = *err;
    copy.attempts = op->attempts;
    beluga__call_locate(op->call, &copy);
    beluga__sink_error(op->outer, &copy);
}

/* Up to a quarter less, as the providers' own SDKs do. */
static int64_t backoff_ms(retry_op *op)
{
    double delay =
        (double)beluga__settings_int(op->call->settings, BELUGA_OPTION_RETRY_DELAY, 1000);
    double factor = beluga__settings_double(op->call->settings, BELUGA_OPTION_RETRY_BACKOFF, 2.0);
    for (int i = 1; i < op->attempts; i++) delay *= factor;
    if (delay > BELUGA__MAX_RETRY_WAIT_MS) delay = BELUGA__MAX_RETRY_WAIT_MS;
    uint64_t random = beluga__loop_random(op->call->loop) >> 11;
    return (int64_t)(delay * (1.0 - 0.25 * (double)random / (double)(1ull << 53)));
}

/* --- the budget ------------------------------------------------------------------------------- */

static void earn(retry_model *self)
{
    if (atomic_load_explicit(&self->saved, memory_order_relaxed) < MOST_SAVED)
        atomic_fetch_add_explicit(&self->saved, self->earned, memory_order_relaxed);
}

/* One a second, until the reserve is whole again. */
static void refill(retry_model *self)
{
    int64_t now = beluga__now_ns(), then = atomic_load(&self->refilled_ns);
    int64_t due = (now - then) / BELUGA__NS_PER_MS; /* a thousandth a millisecond */
    if (due <= 0 || !atomic_compare_exchange_strong(&self->refilled_ns, &then, now)) return;
    int64_t room = RESERVE - atomic_load(&self->saved);
    if (room > 0) atomic_fetch_add(&self->saved, due < room ? due : room);
}

static bool afford(retry_model *self)
{
    refill(self);
    if (atomic_fetch_sub(&self->saved, ONE_RETRY) >= ONE_RETRY) return true;
    atomic_fetch_add(&self->saved, ONE_RETRY);
    return false;
}

/* --- whether, and when ------------------------------------------------------------------------ */

/* Who said nothing for a whole timeout is not asked again where there is somebody else to ask. */
static bool is_worth_it(const retry_op *op, const beluga_error *err)
{
    bool silent = err->code == BELUGA_ERROR_TIMEOUT || err->code == BELUGA_ERROR_STREAM_TIMEOUT;
    return err->retryable &&
           !(silent && beluga__settings_has(op->call->settings, BELUGA_OPTION_FALLBACK));
}

/* The last word about this error in `retry_on`, or else its own. */
static bool may_pass(const retry_op *op, const beluga_error *err)
{
    const beluga__setting *list = &op->call->settings->known[BELUGA_OPTION_RETRY_ON];
    bool retryable = is_worth_it(op, err);
    for (const beluga__item *i = list->type ? list->value.items : NULL; i; i = i->next) {
        bool not = *i->value.string == '-';
        if (beluga_error_code_from_name(i->value.string + not) == err->code) retryable = !not;
    }
    return retryable;
}

/* Attempts after the first. Unless somebody chose a number a server that does not run is tried once
 * more, since it may be starting, and then told. */
static int64_t retries_after(const retry_op *op, const beluga_error *err)
{
    const beluga__settings *settings = op->call->settings;
    if (beluga__hint_is_not_running(err) &&
        !beluga__settings_has(settings, BELUGA_OPTION_MAX_RETRIES))
        return 1;
    return beluga__settings_int(settings, BELUGA_OPTION_MAX_RETRIES, 3);
}

/* Milliseconds until the next attempt, or -1 for none. */
static int64_t next_wait_ms(retry_op *op, const beluga_error *err)
{
    if (op->attempts > retries_after(op, err) || op->call->is_probe || !may_pass(op, err))
        return -1;
    if (op->delivered && !op->call->restartable) return -1;
    if (err->retry_after_ms > BELUGA__MAX_RETRY_WAIT_MS) return -1;
    int64_t wait = backoff_ms(op);
    if (err->retry_after_ms > wait) wait = err->retry_after_ms;
    int64_t left = beluga_context_remaining_ms(op->call->context);
    if (left >= 0 && wait >= left) return -1;
    if (err->retry_after_ms >= 0 || afford(op->self)) return wait;
    beluga__log(op->self->layer.runtime, BELUGA_LOG_WARN, "retry.budget_spent",
                BELUGA__TEXT_FIELD("provider", op->call->target->provider->name),
                BELUGA__TEXT_FIELD("model", op->call->model_name));
    return -1;
}

static void plan_retry(retry_op *op, const beluga_error *err, int64_t wait_ms)
{
    const beluga__runtime *runtime = op->self->layer.runtime;
    beluga__log_traced(runtime, BELUGA_LOG_INFO, "retry", op->call, op->call->span,
                       BELUGA__TEXT_FIELD("provider", op->call->target->provider->name),
                       BELUGA__TEXT_FIELD("model", op->call->model_name),
                       BELUGA__TEXT_FIELD("error", beluga_error_name(err->code)),
                       BELUGA__NUMBER_FIELD("attempt", op->attempts),
                       BELUGA__NUMBER_FIELD("wait_ms", wait_ms),
                       BELUGA__NUMBER_FIELD("attempts", retries_after(op, err) + 1),
                       BELUGA__TEXT_FIELD("message", err->message));
    if (op->call->span && runtime->telemetry->event)
        runtime->telemetry->event(runtime->telemetry->payload, op->call->span, BELUGA_SPAN_RETRY,
                                  err);
    if (runtime->never_waits) wait_ms = 0;
    op->call->loop->ops->timer_set(op->call->loop, &op->timer,
                                   beluga__now_ns() + wait_ms * BELUGA__NS_PER_MS);
}

static void failed(retry_op *op, const beluga_error *err)
{
    op->inner = NULL;
    int64_t wait = next_wait_ms(op, err);
    if (wait < 0) {
        deliver_error(op, err);
        return;
    }
    if (op->delivered) {
        beluga_event restart = {.kind = BELUGA_EVENT_RESTART};
        beluga__sink *outer = op->outer;
        outer->event(outer, &restart);
        if (!op->outer) return; /* cancelled from its callback */
    }
    op->delivered = false;
    plan_retry(op, err, wait);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    retry_op *op = beluga__container_of(sink, retry_op, sink);
    if (event->kind == BELUGA_EVENT_ERROR) {
        failed(op, event->u.error);
        return;
    }
    if (!op->delivered) op->delivered = beluga__event_is_content(event);
    op->outer->event(op->outer, event);
}

static int attempt(retry_op *op, beluga_error *err)
{
    beluga__model *inner = op->self->layer.inner;
    op->attempts++;
    return inner->ops->start(inner, op->call, &op->sink, &op->inner, err);
}

static void timer_fired(beluga__timer *timer)
{
    retry_op *op = beluga__container_of(timer, retry_op, timer);
    beluga_error err;
    int status = attempt(op, &err);
    if (status)
        failed(op, &err);
    else if (op->paused)
        beluga__stage_pause(op->inner, true);
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **out,
                 beluga_error *err)
{
    retry_op *op = beluga__layer_op(call, sizeof *op, err);
    if (!op) return BELUGA_ERROR_NO_MEMORY;
    op->op.ops = model->ops;
    op->self = (retry_model *)beluga__layer_of(model);
    earn(op->self);
    op->sink.event = on_event;
    op->outer = sink;
    op->call = call;
    op->timer.fire = timer_fired;
    int status = attempt(op, err);
    if (!status) *out = &op->op;
    return status;
}

static void cancel(beluga__stage *base)
{
    retry_op *op = beluga__container_of(base, retry_op, op);
    op->outer = NULL;
    op->call->loop->ops->timer_clear(op->call->loop, &op->timer);
    beluga__stage_cancel(op->inner);
    op->inner = NULL;
}

static void pause(beluga__stage *base, bool paused)
{
    retry_op *op = beluga__container_of(base, retry_op, op);
    op->paused = paused;
    beluga__stage_pause(op->inner, paused);
}

static const beluga__model_ops retry_ops = {start, cancel, pause, beluga__layer_release};

beluga__model *beluga__retry_new(beluga__runtime *runtime, const beluga__settings *settings,
                                 beluga__model *inner)
{
    const double earned = beluga__settings_double(settings, BELUGA_OPTION_RETRY_BUDGET, 1.0);
    retry_model *self = beluga__layer_new(sizeof *self, &retry_ops, runtime, inner);
    if (!self) return NULL;
    self->earned = (int64_t)(earned * ONE_RETRY);
    atomic_init(&self->saved, RESERVE);
    atomic_init(&self->refilled_ns, beluga__now_ns());
    return &self->layer.model;
}
