/* Metrics are computed when they are exported: each row of the table of metrics is computed from
 * the recorded series. So a call records only a few numbers. */
#include "base/mem.h"
#include "telemetry/encode.h"

#include <stdio.h>

enum { CUMULATIVE = 2, DELTA = 1 };

#define NEW BELUGA__NEW

/* The values of a series. They are read once, and used for all rows of the table. */
typedef struct reading {
    const beluga__subject *subject;
    const beluga__series *series;
    beluga__totals totals;
} reading;

typedef struct point {
    struct point *next;
    const beluga__subject *subject;
    const beluga__series *series; /* NULL: the point belongs to no series */
    char attributes;
    const char *extra; /* the type of token, or the reason of a drop */
    beluga__distribution distribution;
    int64_t whole;
    /* value of a provider's measurement; a histogram also uses `distribution` */
    double number;
    bool is_double, seconds;
} point;

typedef struct metric {
    struct metric *next;
    const char *name, *unit, *meaning;
    beluga__metric_type type;
    point *points, **last;
    size_t n_points;
} metric;

typedef struct collecting {
    beluga_telemetry *t;
    beluga__arena *arena;
    bool delta, latest, failed;
    reading *readings;
    size_t n_readings;
    metric *metrics, **last;
    size_t n_metrics;
    int64_t since_ns, now_ns;
} collecting;

/* --- reading the series ----------------------------------------------------------------------- */

static void read_series(collecting *c, const beluga__subject *subject, beluga__series *series)
{
    reading *r = &c->readings[c->n_readings++];
    r->subject = subject;
    r->series = series;
    beluga__series_read(subject, series, &r->totals);
    if (!c->delta) return;
    beluga__totals now = r->totals;
    beluga__totals_subtract(&r->totals, &series->before);
    series->before = now;
}

static void read_all(collecting *c)
{
    size_t room = 0;
    beluga__subject *first = atomic_load_explicit(&c->t->subjects.first, memory_order_acquire);
    for (const beluga__subject *s = first; s; s = s->next)
        room += atomic_load_explicit(&s->n_series, memory_order_acquire) + BELUGA__RESTS;
    if (!room) return;
    c->readings = beluga__arena_alloc(c->arena, room * sizeof *c->readings);
    c->failed = !c->readings;
    for (beluga__subject *s = first; s && !c->failed; s = s->next)
        for (unsigned i = 0; i < BELUGA__MAX_SERIES + BELUGA__RESTS && c->n_readings < room; i++) {
            beluga__series *series = atomic_load_explicit(&s->series[i], memory_order_acquire);
            if (series) read_series(c, s, series);
        }
}

/* --- metrics and points ----------------------------------------------------------------------- */

static metric *find_metric(collecting *c, const char *name, const char *unit,
                           beluga__metric_type type, const char *meaning)
{
    for (metric *m = c->metrics; m; m = m->next)
        if (strcmp(m->name, name) == 0)
            return m->type == type && strcmp(m->unit, unit) == 0 ? m : NULL;
    metric *m = beluga__arena_zalloc(c->arena, sizeof *m);
    const char *copy = beluga__arena_copy(c->arena, name, strlen(name));
    if (!m || !copy) {
        c->failed = true;
        return NULL;
    }
    *m = (metric){.name = copy, .unit = unit, .meaning = meaning, .type = type, .last = &m->points};
    *c->last = m;
    c->last = &m->next;
    c->n_metrics++;
    return m;
}

static bool has_server(char attributes)
{
    return attributes && strchr("GIOM", attributes);
}

static const char *response_model(const point *p)
{
    return has_server(p->attributes) && p->series ? p->series->response_model : NULL;
}

static int code_of(const collecting *c, const point *p)
{
    bool has_error = strchr(c->latest ? "GTEFIO" : "GTEF", p->attributes);
    return has_error && p->series ? p->series->code : 0;
}

static bool overflows(const point *p)
{
    return has_server(p->attributes) && p->series && p->series->overflow;
}

