#include "telemetry/series.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The first upper bound of a bucket is ten milliseconds or one token; each further bound is 2 times
 * (for times) or 4 times (for tokens) the bound before it. */
static const int64_t first_bound_ns = 10000000;

struct beluga__shard {
    _Alignas(64) struct {
        _Atomic uint64_t buckets[BELUGA__BUCKETS];
        atomic_int_least64_t sum, min, max;
    } distributions[BELUGA__DISTRIBUTIONS];
    atomic_int_least64_t sums[BELUGA__SUMS];
};

/* Returns the index of the first bucket whose upper bound is at least the value. */
static unsigned bucket_of(beluga__quantity quantity, int64_t value)
{
    bool time = quantity <= BELUGA__CHUNK;
    int64_t first = time ? first_bound_ns : 1;
    if (value <= first) return 0;
    uint64_t steps = (uint64_t)((value + first - 1) / first - 1); /* ceil(value / first) - 1 */
    unsigned log = 64 - (unsigned)__builtin_clzll(steps);         /* steps >= 1 */
    unsigned index = time ? log : (log + 1) / 2;
    return index < BELUGA__BUCKETS ? index : BELUGA__BUCKETS - 1;
}

void beluga__bounds_read(bool seconds, double bounds[BELUGA__BUCKETS - 1])
{
    double bound = seconds ? 0.01 : 1;
    for (int i = 0; i < BELUGA__BUCKETS - 1; i++, bound *= seconds ? 2 : 4) bounds[i] = bound;
}

/* --- distributions that only one thread uses -------------------------------------------------- */

void beluga__distribution_add(beluga__distribution *d, beluga__quantity quantity, int64_t value)
{
    d->buckets[bucket_of(quantity, value)]++;
    d->sum += value;
    if (value < d->min) d->min = value;
    if (value > d->max) d->max = value;
}

uint64_t beluga__distribution_count(const beluga__distribution *d)
{
    uint64_t count = 0;
    for (int i = 0; i < BELUGA__BUCKETS; i++) count += d->buckets[i];
    return count;
}

void beluga__totals_clear(beluga__totals *totals)
{
    memset(totals->sums, 0, sizeof totals->sums);
    for (int q = 0; q < BELUGA__DISTRIBUTIONS; q++)
        beluga__distribution_clear(&totals->distributions[q]);
}

void beluga__distribution_merge(beluga__distribution *to, const beluga__distribution *from)
{
    for (int i = 0; i < BELUGA__BUCKETS; i++) to->buckets[i] += from->buckets[i];
    to->sum += from->sum;
    if (from->min < to->min) to->min = from->min;
    if (from->max > to->max) to->max = from->max;
}

void beluga__totals_add(beluga__totals *totals, const beluga__totals *more)
{
    for (int q = 0; q < BELUGA__DISTRIBUTIONS; q++)
        beluga__distribution_merge(&totals->distributions[q], &more->distributions[q]);
    for (int i = 0; i < BELUGA__SUMS; i++) totals->sums[i] += more->sums[i];
}

/* Subtract earlier totals. The minimum and the maximum can't be subtracted, so they still cover the
 * whole time since the start. */
void beluga__totals_subtract(beluga__totals *totals, const beluga__totals *before)
{
    for (int q = 0; q < BELUGA__DISTRIBUTIONS; q++) {
        beluga__distribution *of = &totals->distributions[q];
        for (int i = 0; i < BELUGA__BUCKETS; i++)
            of->buckets[i] -= before->distributions[q].buckets[i];
        of->sum -= before->distributions[q].sum;
    }
    for (int i = 0; i < BELUGA__SUMS; i++) totals->sums[i] -= before->sums[i];
}

/* --- shards ----------------------------------------------------------------------------------- */

/* Returns the shard of this thread. Each new thread gets the next shard. To ask for the current
 * processor instead would take longer than the addition itself. */
