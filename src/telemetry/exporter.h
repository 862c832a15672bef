/* The state of the exporter's thread: a loop for HTTP, and a file. */
#ifndef BELUGA__EXPORTER_H
#define BELUGA__EXPORTER_H

#include "base/buf.h"
#include "telemetry/state.h"
#include "transport/loop.h"

struct beluga__exporter {
    beluga_telemetry *t;
    beluga__runtime runtime;    /* runtime of the loop; it has no log and no telemetry */
    beluga__network_loop *loop; /* NULL before the first request */
    beluga__buf body;
    int file;  /* -1: there is no file, or it is not open yet */
    bool torn; /* the last line of the file was not written completely */
    int64_t metrics_since_ns;
    /* a failure was logged, and is not logged again until an export has succeeded */
    bool trace_trouble, metric_trouble;
};

/* Returns the time by which exports must end, which a flush or a stop sets. INT64_MAX: there is no
 * such time. */
static inline int64_t beluga__hurry_ns(const beluga_telemetry *t)
{
    return atomic_load_explicit(&t->deadline_ns, memory_order_relaxed);
}
/* Wait before another attempt. Returns false at once if the wait would end after the time by which
 * exports must end. */
bool beluga__exporter_sleep(beluga__exporter *e, int64_t ms, int64_t deadline_ns);

#endif
