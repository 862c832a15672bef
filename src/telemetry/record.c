/* The functions of the telemetry sink, which run on the threads of calls. They use times that the
 * caller has read, and read the clock themselves only at events of a span. Normally they take no
 * lock, and allocate nothing for a span that fits into its slab. */
#include "telemetry/record.h"

#include "base/clock.h"
#include "base/mem.h"
#include "schema/span_options.h"
#include "telemetry/content.h"
#include "telemetry/export.h"
#include "telemetry/ids.h"

#include <beluga/option.h>
#include <beluga/provider/provider.h>

#include <stdio.h>

/* --- attributes ------------------------------------------------------------------------------- */

static const char *name_of(const beluga__span *span, beluga__name name)
{
    return beluga__name_of(name, span->telemetry->settings.latest);
}

static void add_int(beluga__span *span, beluga__name name, int64_t value)
{
    beluga__attribute *a =
        beluga__span_add(span, &span->attributes, name_of(span, name), BELUGA_ATTRIBUTE_INT);
    if (a) a->value.integer = value;
}

static void add_double(beluga__span *span, beluga__name name, double value)
{
    beluga__attribute *a =
        beluga__span_add(span, &span->attributes, name_of(span, name), BELUGA_ATTRIBUTE_DOUBLE);
    if (a) a->value.number = value;
}

/* Add a text that is not copied, since it lives longer than the span. */
static void add_static(beluga__span *span, beluga__name name, uint32_t type, const char *text,
                       size_t length)
{
    beluga__attribute *a = beluga__span_add(span, &span->attributes, name_of(span, name), type);
    if (!a) return;
    a->length = (uint32_t)length;
    a->value.string = text;
}

static void add_text(beluga__span *span, beluga__name name, const char *text)
{
    if (text && *text)
        beluga__span_add_text(span, &span->attributes, name_of(span, name), text, strlen(text));
}

/* Add an id or a name from an answer. It is valid UTF-8, which was checked when it arrived. */
static void add_checked(beluga__span *span, beluga__name name, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    if (!n || n > span->telemetry->settings.limits.value_bytes) {
        add_text(span, name, text);
        return;
    }
    const char *copy = text == span->subject->model ? text : beluga__span_copy(span, text, n);
    if (copy)
        add_static(span, name, BELUGA_ATTRIBUTE_STRING, copy, n);
    else
        span->attributes.dropped++;
}

/* --- the beginning ---------------------------------------------------------------------------- */

static const struct {
    int option;
    beluga__name name;
} whole_numbers[] = {{BELUGA_OPTION_MAX_TOKENS, BELUGA__NAME_MAX_TOKENS},
                     {BELUGA_OPTION_SEED, BELUGA__NAME_SEED},
                     {BELUGA_OPTION_DIMENSIONS, BELUGA__NAME_DIMENSIONS}},
  fractions[] = {{BELUGA_OPTION_TEMPERATURE, BELUGA__NAME_TEMPERATURE},
                 {BELUGA_OPTION_TOP_P, BELUGA__NAME_TOP_P},
                 {BELUGA_OPTION_FREQUENCY_PENALTY, BELUGA__NAME_FREQUENCY_PENALTY},
                 {BELUGA_OPTION_PRESENCE_PENALTY, BELUGA__NAME_PRESENCE_PENALTY}};

_Static_assert(sizeof whole_numbers / sizeof *whole_numbers + sizeof fractions / sizeof *fractions +
                       5 ==
                   BELUGA__N_SPAN_OPTIONS,
               "with top_k, stop_sequences, reasoning_effort, json_mode and response_schema");

static void add_stop_sequences(beluga__span *span, const beluga_call *call)
{
    char joined[1024];
    size_t used = 0, n;
    const char *item;
    for (size_t i = 0; (item = beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, i, &n));
         i++) {
        if (n >= sizeof joined - used) break;
        memcpy(joined + used, item, n);
        joined[used + n] = '\0';
        used += n + 1;
    }
    char *copy = used ? beluga__span_copy(span, joined, used) : NULL;
    if (copy) add_static(span, BELUGA__NAME_STOP_SEQUENCES, BELUGA__ATTRIBUTE_TEXTS, copy, used);
}

