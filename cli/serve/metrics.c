#include "serve/metrics.h"

#include "base/text.h"
#include "serve/series.h"

#include <beluga/version.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1e9
/* The maximum number of label sets. Requests with further label sets are counted under the label
 * "other". */
#define MAX_REQUESTS 1000
#define MAX_MODELS   200
#define MAX_KEYS     1000

/* OpenTelemetry's semantic conventions define the names of these two histograms, and their buckets.
 */
static const double duration_bounds[] = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                         1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
static const double first_bounds[] = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
                                      0.25,  0.5,   0.75, 1.0,  2.5,  5.0,  7.5,  10.0};
enum { MAX_BOUNDS = 16 };

typedef struct histogram {
    uint64_t counts[MAX_BOUNDS + 1]; /* the last count is that of values above all bounds */
    double sum;
} histogram;

enum { INPUT, OUTPUT, CACHE_READ, CACHE_WRITE, REASONING, N_TOKENS };
static const char *const token_types[] = {"input", "output", "cache_read", "cache_write",
                                          "reasoning"};

typedef struct request_numbers {
    uint64_t requests;
} request_numbers;

typedef struct model_numbers {
    histogram duration, first;
    uint64_t tokens[N_TOKENS], attempts, cached;
} model_numbers;

typedef struct key_numbers {
    uint64_t requests, tokens;
    double cost;
} key_numbers;

struct serve_metrics {
    series_table requests, models, keys;
    uint64_t gone, refused_by_http;
    double cost;
    int64_t started_s;
};

static const char *const request_labels[] = {"protocol", "provider", "model",
                                             "status",   "error",    NULL};
static const char *const model_labels[] = {"gen_ai_operation_name", "gen_ai_provider_name",
                                           "gen_ai_response_model", NULL};
static const char *const key_labels[] = {"key", NULL};

serve_metrics *serve_metrics_new(void)
{
    serve_metrics *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    series_begin(&m->requests, sizeof(request_numbers), MAX_REQUESTS, request_labels);
    series_begin(&m->models, sizeof(model_numbers), MAX_MODELS, model_labels);
    series_begin(&m->keys, sizeof(key_numbers), MAX_KEYS, key_labels);
    m->started_s = (int64_t)time(NULL);
    return m;
}

void serve_metrics_free(serve_metrics *m)
{
    if (!m) return;
    series_free(&m->requests);
    series_free(&m->models);
    series_free(&m->keys);
    free(m);
}

/* ---- taking ---------------------------------------------------------------------------------- */

static void add_to(histogram *h, const double *bounds, size_t n, int64_t ns)
{
    double seconds = (double)ns / NS_PER_S;
    size_t at = 0;
    while (at < n && seconds > bounds[at]) at++;
    h->counts[at]++;
    h->sum += seconds;
}

#define ADD_TO(h, bounds, ns) add_to(h, bounds, sizeof(bounds) / sizeof *(bounds), ns)

static void add_tokens(uint64_t *sum, int64_t tokens)
{
    if (tokens > 0) *sum += (uint64_t)tokens;
}

static void take_model(serve_metrics *m, const serve_record *record)
{
    bool embeds = strcmp(record->protocol, "embeddings") == 0;
    const char *const values[] = {embeds ? "embeddings" : "chat", record->provider, record->model};
    model_numbers *n = series_find(&m->models, values);
    if (!n) return;
    ADD_TO(&n->duration, duration_bounds, record->took_ns);
    if (record->first_ns >= 0) ADD_TO(&n->first, first_bounds, record->first_ns);
    add_tokens(&n->tokens[INPUT], record->usage.input_total);
    add_tokens(&n->tokens[OUTPUT], record->usage.output_total);
    add_tokens(&n->tokens[CACHE_READ], record->usage.input_cache_read);
    add_tokens(&n->tokens[CACHE_WRITE], record->usage.input_cache_write);
    add_tokens(&n->tokens[REASONING], record->usage.output_reasoning);
    add_tokens(&n->attempts, record->attempts);
    n->cached += record->cached;
}

static void take_key(serve_metrics *m, const serve_record *record)
{
    const char *const values[] = {record->key};
    key_numbers *n = *record->key ? series_find(&m->keys, values) : NULL;
    if (record->cost > 0) m->cost += record->cost;
    if (!n) return;
    n->requests++;
    add_tokens(&n->tokens, record->usage.input_total);
    add_tokens(&n->tokens, record->usage.output_total);
    if (record->cost > 0) n->cost += record->cost;
}

void serve_metrics_take(serve_metrics *m, const serve_record *record)
{
    char status[16];
    snprintf(status, sizeof status, "%d", record->status);
    const char *const values[] = {record->protocol, record->provider, record->model, status,
                                  record->error ? beluga_error_name(record->error) : ""};
    request_numbers *n = series_find(&m->requests, values);
    if (n) n->requests++;
    m->gone += record->status == 499;
    if (*record->provider) take_model(m, record);
    if (*record->protocol) take_key(m, record);
}

