/* Numbers of all requests since the start, for /metrics. */
#ifndef BELUGA_CLI_SERVE_METRICS_H
#define BELUGA_CLI_SERVE_METRICS_H

#include "serve/observe.h"

typedef struct serve_metrics serve_metrics;

/* @return NULL without memory. */
serve_metrics *serve_metrics_new(void);
void serve_metrics_free(serve_metrics *m);
void serve_metrics_take(serve_metrics *m, const serve_record *record);
/* HTTP itself has refused a request. */
void serve_metrics_refused(serve_metrics *m);
/* Write all of it; `dropped` lines of the journal. @return out->status. */
int serve_metrics_write(const serve_metrics *m, const serve_gauges *gauges, int64_t dropped,
                        beluga__buf *out);

#endif
