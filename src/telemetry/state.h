/* The state that all sources of this room share: settings, recorded spans and numbers, and the
 * queue. state.c makes and destroys the state, and handles a fork. */
#ifndef BELUGA__TELEMETRY_STATE_H
#define BELUGA__TELEMETRY_STATE_H

#include "base/arena.h"
#include "base/runtime.h"
#include "telemetry/series.h"
#include "telemetry/settings.h"
#include "telemetry/span.h"

#include <beluga/telemetry.h>

typedef struct beluga__exporter beluga__exporter; /* defined in exporter.h */

/* The reasons why a span is dropped. */
typedef enum beluga__drop {
    BELUGA__DROP_QUEUE,
    BELUGA__DROP_MEMORY,
    BELUGA__DROP_EXPORT,
    BELUGA__DROPS
} beluga__drop;

struct beluga_telemetry {
    atomic_uint users; /* number of users, who may still record or flush */
    /* one reference for all users together, and one for the thread */
    atomic_uint refs;
    beluga_telemetry *next, **link; /* links of the list of all in this process, for a fork */
    beluga_allocator allocator;
    beluga_telemetry_sink sink;
    beluga__telemetry_setup settings;
    beluga__arena arena; /* holds the strings of the settings */
    beluga_log_fn log;
    void *log_payload;

    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    beluga__span_pool pool;
    beluga__subjects subjects;

    /* All threads write to the following members, so they must not share a cache line with the
     * members before; the allocator aligns to no more than 16 bytes. */
    char apart[64];

    /* Ids come from one sequence of numbers, mixed with random numbers of the process. */
    _Atomic uint64_t next_id;
    uint64_t seeds[3];
    char instance[37];
    /* difference between the monotonic clock and the time since 1970 */
    _Atomic int64_t wall_offset_ns;
    int64_t began_ns; /* time since 1970 at which cumulative metrics began */

    char apart_too[64];

    /* The queue is a stack, which the exporter takes as a whole. */
    _Atomic(beluga__span *) incoming;
    _Atomic uint32_t queued; /* includes the spans that the exporter holds */
    _Atomic uint64_t dropped[BELUGA__DROPS];
    /* numbers at the last export; used only by the exporter */
    uint64_t dropped_before[BELUGA__DROPS];

    atomic_bool stopped; /* recording has stopped */
    atomic_bool closed;  /* the queue is not read any more */

    /* The members from here on change only under the lock. */
    atomic_bool has_thread;
    bool stopping, ended;
    bool joinable; /* the thread was neither joined nor detached yet */
    pthread_t thread;
    uint64_t flush_wanted, flush_done;
    int flush_status;
    /* time by which exports end, for a flush or the stop; INT64_MAX: none */
    _Atomic int64_t deadline_ns;
    beluga__exporter *exporter; /* belongs to the thread */
};

/* Make a telemetry without a sink and settings; returns NULL without memory. */
beluga_telemetry *beluga__telemetry_alloc(const beluga_allocator *allocator, beluga_log_fn log,
                                          void *log_payload);
/* Free a telemetry, to which there must be no reference. */
void beluga__telemetry_destroy(beluga_telemetry *telemetry);
/* Open the file of the settings to append to it; -1 with errno. */
int beluga__telemetry_open_file(const char *path);
/* Log a warning of the exporter with the given log function, or the client's. */
void beluga__telemetry_log(beluga_telemetry *t, beluga_log_level level, const char *event,
                           const char *signal, const char *what);

static inline int64_t beluga__telemetry_wall_ns(beluga_telemetry *t, int64_t monotonic_ns)
{
    return monotonic_ns + atomic_load_explicit(&t->wall_offset_ns, memory_order_relaxed);
}

#endif
