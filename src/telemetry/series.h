/* Counts numbers for each subject (a model at an address, or a tool) in a few series. Each series
 * has shards, each with a cache line of its own, to which threads add with atomics. Only the
 * exporter adds the shards up. */
#ifndef BELUGA__SERIES_H
#define BELUGA__SERIES_H

#include "base/limits.h"
#include "telemetry/names.h"

#include <beluga/telemetry.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    BELUGA__BUCKETS = 15, /* 14 buckets with an upper bound, and one for everything above */
    BELUGA__SUMS = BELUGA__QUANTITIES - BELUGA__DISTRIBUTIONS,
    BELUGA__MAX_SHARDS = 8,
    BELUGA__SUBJECT_SLOTS = 256,
    BELUGA__RESTS = 4, /* one for each combination of streamed or not, and failed or not */
};

/* The values are whole numbers of nanoseconds or tokens, so a sum is an atomic add. */
typedef struct beluga__distribution {
    uint64_t buckets[BELUGA__BUCKETS];
    int64_t sum, min, max; /* min > max: nothing was recorded */
} beluga__distribution;

typedef struct beluga__totals {
    beluga__distribution distributions[BELUGA__DISTRIBUTIONS];
    int64_t sums[BELUGA__SUMS];
} beluga__totals;

typedef struct beluga__shard beluga__shard;

typedef struct beluga__series {
    int code; /* error code of the calls in this series */
    bool streamed;
    bool overflow;              /* the series counts all calls without a series of their own */
    const char *response_model; /* may be NULL */
    beluga__totals before;      /* totals at the last export; used only by the exporter */
    beluga__shard *shards;
} beluga__series;

/* An instrument is a metric that a provider defines. */
typedef struct beluga__instrument {
    struct beluga__instrument *next;
    const char *name, *unit;
    uint32_t kind; /* a beluga_measurement_kind */
    _Atomic uint64_t buckets[BELUGA__BUCKETS];
    _Atomic uint64_t sum; /* bits of a double */
    struct {
        uint64_t buckets[BELUGA__BUCKETS];
        double sum;
    } before;
} beluga__instrument;

typedef struct beluga__subject {
    struct beluga__subject *next;
    char about; /* c calls, t a tool, b batches, - a subject that has no metrics */
    /* the same as in the calls of this subject */
    const char *operation, *provider, *prefix, *model, *base_url;
    /* id (subject_id of the span's start) of the last call that was found to belong to this
     * subject */
    _Atomic uint64_t subject_id;
    /* host NULL: the address has no host. */
    const char *shown_provider, *host;
    int64_t port;
    unsigned n_shards;
    struct {
        _Alignas(64) atomic_int_least64_t calls, streams;
    } active[BELUGA__MAX_SHARDS];
    /* The last ones count calls that have no series of their own. */
    _Atomic(beluga__series *) series[BELUGA__MAX_SERIES + BELUGA__RESTS];
    atomic_uint n_series;
    _Atomic(beluga__instrument *) instruments;
    unsigned n_instruments;
} beluga__subject;

typedef struct beluga__subjects {
    const beluga_allocator *allocator;
    pthread_mutex_t *lock; /* the owner's lock, which is held while something is added */
    unsigned n_shards;     /* a power of two */
    _Atomic(beluga__subject *) first;
    /* A cache: subjects by a hash of the addresses of their names. A hit must be checked. */
    _Atomic(beluga__subject *) slots[BELUGA__SUBJECT_SLOTS];
    unsigned count;
} beluga__subjects;

/* The outcome of one call. */
typedef struct beluga__outcome {
    int code;
    bool streamed;
    const char *response_model;
    int64_t duration_ns, first_chunk_ns; /* first_chunk_ns -1: there was no chunk */
    const beluga_usage *usage;           /* NULL: the call has no usage */
    uint32_t tool_calls;
    const beluga__distribution *chunks; /* NULL: there were no chunks */
} beluga__outcome;

void beluga__subjects_init(beluga__subjects *subjects, const beluga_allocator *allocator,
                           pthread_mutex_t *lock);
void beluga__subjects_free(beluga__subjects *subjects);
/* Reset all counts. For a forked child. */
void beluga__subjects_reset(beluga__subjects *subjects);
/* Find or make a subject; NULL without memory. Threads: any. */
beluga__subject *beluga__subject_find(beluga__subjects *subjects, const beluga_span_start *start);

/* Record a call. Threads: any. */
void beluga__subject_record(beluga__subjects *subjects, beluga__subject *subject,
                            const beluga__outcome *outcome);
void beluga__subject_activate(beluga__subject *subject, bool streamed, int by);
void beluga__subject_measure(beluga__subjects *subjects, beluga__subject *subject,
                             const beluga_measurement *measurement);

/* The following distributions and totals belong to one thread. */
static inline void beluga__distribution_clear(beluga__distribution *d)
{
    *d = (beluga__distribution){.min = INT64_MAX, .max = INT64_MIN};
}
void beluga__distribution_merge(beluga__distribution *to, const beluga__distribution *from);
void beluga__distribution_add(beluga__distribution *d, beluga__quantity quantity, int64_t value);
/* Read the upper bounds of the buckets as they are exported, in seconds or tokens. */
void beluga__bounds_read(bool seconds, double bounds[BELUGA__BUCKETS - 1]);

/* Read everything that a series has counted since the start. Only the exporter calls this. */
void beluga__series_read(const beluga__subject *subject, const beluga__series *series,
                         beluga__totals *totals);
void beluga__totals_subtract(beluga__totals *totals, const beluga__totals *before);
void beluga__totals_add(beluga__totals *totals, const beluga__totals *more);
void beluga__totals_clear(beluga__totals *totals);
uint64_t beluga__distribution_count(const beluga__distribution *d);

/* Compare two texts, either of which may be NULL. */
static inline bool beluga__same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

#endif
