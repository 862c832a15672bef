/* Numbers are counted for each subject (a model at an address, a tool) in a few series. Each series
 * has padded shards that threads add to with atomics; only the exporter adds them up. */
#ifndef BELUGA__SERIES_H
#define BELUGA__SERIES_H

#include "base/limits.h"
#include "telemetry/names.h"

#include <beluga/telemetry.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    BELUGA__BUCKETS = 15, /* 14 have a bound, one is above */
    BELUGA__SUMS = BELUGA__QUANTITIES - BELUGA__DISTRIBUTIONS,
    BELUGA__MAX_SHARDS = 8,
    BELUGA__SUBJECT_SLOTS = 256,
    BELUGA__RESTS = 4, /* for streams or not, failed or not */
};

/* Its values are nanoseconds or tokens, whole numbers, so that a sum is an atomic add. */
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
    int code; /* the code of the calls' end */
    bool streamed;
    bool overflow;              /* it counts calls that found no room elsewhere */
    const char *response_model; /* or NULL */
    beluga__totals before;      /* at the last export; only the exporter's */
    beluga__shard *shards;
} beluga__series;

/* An instrument is a metric that a provider makes. */
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
    const char *operation, *provider, *prefix, *model, *base_url; /* as the calls have them */
    const char *shown_provider, *host;                            /* host NULL: there is none */
    int64_t port;
    unsigned n_shards;
    struct {
        _Alignas(64) atomic_int_least64_t calls, streams;
    } active[BELUGA__MAX_SHARDS];
    /* the last ones count calls that found no room */
    _Atomic(beluga__series *) series[BELUGA__MAX_SERIES + BELUGA__RESTS];
    atomic_uint n_series;
    _Atomic(beluga__instrument *) instruments;
    unsigned n_instruments;
} beluga__subject;

typedef struct beluga__subjects {
    const beluga_allocator *allocator;
    pthread_mutex_t *lock; /* the owner's; anything new is added under it */
    unsigned n_shards;     /* a power of two */
    _Atomic(beluga__subject *) first;
    /* found by the addresses of names; it is a guess that is checked */
    _Atomic(beluga__subject *) slots[BELUGA__SUBJECT_SLOTS];
    unsigned count;
} beluga__subjects;

/* The outcome of one call. */
typedef struct beluga__outcome {
    int code;
    bool streamed;
    const char *response_model;
    int64_t duration_ns, first_chunk_ns; /* first_chunk_ns -1: there was none */
    const beluga_usage *usage;           /* NULL: the call has none */
    uint32_t tool_calls;
    const beluga__distribution *chunks; /* NULL: there were none */
} beluga__outcome;

void beluga__subjects_init(beluga__subjects *subjects, const beluga_allocator *allocator,
                           pthread_mutex_t *lock);
void beluga__subjects_free(beluga__subjects *subjects);
/* Forget all that was counted, in a forked child. */
void beluga__subjects_reset(beluga__subjects *subjects);
/* Find or make a subject; NULL without memory. Any thread may call it. */
beluga__subject *beluga__subject_find(beluga__subjects *subjects, const beluga_span_start *start);

/* Record a call. Any thread may call it. */
void beluga__subject_record(beluga__subjects *subjects, beluga__subject *subject,
                            const beluga__outcome *outcome);
void beluga__subject_activate(beluga__subject *subject, bool streamed, int by);
void beluga__subject_measure(beluga__subjects *subjects, beluga__subject *subject,
                             const beluga_measurement *measurement);

/* These distributions and totals belong to one thread. */
static inline void beluga__distribution_clear(beluga__distribution *d)
{
    *d = (beluga__distribution){.min = INT64_MAX, .max = INT64_MIN};
}
void beluga__distribution_merge(beluga__distribution *to, const beluga__distribution *from);
void beluga__distribution_add(beluga__distribution *d, beluga__quantity quantity, int64_t value);
/* Read the upper bounds of the buckets as they are exported, in seconds or tokens. */
void beluga__bounds_read(bool seconds, double bounds[BELUGA__BUCKETS - 1]);

/* Read all that a series has counted since the start. Only the exporter calls it. */
void beluga__series_read(const beluga__subject *subject, const beluga__series *series,
                         beluga__totals *totals);
void beluga__totals_subtract(beluga__totals *totals, const beluga__totals *before);
void beluga__totals_add(beluga__totals *totals, const beluga__totals *more);
void beluga__totals_clear(beluga__totals *totals);
uint64_t beluga__distribution_count(const beluga__distribution *d);

/* Compare two texts, of which each may be NULL. */
static inline bool beluga__same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

#endif
