/* Makes the ids of traces and spans; the ids decide which traces are sampled. */
#ifndef BELUGA__TELEMETRY_IDS_H
#define BELUGA__TELEMETRY_IDS_H

#include "telemetry/state.h"

void beluga__ids_seed(beluga_telemetry *t);
/* Returns a new span's id, and fills in a trace's id unless that is NULL. */
uint64_t beluga__ids_next(beluga_telemetry *t, beluga__trace_id *trace);
/* Read a traceparent, which must be valid. */
void beluga__ids_parse(const char *traceparent, beluga__trace_id *trace, uint64_t *span,
                       bool *sampled);
bool beluga__ids_sample(const beluga__telemetry_setup *s, const beluga__trace_id *trace);

#endif