/* Returns whether two points have the same attributes. Such points must be merged. */
static bool same_point(const collecting *c, const point *a, const point *b)
{
    const beluga__subject *s = a->subject, *o = b->subject;
    if (a->attributes != b->attributes || !beluga__same_text(a->extra, b->extra)) return false;
    if (!s || !o) return s == o;
    if (s != o &&
        (!beluga__same_text(s->model, o->model) || !beluga__same_text(s->provider, o->provider)))
        return false;
    if (s != o && has_server(a->attributes) &&
        (!beluga__same_text(s->host, o->host) || s->port != o->port))
        return false;
    return code_of(c, a) == code_of(c, b) && overflows(a) == overflows(b) &&
           beluga__same_text(response_model(a), response_model(b));
}

static point *find_point(collecting *c, metric *m, const point *like)
{
    for (point *p = m->points; p; p = p->next)
        if (same_point(c, p, like)) return p;
    point *p = beluga__arena_alloc(c->arena, sizeof *p);
    if (!p) {
        c->failed = true;
        return NULL;
    }
    *p = *like;
    beluga__distribution_clear(&p->distribution);
    *m->last = p;
    m->last = &p->next;
    m->n_points++;
    return p;
}

/* --- rows of the table ------------------------------------------------------------------------ */

static bool counts(const beluga__metric_row *row, const beluga__subject *subject,
                   const beluga__series *series)
{
    char about = row->calls == 't' || row->calls == 'b' ? row->calls : 'c';
    if (subject->about != about) return false;
    if (!series) return true;
    switch (row->calls) {
    case 's': return series->streamed;
    case 'g': return !series->streamed;
    case 'o': return series->code == 0;
    case 'f': return series->code != 0;
    default: return true;
    }
}

static int64_t quantity_of(const beluga__metric_row *row, const beluga__totals *totals)
{
    switch (row->quantity) {
    case BELUGA__CALLS:
        return (int64_t)beluga__distribution_count(&totals->distributions[BELUGA__DURATION]);
    case BELUGA__INPUT_SUM: return totals->distributions[BELUGA__INPUT].sum;
    case BELUGA__OUTPUT_SUM: return totals->distributions[BELUGA__OUTPUT].sum;
    default: return totals->sums[row->quantity - BELUGA__DISTRIBUTIONS];
    }
}

static const char *extra_of(char attributes)
{
    switch (attributes) {
    case 'I': return "input";
    case 'O': return "output";
    case 'M': return "unknown";
    default: return NULL;
    }
}

static metric *metric_of(collecting *c, const beluga__metric_row *row,
                         const beluga__subject *subject)
{
    char name[256];
    const char *pattern = row->names[c->latest];
    bool prefixed = strncmp(pattern, "%s", 2) == 0;
    snprintf(name, sizeof name, "%s%s", prefixed ? subject->prefix : "",
             prefixed ? pattern + 2 : pattern);
    return find_metric(c, name, row->unit, row->type, row->meaning);
}

/* Find or make the point of a series. The newer conventions have a separate histogram for each type
 * of token, so there the type is not an attribute of the point. */
static point *point_of(collecting *c, const beluga__metric_row *row, const beluga__subject *subject,
                       const beluga__series *series)
{
    bool split = c->latest && (row->attributes == 'I' || row->attributes == 'O');
    point like = {.subject = subject,
                  .series = series,
                  .attributes = row->attributes,
                  .extra = split ? NULL : extra_of(row->attributes),
                  .seconds = strcmp(row->unit, "s") == 0};
    metric *m = metric_of(c, row, subject);
    return m ? find_point(c, m, &like) : NULL;
}

static void read_row(collecting *c, const beluga__metric_row *row)
{
    for (size_t i = 0; i < c->n_readings && !c->failed; i++) {
        const reading *r = &c->readings[i];
        if (!counts(row, r->subject, r->series)) continue;
        if (row->type == BELUGA__HISTOGRAM) {
            const beluga__distribution *d = &r->totals.distributions[row->quantity];
            point *p =
                beluga__distribution_count(d) ? point_of(c, row, r->subject, r->series) : NULL;
            if (p) beluga__distribution_merge(&p->distribution, d);
        } else {
            int64_t value = quantity_of(row, &r->totals);
            bool nothing = value == 0 && (c->delta || row->quantity != BELUGA__CALLS);
            point *p = nothing ? NULL : point_of(c, row, r->subject, r->series);
            if (p) p->whole += value;
        }
    }
}

