/* Makes ids of traces and spans. Whether a trace is sampled depends on its id. */
#ifndef BELUGA__TELEMETRY_IDS_H
#define BELUGA__TELEMETRY_IDS_H

#include "telemetry/state.h"

void beluga__ids_seed(beluga_telemetry *t);
/* Returns a new span id, and fills in a new trace id unless `trace` is NULL. */
uint64_t beluga__ids_next(beluga_telemetry *t, beluga__trace_id *trace);
/* Parse a traceparent header, which must be valid. */
void beluga__ids_parse(const char *traceparent, beluga__trace_id *trace, uint64_t *span,
                       bool *sampled);
bool beluga__ids_sample(const beluga__telemetry_setup *s, const beluga__trace_id *trace);

#endif
