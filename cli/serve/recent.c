#include "serve/recent.h"

#include "base/clock.h"

#include <beluga/error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_US 1000
#define US_PER_MS 1000.0
#define MINUTE_MS 60000

enum {
    MINUTES = 60,
    ERRORS = 50,
    PROVIDERS = 32,
    SLOTS = 6, /* time slots of the last hour, for each provider */
    SLOT_MINUTES = MINUTES / SLOTS,
    STEPS = 4, /* number of buckets of a distribution between a time and its double */
    TIMES = 128
};

/* A histogram of durations in microseconds. A time and its double are four buckets apart, so the
 * error is at most an eighth. */
typedef struct distribution {
    uint32_t counts[TIMES];
} distribution;

typedef struct minute {
    int64_t minute; /* minutes since 1970 */
    uint32_t requests, errors;
    int64_t input_tokens, output_tokens;
    double cost;
    distribution took, first;
} minute;

typedef struct slot {
    int64_t slot; /* slots since 1970 */
    uint32_t requests, errors;
    distribution took;
} slot;

typedef struct provider {
    char name[48];
    slot slots[SLOTS];
    int64_t last_ok_ms, last_error_ms; /* 0: never */
    int last_error;
} provider;

typedef struct failure {
    int64_t at_ms;
    int status, error, attempts;
    char message[352], provider[48], model[96], asked[96], key[65], protocol[16], request_id[96];
} failure;

struct serve_recent {
    minute minutes[MINUTES];
    /* the last item counts all providers that do not fit into the array */
    provider *providers[PROVIDERS];
    size_t n_providers;
    failure failures[ERRORS];
    size_t n_failures; /* number of failures since the start */
};

serve_recent *serve_recent_new(void)
{
    return calloc(1, sizeof(serve_recent));
}

void serve_recent_free(serve_recent *recent)
{
    if (!recent) return;
    for (size_t i = 0; i < recent->n_providers; i++) free(recent->providers[i]);
    free(recent);
}

/* ---- distributions --------------------------------------------------------------------------- */

static int step_of(int64_t ns)
{
    uint64_t us = ns > 0 ? (uint64_t)ns / NS_PER_US : 0;
    if (us < STEPS) return (int)us;
    int bits = 63 - __builtin_clzll(us);
    int step = STEPS * (bits - 1) + (int)(us >> (bits - 2) & (STEPS - 1));
    return step < TIMES ? step : TIMES - 1;
}

/* Returns the middle of a bucket, in milliseconds. */
static double time_of(int step)
{
    if (step < STEPS) return step / US_PER_MS;
    int bits = step / STEPS + 1;
    double width = (double)(UINT64_C(1) << (bits - 2));
    return (width * (STEPS + step % STEPS) + width / 2) / US_PER_MS;
}

static void add_up(distribution *to, const distribution *d)
{
    for (int i = 0; i < TIMES; i++) to->counts[i] += d->counts[i];
}

