/* Functions with which the core reports to a telemetry sink. Without a sink they do nothing. */
#ifndef BELUGA__SPAN_H
#define BELUGA__SPAN_H

#include "model/call.h"

#include <beluga/event.h>
#include <beluga/telemetry.h>

/* Returns the sink, or NULL. */
static inline const beluga_telemetry_sink *beluga__sink_of(const beluga__target *target)
{
    return target->runtime->telemetry;
}

/* Returns whether work with these settings is reported at all. Sets `untraced` and `unmeasured` in
 * `start` if spans or metrics are turned off. */
bool beluga__span_wanted(const beluga__settings *settings, beluga_span_start *start);

/* Returns the telemetry name of a call's operation; NULL for a call that is not reported. */
static inline const char *beluga__span_operation(const beluga_call *call)
{
    if (beluga__call_is_of_jobs(call)) return call->operation;
    static const char *const names[] = {[BELUGA_CALL_ANSWER] = "chat",
                                        [BELUGA_CALL_EMBED] = "embeddings",
                                        [BELUGA_CALL_COUNT] = "count_tokens"};
    return call->kind < sizeof names / sizeof *names ? names[call->kind] : NULL;
}

/* Returns whether these settings have no option that spans report. */
bool beluga__span_is_plain(const beluga__settings *settings);

/* The initializer of a beluga_span_start for a call, or for an attempt of it. */
#define BELUGA__SPAN_OF_CALL(which, of_call, begins_ns) \
    {.kind = (which),                                   \
     .streaming = (of_call)->streamed,                  \
     .operation = beluga__span_operation(of_call),      \
     .model = (of_call)->model_name,                    \
     .call = (of_call),                                 \
     .start_ns = (begins_ns)}

/* Begin a span for work that is not a single call, such as a batch job, and fill in the fields
 * about the target. Returns NULL if the work has no span. */
void *beluga__span_begin(beluga__target *target, beluga_context *context, void *parent,
                         beluga_span_start *start);
/* Returns a beluga_span_end for work that ends now; if `err` is NULL, the work succeeded. Other
 * fields are empty. */
beluga_span_end beluga__span_ended(int64_t start_ns, const beluga_error *err);
/* End a span; NULL does nothing. */
void beluga__span_close(const beluga__target *target, void *span, const beluga_span_end *end);

/* Add a text to the span of the call's attempt. */
void beluga__span_text(const beluga_call *call, const char *name, const char *text, size_t length);

/* Add the provider's attribute to the span of the call's attempt, or record its measurement. */
void beluga__span_apply(const beluga_call *call, const beluga_event *event);
void beluga__measure_apply(const beluga_call *call, const beluga_event *event);

/* Get the trace context that is sent with the call's requests: the context of the attempt's span,
 * or the caller's context if the library traces nothing. Returns false if there is none. */
bool beluga__span_context(const beluga_call *call, beluga_trace_context *context);

/* The trace and span ids of a call for its log records; "" if the call has no trace. */
typedef struct beluga__span_ids {
    char trace[33], span[17];
} beluga__span_ids;
void beluga__span_read_ids(const beluga_call *call, void *span, beluga__span_ids *ids);

/* Like beluga__log, with the ids of the call's trace added to the fields if there is a trace. */
#define beluga__log_traced(runtime, level, event, of_call, of_span, ...)                      \
    do {                                                                                      \
        if (beluga__log_enabled(runtime, level)) {                                            \
            beluga__span_ids ids_;                                                            \
            beluga__span_read_ids(of_call, of_span, &ids_);                                   \
            const beluga_log_field fields_[] = {__VA_ARGS__,                                  \
                                                BELUGA__TEXT_FIELD("trace_id", ids_.trace),   \
                                                BELUGA__TEXT_FIELD("span_id", ids_.span)};    \
            size_t n_ = sizeof fields_ / sizeof *fields_;                                     \
            beluga__log_record((runtime)->log, (runtime)->log_payload, level, event, fields_, \
                               *ids_.trace ? n_ : n_ - 2);                                    \
        }                                                                                     \
    } while (0)

#endif
