#include "model/operation.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/line.h"
#include "base/mem.h"
#include "model/span.h"
#include "model/unfinished.h"
#include "schema/event.h"

#include <stdio.h>

/* --- telemetry -------------------------------------------------------------------------------- */

static void begin_span(beluga_op *op)
{
    beluga_call *call = op->call;
    if (!beluga__sink_of(call->target) || !beluga__span_operation(call)) return;
    beluga_span_start start = BELUGA__SPAN_OF_CALL(BELUGA_SPAN_OPERATION, call, call->start_ns);
    call->span = beluga__span_begin(call->target, call->context, call->span, &start);
}

static void span_event(beluga_op *op, beluga_span_event_kind kind)
{
    const beluga_telemetry_sink *telemetry = beluga__sink_of(op->call->target);
    if (telemetry->event) telemetry->event(telemetry->payload, op->call->span, kind, NULL);
}

/* Report prompts and answers to telemetry, if the client's sink asked for content. */
static void tell_content(beluga_op *op, const beluga_event *event)
{
    const beluga_telemetry_sink *telemetry = beluga__sink_of(op->call->target);
    if (!telemetry->content || !op->call->target->runtime->capture_content ||
        !beluga__call_is_answer(op->call))
        return;
    telemetry->content(telemetry->payload, op->call->span, event);
}

static void end_span(beluga_op *op, const beluga_event *last)
{
    const beluga_telemetry_sink *telemetry = beluga__sink_of(op->call->target);
    if (!telemetry->end) return;
    tell_content(op, last);
    const beluga_error *error = last->kind == BELUGA_EVENT_ERROR ? last->u.error : NULL;
    beluga_span_end end = {
        .size = sizeof end,
        .status = error ? error->code : 0,
        .error = error,
        .usage = op->usage,
        .finish_reason = error || !beluga__call_is_answer(op->call) ? BELUGA_FINISH_UNKNOWN
                                                                    : last->u.finish.reason,
        .tool_calls = op->tool_calls,
        .response_id = op->metadata.id,
        .response_model = op->metadata.model,
        .http_status = error ? error->http_status : 0,
        .duration_ns = op->duration_ns,
        .request_id = error && *error->request_id ? error->request_id : op->metadata.request_id,
    };
    telemetry->end(telemetry->payload, op->call->span, &end);
    op->call->span = NULL;
}

static void log_end(const beluga_op *op, const beluga_event *last)
{
    const beluga__runtime *runtime = op->call->target->runtime;
    bool failed = last->kind == BELUGA_EVENT_ERROR;
    beluga_log_level level = failed ? BELUGA_LOG_WARN : BELUGA_LOG_INFO;
    if (!beluga__settings_int(op->call->settings, BELUGA_OPTION_ENABLE_STRUCTURED_LOGGING, 1))
        return;
    beluga__log_traced(runtime, level, failed ? "call.failed" : "call.finished", op->call,
                       op->call->span, BELUGA__TEXT_FIELD("operation", op->call->operation),
                       BELUGA__TEXT_FIELD("provider", op->call->target->provider->name),
                       BELUGA__TEXT_FIELD("model", op->call->model_name),
                       BELUGA__TEXT_FIELD(failed ? "error" : "reason",
                                          failed
                                              ? beluga_error_name(last->u.error->code)
                                              : beluga_finish_reason_name(last->u.finish.reason)),
                       BELUGA__NUMBER_FIELD("duration_us", op->duration_ns / 1000),
                       BELUGA__NUMBER_FIELD("input_tokens", op->usage.input_total),
                       BELUGA__NUMBER_FIELD("output_tokens", op->usage.output_total));
}

/* --- the end ---------------------------------------------------------------------------------- */

/* The op's memory is in the call's arena, so it is freed with the call. */
void beluga__operation_free(beluga_op *op)
{
    if (--op->refs == 0) beluga__call_unref_on_loop(op->call);
}

/* Report the end of the operation to the log and to telemetry. */
static void report_end(beluga_op *op, const beluga_event *last)
{
    op->duration_ns = beluga__now_ns() - op->call->start_ns;
    if (op->call->target->runtime->log) log_end(op, last);
    if (op->call->span) end_span(op, last);
}

static void let_go(beluga_op *op)
{
    beluga_loop *loop = op->call->loop;
    op->running = false;
    beluga__task_cancel(&op->stop);
    beluga__timer_clear(loop, &op->deadline);
    beluga__guard_end(&op->guard);
    beluga__list_remove(&op->run.node);
    loop->active--;
}