static void add_reasoning(beluga__span *span, const beluga_call *call)
{
    static const char *const levels[] = {"none", "minimal", "low", "medium",
                                         "high", "xhigh",   "max"};
    int64_t level;
    if (beluga_call_get_int(call, BELUGA_OPTION_REASONING_EFFORT, &level) && level >= 0 &&
        level < 7)
        add_static(span, BELUGA__NAME_REASONING_LEVEL, BELUGA_ATTRIBUTE_STRING, levels[level],
                   strlen(levels[level]));
}

static void add_request(beluga__span *span, const beluga_call *call)
{
    int64_t whole;
    double fraction;
    bool json = false;
    for (size_t i = 0; i < sizeof whole_numbers / sizeof *whole_numbers; i++)
        if (beluga_call_get_int(call, whole_numbers[i].option, &whole))
            add_int(span, whole_numbers[i].name, whole);
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++)
        if (beluga_call_get_double(call, fractions[i].option, &fraction))
            add_double(span, fractions[i].name, fraction);
    if (beluga_call_get_int(call, BELUGA_OPTION_TOP_K, &whole)) {
        if (span->telemetry->settings.latest)
            add_int(span, BELUGA__NAME_TOP_K, whole);
        else
            add_double(span, BELUGA__NAME_TOP_K, (double)whole);
    }
    add_stop_sequences(span, call);
    add_reasoning(span, call);
    beluga_call_get_bool(call, BELUGA_OPTION_JSON_MODE, &json);
    if (json || beluga_call_get_string(call, BELUGA_OPTION_RESPONSE_SCHEMA, NULL))
        add_static(span, BELUGA__NAME_OUTPUT_TYPE, BELUGA_ATTRIBUTE_STRING, "json", 4);
}

static void add_tool(beluga__span *span, const beluga_span_start *start)
{
    add_text(span, BELUGA__NAME_TOOL_CALL_ID, start->tool_call_id);
    add_static(span, BELUGA__NAME_TOOL_TYPE, BELUGA_ATTRIBUTE_STRING, "function", 8);
    add_text(span, BELUGA__NAME_TOOL_DESCRIPTION, start->tool_description);
    if (start->content && span->telemetry->settings.capture_content)
        beluga__span_add_text(span, &span->attributes, name_of(span, BELUGA__NAME_TOOL_ARGUMENTS),
                              start->content, start->content_length);
}

static void add_attempt(beluga__span *span, const beluga__span *operation,
                        const beluga_span_start *start)
{
    if (span->subject->host)
        add_static(span, BELUGA__NAME_HTTP_METHOD, BELUGA_ATTRIBUTE_STRING, "POST", 4);
    if (start->attempt > 1) add_int(span, BELUGA__NAME_RESEND_COUNT, start->attempt - 1);
    if (start->attempt > 1 && operation && operation->retry_code)
        add_text(span, BELUGA__NAME_RETRY_REASON, beluga_error_name(operation->retry_code));
}

static void add_start(beluga__span *span, const beluga__span *parent,
                      const beluga_span_start *start)
{
    if (start->kind == BELUGA_SPAN_ATTEMPT)
        add_attempt(span, parent, start);
    else if (start->kind == BELUGA_SPAN_TOOL)
        add_tool(span, start);
    if (start->kind != BELUGA_SPAN_OPERATION) return;
    if (start->streaming) {
        beluga__attribute *a =
            beluga__span_add(span, &span->attributes, name_of(span, BELUGA__NAME_REQUEST_STREAM),
                             BELUGA_ATTRIBUTE_BOOL);
        if (a) a->value.boolean = true;
    }
    if (!start->call) return;
    if (!start->plain) add_request(span, start->call);
    if (span->telemetry->settings.capture_content) beluga__content_ask(span, start->call);
}

/* Link a batch's span to the span of the call for one of its inputs. If there are too many links,
 * the link is counted as dropped. */
static void link_to(beluga__span *batch, uint64_t id)
{
    uint32_t most = batch->telemetry->settings.limits.links;
    if (!batch->links && most)
        batch->links = beluga__span_alloc(batch, most * sizeof *batch->links);
    if (batch->links && batch->n_links < most)
        batch->links[batch->n_links++] = id;
    else
        batch->links_dropped++;
}

