/* The metrics of all requests since the start, for /metrics. */
#ifndef BELUGA_CLI_SERVE_METRICS_H
#define BELUGA_CLI_SERVE_METRICS_H

#include "serve/observe.h"

typedef struct serve_metrics serve_metrics;

/* @return NULL if memory runs out. */
serve_metrics *serve_metrics_new(void);
void serve_metrics_free(serve_metrics *m);
void serve_metrics_take(serve_metrics *m, const serve_record *record);
/* Count a request that was not valid HTTP, or exceeded a limit of HTTP. */
void serve_metrics_refused(serve_metrics *m);
/* Write all metrics. `dropped` is the number of lines that the journal has dropped. @return
 * out->status. */
int serve_metrics_write(const serve_metrics *m, const serve_gauges *gauges, int64_t dropped,
                        beluga__buf *out);

#endif