/* Returns whether the callback has ended or cancelled the call. */
static bool over(const beluga_op *op)
{
    return !op->running || op->stop.queued;
}

/* Deliver METADATA. If it has no model or provider, those of the call are used. */
static void deliver_metadata(beluga_op *op)
{
    const beluga_call *call = op->call;
    beluga_event event;
    beluga__event_begin(&event, BELUGA_EVENT_METADATA);
    event.u.metadata.id = op->metadata.id;
    event.u.metadata.model = op->metadata.model ? op->metadata.model : call->model_name;
    event.u.metadata.provider =
        op->metadata.provider ? op->metadata.provider : call->target->provider->name;
    event.u.metadata.request_id = op->metadata.request_id;
    event.u.metadata.created = op->metadata.created;
    event.u.metadata.cached = op->metadata.cached;
    event.u.metadata.attempts = op->metadata.attempts;
    event.u.metadata.rate_limits = op->metadata.rate_limits;
    op->late_metadata = false;
    op->cb(op->payload, &event);
}

static void deliver_warnings(beluga_op *op)
{
    beluga_event start;
    beluga__event_begin(&start, BELUGA_EVENT_START);
    start.u.start.warnings = op->warnings ? op->warnings + op->n_told : NULL;
    start.u.start.count = op->n_warnings - op->n_told;
    op->n_told = op->n_warnings;
    op->cb(op->payload, &start);
}

static void deliver_head(beluga_op *op)
{
    op->head_pending = false;
    if (op->n_warnings || !op->call->folded) deliver_warnings(op);
    if (!over(op)) deliver_metadata(op);
    if (!op->usage_pending || over(op)) return;
    beluga_event usage;
    beluga__event_begin(&usage, BELUGA_EVENT_USAGE);
    usage.u.usage = op->usage;
    op->cb(op->payload, &usage);
}

/* Deliver the body of a refusal together with its error. The body was kept until now, since another
 * attempt might have succeeded. */
static void deliver_refusal(beluga_op *op, const beluga_event *event)
{
    const beluga_event *refusal = op->refusal;
    if (!refusal || event->kind != BELUGA_EVENT_ERROR || over(op)) return;
    if (event->u.error->http_status == (int)refusal->u.raw.status) op->cb(op->payload, refusal);
}

static void terminate(beluga_op *op, const beluga_event *event)
{
    op->inner = NULL;
    /* The usage is delivered before an error, too, since the tokens were spent. */
    if (op->head_pending && (event->kind == BELUGA_EVENT_FINISH || op->usage_pending))
        deliver_head(op);
    /* deliver METADATA and warnings that came after the first content */
    else if (!op->head_pending) {
        if (op->n_told < op->n_warnings) deliver_warnings(op);
        if (op->late_metadata && !over(op)) deliver_metadata(op);
    }
    deliver_refusal(op, event);
    /* if the callback cancelled the call, the error of the cancellation is delivered instead of
     * this event */
    if (over(op)) return;
    report_end(op, event);
    let_go(op);
    op->cb(op->payload, event);
    beluga__operation_free(op);
}

/* Stop at once because of a deadline or a cancellation: cancel the layers below first, then report
 * the error. */
static void stop_now(beluga_op *op, int code)
{
    beluga__stage *inner = op->inner;
    op->inner = NULL;
    beluga__stage_cancel(inner);
    beluga_error err;
    beluga_error_set(&err, code, "%s", beluga_error_text(code));
    beluga__call_locate(op->call, &err);
    beluga_event event = {.kind = BELUGA_EVENT_ERROR};
    event.u.error = &err;
    terminate(op, &event);
}

static void stop_task(beluga__task *task)
{
    beluga_op *op = beluga__container_of(task, beluga_op, stop);
    stop_now(op, op->stop_code);
}

static void deadline_passed(beluga__timer *timer)
{
    stop_now(beluga__container_of(timer, beluga_op, deadline), BELUGA_ERROR_CONTEXT_TIMEOUT);
}

static void stop_later(beluga_op *op, int code)
{
    beluga__stage *inner = op->inner;
    if (over(op)) return;
    op->inner = NULL;
    beluga__stage_cancel(inner);
    op->stop_code = code;
    op->call->loop->ops->defer(op->call->loop, &op->stop);
}