static void place_below(beluga__span *span, beluga__span *parent)
{
    span->trace = parent->trace;
    span->parent_id = parent->id;
    span->sampled = parent->sampled;
    span->id = beluga__ids_next(span->telemetry, NULL);
    if (parent->tracestate)
        span->tracestate = beluga__span_copy(span, parent->tracestate, strlen(parent->tracestate));
    if (parent->kind == BELUGA_SPAN_BATCH && parent->sampled) link_to(parent, span->id);
}

static void place(beluga__span *span, const beluga_span_start *start)
{
    const beluga__telemetry_setup *s = &span->telemetry->settings;
    bool sampled;
    if (!start->traceparent) {
        span->id = beluga__ids_next(span->telemetry, &span->trace);
        span->sampled = beluga__ids_sample(s, &span->trace);
        return;
    }
    span->id = beluga__ids_next(span->telemetry, NULL);
    beluga__ids_parse(start->traceparent, &span->trace, &span->parent_id, &sampled);
    span->remote_parent = true;
    span->sampled = s->parent_based ? sampled : beluga__ids_sample(s, &span->trace);
    if (start->tracestate)
        span->tracestate = beluga__span_copy(span, start->tracestate, strlen(start->tracestate));
}

static void drop(beluga_telemetry *t, beluga__drop why)
{
    atomic_fetch_add_explicit(&t->dropped[why], 1, memory_order_relaxed);
}

void *beluga__record_begin(void *payload, void *parent, const beluga_span_start *start)
{
    beluga_telemetry *t = payload;
    if (atomic_load_explicit(&t->stopped, memory_order_relaxed)) return NULL;
    if (!atomic_load_explicit(&t->has_thread, memory_order_acquire)) beluga__export_start(t);
    const beluga__span *above = parent;
    /* the parent span belongs to the same call */
    bool same = above && start->call && above->call == start->call;
    beluga__subject *subject = same ? above->subject : beluga__subject_find(&t->subjects, start);
    beluga__span *span = subject ? beluga__span_take(&t->pool) : NULL;
    if (!span) {
        drop(t, BELUGA__DROP_MEMORY);
        return NULL;
    }
    span->telemetry = t;
    span->subject = subject;
    span->call = start->call;
    span->kind = (uint8_t)start->kind;
    span->start_ns = start->start_ns ? start->start_ns : beluga__now_ns();
    span->streamed = start->streaming;
    span->traced = !start->untraced;
    span->measured = !start->unmeasured && start->kind != BELUGA_SPAN_ATTEMPT;
    if (parent)
        place_below(span, parent);
    else
        place(span, start);
    bool sends = t->settings.traces.output != BELUGA__OUTPUT_NONE || t->settings.file;
    if (!span->traced || !sends) span->sampled = false;
    if (span->sampled) add_start(span, parent, start);
    if (span->measured && start->kind == BELUGA_SPAN_OPERATION)
        beluga__subject_activate(subject, span->streamed, 1);
    return span;
}

/* --- events during a span --------------------------------------------------------------------- */

/* Add the time since the last chunk of a stream to a distribution in the span. It is added to a
 * series when the stream ends, since only then the series is known. */
static void note_chunk(beluga__span *span)
{
    int64_t now = beluga__now_ns();
    if (!span->chunks && (span->chunks = beluga__span_alloc(span, sizeof *span->chunks)))
        beluga__distribution_clear(span->chunks);
    if (span->chunks && span->chunk_ns)
        beluga__distribution_add(span->chunks, BELUGA__CHUNK, now - span->chunk_ns);
    span->chunk_ns = now;
}

static void note_retry(beluga__span *span, const beluga_error *error)
{
    span->retry_code = error ? error->code : 0;
    beluga__mark *mark = span->sampled ? beluga__span_mark(span, "retry", beluga__now_ns()) : NULL;
    if (!mark || !error) return;
    const char *name = beluga_error_name(error->code);
    beluga__span_add_text(span, &mark->attributes, name_of(span, BELUGA__NAME_ERROR_TYPE), name,
                          strlen(name));
    if (error->http_status) {
        beluga__attribute *a = beluga__span_add(
            span, &mark->attributes, name_of(span, BELUGA__NAME_HTTP_STATUS), BELUGA_ATTRIBUTE_INT);
        if (a) a->value.integer = error->http_status;
    }
}

