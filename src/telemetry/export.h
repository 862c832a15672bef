/* The exporter: one thread, a loop of its own for HTTP, a file. */
#ifndef BELUGA__EXPORT_H
#define BELUGA__EXPORT_H

#include "telemetry/encode.h"
#include "transport/loop.h"

typedef struct beluga__exporter {
    beluga_telemetry *t;
    beluga__runtime runtime;    /* of the loop: without log and telemetry */
    beluga__network_loop *loop; /* made at the first request; NULL before */
    beluga__buf body;
    int file;  /* -1: none, or not yet open */
    bool torn; /* its last line was not written whole */
    int64_t metrics_since_ns;
    bool trace_trouble, metric_trouble; /* told once, until it works again */
} beluga__exporter;

/* How an export went. */
typedef enum beluga__export_result {
    BELUGA__EXPORTED,
    BELUGA__REFUSED,
    BELUGA__TOO_LATE
} beluga__export_result;

/* Send a message of a signal: retries as OTLP wants them, until a time of the monotonic clock.
 * rejected: what the receiver took the rest without. */
beluga__export_result beluga__otlp_send(beluga__exporter *e, const beluga__signal *signal,
                                        const char *name, const ProtobufCMessage *message,
                                        int64_t deadline_ns, int64_t *rejected);

/* The same to wherever the settings say, and into the file. */
beluga__export_result beluga__deliver(beluga__exporter *e, const beluga__signal *signal,
                                      const char *name, const ProtobufCMessage *message,
                                      int64_t deadline_ns, int64_t *rejected);

/* wait.c: until a time of the monotonic clock, or until it is signalled. The lock is held. */
void beluga__wait_until(pthread_cond_t *what, pthread_mutex_t *lock, int64_t ns);
/* By when exports have to end: a flush and the stop bring it forward. */
static inline int64_t beluga__hurry_ns(const beluga_telemetry *t)
{
    return atomic_load_explicit(&t->deadline_ns, memory_order_relaxed);
}
/* Wait, unless it stops: false when the time is not there. */
bool beluga__exporter_sleep(beluga__exporter *e, int64_t ms, int64_t deadline_ns);

#endif
