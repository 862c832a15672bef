/* Retry: the layer makes another attempt after a temporary error, if nothing of the answer was
 * delivered, or if the caller allows a restart. The wait before an attempt is longer each time, by
 * a factor. It is shortened by a random part, so that many callers do not retry at the same moment,
 * but it is never shorter than the provider asked for.
 *
 * All calls of a model share a budget of retries, so that many callers do not overload a provider
 * that has a problem. Each retry takes one retry from the budget. Each call adds as many as
 * `retry_budget` says (1 by default), and each second adds one, both up to a maximum. A retry at a
 * time that the provider itself named takes nothing from the budget. */
#include "base/clock.h"
#include "base/context.h"
#include "base/hint.h"
#include "middleware/layer.h"
#include "middleware/middleware.h"
#include "model/course.h"
#include "model/span.h"
#include "schema/event.h"

enum { ONE_RETRY = 1000, RESERVE = 100 * ONE_RETRY, MOST_SAVED = 10000 * ONE_RETRY };

typedef struct retry {
    beluga__layer base;
    /* In thousandths of a retry: how much each call adds to the budget, and how much is in the
     * budget now. */
    int64_t earned;
    _Atomic int64_t saved;
    /* time at which `refill` last increased `saved` */
    _Atomic int64_t refilled_ns;
} retry;

typedef struct retry_stage {
    beluga__layer_stage base; /* between two attempts there is no inner stage */
    beluga__timer timer;
} retry_stage;

static retry *retry_of(const retry_stage *stage)
{
    return beluga__container_of(stage->base.layer, retry, base);
}

/* Returns the wait in milliseconds. A random part of up to a quarter is subtracted, as in the
 * providers' own SDKs. */
static int64_t backoff_ms(retry_stage *stage)
{
    double delay =
        (double)beluga__settings_int(stage->base.call->settings, BELUGA_OPTION_RETRY_DELAY, 1000);
    double factor =
        beluga__settings_double(stage->base.call->settings, BELUGA_OPTION_RETRY_BACKOFF, 2.0);
    for (int i = 1; i < stage->base.attempts; i++) delay *= factor;
    if (delay > BELUGA__MAX_RETRY_WAIT_MS) delay = BELUGA__MAX_RETRY_WAIT_MS;
    uint64_t random = beluga__loop_random(stage->base.call->loop) >> 11;
    return (int64_t)(delay * (1.0 - 0.25 * (double)random / (double)(1ull << 53)));
}

/* --- the budget ------------------------------------------------------------------------------- */

/* Add one retry to the budget for each second that has passed, up to RESERVE. */
static void refill(retry *self)
{
    int64_t now = beluga__now_ns(), then = atomic_load(&self->refilled_ns);
    int64_t due = (now - then) / BELUGA__NS_PER_MS; /* one thousandth of a retry each millisecond */
    if (due <= 0 || !atomic_compare_exchange_strong(&self->refilled_ns, &then, now)) return;
    int64_t room = RESERVE - atomic_load(&self->saved);
    if (room > 0) atomic_fetch_add(&self->saved, due < room ? due : room);
}

static bool afford(retry *self)
{
    refill(self);
    if (atomic_fetch_sub(&self->saved, ONE_RETRY) >= ONE_RETRY) return true;
    atomic_fetch_add(&self->saved, ONE_RETRY);
    return false;
}

/* --- the decision to retry -------------------------------------------------------------------- */

/* Returns whether another attempt may succeed. If `retry_on` has entries for this error, the last
 * one decides; otherwise the error's own flag does. If an answer has a fallback, a model that did
 * not respond within a timeout is not tried again. */