static void read_active(collecting *c, const beluga__metric_row *row)
{
    beluga__subject *s = atomic_load_explicit(&c->t->subjects.first, memory_order_acquire);
    for (; s && !c->failed; s = s->next) {
        point *p = counts(row, s, NULL) ? point_of(c, row, s, NULL) : NULL;
        for (unsigned i = 0; p && i < s->n_shards; i++)
            p->whole += atomic_load_explicit(
                row->quantity == BELUGA__ACTIVE ? &s->active[i].calls : &s->active[i].streams,
                memory_order_relaxed);
    }
}

static void read_dropped(collecting *c, const beluga__metric_row *row)
{
    static const char *const reasons[] = {"queue_full", "no_memory", "export_failed"};
    for (int i = 0; i < BELUGA__DROPS; i++) {
        uint64_t now = atomic_load_explicit(&c->t->dropped[i], memory_order_relaxed);
        uint64_t value = c->delta ? now - c->t->dropped_before[i] : now;
        if (!value) continue;
        metric *m = find_metric(c, row->names[c->latest], row->unit, row->type, row->meaning);
        point like = {.attributes = row->attributes, .extra = reasons[i]};
        point *p = m ? find_point(c, m, &like) : NULL;
        if (p) p->whole = (int64_t)value;
        c->t->dropped_before[i] = now;
    }
}

static void read_table(collecting *c)
{
    for (const beluga__metric_row *row = beluga__metric_rows; row->unit && !c->failed; row++) {
        if (!*row->names[c->latest]) continue;
        if (row->quantity == BELUGA__DROPPED)
            read_dropped(c, row);
        else if (row->type == BELUGA__UPDOWN)
            read_active(c, row);
        else
            read_row(c, row);
    }
}

/* --- measurements of providers ---------------------------------------------------------------- */

static void read_instrument(collecting *c, const beluga__subject *subject, beluga__instrument *i)
{
    uint64_t bits = atomic_load_explicit(&i->sum, memory_order_relaxed), buckets[BELUGA__BUCKETS];
    double sum;
    memcpy(&sum, &bits, sizeof sum);
    bool histogram = i->kind == BELUGA_MEASUREMENT_HISTOGRAM;
    metric *m =
        find_metric(c, i->name, i->unit, histogram ? BELUGA__HISTOGRAM : BELUGA__COUNTER, "");
    point like = {.subject = subject,
                  .attributes = 'C',
                  .is_double = true,
                  .seconds = strcmp(i->unit, "s") == 0};
    point *p = m ? find_point(c, m, &like) : NULL;
    for (int k = 0; k < BELUGA__BUCKETS; k++) {
        buckets[k] = atomic_load_explicit(&i->buckets[k], memory_order_relaxed);
        if (p) p->distribution.buckets[k] += buckets[k] - (c->delta ? i->before.buckets[k] : 0);
    }
    if (p) p->number += sum - (c->delta ? i->before.sum : 0);
    memcpy(i->before.buckets, buckets, sizeof buckets);
    i->before.sum = sum;
}

static void read_instruments(collecting *c)
{
    beluga__subject *s = atomic_load_explicit(&c->t->subjects.first, memory_order_acquire);
    for (; s; s = s->next) {
        beluga__instrument *i = atomic_load_explicit(&s->instruments, memory_order_acquire);
        for (; i && !c->failed; i = i->next) read_instrument(c, s, i);
    }
}

/* --- encoding --------------------------------------------------------------------------------- */

static void put_name(const collecting *c, beluga__key_values *list, beluga__name name,
                     const char *text)
{
    if (text) beluga__put_text(list, beluga__name_of(name, c->latest), text);
}

static void put_conventions(const collecting *c, beluga__key_values *list, const point *p)
{
    const beluga__subject *s = p->subject;
    bool tool = p->attributes == 'T';
    if (p->attributes != 'C') put_name(c, list, BELUGA__NAME_OPERATION, s->operation);
    put_name(c, list, BELUGA__NAME_PROVIDER, s->shown_provider);
    put_name(c, list, tool ? BELUGA__NAME_TOOL_NAME : BELUGA__NAME_REQUEST_MODEL, s->model);
    put_name(c, list, BELUGA__NAME_RESPONSE_MODEL, response_model(p));
    if (has_server(p->attributes) && s->host) {
        put_name(c, list, BELUGA__NAME_SERVER_ADDRESS, s->host);
        beluga__put_int(list, beluga__name_of(BELUGA__NAME_SERVER_PORT, c->latest), s->port);
    }
    if (p->attributes == 'I' || p->attributes == 'O')
        put_name(c, list, BELUGA__NAME_TOKEN_TYPE, p->extra);
    if (p->attributes == 'M') put_name(c, list, BELUGA__NAME_MODALITY, p->extra);
    if (overflows(p)) beluga__put_bool(list, "otel.metric.overflow", true);
}