static void context_cancelled(beluga__guard *guard)
{
    stop_later(beluga__container_of(guard, beluga_op, guard), BELUGA_ERROR_CONTEXT_CANCELED);
}

/* --- events ----------------------------------------------------------------------------------- */

static void merge_warnings(beluga_op *op, const beluga_event *event)
{
    size_t n = event->u.start.count, room = BELUGA__MAX_WARNINGS - op->n_warnings;
    if (!op->warnings)
        op->warnings =
            beluga__arena_alloc(&op->call->arena, BELUGA__MAX_WARNINGS * sizeof *op->warnings);
    for (size_t i = 0; op->warnings && i < n && i < room; i++) {
        bool twice = false; /* a retry repeats the warnings of the first attempt */
        for (size_t k = 0; k < op->n_warnings; k++)
            twice = twice || strcmp(op->warnings[k], event->u.start.warnings[i]) == 0;
        if (!twice) op->warnings[op->n_warnings++] = event->u.start.warnings[i];
    }
}

static void content(beluga_op *op, const beluga_event *event)
{
    if (op->head_pending) {
        deliver_head(op);
        if (over(op)) return;
    }
    bool first = op->first_content_ns < 0;
    if (first) op->first_content_ns = op->call->loop->now_ns - op->call->start_ns;
    if (op->call->span) {
        span_event(op, first ? BELUGA_SPAN_FIRST_CONTENT : BELUGA_SPAN_CONTENT);
        tell_content(op, event);
    }
    op->cb(op->payload, event);
}

static void take_usage(beluga_op *op, const beluga_event *event)
{
    op->usage = event->u.usage;
    op->usage.raw = NULL;
    op->usage.raw_length = 0;
    if (!op->head_pending) {
        op->cb(op->payload, event);
        return;
    }
    op->usage_pending = true;
    const beluga_usage *usage = &event->u.usage;
    if (usage->raw)
        op->usage.raw = beluga__arena_copy(&op->call->arena, usage->raw, usage->raw_length);
    if (op->usage.raw) op->usage.raw_length = usage->raw_length;
}

static void take_metadata(beluga_op *op, const beluga_event *event)
{
    op->late_metadata = !op->head_pending;
    op->metadata.id = event->u.metadata.id;
    op->metadata.model = event->u.metadata.model;
    /* not always this call's provider: a fallback may have answered */
    op->metadata.provider = event->u.metadata.provider;
    op->metadata.request_id = event->u.metadata.request_id;
    op->metadata.created = event->u.metadata.created;
    op->metadata.cached = event->u.metadata.cached;
    op->metadata.attempts = event->u.metadata.attempts;
    op->metadata.rate_limits = event->u.metadata.rate_limits;
}

static void take_raw(beluga_op *op, const beluga_event *event)
{
    if (!event->u.raw.refused) {
        op->raw_told = true;
        op->cb(op->payload, event);
        return;
    }
    beluga_event *copy = beluga__arena_alloc(&op->call->arena, sizeof *copy);
    if (copy) *copy = *event;
    op->refusal = copy;
}

/* A RESTART takes back everything that was delivered, so START and METADATA must be delivered
 * again. */
static void restart(beluga_op *op, const beluga_event *event)
{
    op->tool_calls = 0;
    op->late_metadata = op->usage_pending = false;
    op->n_told = 0;
    memset(&op->metadata, 0, sizeof op->metadata);
    if (op->head_pending && !op->raw_told) return;
    op->head_pending = true;
    op->raw_told = false;
    op->cb(op->payload, event);
}

/* End the op with its FINISH, or with an error if the option `strict` is set and the answer is not
 * whole. Every call that is sent ends here; client/batch_result.c checks the results of batch jobs.
 */
static void finish(beluga_op *op, const beluga_event *event)
{
    beluga_error err;
    if (!beluga__unfinished_check(op->call, event, &err)) {
        terminate(op, event);
        return;
    }
    err.attempts = (int32_t)op->metadata.attempts;
    if (op->metadata.request_id) beluga__error_label(&err, request_id, op->metadata.request_id);
    op->refused = true;
    beluga_event last = {.kind = BELUGA_EVENT_ERROR};
    last.u.error = &err;
    terminate(op, &last);
}

static void begin_tool_call(beluga_op *op, const beluga_event *event)
{
    op->tool_calls++;
    content(op, event);
}