void serve_metrics_refused(serve_metrics *m)
{
    m->refused_by_http++;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_head(beluga__buf *out, const char *name, const char *type, const char *help)
{
    beluga__buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Write the beginning of a line for a series: its name and labels. `more` is an additional label,
 * or "". */
static void put_name(beluga__buf *out, const char *name, const series_table *table,
                     const series *item, const char *more)
{
    beluga__buf_printf(out, "%s{", name);
    series_put_labels(table, item, out);
    beluga__buf_printf(out, "%s%s} ", *more ? "," : "", more);
}

static void put_count(beluga__buf *out, uint64_t value)
{
    beluga__buf_printf(out, "%" PRIu64 "\n", value);
}

static void put_number(beluga__buf *out, double value)
{
    char text[BELUGA__NUMBER_TEXT];
    beluga__double_to_text(value, text);
    beluga__buf_printf(out, "%s\n", text);
}

static void put_one(beluga__buf *out, const char *name, const char *type, const char *help,
                    double value)
{
    put_head(out, name, type, help);
    beluga__buf_printf(out, "%s ", name);
    put_number(out, value);
}

static void put_requests(const serve_metrics *m, beluga__buf *out)
{
    put_head(out, "beluga_requests_total", "counter",
             "Finished requests, by what was asked, what answered, and how it ended.");
    for (const series *s = NULL; (s = series_next(&m->requests, s));) {
        put_name(out, "beluga_requests_total", &m->requests, s, "");
        put_count(out, ((const request_numbers *)series_numbers(s))->requests);
    }
}

static void put_histogram(beluga__buf *out, const char *name, const serve_metrics *m,
                          const series *s, const histogram *h, const double *bounds, size_t n)
{
    char bucket[96], bound[BELUGA__NUMBER_TEXT], label[64];
    uint64_t sum = 0;
    snprintf(bucket, sizeof bucket, "%s_bucket", name);
    for (size_t i = 0; i <= n; i++) {
        sum += h->counts[i];
        if (i < n) beluga__double_to_text(bounds[i], bound);
        snprintf(label, sizeof label, "le=\"%s\"", i < n ? bound : "+Inf");
        put_name(out, bucket, &m->models, s, label);
        put_count(out, sum);
    }
    snprintf(bucket, sizeof bucket, "%s_sum", name);
    put_name(out, bucket, &m->models, s, "");
    put_number(out, h->sum);
    snprintf(bucket, sizeof bucket, "%s_count", name);
    put_name(out, bucket, &m->models, s, "");
    put_count(out, sum);
}

static const model_numbers *of_model(const series *s)
{
    return series_numbers(s);
}

static void put_times(const serve_metrics *m, beluga__buf *out)
{
    static const char duration[] = "gen_ai_server_request_duration_seconds",
                      first[] = "gen_ai_server_time_to_first_token_seconds";
    put_head(out, duration, "histogram",
             "Time from a request's first byte to the last byte of its answer.");
    for (const series *s = NULL; (s = series_next(&m->models, s));)
        put_histogram(out, duration, m, s, &of_model(s)->duration, duration_bounds,
                      sizeof duration_bounds / sizeof *duration_bounds);
    put_head(out, first, "histogram", "Time from a request's first byte to the first content.");
    for (const series *s = NULL; (s = series_next(&m->models, s));)
        put_histogram(out, first, m, s, &of_model(s)->first, first_bounds,
                      sizeof first_bounds / sizeof *first_bounds);
}

static void put_models(const serve_metrics *m, beluga__buf *out)
{
    char label[64];
    put_head(out, "beluga_tokens_total", "counter",
             "Tokens; cached tokens are part of the input, and reasoning is part of the output.");
    for (const series *s = NULL; (s = series_next(&m->models, s));)
        for (int type = 0; type < N_TOKENS; type++) {
            snprintf(label, sizeof label, "gen_ai_token_type=\"%s\"", token_types[type]);
            put_name(out, "beluga_tokens_total", &m->models, s, label);
            put_count(out, of_model(s)->tokens[type]);
        }
    put_head(out, "beluga_attempts_total", "counter",
             "Attempts at providers, including retries and fallbacks.");
    for (const series *s = NULL; (s = series_next(&m->models, s));) {
        put_name(out, "beluga_attempts_total", &m->models, s, "");
        put_count(out, of_model(s)->attempts);
    }
    put_head(out, "beluga_cached_answers_total", "counter", "Answers that came from a cache.");
    for (const series *s = NULL; (s = series_next(&m->models, s));) {
        put_name(out, "beluga_cached_answers_total", &m->models, s, "");
        put_count(out, of_model(s)->cached);
    }
}

static const key_numbers *of_key(const series *s)
{
    return series_numbers(s);
}

static void put_keys(const serve_metrics *m, beluga__buf *out)
{
    put_head(out, "beluga_key_requests_total", "counter",
             "Requests with a key that asked a model.");
    for (const series *s = NULL; (s = series_next(&m->keys, s));) {
        put_name(out, "beluga_key_requests_total", &m->keys, s, "");
        put_count(out, of_key(s)->requests);
    }
    put_head(out, "beluga_key_tokens_total", "counter", "Input and output tokens of a key.");
    for (const series *s = NULL; (s = series_next(&m->keys, s));) {
        put_name(out, "beluga_key_tokens_total", &m->keys, s, "");
        put_count(out, of_key(s)->tokens);
    }
    put_head(out, "beluga_key_cost_usd_total", "counter",
             "Cost of a key in US dollars, as far as prices are known.");
    for (const series *s = NULL; (s = series_next(&m->keys, s));) {
        put_name(out, "beluga_key_cost_usd_total", &m->keys, s, "");
        put_number(out, of_key(s)->cost);
    }
}

static void put_budget(beluga__buf *out, const char *name, const serve_key_state *key,
                       const char *period, double value)
{
    beluga__buf_printf(out, "%s{key=\"", name);
    series_put_value(out, key->name);
    beluga__buf_printf(out, "\",period=\"%s\"} ", period);
    put_number(out, value);
}

static void put_budgets(const serve_access *access, beluga__buf *out)
{
    serve_key_state key;
    put_head(out, "beluga_key_budget_usd", "gauge", "Budget of a key in US dollars.");
    for (size_t i = 0; i < MAX_KEYS && access && serve_access_state(access, i, &key); i++) {
        if (key.budget_per_day > 0)
            put_budget(out, "beluga_key_budget_usd", &key, "day", key.budget_per_day);
        if (key.budget_per_month > 0)
            put_budget(out, "beluga_key_budget_usd", &key, "month", key.budget_per_month);
    }
    put_one(out, "beluga_spend_failing", "gauge",
            "1 while the spend of keys can't be written or read, and is kept only in memory.",
            access && serve_access_fails(access));
    put_head(out, "beluga_key_spent_usd", "gauge",
             "Cost of a key in US dollars, in this UTC day or month.");
    for (size_t i = 0; i < MAX_KEYS && access && serve_access_state(access, i, &key); i++) {
        put_budget(out, "beluga_key_spent_usd", &key, "day", key.day);
        put_budget(out, "beluga_key_spent_usd", &key, "month", key.month);
    }
}

static void put_server(const serve_metrics *m, const serve_gauges *gauges, int64_t dropped,
                       beluga__buf *out)
{
    put_one(out, "beluga_requests_in_flight", "gauge", "Requests that currently ask a model.",
            (double)gauges->requests);
    put_one(out, "beluga_connections", "gauge", "Open connections of clients.",
            (double)gauges->connections);
    put_one(out, "beluga_draining", "gauge", "1 while the server is shutting down.",
            gauges->draining);
    put_one(out, "beluga_keys_failing", "gauge",
            "1 while the keys of keys_from can't be read, and the keys read last stay valid.",
            gauges->keys_failing);
    put_one(out, "beluga_client_cancelled_total", "counter",
            "Requests whose client went away before the answer was complete.", (double)m->gone);
    put_one(out, "beluga_http_refused_total", "counter",
            "Requests that were not valid HTTP, or exceeded one of its limits.",
            (double)m->refused_by_http);
    put_one(out, "beluga_cost_usd_total", "counter",
            "Cost of all requests in US dollars, as far as prices are known.", m->cost);
    put_one(out, "beluga_journal_dropped_total", "counter",
            "Lines of the journal that could not be written.", (double)dropped);
    put_head(out, "beluga_reloads_total", "counter",
             "Times that the configuration was read again.");
    beluga__buf_printf(out, "beluga_reloads_total{outcome=\"success\"} %" PRId64 "\n",
                       gauges->reloads);
    beluga__buf_printf(out, "beluga_reloads_total{outcome=\"failure\"} %" PRId64 "\n",
                       gauges->failed_reloads);
    put_one(out, "process_start_time_seconds", "gauge", "Time of the start, in seconds since 1970.",
            (double)m->started_s);
    put_head(out, "beluga_build_info", "gauge", "Always 1; the label is the version.");
    beluga__buf_printf(out, "beluga_build_info{version=\"%s\"} 1\n", beluga_version_string());
}

int serve_metrics_write(const serve_metrics *m, const serve_gauges *gauges, int64_t dropped,
                        beluga__buf *out)
{
    put_server(m, gauges, dropped, out);
    put_requests(m, out);
    put_times(m, out);
    put_models(m, out);
    put_keys(m, out);
    put_budgets(gauges->access, out);
    return out->status;
}