static void put_attributes(const collecting *c, beluga__key_values *list, const point *p)
{
    if (p->attributes == 'D') {
        put_name(c, list, BELUGA__NAME_DROP_REASON, p->extra);
        return;
    }
    if (strchr("LEPF", p->attributes)) {
        if (strchr("LE", p->attributes)) beluga__put_text(list, "provider", p->subject->provider);
        if (p->subject->model) beluga__put_text(list, "model", p->subject->model);
    } else
        put_conventions(c, list, p);
    int code = code_of(c, p);
    if (code)
        put_name(c, list, BELUGA__NAME_ERROR_TYPE,
                 overflows(p) ? "_OTHER" : beluga_error_name(code));
}

static double scaled(const point *p, int64_t value)
{
    return p->seconds ? (double)value * 1e-9 : (double)value;
}

static Otlp__HistogramDataPoint *encode_histogram(collecting *c, const point *p)
{
    Otlp__HistogramDataPoint *out =
        NEW(c->arena, Otlp__HistogramDataPoint, OTLP__HISTOGRAM_DATA_POINT__INIT);
    uint64_t *buckets = beluga__arena_alloc(c->arena, BELUGA__BUCKETS * sizeof *buckets);
    double *bounds = beluga__arena_alloc(c->arena, (BELUGA__BUCKETS - 1) * sizeof *bounds);
    beluga__key_values list = {.arena = c->arena};
    put_attributes(c, &list, p);
    if (!out || !buckets || !bounds || list.failed) return NULL;
    memcpy(buckets, p->distribution.buckets, BELUGA__BUCKETS * sizeof *buckets);
    beluga__bounds_read(p->seconds, bounds);
    out->attributes = list.items;
    out->n_attributes = list.count;
    out->start_time_unix_nano = (uint64_t)c->since_ns;
    out->time_unix_nano = (uint64_t)c->now_ns;
    out->count = beluga__distribution_count(&p->distribution);
    out->optional_sum_case = OTLP__HISTOGRAM_DATA_POINT__OPTIONAL_SUM_SUM;
    out->sum = p->is_double ? p->number : scaled(p, p->distribution.sum);
    out->bucket_counts = buckets;
    out->n_bucket_counts = BELUGA__BUCKETS;
    out->explicit_bounds = bounds;
    out->n_explicit_bounds = BELUGA__BUCKETS - 1;
    if (c->delta || p->is_double || p->distribution.min > p->distribution.max) return out;
    out->optional_min_case = OTLP__HISTOGRAM_DATA_POINT__OPTIONAL_MIN_MIN;
    out->min = scaled(p, p->distribution.min);
    out->optional_max_case = OTLP__HISTOGRAM_DATA_POINT__OPTIONAL_MAX_MAX;
    out->max = scaled(p, p->distribution.max);
    return out;
}

static Otlp__NumberDataPoint *encode_number(collecting *c, const point *p, bool since_start)
{
    Otlp__NumberDataPoint *out =
        NEW(c->arena, Otlp__NumberDataPoint, OTLP__NUMBER_DATA_POINT__INIT);
    beluga__key_values list = {.arena = c->arena};
    put_attributes(c, &list, p);
    if (!out || list.failed) return NULL;
    out->attributes = list.items;
    out->n_attributes = list.count;
    out->start_time_unix_nano = (uint64_t)(since_start ? c->t->began_ns : c->since_ns);
    out->time_unix_nano = (uint64_t)c->now_ns;
    if (p->is_double) {
        out->value_case = OTLP__NUMBER_DATA_POINT__VALUE_AS_DOUBLE;
        out->as_double = p->number;
    } else {
        out->value_case = OTLP__NUMBER_DATA_POINT__VALUE_AS_INT;
        out->as_int = p->whole;
    }
    return out;
}