/* The function that handles each kind of event. Kinds without a function are content. */
static void (*const takers[])(beluga_op *op, const beluga_event *event) = {
    [BELUGA_EVENT_START] = merge_warnings,
    [BELUGA_EVENT_METADATA] = take_metadata,
    [BELUGA_EVENT_TOOL_CALL_BEGIN] = begin_tool_call,
    [BELUGA_EVENT_USAGE] = take_usage,
    [BELUGA_EVENT_FINISH] = finish,
    [BELUGA_EVENT_ERROR] = terminate,
    [BELUGA_EVENT_RESTART] = restart,
    [BELUGA_EVENT_RAW] = take_raw,
};

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    beluga_op *op = beluga__container_of(sink, beluga_op, sink);
    bool known = event->kind < sizeof takers / sizeof *takers && takers[event->kind];
    (known ? takers[event->kind] : content)(op, event);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static int watch_context(beluga_op *op, beluga_error *err)
{
    beluga_call *call = op->call;
    if (!call->context) return 0;
    int64_t deadline = beluga__context_deadline_ns(call->context);
    if (deadline != INT64_MAX) call->loop->ops->timer_set(call->loop, &op->deadline, deadline);
    return beluga__guard_start(&op->guard, call->loop, call->context, &call->arena,
                               context_cancelled, err);
}

static void abort_running(beluga__running *run)
{
    beluga__operation_abort(beluga__container_of(run, beluga_op, run));
}

beluga_op *beluga__operation_of(beluga__running *run)
{
    return run->abort == abort_running ? beluga__container_of(run, beluga_op, run) : NULL;
}

static beluga_op *new_op(beluga_call *call, beluga_event_cb cb, void *payload)
{
    beluga_op *op = beluga__arena_zalloc(&call->arena, sizeof *op);
    if (!op) return NULL;
    op->sink.event = on_event;
    op->call = call;
    op->cb = cb;
    op->payload = payload;
    op->refs = 2;
    op->running = true;
    op->head_pending = true;
    op->stop.run = stop_task;
    op->deadline.fire = deadline_passed;
    op->first_content_ns = -1;
    op->usage = (beluga_usage)BELUGA_USAGE_INIT;
    op->run.abort = abort_running;
    beluga__list_append(&call->loop->operations, &op->run.node);
    call->loop->active++;
    return op;
}

int beluga__operation_start(beluga_call *call, beluga_event_cb cb, void *payload, beluga_op **out,
                            beluga_error *err)
{
    beluga_op *op = call->loop->ops->reserve(call->loop) ? NULL : new_op(call, cb, payload);
    if (!op) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    begin_span(op);
    beluga__model *stack = call->target->stack;
    int status = watch_context(op, err);
    if (!status) status = stack->ops->start(stack, call, &op->sink, &op->inner, err);
    if (!status) {
        *out = op;
        return 0;
    }
    beluga__call_locate(call, err);
    beluga_event event = {.kind = BELUGA_EVENT_ERROR};
    event.u.error = err;
    report_end(op, &event);
    let_go(op);
    return status;
}

void beluga__operation_abort(beluga_op *op)
{
    if (!op->running || beluga__loop_inherited(op->call->loop)) return;
    beluga__stage *inner = op->inner;
    op->inner = NULL;
    beluga__stage_cancel(inner);
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_CONTEXT_CANCELED, "cancelled");
    beluga_event event = {.kind = BELUGA_EVENT_ERROR};
    event.u.error = &err;
    report_end(op, &event);
    let_go(op);
    if (op->aborted) op->aborted(op->payload);
    beluga__operation_free(op);
}

/* Returns whether the op may be cancelled or paused. After its end it may not: its loop may be
 * gone. The same is true in a forked child. */
static bool can_be_steered(const beluga_op *op)
{
    return op && op->running && !beluga__loop_inherited(op->call->loop);
}

void beluga_op_cancel(beluga_op *op)
{
    if (!can_be_steered(op)) return;
    /* The caller expects exactly one more event, the error, so drop the others that wait. */
    op->usage_pending = op->late_metadata = false;
    op->n_told = op->n_warnings;
    stop_later(op, BELUGA_ERROR_CONTEXT_CANCELED);
}

void beluga_op_pause(beluga_op *op, bool paused)
{
    if (can_be_steered(op)) beluga__stage_pause(op->inner, paused);
}

void beluga_op_free(beluga_op *op)
{
    /* not beluga__call_unref_on_loop, since the loop may be gone */
    if (op && --op->refs == 0) beluga__call_unref(op->call);
}
