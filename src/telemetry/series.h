/* Counts the numbers from which metrics are made. Each subject (a model at an address, or a tool)
 * has a few series. A series is divided into shards, and each shard has its own cache lines.
 * Threads add to different shards with atomics; only the exporter adds up the shards. */
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
    /* shared series: one for each combination of streamed or not, and failed or not */
    BELUGA__RESTS = 4,
};

/* Values are integers (nanoseconds or tokens), so a value can be added to a sum atomically. */
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
    /* a shared series: it counts all calls that have no series of their own */
    bool overflow;
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
    char about; /* kind of subject: c calls, t a tool, b batches, - a subject that has no metrics */
    /* the values that all calls of this subject have */
    const char *operation, *provider, *prefix, *model, *base_url;
    /* subject_id of the last span start that was found to belong to this subject */
    _Atomic uint64_t subject_id;
    /* host NULL: base_url has no server name. */
    const char *shown_provider, *host;
    int64_t port;
    unsigned n_shards;
    struct {
        _Alignas(64) atomic_int_least64_t calls, streams;
    } active[BELUGA__MAX_SHARDS];
    /* The last BELUGA__RESTS entries count calls that have no series of their own. */
    _Atomic(beluga__series *) series[BELUGA__MAX_SERIES + BELUGA__RESTS];
    atomic_uint n_series;
    _Atomic(beluga__instrument *) instruments;
    unsigned n_instruments;
} beluga__subject;

typedef struct beluga__subjects {
    const beluga_allocator *allocator;
    /* the owner's lock, which is held while a subject, series or instrument is added */
    pthread_mutex_t *lock;
    unsigned n_shards; /* a power of two */
    _Atomic(beluga__subject *) first;
    /* A cache: subjects by a hash of the addresses of their names. Other subjects may have the same
     * hash, so an entry must be compared before use. */
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
/* Reset all counts; a forked child calls this. */
void beluga__subjects_reset(beluga__subjects *subjects);
/* Find or make a subject. Returns NULL if out of memory. Threads: any. */
beluga__subject *beluga__subject_find(beluga__subjects *subjects, const beluga_span_start *start);

/* Record a call. Threads: any. */
void beluga__subject_record(beluga__subjects *subjects, beluga__subject *subject,
                            const beluga__outcome *outcome);
void beluga__subject_activate(beluga__subject *subject, bool streamed, int by);
void beluga__subject_measure(beluga__subjects *subjects, beluga__subject *subject,
                             const beluga_measurement *measurement);

/* The following functions change distributions and totals that only one thread uses. */
static inline void beluga__distribution_clear(beluga__distribution *d)
{
    *d = (beluga__distribution){.min = INT64_MAX, .max = INT64_MIN};
}
void beluga__distribution_merge(beluga__distribution *to, const beluga__distribution *from);
void beluga__distribution_add(beluga__distribution *d, beluga__quantity quantity, int64_t value);
/* Get the upper bounds of the buckets in the units of an export: seconds or tokens. */
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
