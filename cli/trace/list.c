#include "trace/list.h"

#include "trace/words.h"

#define NS_PER_MS 1e6

static void put_ms(beluga_json_writer *w, const char *key, int64_t ns)
{
    beluga_json_put_double(w, key, (double)ns / NS_PER_MS);
}

static void put_known(beluga_json_writer *w, const char *key, const char *text)
{
    if (text) beluga_json_put_string(w, key, text);
}

static void put_count(beluga_json_writer *w, const char *key, int64_t n)
{
    if (n >= 0) beluga_json_put_int(w, key, n);
}

static void put_cost(beluga_json_writer *w, double usd)
{
    if (usd >= 0)
        beluga_json_put_double(w, "cost_usd", usd);
    else
        beluga_json_put_null(w, "cost_usd");
}

static const char *kind_name(trace_kind kind)
{
    static const char *const names[] = {[TRACE_OTHER] = "other",
                                        [TRACE_OPERATION] = "operation",
                                        [TRACE_ATTEMPT] = "attempt",
                                        [TRACE_TOOL] = "tool",
                                        [TRACE_GROUP] = "group"};
    return names[kind];
}

static void put_facts(beluga_json_writer *w, const trace_span *span)
{
    put_known(w, "provider", span->provider);
    put_known(w, "model", span->model);
    put_known(w, "response_model", span->response_model);
    put_known(w, "tool", span->tool);
    put_known(w, "finish_reason", span->finish);
    put_known(w, "error_type", span->error_type);
    put_known(w, "message", span->message);
    put_known(w, "retry_reason", span->retry_reason);
    put_count(w, "http_status", span->http_status);
    put_count(w, "input_tokens", span->input_tokens);
    put_count(w, "output_tokens", span->output_tokens);
    if (span->kind == TRACE_OPERATION) put_cost(w, span->cost_usd);
}

static void put_span(beluga_json_writer *w, const recorded_trace *trace, const trace_span *span)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "id", span->id);
    beluga_json_put_string(w, "parent_id", span->parent ? span->parent->id : NULL);
    beluga_json_put_int(w, "depth", span->depth);
    beluga_json_put_string(w, "name", span->name);
    beluga_json_put_string(w, "kind", kind_name(span->kind));
    put_ms(w, "start_ms", span->start_ns - trace->start_ns);
    put_ms(w, "duration_ms", span->end_ns - span->start_ns);
    if (trace_first_ns(span)) put_ms(w, "first_token_ms", trace_first_ns(span) - trace->start_ns);
    if (span->gap_from_ns) put_ms(w, "retry_wait_ms", span->start_ns - span->gap_from_ns);
    beluga_json_put_bool(w, "failed", span->failed);
    if (span->open) beluga_json_put_bool(w, "open", true);
    put_facts(w, span);
    beluga_json_end_object(w);
}

static void put_where(beluga_json_writer *w, const recorded_trace *trace)
{
    beluga_json_begin_object(w, "where_ms");
    for (unsigned i = 0; i < TRACE_WHERE_COUNT; i++)
        put_ms(w, trace_where_name((trace_where)i), trace->where_ns[i]);
    beluga_json_end_object(w);
}

static void put_totals(beluga_json_writer *w, const recorded_trace *trace)
{
    beluga_json_put_int(w, "calls", (int64_t)trace->n_operations);
    beluga_json_put_int(w, "failed_calls", (int64_t)trace->n_failed);
    beluga_json_put_int(w, "attempts", (int64_t)trace->n_attempts);
    beluga_json_put_int(w, "retries", (int64_t)trace->n_retries);
    beluga_json_put_int(w, "tools", (int64_t)trace->n_tools);
    put_count(w, "input_tokens", trace->input_tokens);
    put_count(w, "output_tokens", trace->output_tokens);
    put_cost(w, trace->n_unpriced || trace->input_tokens < 0 ? -1 : trace->cost_usd);
}

int list_put_trace(beluga_json_writer *w, const recorded_trace *trace)
{
    cli_text start = {0};
    words_add_time(&start, trace->start_ns);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "trace_id", trace->id);
    beluga_json_put_string(w, "start", start.data);
    put_ms(w, "duration_ms", trace->end_ns - trace->start_ns);
    put_where(w, trace);
    put_totals(w, trace);
    beluga_json_begin_array(w, "spans");
    for (const trace_span *s = trace->root; s; s = trace_next(s)) put_span(w, trace, s);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    bool failed = start.status != 0;
    text_free(&start);
    return failed ? -1 : 0;
}