static bool may_pass(const retry_stage *stage, const beluga_error *err)
{
    const beluga__settings *settings = stage->base.call->settings;
    const beluga__setting *list = &settings->known[BELUGA_OPTION_RETRY_ON];
    if (!beluga__course_may_repeat(stage->base.call, err)) return false;
    bool silent = err->code == BELUGA_ERROR_TIMEOUT || err->code == BELUGA_ERROR_STREAM_TIMEOUT;
    bool has_others = beluga__call_is_answer(stage->base.call) &&
                      beluga__settings_has(settings, BELUGA_OPTION_FALLBACK);
    bool retryable = err->retryable && !(silent && has_others);
    for (const beluga__item *i = list->type ? list->value.items : NULL; i; i = i->next) {
        bool not = *i->value.string == '-';
        if (beluga_error_code_from_name(i->value.string + not) == err->code) retryable = !not;
    }
    return retryable;
}

/* Returns how many attempts may follow the first. If the server does not run, it may be starting,
 * so there is one retry, unless the caller set the number of retries. */
static int64_t retries_after(const retry_stage *stage, const beluga_error *err)
{
    const beluga__settings *settings = stage->base.call->settings;
    if (beluga__hint_is_not_running(err) &&
        !beluga__settings_has(settings, BELUGA_OPTION_MAX_RETRIES))
        return 1;
    return beluga__settings_int(settings, BELUGA_OPTION_MAX_RETRIES, BELUGA__DEFAULT_MAX_RETRIES);
}

/* Returns the milliseconds until the next attempt, or -1 if there is none. */
static int64_t next_wait_ms(retry_stage *stage, const beluga_error *err)
{
    if (stage->base.attempts > retries_after(stage, err) || stage->base.call->is_probe ||
        !may_pass(stage, err))
        return -1;
    if (stage->base.delivered && !stage->base.call->restartable) return -1;
    if (err->retry_after_ms > BELUGA__MAX_RETRY_WAIT_MS) return -1;
    int64_t wait = backoff_ms(stage);
    if (err->retry_after_ms > wait) wait = err->retry_after_ms;
    int64_t left = beluga_context_remaining_ms(stage->base.call->context);
    if (left >= 0 && wait >= left) return -1;
    if (err->retry_after_ms >= 0 || afford(retry_of(stage))) return wait;
    beluga__log(stage->base.layer->runtime, BELUGA_LOG_WARN, "retry.budget_spent",
                BELUGA__TEXT_FIELD("provider", stage->base.call->target->provider->name),
                BELUGA__TEXT_FIELD("model", stage->base.call->model_name));
    return -1;
}

static void plan_retry(retry_stage *stage, const beluga_error *err, int64_t wait_ms)
{
    const beluga__runtime *runtime = stage->base.layer->runtime;
    beluga__log_traced(runtime, BELUGA_LOG_INFO, "retry", stage->base.call, stage->base.call->span,
                       BELUGA__TEXT_FIELD("provider", stage->base.call->target->provider->name),
                       BELUGA__TEXT_FIELD("model", stage->base.call->model_name),
                       BELUGA__TEXT_FIELD("error", beluga_error_name(err->code)),
                       BELUGA__NUMBER_FIELD("attempt", stage->base.attempts),
                       BELUGA__NUMBER_FIELD("wait_ms", wait_ms),
                       BELUGA__NUMBER_FIELD("attempts", retries_after(stage, err) + 1),
                       BELUGA__TEXT_FIELD("message", err->message));
    if (stage->base.call->span && runtime->telemetry->event)
        runtime->telemetry->event(runtime->telemetry->payload, stage->base.call->span,
                                  BELUGA_SPAN_RETRY, err);
    if (runtime->never_waits) wait_ms = 0;
    stage->base.call->loop->ops->timer_set(stage->base.call->loop, &stage->timer,
                                           beluga__now_ns() + wait_ms * BELUGA__NS_PER_MS);
}

