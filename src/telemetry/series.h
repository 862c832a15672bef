/* What is measured: per subject (a model at an address, a tool) a few series, each on padded shards
 * that threads add to with atomics. Only the exporter adds up. */
#ifndef BELUGA__SERIES_H
#define BELUGA__SERIES_H

#include "base/limits.h"
#include "telemetry/names.h"

#include <beluga/telemetry.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    BELUGA__BUCKETS = 15, /* 14 bounds and what is above */
    BELUGA__SUMS = BELUGA__QUANTITIES - BELUGA__DISTRIBUTIONS,
    BELUGA__MAX_SHARDS = 8,
    BELUGA__SUBJECT_SLOTS = 256,
    BELUGA__RESTS = 4, /* streams or not, failed or not */
};

/* Nanoseconds or tokens; both are whole numbers, so that a sum is an atomic add. */
typedef struct beluga__distribution {
    uint64_t buckets[BELUGA__BUCKETS];
    int64_t sum, min, max; /* min > max: nothing was recorded */
} beluga__distribution;

typedef struct beluga__totals {
    beluga__distribution distributions[BELUGA__DISTRIBUTIONS];
    int64_t sums[BELUGA__SUMS];
} beluga__totals;

typedef struct beluga__series {
    int code; /* how the calls ended */
    bool streamed;
    bool overflow;              /* what found no room */
    const char *response_model; /* or NULL */
    beluga__totals before;      /* the exporter's: at the last export */
    struct beluga__shard *shards;
} beluga__series;

/* A metric that a provider makes. */
typedef struct beluga__instrument {
    struct beluga__instrument *next;
    const char *name, *unit;
    uint32_t kind; /* beluga_measurement_kind */
    _Atomic uint64_t buckets[BELUGA__BUCKETS];
    _Atomic uint64_t sum; /* the bits of a double */
    struct {
        uint64_t buckets[BELUGA__BUCKETS];
        double sum;
    } before;
} beluga__instrument;

typedef struct beluga__subject {
    struct beluga__subject *next;
    char about; /* c calls, t a tool, b batches, - nothing that has metrics */
    const char *operation, *provider, *prefix, *model, *base_url; /* as they came */
    const char *shown_provider, *host;                            /* host NULL: none */
    int64_t port;
    unsigned n_shards;
    struct {
        _Alignas(64) atomic_int_least64_t calls, streams;
    } active[BELUGA__MAX_SHARDS];
    /* the last ones: what found no room */
    _Atomic(beluga__series *) series[BELUGA__MAX_SERIES + BELUGA__RESTS];
    atomic_uint n_series;
    _Atomic(beluga__instrument *) instruments;
    unsigned n_instruments;
} beluga__subject;

typedef struct beluga__subjects {
    const beluga_allocator *allocator;
    pthread_mutex_t *lock; /* the owner's: what is new is added under it */
    unsigned n_shards;     /* a power of two */
    _Atomic(beluga__subject *) first;
    /* by the addresses of names: a guess, checked */
    _Atomic(beluga__subject *) slots[BELUGA__SUBJECT_SLOTS];
    unsigned count;
} beluga__subjects;

/* One call that ended. */
typedef struct beluga__outcome {
    int code;
    bool streamed;
    const char *response_model;
    int64_t duration_ns, first_chunk_ns; /* the latter -1: none */
    const beluga_usage *usage;           /* NULL: nothing of the kind */
    uint32_t tool_calls;
    const beluga__distribution *chunks; /* NULL: none */
} beluga__outcome;

void beluga__subjects_init(beluga__subjects *subjects, const beluga_allocator *allocator,
                           pthread_mutex_t *lock);
void beluga__subjects_free(beluga__subjects *subjects);
/* In a forked child: forget what was counted. */
void beluga__subjects_reset(beluga__subjects *subjects);
/* Find or make; NULL without memory. Threads: any. */
beluga__subject *beluga__subject_find(beluga__subjects *subjects, const beluga_span_start *start);

/* Record a call. Threads: any. */
void beluga__subject_record(beluga__subjects *subjects, beluga__subject *subject,
                            const beluga__outcome *outcome);
void beluga__subject_activate(beluga__subject *subject, bool streamed, int by);
void beluga__subject_measure(beluga__subjects *subjects, beluga__subject *subject,
                             const beluga_measurement *measurement);

/* Add a value to a distribution that one thread has to itself. */
void beluga__distribution_add(beluga__distribution *d, beluga__quantity quantity, int64_t value);
/* The upper bounds, as they are exported: seconds or tokens. */
void beluga__bounds_read(bool seconds, double bounds[BELUGA__BUCKETS - 1]);

/* For the exporter. What a series has counted since the start. */
void beluga__series_read(const beluga__subject *subject, const beluga__series *series,
                         beluga__totals *totals);
void beluga__totals_subtract(beluga__totals *totals, const beluga__totals *before);
void beluga__totals_add(beluga__totals *totals, const beluga__totals *more);
void beluga__totals_clear(beluga__totals *totals);
uint64_t beluga__distribution_count(const beluga__distribution *d);

#endif
