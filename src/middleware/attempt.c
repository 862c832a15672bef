/* Telemetry of attempts: each request to a provider gets a span, whose parent is the operation's
 * span. The layer is in the stack only if the client has a telemetry sink. */
#include "base/clock.h"
#include "middleware/layer.h"
#include "middleware/middleware.h"
#include "model/span.h"
#include "schema/event.h"

typedef struct attempt_stage {
    beluga__layer_stage base;
    int64_t start_ns;
    void *span; /* NULL when there is no span, or the span has ended */
    beluga_span_end end;
} attempt_stage;

static void end_span(attempt_stage *stage, const beluga_error *error)
{
    beluga_call *call = stage->base.call;
    const beluga_telemetry_sink *telemetry = stage->base.layer->runtime->telemetry;
    if (!stage->span || !telemetry->end) return;
    stage->end.size = sizeof stage->end;
    stage->end.status = error ? error->code : 0;
    stage->end.error = error;
    stage->end.http_status = error && error->http_status ? error->http_status : call->http_status;
    if (error && *error->request_id) stage->end.request_id = error->request_id;
    stage->end.duration_ns = beluga__now_ns() - stage->start_ns;
    telemetry->end(telemetry->payload, stage->span, &stage->end);
    stage->span = call->attempt_span = NULL;
}

/* Deliver the terminal event and end the span. Not inlined, so that all other events pass without a
 * stack frame. */
static __attribute__((noinline)) void deliver_last(attempt_stage *stage, const beluga_event *event,
                                                   const beluga_error *error)
{
    end_span(stage, error);
    beluga__layer_deliver(&stage->base, event);
}

static inline __attribute__((always_inline)) void begin_span(attempt_stage *stage)
{
    beluga_call *call = stage->base.call;
    call->http_status = 0;
    if (!call->span) return;
    beluga_span_start start = BELUGA__SPAN_OF_CALL(BELUGA_SPAN_ATTEMPT, call, stage->start_ns);
    start.attempt = ++call->attempt;
    stage->span = call->attempt_span = beluga__span_begin(call->target, NULL, call->span, &start);
}

/* End the span of a request that was answered, or begin a span for the call's next request, whose
 * attempts are counted from 1 again. Not inlined, since nearly all calls have only one request. */
static __attribute__((noinline)) void take_request(attempt_stage *stage, const beluga_event *event)
{
    if (event->kind == BELUGA__EVENT_ANSWERED) {
        end_span(stage, NULL);
        stage->base.call->attempt = 0;
    } else {
        stage->end = (beluga_span_end){.usage = BELUGA_USAGE_INIT};
        stage->start_ns = stage->base.call->loop->now_ns;
        begin_span(stage);
    }
    beluga__layer_deliver(&stage->base, event);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    attempt_stage *stage = beluga__container_of(sink, attempt_stage, base.sink);
    switch (event->kind) {
    case BELUGA_EVENT_USAGE:
        stage->end.usage = event->u.usage;
        stage->end.usage.raw = NULL;
        stage->end.usage.raw_length = 0;
        break;
    case BELUGA_EVENT_METADATA:
        stage->end.response_id = event->u.metadata.id;
        stage->end.request_id = event->u.metadata.request_id;
        stage->end.response_model = event->u.metadata.model;
        break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN: stage->end.tool_calls++; break;
    case BELUGA_EVENT_FINISH:
        stage->end.finish_reason = event->u.finish.reason;
        deliver_last(stage, event, NULL);
        return;
    case BELUGA_EVENT_ERROR: deliver_last(stage, event, event->u.error); return;
    case BELUGA__EVENT_ANSWERED:
    case BELUGA__EVENT_REQUEST: take_request(stage, event); return;
    }
    beluga__layer_deliver(&stage->base, event);
}

static int begin(beluga__layer_stage *base, beluga_error *err)
{
    attempt_stage *stage = beluga__container_of(base, attempt_stage, base);
    stage->end.usage = (beluga_usage)BELUGA_USAGE_INIT;
    /* the time at which this step of the loop began is exact enough, and reading the clock would
     * take longer */
    stage->start_ns = base->call->loop->now_ns;
    begin_span(stage);
    int status = beluga__layer_ask(base, err);
    if (status) end_span(stage, err);
    return status;
}

static void cancelled(beluga__layer_stage *base)
{
    attempt_stage *stage = beluga__container_of(base, attempt_stage, base);
    beluga_error err;
    if (!stage->span) return;
    beluga__layer_stopped(base->call, &err);
    end_span(stage, &err);
}

static const beluga__layer_kind kind = {
    BELUGA__LAYER_OPS, sizeof(attempt_stage), begin, on_event, cancelled, NULL};

beluga__model *beluga__attempt_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    beluga__layer *layer = beluga__layer_new(sizeof *layer, &kind, plan->runtime, inner);
    return layer ? &layer->model : NULL;
}
