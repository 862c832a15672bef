/* All sources of this room share the state of a telemetry: its settings, its recorded spans and
 * numbers, and its queue. state.c makes and destroys it, and handles a fork. */
#ifndef BELUGA__TELEMETRY_STATE_H
#define BELUGA__TELEMETRY_STATE_H

#include "base/arena.h"
#include "base/runtime.h"
#include "telemetry/series.h"
#include "telemetry/settings.h"
#include "telemetry/span.h"

#include <beluga/telemetry.h>

typedef struct beluga__exporter beluga__exporter; /* exporter.h */

/* A span is dropped for one of these reasons. */
typedef enum beluga__drop {
    BELUGA__DROP_QUEUE,
    BELUGA__DROP_MEMORY,
    BELUGA__DROP_EXPORT,
    BELUGA__DROPS
} beluga__drop;

struct beluga_telemetry {
    atomic_uint users;              /* those that may still record or flush */
    atomic_uint refs;               /* one for all users together, and one for the thread */
    beluga_telemetry *next, **link; /* among all of this process, for a fork */
    beluga_allocator allocator;
    beluga_telemetry_sink sink;
    beluga__telemetry_setup settings;
    beluga__arena arena; /* of the settings' strings */
    beluga_log_fn log;
    void *log_payload;

    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    beluga__span_pool pool;
    beluga__subjects subjects;

    /* All threads write to what follows, so it shares no cache line with what stands before; the
     * allocator aligns to no more than 16 bytes. */
    char apart[64];

    /* Ids are numbers of one sequence, mixed with numbers that are random in each process. */
    _Atomic uint64_t next_id;
    uint64_t seeds[3];
    char instance[37];
    _Atomic int64_t wall_offset_ns; /* from the monotonic clock to the time since 1970 */
    int64_t began_ns;               /* since 1970; the start of cumulative metrics */

    char apart_too[64];

    /* The queue is a stack that the exporter takes whole. */
    _Atomic(beluga__span *) incoming;
    _Atomic uint32_t queued; /* with the spans that the exporter holds */
    _Atomic uint64_t dropped[BELUGA__DROPS];
    uint64_t dropped_before[BELUGA__DROPS]; /* at the last export; only the exporter's */

    atomic_bool stopped; /* nothing more is recorded */
    atomic_bool closed;  /* nobody takes from the queue any more */

    /* The members from here on change only under the lock. */
    atomic_bool has_thread;
    bool stopping, ended;
    bool joinable; /* nobody has joined or detached the thread yet */
    pthread_t thread;
    uint64_t flush_wanted, flush_done;
    int flush_status;
    _Atomic int64_t deadline_ns; /* exports end by then, for a flush or the stop; INT64_MAX: none */
    beluga__exporter *exporter;  /* the thread's */
};

/* Make one without a sink and settings; NULL without memory. */
beluga_telemetry *beluga__telemetry_alloc(const beluga_allocator *allocator, beluga_log_fn log,
                                          void *log_payload);
/* Nobody may have a reference. */
void beluga__telemetry_destroy(beluga_telemetry *telemetry);
/* Open the file of the settings to append to it; -1 with errno. */
int beluga__telemetry_open_file(const char *path);
/* Log a warning of the exporter's through the hook that was given, or the client's. */
void beluga__telemetry_log(beluga_telemetry *t, beluga_log_level level, const char *event,
                           const char *signal, const char *what);

static inline int64_t beluga__telemetry_wall_ns(beluga_telemetry *t, int64_t monotonic_ns)
{
    return monotonic_ns + atomic_load_explicit(&t->wall_offset_ns, memory_order_relaxed);
}

#endif