static unsigned shard_index(unsigned n_shards)
{
    static atomic_uint threads;
    static _Thread_local unsigned number __attribute__((tls_model("initial-exec")));
    if (!number) number = 1 + atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed);
    return number & (n_shards - 1);
}

static void lower(atomic_int_least64_t *least, int64_t value)
{
    int_least64_t known = atomic_load_explicit(least, memory_order_relaxed);
    while (value < known && !atomic_compare_exchange_weak_explicit(
                                least, &known, value, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static void raise_to(atomic_int_least64_t *most, int64_t value)
{
    int_least64_t known = atomic_load_explicit(most, memory_order_relaxed);
    while (value > known && !atomic_compare_exchange_weak_explicit(
                                most, &known, value, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static void shard_add(beluga__shard *shard, beluga__quantity quantity, int64_t value)
{
    if (value < 0) return;
    atomic_fetch_add_explicit(&shard->distributions[quantity].sum, value, memory_order_relaxed);
    lower(&shard->distributions[quantity].min, value);
    raise_to(&shard->distributions[quantity].max, value);
    atomic_fetch_add_explicit(&shard->distributions[quantity].buckets[bucket_of(quantity, value)],
                              1, memory_order_relaxed);
}

static void shard_add_all(beluga__shard *shard, beluga__quantity quantity,
                          const beluga__distribution *d)
{
    for (int i = 0; i < BELUGA__BUCKETS; i++)
        if (d->buckets[i])
            atomic_fetch_add_explicit(&shard->distributions[quantity].buckets[i], d->buckets[i],
                                      memory_order_relaxed);
    if (d->min > d->max) return;
    atomic_fetch_add_explicit(&shard->distributions[quantity].sum, d->sum, memory_order_relaxed);
    lower(&shard->distributions[quantity].min, d->min);
    raise_to(&shard->distributions[quantity].max, d->max);
}

static void shard_sum(beluga__shard *shard, beluga__quantity quantity, int64_t value)
{
    if (value > 0)
        atomic_fetch_add_explicit(&shard->sums[quantity - BELUGA__DISTRIBUTIONS], value,
                                  memory_order_relaxed);
}

static void clear_shards(beluga__shard *shards, unsigned n)
{
    memset((void *)shards, 0, n * sizeof *shards);
    for (unsigned i = 0; i < n; i++)
        for (int q = 0; q < BELUGA__DISTRIBUTIONS; q++) {
            atomic_init(&shards[i].distributions[q].min, INT64_MAX);
            atomic_init(&shards[i].distributions[q].max, INT64_MIN);
        }
}

void beluga__series_read(const beluga__subject *subject, const beluga__series *series,
                         beluga__totals *totals)
{
    beluga__totals_clear(totals);
    for (unsigned i = 0; i < subject->n_shards; i++) {
        const beluga__shard *shard = &series->shards[i];
        beluga__totals part;
        for (int q = 0; q < BELUGA__DISTRIBUTIONS; q++) {
            beluga__distribution *d = &part.distributions[q];
            for (int k = 0; k < BELUGA__BUCKETS; k++)
                d->buckets[k] =
                    atomic_load_explicit(&shard->distributions[q].buckets[k], memory_order_relaxed);
            d->sum = atomic_load_explicit(&shard->distributions[q].sum, memory_order_relaxed);
            d->min = atomic_load_explicit(&shard->distributions[q].min, memory_order_relaxed);
            d->max = atomic_load_explicit(&shard->distributions[q].max, memory_order_relaxed);
        }
        for (int k = 0; k < BELUGA__SUMS; k++)
            part.sums[k] = atomic_load_explicit(&shard->sums[k], memory_order_relaxed);
        beluga__totals_add(totals, &part);
    }
}

/* --- series ----------------------------------------------------------------------------------- */

static beluga__series *look_up(const beluga__subject *subject, unsigned from, unsigned to,
                               const beluga__outcome *outcome)
{
    for (unsigned i = from; i < to; i++) {
        beluga__series *s = atomic_load_explicit(&subject->series[i], memory_order_acquire);
        if (s->code == outcome->code && s->streamed == outcome->streamed &&
            beluga__same_text(s->response_model, outcome->response_model))
            return s;
    }
    return NULL;
}

static beluga__series *new_series(beluga__subjects *subjects, const beluga__subject *subject,
                                  const beluga__outcome *outcome)
{
    const beluga_allocator *a = subjects->allocator;
    const char *model = outcome->response_model;
    size_t text = model && model != subject->model ? strlen(model) + 1 : 0,
           shards = subjects->n_shards * sizeof(beluga__shard);
    /* Each shard needs a cache line of its own, but the allocator aligns only to 16 bytes. */
    char *block = beluga__zalloc(a, sizeof(beluga__series) + 64 + shards + text);
    if (!block) return NULL;
    beluga__series *s = (beluga__series *)(void *)block;
    uintptr_t at = ((uintptr_t)block + sizeof *s + 63) & ~(uintptr_t)63;
    s->shards = (beluga__shard *)at; /* NOLINT: the address is aligned */
    clear_shards(s->shards, subjects->n_shards);
    s->code = outcome->code;
    s->streamed = outcome->streamed;
    beluga__totals_clear(&s->before);
    s->response_model = text ? memcpy((char *)at + shards, model, text) : model;
    return s;
}

/* Returns the index of the shared series for calls that have no series of their own. */
static unsigned rest_of(const beluga__outcome *outcome)
{
    return BELUGA__MAX_SERIES + 2u * outcome->streamed + (outcome->code != 0);
}

/* Make a series. If the subject has too many series, return a shared series. The caller holds the
 * lock. */
static beluga__series *add_series(beluga__subjects *subjects, beluga__subject *subject,
                                  const beluga__outcome *outcome)
{
    unsigned n = atomic_load_explicit(&subject->n_series, memory_order_relaxed);
    bool rest = n >= BELUGA__MAX_SERIES;
    unsigned at = rest ? rest_of(outcome) : n;
    beluga__outcome other = {.streamed = outcome->streamed, .code = outcome->code};
    beluga__series *s =
        rest ? atomic_load_explicit(&subject->series[at], memory_order_relaxed) : NULL;
    if (s || !(s = new_series(subjects, subject, rest ? &other : outcome))) return s;
    s->overflow = rest;
    atomic_store_explicit(&subject->series[at], s, memory_order_release);
    if (!rest) atomic_store_explicit(&subject->n_series, n + 1, memory_order_release);
    return s;
}

static beluga__series *find_series(beluga__subjects *subjects, beluga__subject *subject,
                                   const beluga__outcome *outcome)
{
    unsigned n = atomic_load_explicit(&subject->n_series, memory_order_acquire);
    beluga__series *s = look_up(subject, 0, n, outcome);
    if (!s && n == BELUGA__MAX_SERIES)
        s = atomic_load_explicit(&subject->series[rest_of(outcome)], memory_order_acquire);
    if (s) return s;
    pthread_mutex_lock(subjects->lock);
    s = look_up(subject, n, atomic_load_explicit(&subject->n_series, memory_order_relaxed),
                outcome);
    if (!s) s = add_series(subjects, subject, outcome);
    pthread_mutex_unlock(subjects->lock);
    return s;
}

void beluga__subject_record(beluga__subjects *subjects, beluga__subject *subject,
                            const beluga__outcome *o)
{
    beluga__series *series = find_series(subjects, subject, o);
    if (!series) return;
    beluga__shard *shard = &series->shards[shard_index(subject->n_shards)];
    if (o->usage) {
        shard_add(shard, BELUGA__INPUT, o->usage->input_total);
        shard_add(shard, BELUGA__OUTPUT, o->usage->output_total);
        shard_sum(shard, BELUGA__CACHE_READ, o->usage->input_cache_read);
        shard_sum(shard, BELUGA__CACHE_WRITE, o->usage->input_cache_write);
        shard_sum(shard, BELUGA__REASONING, o->usage->output_reasoning);
    }
    shard_sum(shard, BELUGA__TOOL_CALLS, o->tool_calls);
    if (o->streamed) shard_add(shard, BELUGA__FIRST_CHUNK, o->first_chunk_ns);
    if (o->chunks) shard_add_all(shard, BELUGA__CHUNK, o->chunks);
    shard_add(shard, BELUGA__DURATION, o->duration_ns);
}

void beluga__subject_activate(beluga__subject *subject, bool streamed, int by)
{
    unsigned i = shard_index(subject->n_shards);
    atomic_fetch_add_explicit(&subject->active[i].calls, by, memory_order_relaxed);
    if (streamed) atomic_fetch_add_explicit(&subject->active[i].streams, by, memory_order_relaxed);
}

/* --- measurements of providers ---------------------------------------------------------------- */

static beluga__instrument *find_instrument(const beluga__subject *subject, const char *name)
{
    beluga__instrument *i = atomic_load_explicit(&subject->instruments, memory_order_acquire);
    while (i && strcmp(i->name, name) != 0) i = i->next;
    return i;
}

/* Make an instrument. Returns NULL if out of memory, or if the subject has too many instruments.
 * The caller holds the lock. */
static beluga__instrument *add_instrument(beluga__subjects *subjects, beluga__subject *subject,
                                          const beluga_measurement *m)
{
    size_t name = strlen(m->name) + 1, unit = strlen(m->unit) + 1;
    if (subject->n_instruments >= BELUGA__MAX_INSTRUMENTS) return NULL;
    beluga__instrument *i = beluga__zalloc(subjects->allocator, sizeof *i + name + unit);
    if (!i) return NULL;
    i->name = memcpy(i + 1, m->name, name);
    i->unit = memcpy((char *)(i + 1) + name, m->unit, unit);
    i->kind = m->kind;
    i->next = atomic_load_explicit(&subject->instruments, memory_order_relaxed);
    subject->n_instruments++;
    atomic_store_explicit(&subject->instruments, i, memory_order_release);
    return i;
}

static void add_double(_Atomic uint64_t *bits, double value)
{
    uint64_t known = atomic_load_explicit(bits, memory_order_relaxed), next;
    do {
        double sum;
        memcpy(&sum, &known, sizeof sum);
        sum += value;
        memcpy(&next, &sum, sizeof next);
    } while (!atomic_compare_exchange_weak_explicit(bits, &known, next, memory_order_relaxed,
                                                    memory_order_relaxed));
}

void beluga__subject_measure(beluga__subjects *subjects, beluga__subject *subject,
                             const beluga_measurement *m)
{
    beluga__instrument *i = find_instrument(subject, m->name);
    if (!i) {
        pthread_mutex_lock(subjects->lock);
        i = find_instrument(subject, m->name);
        if (!i) i = add_instrument(subjects, subject, m);
        pthread_mutex_unlock(subjects->lock);
    }
    if (!i || i->kind != m->kind) return;
    bool seconds = strcmp(i->unit, "s") == 0;
    double scaled = seconds ? m->value * 1e9 : m->value;
    int64_t whole = scaled >= 9e18 ? INT64_MAX / 2 : scaled <= 0 ? 0 : (int64_t)scaled;
    unsigned bucket =
        i->kind == BELUGA_MEASUREMENT_COUNTER
            ? 0
            : bucket_of(seconds ? BELUGA__DURATION : BELUGA__INPUT, whole + (whole < scaled));
    add_double(&i->sum, m->value);
    atomic_fetch_add_explicit(&i->buckets[bucket], 1, memory_order_relaxed);
}

/* --- subjects --------------------------------------------------------------------------------- */

static const char *model_of(const beluga_span_start *start)
{
    return start->kind == BELUGA_SPAN_TOOL ? start->tool_name : start->model;
}

/* Returns whether a call belongs to a subject. All calls of one open model have the same
 * subject_id, so the names are compared only if the id is not the one that was found last. */
static bool is_about(beluga__subject *s, const beluga_span_start *start)
{
    uint64_t known = atomic_load_explicit(&s->subject_id, memory_order_relaxed);
    if (known && known == start->subject_id) return true;
    bool same = beluga__same_text(s->model, model_of(start)) &&
                beluga__same_text(s->provider, start->provider) &&
                beluga__same_text(s->operation, start->operation) &&
                beluga__same_text(s->base_url, start->base_url) &&
                beluga__same_text(s->prefix, start->metric_prefix);
    if (same && start->subject_id)
        atomic_store_explicit(&s->subject_id, start->subject_id, memory_order_relaxed);
    return same;
}

static _Atomic(beluga__subject *) *slot_of(beluga__subjects *subjects,
                                           const beluga_span_start *start)
{
    uintptr_t mixed = (uintptr_t)model_of(start) ^ ((uintptr_t)start->operation << 7) ^
                      ((uintptr_t)start->base_url >> 3);
    return &subjects->slots[mixed * 0x9e3779b97f4a7c15u >> 56];
}

/* Read host and port of "https://host:port/path", without the brackets around an IPv6 address. */
static void read_server(beluga__subject *s, char *room)
{
    const char *host = s->base_url ? strstr(s->base_url, "://") : NULL;
    if (!host) return;
    host += 3;
    const char *end = host + strcspn(host, "/?#"), *at = end;
    while (at > host && at[-1] != '@') at--;
    if (at > host) host = at;
    bool bracket = *host == '[';
    size_t n = bracket ? strcspn(++host, "]") : strcspn(host, ":/?#");
    const char *colon = host + n + bracket;
    memcpy(room, host, n);
    room[n] = '\0';
    s->host = room;
    s->port = *colon == ':'                           ? strtol(colon + 1, NULL, 10)
              : strncmp(s->base_url, "https", 5) == 0 ? 443
                                                      : 80;
}

static const char *take(char **at, const char *text)
{
    if (!text) return NULL;
    size_t n = strlen(text) + 1;
    char *copy = memcpy(*at, text, n);
    *at += n;
    return copy;
}

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static char about_of(uint32_t kind)
{
    switch (kind) {
    case BELUGA_SPAN_OPERATION:
    case BELUGA_SPAN_ATTEMPT: return 'c';
    case BELUGA_SPAN_TOOL: return 't';
    case BELUGA_SPAN_BATCH: return 'b';
    default: return '-';
    }
}

static beluga__subject *new_subject(beluga__subjects *subjects, const beluga_span_start *start)
{
    size_t url = text_bytes(start->base_url);
    size_t text = text_bytes(start->operation) + text_bytes(start->provider) +
                  text_bytes(start->metric_prefix) + text_bytes(model_of(start)) + 2 * url;
    char *block =
        beluga__zalloc(subjects->allocator, sizeof(beluga__subject) + 64 + sizeof(void *) + text);
    if (!block) return NULL;
    /* The subject is aligned for its atomics. The address of the allocated block is stored before
     * the subject, so that the block can be released. */
    uintptr_t aligned = ((uintptr_t)block + sizeof(void *) + 63) & ~(uintptr_t)63;
    beluga__subject *s = (beluga__subject *)aligned; /* NOLINT: the address is aligned */
    ((void **)s)[-1] = block;
    char *at = (char *)(s + 1);
    s->n_shards = subjects->n_shards;
    s->about = about_of(start->kind);
    s->operation = take(&at, start->operation);
    s->provider = take(&at, start->provider);
    s->prefix = take(&at, start->metric_prefix);
    s->model = take(&at, model_of(start));
    s->base_url = take(&at, start->base_url);
    s->shown_provider = beluga_telemetry_provider_name(s->provider);
    read_server(s, at);
    return s;
}

/* Search the list of all subjects. The caller holds the lock. */
static beluga__subject *search(beluga__subjects *subjects, const beluga_span_start *start)
{
    beluga__subject *s = atomic_load_explicit(&subjects->first, memory_order_relaxed);
    while (s && !is_about(s, start)) s = s->next;
    return s;
}

/* Make a subject. If there are too many subjects, all further models of a provider share one. The
 * caller holds the lock. */
static beluga__subject *add(beluga__subjects *subjects, const beluga_span_start *start)
{
    beluga_span_start other = *start;
    beluga__subject *s;
    if (subjects->count >= BELUGA__MAX_SUBJECTS) {
        other.model = other.tool_name = "_OTHER";
        other.base_url = NULL;
        if ((s = search(subjects, &other))) return s;
        if (subjects->count >= 2 * BELUGA__MAX_SUBJECTS) return NULL;
    }
    if (!(s = new_subject(subjects, &other))) return NULL;
    s->next = atomic_load_explicit(&subjects->first, memory_order_relaxed);
    atomic_store_explicit(&subjects->first, s, memory_order_release);
    subjects->count++;
    return s;
}

beluga__subject *beluga__subject_find(beluga__subjects *subjects, const beluga_span_start *start)
{
    _Atomic(beluga__subject *) *slot = slot_of(subjects, start);
    beluga__subject *s = atomic_load_explicit(slot, memory_order_acquire);
    if (s && is_about(s, start)) return s;
    pthread_mutex_lock(subjects->lock);
    s = search(subjects, start);
    if (!s) s = add(subjects, start);
    if (s) atomic_store_explicit(slot, s, memory_order_release);
    pthread_mutex_unlock(subjects->lock);
    return s;
}

/* --- making and freeing the list -------------------------------------------------------------- */

void beluga__subjects_init(beluga__subjects *subjects, const beluga_allocator *allocator,
                           pthread_mutex_t *lock)
{
    memset((void *)subjects, 0, sizeof *subjects);
    subjects->allocator = allocator;
    subjects->lock = lock;
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    subjects->n_shards = 1;
    while (subjects->n_shards < BELUGA__MAX_SHARDS && subjects->n_shards < cpus)
        subjects->n_shards *= 2;
}

static void each_series(beluga__subject *s,
                        void (*what)(const beluga_allocator *, beluga__subject *, beluga__series *),
                        const beluga_allocator *allocator)
{
    for (unsigned i = 0; i < BELUGA__MAX_SERIES + BELUGA__RESTS; i++) {
        beluga__series *series = atomic_load_explicit(&s->series[i], memory_order_relaxed);
        if (series) what(allocator, s, series);
    }
}

static void free_series(const beluga_allocator *allocator, beluga__subject *s,
                        beluga__series *series)
{
    (void)s;
    beluga__release(allocator, series);
}

static void reset_series(const beluga_allocator *allocator, beluga__subject *s,
                         beluga__series *series)
{
    (void)allocator;
    clear_shards(series->shards, s->n_shards);
    beluga__totals_clear(&series->before);
}

void beluga__subjects_free(beluga__subjects *subjects)
{
    beluga__subject *s = atomic_load_explicit(&subjects->first, memory_order_relaxed), *next;
    for (; s; s = next) {
        next = s->next;
        each_series(s, free_series, subjects->allocator);
        beluga__instrument *i = atomic_load_explicit(&s->instruments, memory_order_relaxed), *after;
        for (; i; i = after) {
            after = i->next;
            beluga__release(subjects->allocator, i);
        }
        beluga__release(subjects->allocator, ((void **)s)[-1]);
    }
}

void beluga__subjects_reset(beluga__subjects *subjects)
{
    beluga__subject *s = atomic_load_explicit(&subjects->first, memory_order_relaxed);
    for (; s; s = s->next) {
        each_series(s, reset_series, NULL);
        memset((void *)s->active, 0, sizeof s->active);
        beluga__instrument *i = atomic_load_explicit(&s->instruments, memory_order_relaxed);
        for (; i; i = i->next) {
            memset((void *)i->buckets, 0, sizeof i->buckets);
            memset(&i->before, 0, sizeof i->before);
            atomic_init(&i->sum, 0);
        }
    }
}
