/* The state of the exporter's thread: a loop for HTTP, and a file. */
#ifndef BELUGA__EXPORTER_H
#define BELUGA__EXPORTER_H

#include "base/buf.h"
#include "telemetry/state.h"
#include "transport/loop.h"

struct beluga__exporter {
    beluga_telemetry *t;
    beluga__runtime runtime;    /* runtime of the loop, without log and telemetry */
    beluga__network_loop *loop; /* NULL before the first request */
    beluga__buf body;
    int file;  /* -1: there is no file, or it is not open yet */
    bool torn; /* the last line of the file was not written whole */
    int64_t metrics_since_ns;
    /* the failure was logged, and is not logged again before an export succeeds */
    bool trace_trouble, metric_trouble;
};

/* Returns the time by which exports have to end. A flush and the stop make it earlier. */
static inline int64_t beluga__hurry_ns(const beluga_telemetry *t)
{
    return atomic_load_explicit(&t->deadline_ns, memory_order_relaxed);
}
/* Wait before another attempt. Returns false at once where exports have to end before that. */
bool beluga__exporter_sleep(beluga__exporter *e, int64_t ms, int64_t deadline_ns);

#endif