static void failed(retry_stage *stage, const beluga_error *err)
{
    stage->base.inner = NULL;
    if (!beluga__course_resumes(stage->base.call)) stage->base.delivered |= stage->base.kept;
    int64_t wait = next_wait_ms(stage, err);
    if (wait < 0) {
        beluga__call_abandon(stage->base.call);
        beluga_error last = *err;
        last.attempts = stage->base.attempts;
        beluga__call_locate(stage->base.call, &last);
        beluga__sink_error(stage->base.outer, &last);
        return;
    }
    if (stage->base.delivered) {
        beluga__call_abandon(stage->base.call);
        beluga_error why = *err;
        beluga__call_locate(stage->base.call, &why);
        beluga_event restart = {.kind = BELUGA_EVENT_RESTART, .u.error = &why};
        beluga__layer_deliver(&stage->base, &restart);
        if (beluga__layer_is_over(&stage->base)) return; /* a callback cancelled the call */
        stage->base.kept = false;
    }
    stage->base.delivered = false;
    beluga__course_upload_again(stage->base.call);
    plan_retry(stage, err, wait);
}

/* Record that the call continues with its next request. If the new request fails before it delivers
 * content, only this request is repeated, and the events of the earlier requests stay. So the
 * attempts of the new request are counted separately. */
static void take_answered(retry_stage *stage, const beluga_event *event)
{
    if (event->kind != BELUGA__EVENT_ANSWERED) return;
    stage->base.kept |= stage->base.delivered;
    stage->base.delivered = false;
    stage->base.attempts = stage->base.first;
}

static void deliver_metadata(const retry_stage *stage, const beluga_event *event)
{
    beluga_event told = *event;
    told.u.metadata.attempts = stage->base.attempts;
    beluga__layer_deliver(&stage->base, &told);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    retry_stage *stage = beluga__container_of(sink, retry_stage, base.sink);
    if (event->kind == BELUGA_EVENT_ERROR) {
        failed(stage, event->u.error);
        return;
    }
    if (event->kind >= BELUGA__EVENT_ANSWERED) {
        take_answered(stage, event);
        return;
    }
    if (event->kind == BELUGA_EVENT_METADATA) {
        deliver_metadata(stage, event);
        return;
    }
    if (!stage->base.delivered) stage->base.delivered = beluga__event_is_final(event);
    beluga__layer_deliver(&stage->base, event);
}

static void timer_fired(beluga__timer *timer)
{
    retry_stage *stage = beluga__container_of(timer, retry_stage, timer);
    beluga_error err;
    stage->base.attempts++;
    if (!beluga__course_resumes(stage->base.call)) stage->base.first = stage->base.attempts;
    if (beluga__layer_ask(&stage->base, &err)) failed(stage, &err);
}

static int begin(beluga__layer_stage *base, beluga_error *err)
{
    retry_stage *stage = beluga__container_of(base, retry_stage, base);
    retry *self = retry_of(stage);
    if (atomic_load_explicit(&self->saved, memory_order_relaxed) < MOST_SAVED)
        atomic_fetch_add_explicit(&self->saved, self->earned, memory_order_relaxed);
    stage->timer.fire = timer_fired;
    base->attempts = base->first = 1;
    return beluga__layer_ask(base, err);
}

static void cancelled(beluga__layer_stage *base)
{
    retry_stage *stage = beluga__container_of(base, retry_stage, base);
    beluga__timer_clear(base->call->loop, &stage->timer);
    beluga__call_abandon(base->call);
}

static const beluga__layer_kind kind = {BELUGA__LAYER_OPS, sizeof(retry_stage), begin,
                                        on_event,          cancelled,           NULL};

beluga__model *beluga__retry_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    const double earned = beluga__settings_double(plan->settings, BELUGA_OPTION_RETRY_BUDGET, 1.0);
    retry *self = beluga__layer_new(sizeof *self, &kind, plan->runtime, inner);
    if (!self) return NULL;
    self->earned = (int64_t)(earned * ONE_RETRY);
    atomic_init(&self->saved, RESERVE);
    atomic_init(&self->refilled_ns, beluga__now_ns());
    return &self->base.model;
}
