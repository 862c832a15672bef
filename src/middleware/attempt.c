/* Attempt telemetry: a span for each request to a provider, under the operation's. It is in the
 * stack only where the client has a telemetry sink. */
#include "middleware/middleware.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/mem.h"
#include "model/span.h"

typedef struct attempt_model {
    beluga__model model;
    beluga__model *inner;
    beluga__runtime *runtime;
} attempt_model;

typedef struct attempt_op {
    beluga__stage op;
    beluga__sink sink;
    beluga__sink *outer;
    beluga__stage *inner;
    attempt_model *self;
    beluga_call *call;
    int64_t start_ns;
    void *span;
    beluga_span_end end;
} attempt_op;

static void end_span(attempt_op *op, const beluga_error *error)
{
    const beluga_telemetry_sink *telemetry = op->self->runtime->telemetry;
    if (!op->span || !telemetry->end) return;
    op->end.size = sizeof op->end;
    op->end.status = error ? error->code : 0;
    op->end.error = error;
    op->end.http_status = error && error->http_status ? error->http_status : op->call->http_status;
    if (error && *error->request_id) op->end.request_id = error->request_id;
    op->end.duration_ns = beluga__now_ns() - op->start_ns;
    telemetry->end(telemetry->payload, op->span, &op->end);
    op->span = op->call->attempt_span = NULL;
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    attempt_op *op = beluga__container_of(sink, attempt_op, sink);
    switch (event->kind) {
    case BELUGA_EVENT_USAGE:
        op->end.usage = event->u.usage;
        op->end.usage.raw = NULL;
        op->end.usage.raw_length = 0;
        break;
    case BELUGA_EVENT_METADATA:
        op->end.response_id = event->u.metadata.id;
        op->end.request_id = event->u.metadata.request_id;
        op->end.response_model = event->u.metadata.model;
        break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN: op->end.tool_calls++; break;
    case BELUGA_EVENT_FINISH:
        op->end.finish_reason = event->u.finish.reason;
        end_span(op, NULL);
        break;
    case BELUGA_EVENT_ERROR: end_span(op, event->u.error); break;
    }
    op->outer->event(op->outer, event);
}

static void begin_span(attempt_op *op, beluga_call *call)
{
    beluga_span_start start = {
        .kind = BELUGA_SPAN_ATTEMPT,
        .streaming = call->streamed,
        .operation = "chat",
        .model = call->model_name,
        .call = call,
        .start_ns = op->start_ns,
    };
    call->http_status = 0;
    if (!call->span) return;
    start.attempt = ++call->attempt;
    op->span = call->attempt_span = beluga__span_begin(call->target, NULL, call->span, &start);
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **out,
                 beluga_error *err)
{
    attempt_op *op = beluga__arena_zalloc(&call->arena, sizeof *op);
    if (!op) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    op->op.ops = model->ops;
    op->sink.event = on_event;
    op->outer = sink;
    op->call = call;
    op->self = beluga__container_of(model, attempt_model, model);
    op->end.usage = (beluga_usage)BELUGA_USAGE_INIT;
    /* of this step: asking the clock again would tell the same */
    op->start_ns = call->loop->now_ns;
    begin_span(op, call);
    beluga_error unused;
    if (!err) err = &unused;
    int status = op->self->inner->ops->start(op->self->inner, call, &op->sink, &op->inner, err);
    if (status)
        end_span(op, err);
    else
        *out = &op->op;
    return status;
}

static void cancel(beluga__stage *base)
{
    attempt_op *op = beluga__container_of(base, attempt_op, op);
    beluga__stage_cancel(op->inner);
    if (!op->span) return;
    bool late = beluga__context_deadline_ns(op->call->context) <= beluga__now_ns() &&
                !beluga_context_is_cancelled(op->call->context);
    int code = late ? BELUGA_ERROR_CONTEXT_TIMEOUT : BELUGA_ERROR_CONTEXT_CANCELED;
    beluga_error err;
    beluga_error_set(&err, code, "%s", beluga_error_text(code));
    end_span(op, &err);
}

static void pause(beluga__stage *base, bool paused)
{
    beluga__stage_pause(beluga__container_of(base, attempt_op, op)->inner, paused);
}

static void release(beluga__model *model)
{
    attempt_model *self = beluga__container_of(model, attempt_model, model);
    beluga__model_release(self->inner);
    beluga__release(&self->runtime->allocator, self);
}

static const beluga__model_ops attempt_ops = {start, cancel, pause, release};

beluga__model *beluga__attempt_new(beluga__runtime *runtime, beluga__model *inner)
{
    attempt_model *self = inner ? beluga__alloc(&runtime->allocator, sizeof *self) : NULL;
    if (!self) {
        beluga__model_release(inner);
        return NULL;
    }
    *self = (attempt_model){.model.ops = &attempt_ops, .inner = inner, .runtime = runtime};
    return &self->model;
}
