#include "model/span.h"

#include "base/clock.h"
#include "schema/event.h"
#include "schema/span_options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

bool beluga__span_wanted(const beluga__settings *settings, beluga_span_start *start)
{
    start->untraced = !beluga__settings_int(settings, BELUGA_OPTION_ENABLE_TRACING, 1);
    start->unmeasured = !beluga__settings_int(settings, BELUGA_OPTION_ENABLE_METRICS, 1);
    return !start->untraced || !start->unmeasured;
}

bool beluga__span_is_plain(const beluga__settings *settings)
{
    static const int described[BELUGA__N_SPAN_OPTIONS] = BELUGA__SPAN_OPTIONS;
    for (size_t i = 0; i < BELUGA__N_SPAN_OPTIONS; i++)
        if (beluga__settings_has(settings, described[i])) return false;
    return true;
}

void *beluga__span_begin(beluga__target *target, beluga_context *context, void *parent,
                         beluga_span_start *start)
{
    const beluga_telemetry_sink *sink = beluga__sink_of(target);
    if (!sink || !sink->begin) return NULL;
    /* A sink that was compiled with an older header knows only the kinds of spans for operations
     * and attempts. */
    bool old = sink->size <= offsetof(beluga_telemetry_sink, attribute);
    if (old && start->kind > BELUGA_SPAN_ATTEMPT) return NULL;
    if (!beluga__span_wanted(&target->settings, start)) return NULL;
    start->size = sizeof *start;
    start->provider = target->provider->name;
    start->metric_prefix = target->metric_prefix;
    if (!start->model) start->model = target->model_name;
    start->base_url = target->shown_url;
    if (start->call && start->call->settings == &target->settings) {
        start->plain = target->plain;
        start->subject_id = target->connection.id << 8 | start->call->kind;
    }
    if (!parent) {
        start->traceparent = beluga_context_traceparent(context);
        start->tracestate = beluga_context_tracestate(context);
    }
    return sink->begin(sink->payload, parent, start);
}

beluga_span_end beluga__span_ended(int64_t start_ns, const beluga_error *err)
{
    return (beluga_span_end){.size = sizeof(beluga_span_end),
                             .status = err ? err->code : 0,
                             .error = err,
                             .usage = BELUGA_USAGE_INIT,
                             .duration_ns = beluga__now_ns() - start_ns};
}

void beluga__span_close(const beluga__target *target, void *span, const beluga_span_end *end)
{
    const beluga_telemetry_sink *sink = beluga__sink_of(target);
    if (span && sink->end) sink->end(sink->payload, span, end);
}

/* --- a provider's attributes and measurements ------------------------------------------------- */

static void tell_attribute(const beluga_call *call, const beluga_span_attribute *attribute)
{
    const beluga_telemetry_sink *sink = beluga__sink_of(call->target);
    void *span = call->attempt_span ? call->attempt_span : call->span;
    if (span && sink->attribute) sink->attribute(sink->payload, span, attribute);
}

void beluga__span_text(const beluga_call *call, const char *name, const char *text, size_t length)
{
    beluga_span_attribute attribute = {.size = sizeof attribute,
                                       .name = name,
                                       .type = BELUGA_ATTRIBUTE_STRING,
                                       .length = (uint32_t)length};
    attribute.value.string = text;
    tell_attribute(call, &attribute);
}

void beluga__span_apply(const beluga_call *call, const beluga_event *event)
{
    beluga_span_attribute attribute = ((const beluga__any_event *)event)->attribute.value;
    if (attribute.type == BELUGA_ATTRIBUTE_STRING)
        attribute.length = (uint32_t)strlen(attribute.value.string);
    tell_attribute(call, &attribute);
}

void beluga__measure_apply(const beluga_call *call, const beluga_event *event)
{
    const beluga_telemetry_sink *sink = beluga__sink_of(call->target);
    void *span = call->attempt_span ? call->attempt_span : call->span;
    if (span && sink->measure)
        sink->measure(sink->payload, span, &((const beluga__any_event *)event)->measurement.value);
}

/* --- the trace context ------------------------------------------------------------------------ */

static bool read_context(const beluga_call *call, void *span, beluga_trace_context *context)
{
    const beluga_telemetry_sink *sink = beluga__sink_of(call->target);
    context->size = sizeof *context;
    *context->traceparent = *context->tracestate = '\0';
    if (span && sink->context) return sink->context(sink->payload, span, context);
    const char *parent = beluga_context_traceparent(call->context);
    const char *state = beluga_context_tracestate(call->context);
    if (!parent) return false;
    snprintf(context->traceparent, sizeof context->traceparent, "%s", parent);
    snprintf(context->tracestate, sizeof context->tracestate, "%s", state ? state : "");
    return true;
}

bool beluga__span_context(const beluga_call *call, beluga_trace_context *context)
{
    return read_context(call, call->attempt_span ? call->attempt_span : call->span, context);
}

void beluga__span_read_ids(const beluga_call *call, void *span, beluga__span_ids *ids)
{
    enum { TRACE_AT = 3, SPAN_AT = 36 };
    beluga_trace_context context;
    *ids->trace = *ids->span = '\0';
    if (!read_context(call, span, &context) || strlen(context.traceparent) < SPAN_AT + 16) return;
    memcpy(ids->trace, context.traceparent + TRACE_AT, sizeof ids->trace - 1);
    memcpy(ids->span, context.traceparent + SPAN_AT, sizeof ids->span - 1);
    ids->trace[sizeof ids->trace - 1] = ids->span[sizeof ids->span - 1] = '\0';
}
