/* Retry: another attempt after an error that may pass, while nothing was delivered, or where what was
 * delivered may be taken back. The wait grows by a factor, is shortened by a random part so that
 * callers do not come back together, and is never shorter than what the provider asked for. */
#include "model/model.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/mem.h"

#include <inttypes.h>

typedef struct retry_model {
    beluga__model model;
    beluga__model *inner;
    beluga__runtime *runtime;
} retry_model;

typedef struct retry_op {
    beluga__op op;
    beluga__sink sink; /* the inner op's */
    beluga__sink *outer;
    beluga_call *call;
    retry_model *self;
    beluga__op *inner; /* NULL between attempts */
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
    double delay = (double)beluga__settings_int(op->call->settings, BELUGA_OPTION_RETRY_DELAY, 1000);
    double factor = beluga__settings_double(op->call->settings, BELUGA_OPTION_RETRY_BACKOFF, 2.0);
    for (int i = 1; i < op->attempts; i++) delay *= factor;
    if (delay > BELUGA__MAX_RETRY_WAIT_MS) delay = BELUGA__MAX_RETRY_WAIT_MS;
    uint64_t random = beluga__loop_random(op->call->loop) >> 11;
    return (int64_t)(delay * (1.0 - 0.25 * (double)random / (double)(1ull << 53)));
}

/* Milliseconds until the next attempt, or -1 for none. */
static int64_t next_wait_ms(retry_op *op, const beluga_error *err)
{
    int64_t retries = beluga__settings_int(op->call->settings, BELUGA_OPTION_MAX_RETRIES, 3);
    if (!err->retryable || op->attempts > retries) return -1;
    if (op->delivered && !op->call->restartable) return -1;
    if (err->retry_after_ms > BELUGA__MAX_RETRY_WAIT_MS) return -1;
    int64_t wait = backoff_ms(op);
    if (err->retry_after_ms > wait) wait = err->retry_after_ms;
    int64_t left = beluga_context_remaining_ms(op->call->context);
    return left >= 0 && wait >= left ? -1 : wait;
}

static void plan_retry(retry_op *op, const beluga_error *err, int64_t wait_ms)
{
    const beluga__runtime *runtime = op->self->runtime;
    beluga__log(runtime, BELUGA_LOG_INFO, "retry",
                BELUGA__TEXT_FIELD("provider", op->call->target->provider->name),
                BELUGA__TEXT_FIELD("model", op->call->model_name),
                BELUGA__TEXT_FIELD("error", beluga_error_name(err->code)),
                BELUGA__NUMBER_FIELD("attempt", op->attempts),
                BELUGA__NUMBER_FIELD("wait_ms", wait_ms));
    if (op->call->span && runtime->telemetry->event)
        runtime->telemetry->event(runtime->telemetry->payload, op->call->span, BELUGA_SPAN_RETRY, err);
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
    switch (event->kind) {
    case BELUGA_EVENT_ERROR: failed(op, event->u.error); return;
    case BELUGA_EVENT_TEXT:
    case BELUGA_EVENT_REASONING:
    case BELUGA_EVENT_TOOL_CALL_BEGIN: op->delivered = true; break;
    }
    op->outer->event(op->outer, event);
}

static int attempt(retry_op *op, beluga_error *err)
{
    op->attempts++;
    return op->self->inner->ops->start(op->self->inner, op->call, &op->sink, &op->inner, err);
}

static void timer_fired(beluga__timer *timer)
{
    retry_op *op = beluga__container_of(timer, retry_op, timer);
    beluga_error err;
    int status = attempt(op, &err);
    if (status)
        failed(op, &err);
    else if (op->paused)
        beluga__op_pause(op->inner, true);
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__op **out,
                 beluga_error *err)
{
    retry_op *op = beluga__arena_zalloc(&call->arena, sizeof *op);
    if (!op) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    op->op.ops = model->ops;
    op->self = beluga__container_of(model, retry_model, model);
    op->sink.event = on_event;
    op->outer = sink;
    op->call = call;
    op->timer.fire = timer_fired;
    int status = attempt(op, err);
    if (!status) *out = &op->op;
    return status;
}

static void cancel(beluga__op *base)
{
    retry_op *op = beluga__container_of(base, retry_op, op);
    op->outer = NULL;
    op->call->loop->ops->timer_clear(op->call->loop, &op->timer);
    beluga__op_cancel(op->inner);
    op->inner = NULL;
}

static void pause(beluga__op *base, bool paused)
{
    retry_op *op = beluga__container_of(base, retry_op, op);
    op->paused = paused;
    beluga__op_pause(op->inner, paused);
}

static void release(beluga__model *model)
{
    retry_model *self = beluga__container_of(model, retry_model, model);
    beluga__model_release(self->inner);
    beluga__release(&self->runtime->allocator, self);
}

static const beluga__model_ops retry_ops = {start, cancel, pause, release};

beluga__model *beluga__retry_new(beluga__runtime *runtime, beluga__model *inner)
{
    retry_model *self = inner ? beluga__alloc(&runtime->allocator, sizeof *self) : NULL;
    if (!self) {
        beluga__model_release(inner);
        return NULL;
    }
    *self = (retry_model){.model.ops = &retry_ops, .inner = inner, .runtime = runtime};
    return &self->model;
}
