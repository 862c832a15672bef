/* The state that all files of this folder share: settings, recorded spans and numbers, and the
 * queue. state.c makes and frees it, and handles forks. */
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
    atomic_uint users; /* number of users, which may record and flush */
    /* One reference for all users together, and one for the thread. */
    atomic_uint refs;
    /* links of the list of all telemetry objects of the process, which a forked child resets */
    beluga_telemetry *next, **link;
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

    /* All threads write to the members below, so these must not share a cache line with the members
     * above. This needs padding, since the allocator aligns blocks only to 16 bytes. */
    char apart[64];

    /* Ids are made from a sequence of numbers, which is mixed with random numbers of this
     * process. */
    _Atomic uint64_t next_id;
    uint64_t seeds[3];
    char instance[37];
    /* wall-clock time minus monotonic time, in nanoseconds */
    _Atomic int64_t wall_offset_ns;
    int64_t began_ns; /* nanoseconds since 1970 when cumulative metrics began */

    char apart_too[64];

    /* The queue of spans is a stack; the exporter takes all of it at once. */
    _Atomic(beluga__span *) incoming;
    _Atomic uint32_t queued; /* number of spans in the queue and in running exports */
    _Atomic uint64_t dropped[BELUGA__DROPS];
    /* Counts of dropped spans at the last export; used only by the exporter. */
    uint64_t dropped_before[BELUGA__DROPS];

    atomic_bool stopped; /* recording has stopped */
    atomic_bool closed;  /* the queue is no longer read */

    /* The following members change only under the lock. */
    atomic_bool has_thread;
    bool stopping, ended;
    bool joinable; /* the thread has been neither joined nor detached yet */
    pthread_t thread;
    uint64_t flush_wanted, flush_done;
    int flush_status;
    /* Time by which exports must end, since a flush or a stop waits for them; INT64_MAX: none. */
    _Atomic int64_t deadline_ns;
    beluga__exporter *exporter; /* belongs to the exporter's thread */
};

/* Make a telemetry object without sink and settings. Returns NULL if out of memory. */
beluga_telemetry *beluga__telemetry_alloc(const beluga_allocator *allocator, beluga_log_fn log,
                                          void *log_payload);
/* Free a telemetry object that has no references left. */
void beluga__telemetry_destroy(beluga_telemetry *telemetry);
/* Open the file that the settings name, for appending. Returns -1 and sets errno on failure. */
int beluga__telemetry_open_file(const char *path);
/* Log a warning of the exporter with the log function of the settings, or with the client's. */
void beluga__telemetry_log(beluga_telemetry *t, beluga_log_level level, const char *event,
                           const char *signal, const char *what);

static inline int64_t beluga__telemetry_wall_ns(beluga_telemetry *t, int64_t monotonic_ns)
{
    return monotonic_ns + atomic_load_explicit(&t->wall_offset_ns, memory_order_relaxed);
}

#endif
