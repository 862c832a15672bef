/* Telemetry from the inside: what records, and the thread that sends. */
#ifndef BELUGA__TELEMETRY_H
#define BELUGA__TELEMETRY_H

#include "base/arena.h"
#include "base/runtime.h"
#include "telemetry/series.h"
#include "telemetry/settings.h"
#include "telemetry/span.h"

#include <beluga/telemetry.h>

/* Why a span was dropped. */
typedef enum beluga__drop {
    BELUGA__DROP_QUEUE,
    BELUGA__DROP_MEMORY,
    BELUGA__DROP_EXPORT,
    BELUGA__DROPS
} beluga__drop;

struct beluga_telemetry {
    atomic_uint users;                     /* who may still record or flush */
    atomic_uint refs;                      /* all of those as one, and the thread */
    struct beluga_telemetry *next, **link; /* among all of this process; for fork */
    beluga_allocator allocator;
    beluga_telemetry_sink sink;
    beluga__telemetry_setup settings;
    beluga__arena arena; /* of the settings' strings */
    beluga_log_fn log;
    void *log_payload;
    beluga__runtime *client; /* whose log is used where there is no own; NULL after it went */

    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    beluga__span_pool pool;
    beluga__subjects subjects;

    char apart[64]; /* cache lines that all threads write; the allocator aligns to 16 bytes alone */

    /* Ids: numbers of one sequence, mixed with what is random in each process. */
    _Atomic uint64_t next_id;
    uint64_t seeds[3];
    char instance[37];
    _Atomic int64_t wall_offset_ns; /* from the monotonic clock to the time since 1970 */
    int64_t began_ns;               /* since 1970: of cumulative metrics */

    char apart_too[64];

    /* The queue: a stack that the exporter takes whole. */
    _Atomic(beluga__span *) incoming;
    _Atomic uint32_t queued; /* with what the exporter holds */
    _Atomic uint64_t dropped[BELUGA__DROPS];
    uint64_t dropped_before[BELUGA__DROPS]; /* the exporter's: at the last export */

    atomic_bool stopped; /* records nothing more */
    atomic_bool closed;  /* nobody takes from the queue any more */
    /* under the lock */
    atomic_bool has_thread;
    bool stopping, ended;
    bool joinable; /* nobody has joined or detached the thread yet */
    pthread_t thread;
    uint64_t flush_wanted, flush_done;
    int flush_status;
    _Atomic int64_t deadline_ns; /* of a flush or the stop: exports end by then; INT64_MAX: none */
    struct beluga__exporter *exporter; /* of the thread */
};

/* record.c: the functions of the sink. */
void *beluga__record_begin(void *payload, void *parent, const beluga_span_start *start);
void beluga__record_event(void *payload, void *span, beluga_span_event_kind kind,
                          const beluga_error *error);
void beluga__record_end(void *payload, void *span, const beluga_span_end *end);
void beluga__record_attribute(void *payload, void *span, const beluga_span_attribute *attribute);
void beluga__record_measure(void *payload, void *span, const beluga_measurement *measurement);
bool beluga__record_context(void *payload, void *span, beluga_trace_context *context);
void beluga__record_content(void *payload, void *span, const beluga_event *event);

/* ids.c */
void beluga__ids_seed(beluga_telemetry *t);
/* a span's id, and a trace's unless NULL */
uint64_t beluga__ids_next(beluga_telemetry *t, beluga__trace_id *trace);
/* Read a traceparent that is valid. */
void beluga__ids_parse(const char *traceparent, beluga__trace_id *trace, uint64_t *span,
                       bool *sampled);
bool beluga__ids_sample(const beluga__telemetry_setup *s, const beluga__trace_id *trace);

/* content.c: prompts and answers, where they are captured. */
void beluga__content_ask(beluga__span *span, const beluga_call *call);
void beluga__content_add(beluga__span *span, const beluga_event *event);
void beluga__content_end(beluga__span *span);

/* export.c: the thread. */
void beluga__export_start(beluga_telemetry *t);
void beluga__export_wake(beluga_telemetry *t);
int beluga__export_flush(beluga_telemetry *t, int64_t timeout_ms);
int beluga__export_stop(beluga_telemetry *t, int64_t timeout_ms);
/* Whether there is no thread, or not any more. */
bool beluga__export_has_ended(beluga_telemetry *t);

/* Make it without a client; `log` is used where the settings have none. *out NULL and 0: nobody
 * asked for it. */
int beluga__telemetry_new(const beluga_telemetry_settings *given, beluga_log_fn log,
                          void *log_payload, beluga_telemetry **out, beluga_error *err);
bool beluga__telemetry_captures(const beluga_telemetry *telemetry);
void beluga__telemetry_use(beluga_telemetry *telemetry); /* one user more */
/* Shut down what nobody else uses. False: its thread has not ended. */
bool beluga__telemetry_end(beluga_telemetry *telemetry, int64_t timeout_ms);
void beluga__telemetry_release(beluga_telemetry *telemetry);
/* Stop without waiting. */
void beluga__export_stop_soon(beluga_telemetry *t);
/* Empty a queue that nobody reads, and count what was in it. */
void beluga__export_discard(beluga_telemetry *t);

/* life.c: one without a sink and settings; NULL without memory. */
beluga_telemetry *beluga__telemetry_alloc(const beluga_allocator *allocator, beluga_log_fn log,
                                          void *log_payload);
void beluga__telemetry_destroy(beluga_telemetry *telemetry); /* nobody has a reference */
/* The file of its settings, to append to; -1 with errno. */
int beluga__telemetry_open_file(const char *path);
/* What exporters have to say: through the hook that was given, or the client's. */
void beluga__telemetry_log(beluga_telemetry *t, beluga_log_level level, const char *event,
                           const char *signal, const char *what);

static inline int64_t beluga__telemetry_wall_ns(beluga_telemetry *t, int64_t monotonic_ns)
{
    return monotonic_ns + atomic_load_explicit(&t->wall_offset_ns, memory_order_relaxed);
}

#endif