static void put_quantile(beluga_json_writer *w, const char *name, const distribution *d,
                         double quantile)
{
    uint64_t all = 0, sum = 0;
    for (int i = 0; i < TIMES; i++) all += d->counts[i];
    if (!all) return;
    for (int i = 0; i < TIMES; i++) {
        sum += d->counts[i];
        if ((double)sum < quantile * (double)all) continue;
        beluga_json_put_double(w, name, time_of(i));
        return;
    }
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* Returns whether the model or the server has failed. A client that goes away, or sends a wrong
 * request, does not count. */
static bool is_failure(const serve_record *r)
{
    return r->status >= 500 || r->status == 429 || (r->error && r->status < 400);
}

static void take_minute(serve_recent *recent, const serve_record *r, int64_t end_ms)
{
    int64_t at = end_ms / MINUTE_MS;
    minute *m = &recent->minutes[at % MINUTES];
    if (m->minute != at) *m = (minute){.minute = at};
    m->requests++;
    m->errors += is_failure(r);
    if (r->usage.input_total > 0) m->input_tokens += r->usage.input_total;
    if (r->usage.output_total > 0) m->output_tokens += r->usage.output_total;
    if (r->cost > 0) m->cost += r->cost;
    m->took.counts[step_of(r->took_ns)]++;
    if (r->first_ns >= 0) m->first.counts[step_of(r->first_ns)]++;
}

static provider *find_provider(serve_recent *recent, const char *name)
{
    size_t i = 0;
    while (i < recent->n_providers && strcmp(recent->providers[i]->name, name) != 0) i++;
    if (i < recent->n_providers) return recent->providers[i];
    if (i == PROVIDERS) return recent->providers[i - 1];
    provider *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    snprintf(p->name, sizeof p->name, "%s", i + 1 < PROVIDERS ? name : "others");
    recent->providers[recent->n_providers++] = p;
    return p;
}

static void take_provider(serve_recent *recent, const serve_record *r, int64_t end_ms)
{
    provider *p = *r->provider ? find_provider(recent, r->provider) : NULL;
    if (!p) return;
    int64_t at = end_ms / (SLOT_MINUTES * MINUTE_MS);
    slot *s = &p->slots[at % SLOTS];
    if (s->slot != at) *s = (slot){.slot = at};
    s->requests++;
    s->errors += is_failure(r);
    s->took.counts[step_of(r->took_ns)]++;
    if (is_failure(r)) {
        p->last_error_ms = end_ms;
        p->last_error = r->error;
    } else if (!r->error && r->status < 400)
        p->last_ok_ms = end_ms;
}

static void take_failure(serve_recent *recent, const serve_record *r, int64_t end_ms)
{
    failure *f = &recent->failures[recent->n_failures++ % ERRORS];
    f->at_ms = end_ms;
    f->status = r->status;
    f->error = r->error;
    f->attempts = r->attempts;
    snprintf(f->message, sizeof f->message, "%s", r->message);
    snprintf(f->provider, sizeof f->provider, "%s", r->provider);
    snprintf(f->model, sizeof f->model, "%s", r->model);
    snprintf(f->asked, sizeof f->asked, "%.95s", r->asked);
    snprintf(f->key, sizeof f->key, "%.64s", r->key);
    snprintf(f->protocol, sizeof f->protocol, "%.15s", r->protocol);
    snprintf(f->request_id, sizeof f->request_id, "%s", r->request_id);
}

void serve_recent_take(serve_recent *recent, const serve_record *record)
{
    int64_t end_ms = record->time_ms + record->took_ns / BELUGA__NS_PER_MS;
    if (!*record->protocol) return;
    take_minute(recent, record, end_ms);
    take_provider(recent, record, end_ms);
    if (is_failure(record)) take_failure(recent, record, end_ms);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_times(beluga_json_writer *w, const distribution *took, const distribution *first)
{
    put_quantile(w, "latency_p50_ms", took, 0.5);
    put_quantile(w, "latency_p95_ms", took, 0.95);
    put_quantile(w, "first_p50_ms", first, 0.5);
    put_quantile(w, "first_p95_ms", first, 0.95);
}

static bool is_recent(const minute *m, int64_t now)
{
    return m->minute > now - MINUTES && m->minute <= now;
}

static void put_hour(const serve_recent *recent, int64_t now, beluga_json_writer *w)
{
    minute all = {.requests = 0};
    for (int i = 0; i < MINUTES; i++) {
        const minute *m = &recent->minutes[i];
        if (!is_recent(m, now)) continue;
        all.requests += m->requests;
        all.errors += m->errors;
        all.input_tokens += m->input_tokens;
        all.output_tokens += m->output_tokens;
        all.cost += m->cost;
        add_up(&all.took, &m->took);
        add_up(&all.first, &m->first);
    }
    beluga_json_begin_object(w, "hour");
    beluga_json_put_int(w, "requests", all.requests);
    beluga_json_put_int(w, "errors", all.errors);
    beluga_json_put_int(w, "input_tokens", all.input_tokens);
    beluga_json_put_int(w, "output_tokens", all.output_tokens);
    beluga_json_put_double(w, "cost", all.cost);
    put_times(w, &all.took, &all.first);
    beluga_json_end_object(w);
}

static void put_minutes(const serve_recent *recent, int64_t now, beluga_json_writer *w)
{
    beluga_json_begin_array(w, "minutes");
    for (int64_t at = now - MINUTES + 1; at <= now; at++) {
        const minute *m = &recent->minutes[at % MINUTES];
        if (m->minute != at) continue;
        beluga_json_begin_object(w, NULL);
        beluga_json_put_int(w, "at_ms", at * MINUTE_MS);
        beluga_json_put_int(w, "requests", m->requests);
        beluga_json_put_int(w, "errors", m->errors);
        put_times(w, &m->took, &m->first);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_provider(const provider *p, int64_t now, beluga_json_writer *w)
{
    slot all = {.requests = 0};
    for (int i = 0; i < SLOTS; i++) {
        const slot *s = &p->slots[i];
        if (s->slot <= now / SLOT_MINUTES - SLOTS) continue;
        all.requests += s->requests;
        all.errors += s->errors;
        add_up(&all.took, &s->took);
    }
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "name", p->name);
    beluga_json_put_int(w, "requests", all.requests);
    beluga_json_put_int(w, "errors", all.errors);
    put_quantile(w, "latency_p50_ms", &all.took, 0.5);
    if (p->last_ok_ms) beluga_json_put_int(w, "last_ok_ms", p->last_ok_ms);
    if (p->last_error_ms) beluga_json_put_int(w, "last_error_ms", p->last_error_ms);
    if (p->last_error) beluga_json_put_string(w, "last_error", beluga_error_name(p->last_error));
    beluga_json_end_object(w);
}

static void put_failure(const failure *f, beluga_json_writer *w)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_int(w, "at_ms", f->at_ms);
    beluga_json_put_int(w, "status", f->status);
    if (f->error) beluga_json_put_string(w, "error", beluga_error_name(f->error));
    beluga_json_put_string(w, "message", f->message);
    beluga_json_put_string(w, "provider", f->provider);
    beluga_json_put_string(w, "model", f->model);
    beluga_json_put_string(w, "asked", f->asked);
    beluga_json_put_string(w, "key", f->key);
    beluga_json_put_string(w, "protocol", f->protocol);
    beluga_json_put_string(w, "request_id", f->request_id);
    beluga_json_put_int(w, "attempts", f->attempts);
    beluga_json_end_object(w);
}

void serve_recent_put(const serve_recent *recent, int64_t now_ms, beluga_json_writer *w)
{
    int64_t now = now_ms / MINUTE_MS;
    put_hour(recent, now, w);
    put_minutes(recent, now, w);
    beluga_json_begin_array(w, "providers");
    for (size_t i = 0; i < recent->n_providers; i++) put_provider(recent->providers[i], now, w);
    beluga_json_end_array(w);
    beluga_json_begin_array(w, "errors");
    size_t n = recent->n_failures < ERRORS ? recent->n_failures : ERRORS;
    for (size_t i = 1; i <= n; i++)
        put_failure(&recent->failures[(recent->n_failures - i) % ERRORS], w);
    beluga_json_end_array(w);
}