static bool encode_points(collecting *c, const metric *m, Otlp__Metric *out)
{
    size_t n = 0;
    void **points = beluga__arena_alloc(c->arena, m->n_points * sizeof *points);
    /* an up-down counter is always exported as a total, never as a difference */
    bool updown = m->type == BELUGA__UPDOWN;
    if (!points) return false;
    for (const point *p = m->points; p; p = p->next)
        if (!(points[n++] = m->type == BELUGA__HISTOGRAM ? (void *)encode_histogram(c, p)
                                                         : (void *)encode_number(c, p, updown)))
            return false;
    if (m->type == BELUGA__HISTOGRAM) {
        out->data_case = OTLP__METRIC__DATA_HISTOGRAM;
        out->histogram = NEW(c->arena, Otlp__Histogram, OTLP__HISTOGRAM__INIT);
        if (!out->histogram) return false;
        out->histogram->data_points = (Otlp__HistogramDataPoint **)points;
        out->histogram->n_data_points = n;
        out->histogram->aggregation_temporality = c->delta ? DELTA : CUMULATIVE;
        return true;
    }
    out->data_case = OTLP__METRIC__DATA_SUM;
    out->sum = NEW(c->arena, Otlp__Sum, OTLP__SUM__INIT);
    if (!out->sum) return false;
    out->sum->data_points = (Otlp__NumberDataPoint **)points;
    out->sum->n_data_points = n;
    out->sum->is_monotonic = !updown;
    out->sum->aggregation_temporality = c->delta && !updown ? DELTA : CUMULATIVE;
    return true;
}

static Otlp__Metric *encode_metric(collecting *c, const metric *m)
{
    Otlp__Metric *out = NEW(c->arena, Otlp__Metric, OTLP__METRIC__INIT);
    if (!out || !encode_points(c, m, out)) return NULL;
    out->name = (char *)m->name;
    out->unit = (char *)m->unit;
    out->description = (char *)m->meaning;
    return out;
}

static Otlp__MetricsRequest *wrap(collecting *c, Otlp__Metric **metrics, size_t n)
{
    Otlp__MetricsRequest *request =
        NEW(c->arena, Otlp__MetricsRequest, OTLP__METRICS_REQUEST__INIT);
    Otlp__ResourceMetrics *resource =
        NEW(c->arena, Otlp__ResourceMetrics, OTLP__RESOURCE_METRICS__INIT);
    Otlp__ScopeMetrics *scope = NEW(c->arena, Otlp__ScopeMetrics, OTLP__SCOPE_METRICS__INIT);
    Otlp__ResourceMetrics **resources = beluga__arena_alloc(c->arena, sizeof *resources);
    Otlp__ScopeMetrics **scopes = beluga__arena_alloc(c->arena, sizeof *scopes);
    if (!request || !resource || !scope || !resources || !scopes) return NULL;
    resource->resource = beluga__encode_resource(c->t, c->arena);
    scope->scope = beluga__encode_scope(c->arena);
    if (!resource->resource || !scope->scope) return NULL;
    *resources = resource;
    *scopes = scope;
    request->resource_metrics = resources;
    resource->scope_metrics = scopes;
    scope->metrics = metrics;
    scope->n_metrics = n;
    request->n_resource_metrics = resource->n_scope_metrics = 1;
    return request;
}

Otlp__MetricsRequest *beluga__encode_metrics(beluga_telemetry *t, beluga__arena *arena, bool delta,
                                             int64_t since_ns, int64_t now_ns, bool *empty)
{
    collecting c = {.t = t,
                    .arena = arena,
                    .delta = delta,
                    .latest = t->settings.latest,
                    .last = &c.metrics,
                    .since_ns = since_ns,
                    .now_ns = now_ns};
    size_t n = 0;
    *empty = false;
    read_all(&c);
    read_table(&c);
    read_instruments(&c);
    *empty = !c.failed && !c.n_metrics;
    if (c.failed || *empty) return NULL;
    Otlp__Metric **metrics = beluga__arena_alloc(arena, c.n_metrics * sizeof *metrics);
    for (const metric *m = c.metrics; metrics && m; m = m->next)
        if (!(metrics[n++] = encode_metric(&c, m))) return NULL;
    return metrics ? wrap(&c, metrics, n) : NULL;
}