void beluga__record_event(void *payload, void *handle, beluga_span_event_kind kind,
                          const beluga_error *error)
{
    beluga__span *span = handle;
    (void)payload;
    switch (kind) {
    case BELUGA_SPAN_FIRST_CONTENT:
        if (!span->streamed) break;
        span->first_ns = span->chunk_ns = beluga__now_ns();
        if (span->sampled) beluga__span_mark(span, "first_token", span->first_ns);
        break;
    case BELUGA_SPAN_CONTENT:
        if (span->streamed && span->measured) note_chunk(span);
        break;
    case BELUGA_SPAN_RETRY: note_retry(span, error); break;
    }
}

/* Set the method of a request. An attempt begins with the method that most requests have, so
 * usually nothing changes. */
static bool take_method(beluga__span *span, const beluga_span_attribute *a)
{
    beluga__attribute *method = span->attributes.first;
    bool same = method && method->name == name_of(span, BELUGA__NAME_HTTP_METHOD) &&
                a->type == BELUGA_ATTRIBUTE_STRING && strcmp(a->name, method->name) == 0;
    const char *copy = same ? beluga__span_copy_text(span, a->value.string, a->length) : NULL;
    if (!copy) return same;
    method->value.string = copy;
    method->length = a->length;
    return true;
}

void beluga__record_attribute(void *payload, void *handle, const beluga_span_attribute *a)
{
    beluga__span *span = handle;
    (void)payload;
    if (!span->sampled || take_method(span, a)) return;
    char *name = beluga__span_copy_text(span, a->name, strlen(a->name));
    if (!name) return;
    if (a->type == BELUGA_ATTRIBUTE_STRING) {
        beluga__span_add_text(span, &span->attributes, name, a->value.string, a->length);
        return;
    }
    beluga__attribute *added = beluga__span_add(span, &span->attributes, name, a->type);
    if (added) memcpy(&added->value, &a->value, sizeof a->value);
}

void beluga__record_measure(void *payload, void *handle, const beluga_measurement *measurement)
{
    beluga_telemetry *t = payload;
    beluga__subject_measure(&t->subjects, ((beluga__span *)handle)->subject, measurement);
}

bool beluga__record_trace_context(void *payload, void *handle, beluga_trace_context *context)
{
    const beluga_telemetry *t = payload;
    const beluga__span *span = handle;
    if (!t->settings.propagate || !span->traced) return false;
    snprintf(context->traceparent, sizeof context->traceparent, "00-%016llx%016llx-%016llx-%02x",
             (unsigned long long)span->trace.high, (unsigned long long)span->trace.low,
             (unsigned long long)span->id, span->sampled);
    snprintf(context->tracestate, sizeof context->tracestate, "%s",
             span->tracestate ? span->tracestate : "");
    return true;
}

