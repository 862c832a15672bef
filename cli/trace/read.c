/* Reads lines of OTLP/JSON, written by this program or by others. */
#include "base/limits.h"
#include "exit.h"
#include "output.h"
#include "trace/trace.h"

#include <beluga/registry.h>
#include <beluga/telemetry.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1e9
/* A time in the year 2261. */
#define MAX_TIME_NS INT64_C(9200000000000000000)

typedef struct trace_reader {
    trace_file *file;
    const char *name;
    size_t line;
    const beluga_prices *prices;
    size_t n_providers;
    const char *providers[BELUGA__MAX_SHOWN_PROVIDERS];
} trace_reader;

static int refuse(const trace_reader *r, const char *what)
{
    out_error("%s:%zu: %s", r->name, r->line, what);
    return CLI_EXIT_USAGE;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Read a 64-bit integer. The JSON form of Protobuf writes it as a string, but many programs write a
 * number. */
static int64_t read_int(const beluga_json *value, int64_t otherwise)
{
    const char *text = beluga_json_string(value, NULL);
    char *end;
    if (!text) return beluga_json_int(value, otherwise);
    long long number = strtoll(text, &end, 10);
    return end == text || *end ? otherwise : number;
}

/* Read a time. A time after MAX_TIME_NS counts as MAX_TIME_NS, since sums of later times would
 * overflow. */
static int64_t read_time(const beluga_json *object, const char *key)
{
    int64_t time = read_int(beluga_json_get(object, key), 0);
    return time < 0 ? 0 : time < MAX_TIME_NS ? time : MAX_TIME_NS;
}

static const char *read_text(const beluga_json *object, const char *key)
{
    const char *text = beluga_json_get_string(object, key, NULL);
    return text && *text ? text : NULL;
}

/* Read an id. An id of only zeros counts as missing. */
static const char *read_id(const beluga_json *object, const char *key)
{
    const char *id = read_text(object, key);
    return id && strspn(id, "0") < strlen(id) ? id : NULL;
}

static const beluga_json *find(const beluga_json *attributes, const char *name)
{
    for (const beluga_json *a = beluga_json_first(attributes); a;
         a = beluga_json_next(attributes, a)) {
        const char *key = beluga_json_get_string(a, "key", NULL);
        if (key && strcmp(key, name) == 0) return beluga_json_get(a, "value");
    }
    return NULL;
}

static const char *find_text(const beluga_json *attributes, const char *name)
{
    return read_text(find(attributes, name), "stringValue");
}

static int64_t find_int(const beluga_json *attributes, const char *name)
{
    return read_int(beluga_json_get(find(attributes, name), "intValue"), -1);
}

/* ---- one span -------------------------------------------------------------------------------- */

static trace_kind kind_of(const trace_span *span)
{
    static const char *const groups[] = {"batch", "invoke_agent", "create_agent",
                                         "invoke_workflow"};
    /* name_attempts turns a request under an operation into an attempt */
    if (!span->operation) return TRACE_OTHER;
    if (strcmp(span->operation, "execute_tool") == 0) return TRACE_TOOL;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (strcmp(span->operation, groups[i]) == 0) return TRACE_GROUP;
    return TRACE_OPERATION;
}

/* Return the finish reason. The attribute is a list with a reason for each answer, but there is
 * only one answer. */
static const char *read_finish(const beluga_json *attributes)
{
    const beluga_json *reasons = find(attributes, "gen_ai.response.finish_reasons");
    const beluga_json *values = beluga_json_get(beluga_json_get(reasons, "arrayValue"), "values");
    return read_text(beluga_json_first(values), "stringValue");
}

static void read_attributes(trace_span *span)
{
    const beluga_json *a = span->attributes;
    span->operation = find_text(a, "gen_ai.operation.name");
    span->provider = find_text(a, "gen_ai.provider.name");
    /* before version 1.37 of the semantic conventions the attribute had this name */
    if (!span->provider) span->provider = find_text(a, "gen_ai.system");
    span->model = find_text(a, "gen_ai.request.model");
    span->response_model = find_text(a, "gen_ai.response.model");
    span->tool = find_text(a, "gen_ai.tool.name");
    span->error_type = find_text(a, "error.type");
    span->retry_reason = find_text(a, "beluga.retry.reason");
    span->finish = read_finish(a);
    span->input_tokens = find_int(a, "gen_ai.usage.input_tokens");
    span->output_tokens = find_int(a, "gen_ai.usage.output_tokens");
    span->cache_read = find_int(a, "gen_ai.usage.cache_read.input_tokens");
    span->cache_write = find_int(a, "gen_ai.usage.cache_creation.input_tokens");
    if (span->cache_write < 0)
        span->cache_write = find_int(a, "gen_ai.usage.cache_write.input_tokens");
    span->http_status = find_int(a, "http.response.status_code");
    span->resent = find_int(a, "http.request.resend_count");
    span->batch_succeeded = find_int(a, "beluga.batch.succeeded");
    span->batch_failed = find_int(a, "beluga.batch.failed");
    span->request = span->provider || find(a, "http.request.method");
    span->kind = kind_of(span);
}

/* Find the time of the first token: from the event "first_token", which this library writes, or
 * from the attribute of the semantic conventions. Returns 0 if it is unknown. */
static int64_t find_first(const trace_span *span)
{
    const beluga_json *events = span->events;
    for (const beluga_json *e = beluga_json_first(events); e; e = beluga_json_next(events, e)) {
        const char *name = beluga_json_get_string(e, "name", NULL);
        if (name && strcmp(name, "first_token") == 0) return read_time(e, "timeUnixNano");
    }
    const beluga_json *value = find(span->attributes, "gen_ai.response.time_to_first_chunk");
    double seconds = beluga_json_double(beluga_json_get(value, "doubleValue"), -1);
    double most = (double)(span->end_ns - span->start_ns) / NS_PER_S;
    return seconds >= 0 && seconds <= most ? span->start_ns + (int64_t)(seconds * NS_PER_S) : 0;
}

static void read_status(trace_span *span, const beluga_json *json)
{
    const beluga_json *status = beluga_json_get(json, "status"),
                      *code = beluga_json_get(status, "code");
    const char *word = beluga_json_string(code, NULL);
    span->failed = word ? strcmp(word, "STATUS_CODE_ERROR") == 0 || strcmp(word, "2") == 0
                        : beluga_json_int(code, 0) == 2;
    span->failed = span->failed || span->error_type;
    span->message = read_text(status, "message");
}

/* Find the price of a span's model. Traces contain the names of providers that the semantic
 * conventions define, but the price list contains our names. */
static bool find_price(const trace_reader *r, const trace_span *span, const char *model,
                       beluga_price *price)
{
    if (!model) return false;
    if (beluga_prices_find(r->prices, span->provider, model, price)) return true;
    for (size_t i = 0; i < r->n_providers; i++)
        if (strcmp(beluga_telemetry_provider_name(r->providers[i]), span->provider) == 0 &&
            beluga_prices_find(r->prices, r->providers[i], model, price))
            return true;
    return false;
}

static void read_cost(const trace_reader *r, trace_span *span)
{
    beluga_price price;
    const beluga_usage usage = {.input_total = span->input_tokens,
                                .input_cache_read = span->cache_read,
                                .input_cache_write = span->cache_write,
                                .output_total = span->output_tokens,
                                .output_reasoning = -1};
    span->cost_usd = -1;
    if (!r->prices || !span->provider || span->kind != TRACE_OPERATION) return;
    if (find_price(r, span, span->model, &price) ||
        find_price(r, span, span->response_model, &price))
        span->cost_usd = beluga_price_cost(&price, &usage);
}

static trace_span *add_span(trace_file *file)
{
    if (file->n_spans == file->room_spans) {
        size_t room = file->room_spans ? file->room_spans * 2 : 64;
        trace_span *spans = realloc(file->spans, room * sizeof *spans);
        if (!spans) return NULL;
        file->spans = spans;
        file->room_spans = room;
    }
    trace_span *span = &file->spans[file->n_spans];
    *span = (trace_span){.number = file->n_spans++};
    return span;
}

static int read_span(trace_reader *r, const beluga_json *json)
{
    const char *trace_id = read_id(json, "traceId"), *id = read_id(json, "spanId");
    int64_t start_ns = read_time(json, "startTimeUnixNano");
    if (!trace_id || !id) return refuse(r, "a span has no traceId or no spanId");
    if (!start_ns) return refuse(r, "a span has no startTimeUnixNano");
    if (r->file->n_spans == MAX_TRACE_SPANS)
        return refuse(r, "there are more than 1,000,000 spans");
    trace_span *span = add_span(r->file);
    if (!span) return out_no_memory();
    span->trace_id = trace_id;
    span->id = id;
    span->parent_id = read_id(json, "parentSpanId");
    span->name = read_text(json, "name");
    if (!span->name) span->name = "(no name)";
    span->start_ns = start_ns;
    span->end_ns = read_time(json, "endTimeUnixNano");
    span->open = !span->end_ns;
    if (span->end_ns < start_ns) span->end_ns = start_ns;
    span->attributes = beluga_json_get(json, "attributes");
    span->events = beluga_json_get(json, "events");
    read_attributes(span);
    read_status(span, json);
    span->first_ns = find_first(span);
    read_cost(r, span);
    return 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int read_scopes(trace_reader *r, const beluga_json *scopes)
{
    for (const beluga_json *s = beluga_json_first(scopes); s; s = beluga_json_next(scopes, s)) {
        const beluga_json *spans = beluga_json_get(s, "spans");
        for (const beluga_json *v = beluga_json_first(spans); v; v = beluga_json_next(spans, v)) {
            int rc = read_span(r, v);
            if (rc != 0) return rc;
        }
    }
    return 0;
}

static int read_root(trace_reader *r, const beluga_json *root)
{
    const beluga_json *resources = beluga_json_get(root, "resourceSpans");
    if (!resources) {
        bool other =
            beluga_json_get(root, "resourceMetrics") || beluga_json_get(root, "resourceLogs");
        r->file->n_other_lines += other;
        return other ? 0 : refuse(r, "not a line of OTLP/JSON: it has no resourceSpans");
    }
    if (!beluga_json_is_array(resources)) return refuse(r, "resourceSpans is not an array");
    for (const beluga_json *v = beluga_json_first(resources); v;
         v = beluga_json_next(resources, v)) {
        int rc = read_scopes(r, beluga_json_get(v, "scopeSpans"));
        if (rc != 0) return rc;
    }
    return 0;
}

static int keep(trace_file *file, beluga_json_doc *line)
{
    if (file->n_lines == file->room_lines) {
        size_t room = file->room_lines ? file->room_lines * 2 : 16;
        beluga_json_doc **lines = realloc(file->lines, room * sizeof(beluga_json_doc *));
        if (!lines) return -1;
        file->lines = lines;
        file->room_lines = room;
    }
    file->lines[file->n_lines++] = line;
    return 0;
}

/* Read a line. If the process that wrote the file was killed, the last line may be incomplete,
 * without a newline. */
static int read_line(trace_reader *r, const char *text, size_t length, bool ended)
{
    beluga_error err;
    beluga_json_doc *doc = NULL;
    char why[sizeof err.message + 64];
    int status = beluga_json_parse(text, length, &doc, &err);
    if (status == BELUGA_ERROR_MALFORMED_RESPONSE && !ended) {
        r->file->torn_line = r->line;
        return 0;
    }
    if (status == BELUGA_ERROR_NO_MEMORY) return out_no_memory();
    if (status != 0) {
        snprintf(why, sizeof why, "not valid JSON (a trace has a JSON object on each line): %s",
                 err.message);
        return refuse(r, why);
    }
    if (keep(r->file, doc) != 0) {
        beluga_json_doc_free(doc);
        return out_no_memory();
    }
    return read_root(r, beluga_json_doc_root(doc));
}

static bool is_blank(const char *text, size_t n)
{
    while (n && isspace((unsigned char)text[n - 1])) n--;
    return n == 0;
}

static int read_lines(trace_reader *r, const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((newline ? newline : end) - text);
        r->line++;
        int rc = is_blank(text, n) ? 0 : read_line(r, text, n, newline != NULL);
        if (rc != 0) return rc;
        text += n + (newline != NULL);
    }
    return 0;
}

static int explain_empty(const trace_reader *r)
{
    if (r->file->torn_line)
        out_error("%s: there are no spans, because its only line is incomplete", r->name);
    else if (r->file->n_other_lines)
        out_error("%s: there are no spans, only metrics or logs", r->name);
    else
        out_error("%s: there are no spans", r->name);
    return CLI_EXIT_USAGE;
}

int trace_file_read(trace_file *file, const char *name, const char *text, size_t length,
                    const beluga_prices *prices)
{
    trace_reader r = {.file = file, .name = name, .prices = prices};
    beluga_registry *registry = beluga_registry_default();
    *file = (trace_file){0};
    if (!registry) return out_no_memory();
    size_t n = beluga_registry_list(registry, r.providers, BELUGA__MAX_SHOWN_PROVIDERS);
    r.n_providers = n < BELUGA__MAX_SHOWN_PROVIDERS ? n : BELUGA__MAX_SHOWN_PROVIDERS;
    int rc = read_lines(&r, text, length);
    if (rc != 0) return rc;
    if (!file->n_spans) return explain_empty(&r);
    return trace_file_link(file) == 0 ? 0 : out_no_memory();
}

void trace_file_free(trace_file *file)
{
    for (size_t i = 0; i < file->n_lines; i++) beluga_json_doc_free(file->lines[i]);
    free(file->lines);
    free(file->spans);
    free(file->traces);
    *file = (trace_file){0};
}