void beluga__record_content(void *payload, void *handle, const beluga_event *event)
{
    const beluga_telemetry *t = payload;
    if (((beluga__span *)handle)->sampled && t->settings.capture_content)
        beluga__content_add(handle, event);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void add_usage(beluga__span *span, const beluga_usage *u)
{
    if (u->input_total >= 0) add_int(span, BELUGA__NAME_INPUT_TOKENS, u->input_total);
    if (u->output_total >= 0) add_int(span, BELUGA__NAME_OUTPUT_TOKENS, u->output_total);
    if (u->input_cache_read >= 0) add_int(span, BELUGA__NAME_CACHE_READ, u->input_cache_read);
    if (u->input_cache_write >= 0) add_int(span, BELUGA__NAME_CACHE_WRITE, u->input_cache_write);
    if (u->output_reasoning >= 0) add_int(span, BELUGA__NAME_REASONING_TOKENS, u->output_reasoning);
}

static const char *finish_name(uint32_t reason)
{
    static const char *const names[] = {"",           "stop",           "length",
                                        "tool_calls", "content_filter", "other"};
    return reason < sizeof names / sizeof *names ? names[reason] : "other";
}

static void add_answer(beluga__span *span, const beluga_span_end *end, const char *model)
{
    const char *reason = end->status ? (span->streamed && span->first_ns ? "error" : "")
                                     : finish_name(end->finish_reason);
    add_checked(span, BELUGA__NAME_RESPONSE_ID, end->response_id);
    add_checked(span, BELUGA__NAME_RESPONSE_MODEL, model);
    if (*reason)
        add_static(span, BELUGA__NAME_FINISH_REASONS, BELUGA__ATTRIBUTE_TEXTS, reason,
                   strlen(reason) + 1);
    if (span->streamed && span->first_ns)
        add_double(span, BELUGA__NAME_FIRST_CHUNK,
                   (double)(span->first_ns - span->start_ns) * 1e-9);
    if (end->tool_calls) add_int(span, BELUGA__NAME_TOOL_CALLS, end->tool_calls);
    add_usage(span, &end->usage);
}

static void add_failure(beluga__span *span, const beluga_error *error)
{
    const char *name = beluga_error_name(span->code);
    add_static(span, BELUGA__NAME_ERROR_TYPE, BELUGA_ATTRIBUTE_STRING, name, strlen(name));
    if (!error) return;
    span->message = beluga__span_copy(span, error->message, strlen(error->message));
    add_text(span, BELUGA__NAME_PROVIDER_CODE, error->provider_code);
}

static void add_end(beluga__span *span, const beluga_span_end *end, const char *model)
{
    switch (span->kind) {
    case BELUGA_SPAN_OPERATION: add_answer(span, end, model); break;
    case BELUGA_SPAN_ATTEMPT:
        if (end->http_status) add_int(span, BELUGA__NAME_HTTP_STATUS, end->http_status);
        add_text(span, BELUGA__NAME_REQUEST_ID, end->request_id);
        break;
    case BELUGA_SPAN_BATCH:
        add_int(span, BELUGA__NAME_BATCH_SUCCEEDED, (int64_t)end->succeeded);
        add_int(span, BELUGA__NAME_BATCH_FAILED, (int64_t)end->failed);
        break;
    case BELUGA_SPAN_TOOL:
        if (end->content && span->telemetry->settings.capture_content)
            beluga__span_add_text(span, &span->attributes, name_of(span, BELUGA__NAME_TOOL_RESULT),
                                  end->content, end->content_length);
        break;
    }
    if (span->code) add_failure(span, end->error);
}

static void measure(beluga_telemetry *t, beluga__span *span, const beluga_span_end *end,
                    const char *model)
{
    bool operation = span->kind == BELUGA_SPAN_OPERATION;
    beluga__outcome outcome = {
        .code = end->status,
        .streamed = span->streamed,
        .response_model = operation ? model : NULL,
        .duration_ns = end->duration_ns,
        .first_chunk_ns = span->first_ns ? span->first_ns - span->start_ns : -1,
        .usage = operation ? &end->usage : NULL,
        .tool_calls = operation ? end->tool_calls : 0,
        .chunks = span->chunks,
    };
    beluga__subject_record(&t->subjects, span->subject, &outcome);
    if (operation) beluga__subject_activate(span->subject, span->streamed, -1);
}

static void queue(beluga_telemetry *t, beluga__span *span)
{
    uint32_t before = atomic_fetch_add_explicit(&t->queued, 1, memory_order_relaxed);
    if (before >= t->settings.max_queue ||
        atomic_load_explicit(&t->stopped, memory_order_relaxed)) {
        atomic_fetch_sub_explicit(&t->queued, 1, memory_order_relaxed);
        drop(t, BELUGA__DROP_QUEUE);
        beluga__span_give_back(&t->pool, span);
        return;
    }
    beluga__span *head = atomic_load_explicit(&t->incoming, memory_order_relaxed);
    do span->next = head;
    while (!atomic_compare_exchange_weak(&t->incoming, &head, span));
    if (atomic_load(&t->closed)) beluga__export_discard(t);
    if (before + 1 == t->settings.max_batch) beluga__export_wake(t);
}

void beluga__record_end(void *payload, void *handle, const beluga_span_end *end)
{
    beluga_telemetry *t = payload;
    beluga__span *span = handle;
    const char *model = end->response_model;
    /* Usually the answer names the same model as the request. Then the name need not be copied. */
    if (model && span->measured && beluga__same_text(model, span->subject->model))
        model = span->subject->model;
    span->code = end->status;
    span->end_ns = span->start_ns + end->duration_ns;
    if (span->measured) measure(t, span, end, model);
    if (span->sampled) add_end(span, end, model);
    if (span->content) beluga__content_end(span);
    if (span->sampled)
        queue(t, span);
    else
        beluga__span_give_back(&t->pool, span);
}
